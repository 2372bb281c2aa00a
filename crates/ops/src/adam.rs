//! Adam (Kingma and Ba, arXiv:1412.6980) as PyTorch computes it, one pass over memory a step.

use crate::adam_step::{Step, update};
use crate::error::{Error, Result, check_float};
use crate::gradients::backward;
use crate::real::{Real, contiguous};
use candle_core::backprop::GradStore;
use candle_core::{CpuStorage, DType, Device, InplaceOp2, Layout, Tensor, Var, WithDType};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// The settings of [`Adam`]. There is no weight decay.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamConfig {
    /// The learning rate.
    pub learning_rate: f64,
    /// The decay of the mean gradient, in [0, 1).
    pub beta1: f64,
    /// The decay of the mean squared gradient, in [0, 1).
    pub beta2: f64,
    /// Added to the square root of the mean squared gradient.
    pub epsilon: f64,
}

impl Default for AdamConfig {
    /// PyTorch's defaults: 1e-3, 0.9, 0.999, 1e-8.
    fn default() -> Self {
        Self { learning_rate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }
    }
}

/// The optimiser: named parameters, their moments, and the number of steps.
///
/// [`Adam::named`] takes parameters with their names and refuses a step in which one of them has no gradient.
/// As a [`candle_nn::Optimizer`] it is made from variables alone. Their places are then their names (`0`, `1` ...), and what has
/// no gradient stays as it is, as with every optimiser of candle-nn: a `VarMap` holds running statistics as well.
#[derive(Debug)]
pub struct Adam {
    config: AdamConfig,
    step: u64,
    entries: Vec<Entry>,
    missing: Missing,
}

/// What a parameter without a gradient means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Missing {
    Refused,
    Skipped,
}

#[derive(Debug)]
struct Entry {
    name: String,
    var: Var,
    moments: Moments,
}

#[derive(Debug)]
enum Moments {
    F32(RefCell<(Vec<f32>, Vec<f32>)>),
    F64(RefCell<(Vec<f64>, Vec<f64>)>),
    /// On a device without a kernel of this crate.
    Device {
        m: Tensor,
        v: Tensor,
    },
}

impl Adam {
    /// Creates an optimiser of named parameters, with zero moments.
    ///
    /// # Errors
    /// Returns an error if a setting is out of range, a name occurs twice, or a dtype is neither `F32` nor `F64`.
    pub fn named(parameters: Vec<(String, Var)>, config: AdamConfig) -> Result<Self> {
        Self::with(parameters, config, Missing::Refused)
    }

    fn with(parameters: Vec<(String, Var)>, config: AdamConfig, missing: Missing) -> Result<Self> {
        let AdamConfig { learning_rate, beta1, beta2, epsilon } = config;
        let decay = 0.0..1.0;
        check("learning_rate", learning_rate, learning_rate >= 0.0 && learning_rate.is_finite())?;
        check("beta1", beta1, decay.contains(&beta1))?;
        check("beta2", beta2, decay.contains(&beta2))?;
        check("epsilon", epsilon, epsilon >= 0.0 && epsilon.is_finite())?;
        let mut names = BTreeSet::new();
        let mut entries = Vec::with_capacity(parameters.len());
        for (name, var) in parameters {
            check_float("Adam", "parameter", &var)?;
            if !names.insert(name.clone()) {
                return Err(Error::DuplicateParameter { name });
            }
            let zeros = var.as_tensor().zeros_like()?;
            let moments = Moments::from_tensors(&zeros, &zeros)?;
            entries.push(Entry { name, var, moments });
        }
        Ok(Self { config, step: 0, entries, missing })
    }

    /// Sets the learning rate from the next step on.
    pub fn set_learning_rate(&mut self, learning_rate: f64) {
        self.config.learning_rate = learning_rate;
    }

    /// Returns the settings.
    #[must_use]
    pub fn config(&self) -> AdamConfig {
        self.config
    }

    /// Updates every parameter once.
    ///
    /// # Errors
    /// Returns [`Error::MissingGradient`] if the loss does not depend on a parameter of [`Adam::named`]. No parameter has
    /// changed then.
    pub fn step(&mut self, gradients: &GradStore) -> Result<()> {
        let mut found = Vec::with_capacity(self.entries.len());
        for entry in &self.entries {
            found.push(match gradients.get(&entry.var) {
                Some(gradient) => Some(gradient.contiguous()?),
                None if self.missing == Missing::Skipped => None,
                None => return Err(Error::MissingGradient { name: entry.name.clone() }),
            });
        }
        self.step += 1;
        let t = self.step as f64;
        let AdamConfig { learning_rate, beta1, beta2, epsilon } = self.config;
        let step =
            Step { beta1, beta2, epsilon, step_size: learning_rate / (1.0 - beta1.powf(t)), root_correction: (1.0 - beta2.powf(t)).sqrt() };
        #[cfg(feature = "cuda")]
        self.step_on_cuda(&found, &step)?;
        for (entry, gradient) in self.entries.iter_mut().zip(&found) {
            let Some(gradient) = gradient else { continue };
            if cfg!(feature = "cuda") && entry.var.device().is_cuda() {
                continue;
            }
            entry.update(gradient, &step)?;
        }
        Ok(())
    }

    /// Updates all parameters on CUDA in one launch.
    #[cfg(feature = "cuda")]
    fn step_on_cuda(&self, gradients: &[Option<Tensor>], step: &Step) -> Result<()> {
        let on_cuda = self.entries.iter().zip(gradients).filter_map(|(entry, gradient)| match (&entry.moments, gradient) {
            (Moments::Device { m, v }, Some(gradient)) if entry.var.device().is_cuda() => {
                Some(crate::cuda::Entry { parameter: entry.var.as_tensor(), gradient, m, v })
            }
            _ => None,
        });
        Ok(crate::cuda::adam_step(&on_cuda.collect::<Vec<_>>(), step)?)
    }

    /// Returns the moments as `adam.m.<name>` and `adam.v.<name>`, and the step count as `adam.t` `[1]`.
    ///
    /// # Errors
    /// Returns an error if candle does.
    pub fn state(&self) -> Result<BTreeMap<String, Tensor>> {
        let mut state = BTreeMap::new();
        for entry in &self.entries {
            let (m, v) = entry.moments.to_tensors(&entry.var)?;
            state.insert(format!("adam.m.{}", entry.name), m);
            state.insert(format!("adam.v.{}", entry.name), v);
        }
        let t = i64::try_from(self.step).map_err(|_| Error::StateStep { key: "adam.t".to_owned(), value: self.step.to_string() })?;
        state.insert("adam.t".to_owned(), Tensor::new(&[t], &Device::Cpu)?);
        Ok(state)
    }

    /// Continues from a state of [`Adam::state`], bit for bit. Other entries of the map are ignored.
    ///
    /// # Errors
    /// Returns an error if an entry is missing or has another shape or dtype. Nothing has changed then.
    pub fn load_state(&mut self, state: &BTreeMap<String, Tensor>) -> Result<()> {
        let get = |key: &str| state.get(key).ok_or_else(|| Error::MissingState { key: key.to_owned() });
        let t = get("adam.t")?;
        let bad_step = |value: String| Error::StateStep { key: "adam.t".to_owned(), value };
        let step = match t.to_dtype(DType::I64)?.flatten_all()?.to_vec1::<i64>()?[..] {
            [t] => u64::try_from(t).map_err(|_| bad_step(t.to_string()))?,
            _ => return Err(bad_step(format!("a tensor of shape {:?}", t.dims()))),
        };
        let mut loaded = Vec::with_capacity(self.entries.len());
        for entry in &self.entries {
            let moment = |kind: &str| {
                let key = format!("adam.{kind}.{}", entry.name);
                let tensor = get(&key)?;
                if tensor.dims() != entry.var.dims() {
                    return Err(Error::StateShape { key, expected: entry.var.dims().to_vec(), got: tensor.dims().to_vec() });
                }
                if tensor.dtype() != entry.var.dtype() {
                    return Err(Error::DType {
                        op: "Adam::load_state",
                        argument: "moment",
                        expected: format!("{:?} ({key})", entry.var.dtype()),
                        got: tensor.dtype(),
                    });
                }
                Ok(tensor.to_device(entry.var.device())?)
            };
            loaded.push(Moments::from_tensors(&moment("m")?, &moment("v")?)?);
        }
        for (entry, moments) in self.entries.iter_mut().zip(loaded) {
            entry.moments = moments;
        }
        self.step = step;
        Ok(())
    }
}

/// As the optimisers of candle-nn: variables that hold no real numbers, or have no gradient, are passed over.
impl candle_nn::Optimizer for Adam {
    type Config = AdamConfig;

    fn new(vars: Vec<Var>, config: AdamConfig) -> candle_core::Result<Self> {
        let vars = vars.into_iter().enumerate().filter(|(_, var)| var.dtype().is_float());
        let named = vars.map(|(index, var)| (index.to_string(), var)).collect();
        Ok(Self::with(named, config, Missing::Skipped)?)
    }

    fn step(&mut self, gradients: &GradStore) -> candle_core::Result<()> {
        Ok(Self::step(self, gradients)?)
    }

    fn backward_step(&mut self, loss: &Tensor) -> candle_core::Result<()> {
        Ok(Self::step(self, &backward(loss)?)?)
    }

    fn learning_rate(&self) -> f64 {
        self.config.learning_rate
    }

    fn set_learning_rate(&mut self, learning_rate: f64) {
        Self::set_learning_rate(self, learning_rate);
    }
}

fn check(parameter: &'static str, value: f64, fine: bool) -> Result<()> {
    if fine {
        return Ok(());
    }
    Err(Error::Parameter {
        op: "Adam",
        parameter,
        value: value.to_string(),
        reason: "decays lie in [0, 1), the others are finite and not negative",
    })
}

impl Moments {
    fn from_tensors(m: &Tensor, v: &Tensor) -> Result<Self> {
        if !matches!(m.device(), Device::Cpu) {
            return Ok(Self::Device { m: m.copy()?, v: v.copy()? });
        }
        let (m, v) = (m.flatten_all()?, v.flatten_all()?);
        Ok(match m.dtype() {
            DType::F64 => Self::F64(RefCell::new((m.to_vec1()?, v.to_vec1()?))),
            _ => Self::F32(RefCell::new((m.to_vec1()?, v.to_vec1()?))),
        })
    }

    fn to_tensors(&self, like: &Tensor) -> Result<(Tensor, Tensor)> {
        fn build<T: WithDType>(pair: &(Vec<T>, Vec<T>), like: &Tensor) -> Result<(Tensor, Tensor)> {
            let tensor = |values: &[T]| Tensor::from_slice(values, like.shape(), &Device::Cpu);
            Ok((tensor(&pair.0)?, tensor(&pair.1)?))
        }
        match self {
            Self::F32(pair) => build(&pair.borrow(), like),
            Self::F64(pair) => build(&pair.borrow(), like),
            Self::Device { m, v } => Ok((m.to_device(&Device::Cpu)?, v.to_device(&Device::Cpu)?)),
        }
    }
}

impl Entry {
    fn update(&mut self, gradient: &Tensor, step: &Step) -> Result<()> {
        match &mut self.moments {
            Moments::F32(moments) => {
                self.var.as_tensor().inplace_op2(gradient, &Update { step, moments })?;
            }
            Moments::F64(moments) => {
                self.var.as_tensor().inplace_op2(gradient, &Update { step, moments })?;
            }
            Moments::Device { m, v } => {
                let gradient = gradient.detach();
                *m = ((&*m * step.beta1)? + (&gradient * (1.0 - step.beta1))?)?;
                *v = ((&*v * step.beta2)? + (gradient.sqr()? * (1.0 - step.beta2))?)?;
                let denominator = ((v.sqrt()? / step.root_correction)? + step.epsilon)?;
                let change = ((&*m / denominator)? * step.step_size)?;
                self.var.set(&(self.var.as_tensor().detach() - change)?)?;
            }
        }
        Ok(())
    }
}

struct Update<'a, T> {
    step: &'a Step,
    moments: &'a RefCell<(Vec<T>, Vec<T>)>,
}

impl<T: Real> InplaceOp2 for Update<'_, T> {
    fn name(&self) -> &'static str {
        "adam"
    }

    fn cpu_fwd(
        &self,
        parameter: &mut CpuStorage,
        layout: &Layout,
        gradient: &CpuStorage,
        gradient_layout: &Layout,
    ) -> candle_core::Result<()> {
        let gradient = contiguous::<T>(gradient, gradient_layout)?;
        let (start, end) = layout.contiguous_offsets().ok_or(candle_core::Error::RequiresContiguous { op: "adam" })?;
        let parameter = T::slice_mut(parameter)?
            .get_mut(start..end)
            .ok_or_else(|| candle_core::Error::msg("adam: a layout reaches outside its storage"))?;
        let (m, v) = &mut *self.moments.borrow_mut();
        update(self.step, parameter, m, v, gradient);
        Ok(())
    }
}

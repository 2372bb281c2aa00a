//! Adam (Kingma and Ba, arXiv:1412.6980) as PyTorch computes it, one pass over memory a step.
#![expect(unsafe_code, reason = "the dispatch that `vectorised` writes")]

use crate::error::{Error, Result, check_float};
use crate::real::{Real, contiguous};
use crate::simd::vectorised;
use candle_core::backprop::GradStore;
use candle_core::{CpuStorage, DType, Device, InplaceOp2, Layout, Tensor, Var, WithDType};
use rayon::prelude::*;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// The settings of [`Adam`]; no weight decay.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamConfig {
    /// Step size.
    pub learning_rate: f64,
    /// Decay of the mean gradient, in [0, 1).
    pub beta1: f64,
    /// Decay of the mean square, in [0, 1).
    pub beta2: f64,
    /// Added to the root of the mean square.
    pub epsilon: f64,
}

impl Default for AdamConfig {
    /// The project's: 1e-3, 0.5, 0.999, 1e-8.
    fn default() -> Self {
        Self { learning_rate: 1e-3, beta1: 0.5, beta2: 0.999, epsilon: 1e-8 }
    }
}

/// The optimiser: parameters by name with their moments, and the number of steps taken.
#[derive(Debug)]
pub struct Adam {
    config: AdamConfig,
    step: u64,
    entries: Vec<Entry>,
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
    /// On a device without a kernel here.
    Device {
        m: Tensor,
        v: Tensor,
    },
}

/// The numbers of one step that are the same for all parameters.
pub(crate) struct Step {
    pub(crate) beta1: f64,
    pub(crate) beta2: f64,
    pub(crate) epsilon: f64,
    /// learning_rate / (1 - beta1^t)
    pub(crate) step_size: f64,
    /// sqrt(1 - beta2^t)
    pub(crate) root_correction: f64,
}

impl Adam {
    /// All moments zero.
    ///
    /// # Errors
    /// A setting out of range, a name given twice, a parameter that holds neither `f32` nor `f64`.
    pub fn new(parameters: Vec<(String, Var)>, config: AdamConfig) -> Result<Self> {
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
        Ok(Self { config, step: 0, entries })
    }

    /// Changes the step size from the next step on.
    pub fn set_learning_rate(&mut self, learning_rate: f64) {
        self.config.learning_rate = learning_rate;
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> AdamConfig {
        self.config
    }

    /// Moves every parameter once.
    ///
    /// # Errors
    /// [`Error::MissingGradient`] if the loss does not depend on a parameter; nothing has moved
    /// then.
    pub fn step(&mut self, gradients: &GradStore) -> Result<()> {
        let mut found = Vec::with_capacity(self.entries.len());
        for entry in &self.entries {
            let gradient = gradients.get(&entry.var).ok_or_else(|| Error::MissingGradient { name: entry.name.clone() })?;
            found.push(gradient.contiguous()?);
        }
        self.step += 1;
        let t = self.step as f64;
        let AdamConfig { learning_rate, beta1, beta2, epsilon } = self.config;
        let step =
            Step { beta1, beta2, epsilon, step_size: learning_rate / (1.0 - beta1.powf(t)), root_correction: (1.0 - beta2.powf(t)).sqrt() };
        #[cfg(feature = "cuda")]
        self.step_on_cuda(&found, &step)?;
        for (entry, gradient) in self.entries.iter_mut().zip(&found) {
            if cfg!(feature = "cuda") && entry.var.device().is_cuda() {
                continue;
            }
            entry.update(gradient, &step)?;
        }
        Ok(())
    }

    /// All parameters on CUDA in one launch.
    #[cfg(feature = "cuda")]
    fn step_on_cuda(&self, gradients: &[Tensor], step: &Step) -> Result<()> {
        let on_cuda = self.entries.iter().zip(gradients).filter_map(|(entry, gradient)| match &entry.moments {
            Moments::Device { m, v } if entry.var.device().is_cuda() => {
                Some(crate::cuda::Entry { parameter: entry.var.as_tensor(), gradient, m, v })
            }
            _ => None,
        });
        Ok(crate::cuda::adam_step(&on_cuda.collect::<Vec<_>>(), step)?)
    }

    /// The moments as `adam.m.<name>` and `adam.v.<name>`, and the step count as `adam.t` `[1]`.
    ///
    /// # Errors
    /// candle's own.
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

    /// Continues where [`Adam::state`] was taken, bit for bit. Other entries are ignored; on an
    /// error nothing has changed.
    ///
    /// # Errors
    /// A missing entry, or one of another shape or kind of number.
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

impl Step {
    /// PyTorch's lerp goes from the nearer end.
    pub(crate) fn near_end(&self) -> bool {
        self.beta1 > 0.5
    }
}

/// The step's numbers in the parameters' own kind, in the order in which `kernels.cu` has them.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Factors<T> {
    keep: T,
    take: T,
    weight: T,
    remaining: T,
    size: T,
    root: T,
    epsilon: T,
}

impl<T: Real> Factors<T> {
    pub(crate) fn of(step: &Step) -> Self {
        let number = T::from_f64;
        Self {
            keep: number(step.beta2),
            take: number(1.0 - step.beta2),
            weight: number(1.0 - step.beta1),
            remaining: number(step.beta1),
            size: number(step.step_size),
            root: number(step.root_correction),
            epsilon: number(step.epsilon),
        }
    }
}

/// Element by element, so any split gives the same bits.
fn update<T: Real>(step: &Step, p: &mut [T], m: &mut [T], v: &mut [T], gradient: &[T]) {
    const PIECE: usize = 1 << 14;
    let factors = Factors::of(step);
    p.par_chunks_mut(PIECE).zip(m.par_chunks_mut(PIECE)).zip(v.par_chunks_mut(PIECE)).zip(gradient.par_chunks(PIECE)).for_each(
        |(((p, m), v), g)| {
            if step.near_end() {
                update_piece::<T, true>(factors, p, m, v, g);
            } else {
                update_piece::<T, false>(factors, p, m, v, g);
            }
        },
    );
}

vectorised! {
fn update_piece<T: Real, const NEAR: bool>(f: Factors<T>, p: &mut [T], m: &mut [T], v: &mut [T], g: &[T]) {
    for (((p, m), v), g) in p.iter_mut().zip(m).zip(v).zip(g) {
        *m = if NEAR { *m + f.weight * (*g - *m) } else { *g - (*g - *m) * f.remaining };
        *v = *v * f.keep + f.take * *g * *g;
        *p -= f.size * (*m / (v.sqrt() / f.root + f.epsilon));
    }
}
}

//! Named weights and running statistics, in name order.

mod backend;
mod undrawn;

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use candle_core::{DType, Device, Tensor, Var};
use rand::Rng;

pub use undrawn::undrawn;

use crate::{Error, Purpose, Result, Streams, random::step_of_name};

/// How a parameter starts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Init {
    /// All the same value.
    Constant(f64),
    /// Normal with mean 0 and this standard deviation.
    Normal(f64),
    /// The same, redrawn beyond two standard deviations.
    TruncatedNormal(f64),
    /// Uniform between the bounds.
    Uniform(f64, f64),
}

/// The parameters of a model: weights that train, and buffers (running statistics) that do not.
///
/// Iteration is in name order everywhere, since anything order-dependent (an optimiser, a digest)
/// must not depend on a hash map. A clone is the same set. Modules of candle-nn take theirs by [`Parameters::builder`].
#[derive(Debug, Clone)]
pub struct Parameters {
    streams: Streams,
    device: Device,
    dtype: DType,
    inner: Arc<Inner>,
}

/// What clones share.
#[derive(Debug, Default)]
struct Inner {
    weights: Named,
    buffers: Named,
}

type Named = RwLock<BTreeMap<String, Var>>;

impl Parameters {
    /// An empty set whose members will be drawn from the streams of `seed`.
    pub fn new(seed: u64, dtype: DType, device: &Device) -> Self {
        Self { streams: Streams::new(seed), device: device.clone(), dtype, inner: Arc::default() }
    }

    /// Where the parameters are.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Adds a trainable weight.
    ///
    /// # Errors
    /// [`Error::Parameter`] where the name is taken.
    pub fn weight(&self, name: &str, shape: &[usize], init: Init) -> Result<Var> {
        self.add(&self.inner.weights, name, shape, init, 0.0)
    }

    /// Adds a buffer, which no optimiser touches.
    ///
    /// # Errors
    /// [`Error::Parameter`] where the name is taken.
    pub fn buffer(&self, name: &str, shape: &[usize], init: Init) -> Result<Var> {
        self.add(&self.inner.buffers, name, shape, init, 0.0)
    }

    /// Makes a member, with `shift` added to all of its values.
    fn add(&self, to: &Named, name: &str, shape: &[usize], init: Init, shift: f64) -> Result<Var> {
        check(name, init)?;
        let var = if undrawn::counts(name, shape)? {
            Var::zeros(shape, self.dtype, &self.device)?
        } else {
            let drawn = self.draw(name, shape, init)?;
            Var::from_tensor(&if shift == 0.0 { drawn } else { (drawn + shift)? })?
        };
        let mut to = to.write().unwrap_or_else(PoisonError::into_inner);
        if to.insert(name.to_owned(), var.clone()).is_some() {
            return Err(Error::Parameter { name: name.into(), problem: "made twice".into() });
        }
        Ok(var)
    }

    fn draw(&self, name: &str, shape: &[usize], init: Init) -> Result<Tensor> {
        let (count, step, purpose) = (shape.iter().product(), step_of_name(name), Purpose::Initialisation);
        let values = match init {
            Init::Constant(value) => vec![value as f32; count],
            Init::Normal(std) => scaled(self.streams.normal(purpose, step, count), std),
            Init::TruncatedNormal(std) => scaled(self.streams.truncated_normal(purpose, step, count, 2.0), std),
            Init::Uniform(low, high) => {
                let (from, to) = (low as f32, high as f32);
                self.streams.fill(purpose, step, count, |rng| rng.random_range(from..=to))
            }
        };
        Ok(Tensor::from_vec(values, shape, &self.device)?.to_dtype(self.dtype)?)
    }

    /// The trainable weights, in name order.
    pub fn weights(&self) -> Vec<(String, Var)> {
        entries(&self.inner.weights)
    }

    /// The buffers, in name order.
    pub fn buffers(&self) -> Vec<(String, Var)> {
        entries(&self.inner.buffers)
    }

    /// Weights and buffers together, in name order.
    pub fn all(&self) -> BTreeMap<String, Var> {
        self.weights().into_iter().chain(self.buffers()).collect()
    }

    /// The weight or buffer of that name.
    pub fn get(&self, name: &str) -> Option<Var> {
        let of = |named: &Named| named.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        of(&self.inner.weights).or_else(|| of(&self.inner.buffers))
    }

    /// How many trainable parameters there are.
    pub fn trainable_count(&self) -> usize {
        self.weights().iter().map(|(_, v)| v.elem_count()).sum()
    }

    /// Sets every weight and buffer from `tensors`, all or none.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a name that is missing, unknown or not finite, [`Error::Shape`] for a
    /// wrong shape; nothing has changed then.
    pub fn load(&self, tensors: &BTreeMap<String, Tensor>) -> Result<()> {
        let all = self.all();
        if let Some(name) = tensors.keys().find(|name| !all.contains_key(*name)) {
            return Err(Error::Parameter { name: name.clone(), problem: "the model has no parameter of that name".into() });
        }
        let mut checked = Vec::with_capacity(all.len());
        for (name, var) in &all {
            let tensor = tensors.get(name).ok_or_else(|| Error::Parameter { name: name.clone(), problem: "missing".into() })?;
            if tensor.dims() != var.dims() {
                return Err(Error::shape(format!("parameter \"{name}\""), format!("{:?}", var.dims()), tensor.dims()));
            }
            let tensor = tensor.to_dtype(var.dtype())?.to_device(var.device())?;
            if !is_finite(&tensor)? {
                return Err(Error::Parameter { name: name.clone(), problem: "holds a value that is not finite".into() });
            }
            checked.push((var, tensor));
        }
        for (var, tensor) in checked {
            var.set(&tensor)?;
        }
        Ok(())
    }
}

/// Checks that a parameter can start so.
fn check(name: &str, init: Init) -> Result<()> {
    match init {
        Init::Uniform(low, high) if !(low as f32 <= high as f32 && (high as f32 - low as f32).is_finite()) => {
            Err(Error::Parameter { name: name.into(), problem: format!("cannot start between {low} and {high}") })
        }
        _ => Ok(()),
    }
}

fn scaled(mut values: Vec<f32>, by: f64) -> Vec<f32> {
    values.iter_mut().for_each(|v| *v *= by as f32);
    values
}

fn entries(of: &Named) -> Vec<(String, Var)> {
    let of = of.read().unwrap_or_else(PoisonError::into_inner);
    of.iter().map(|(name, var)| (name.clone(), var.clone())).collect()
}

/// Whether every value of `tensor` is a finite number.
fn is_finite(tensor: &Tensor) -> Result<bool> {
    // 0 x is 0 for a finite x and NaN otherwise.
    let zero = (tensor * 0.0)?.abs()?.sum_all()?.to_dtype(DType::F64)?.to_scalar::<f64>()?;
    Ok(zero == 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> Parameters {
        let parameters = Parameters::new(1, DType::F32, &Device::Cpu);
        parameters.weight("b", &[2, 3], Init::Normal(0.1)).unwrap();
        parameters.buffer("a", &[2], Init::Constant(1.0)).unwrap();
        parameters
    }

    #[test]
    fn a_damaged_load_changes_nothing() {
        let parameters = two();
        let before = parameters.all()["b"].flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let nan = Tensor::new(&[f32::NAN, 0.0], &Device::Cpu).unwrap();
        let given = BTreeMap::from([("b".to_owned(), Tensor::zeros((2, 3), DType::F32, &Device::Cpu).unwrap()), ("a".to_owned(), nan)]);
        assert!(matches!(parameters.load(&given), Err(Error::Parameter { name, .. }) if name == "a"));
        assert_eq!(parameters.all()["b"].flatten_all().unwrap().to_vec1::<f32>().unwrap(), before);
    }

    #[test]
    fn wrong_names_and_shapes_are_named() {
        let parameters = two();
        let zeros = |shape: &[usize]| Tensor::zeros(shape, DType::F32, &Device::Cpu).unwrap();
        let load = |pairs: Vec<(&str, Tensor)>| {
            parameters.load(&pairs.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()).unwrap_err().to_string()
        };
        assert!(load(vec![("b", zeros(&[2, 3]))]).contains("\"a\": missing"));
        assert!(load(vec![("a", zeros(&[2])), ("b", zeros(&[3, 2]))]).contains("expected shape [2, 3], got [3, 2]"));
        assert!(load(vec![("c", zeros(&[1]))]).contains("\"c\""));
        assert!(parameters.weight("b", &[1], Init::Constant(0.0)).is_err());
    }

    #[test]
    fn initial_weights_do_not_depend_on_the_order_of_making() {
        let first = two().all()["b"].to_vec2::<f32>().unwrap();
        let parameters = Parameters::new(1, DType::F32, &Device::Cpu);
        parameters.weight("z", &[5], Init::Normal(0.1)).unwrap();
        assert_eq!(parameters.weight("b", &[2, 3], Init::Normal(0.1)).unwrap().to_vec2::<f32>().unwrap(), first);
    }
}

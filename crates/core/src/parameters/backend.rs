//! The parameters as a variable store of candle-nn: [`Parameters::builder`].

use candle_core::{DType, Device, Shape, Tensor, Var};
use candle_nn::{VarBuilder, init::NormalOrUniform, var_builder::SimpleBackend};

use super::{Init, Parameters};
use crate::{Error, Result};

/// What running statistics are called in PyTorch and candle-nn. They are buffers, and the store's own tensors: what a layer
/// writes to them is saved with the weights.
const BUFFERS: [&str; 2] = ["running_mean", "running_var"];

impl Parameters {
    /// A builder for modules of candle-nn. What they ask for is made here, by its name and this store's seed, whatever the order,
    /// and what they ask for again is shared.
    ///
    /// ```
    /// use candle_core::{DType, Device, Module, Tensor};
    /// use vimae_core::Parameters;
    ///
    /// let parameters = Parameters::new(7, DType::F32, &Device::Cpu);
    /// let layer = candle_nn::linear(3, 2, parameters.builder().pp("encoder").pp("fc"))?;
    /// assert_eq!(layer.forward(&Tensor::ones((1, 3), DType::F32, &Device::Cpu)?)?.dims(), [1, 2]);
    /// let names: Vec<String> = parameters.weights().into_iter().map(|(name, _)| name).collect();
    /// assert_eq!(names, ["encoder.fc.bias", "encoder.fc.weight"]);
    /// # Ok::<(), candle_core::Error>(())
    /// ```
    pub fn builder(&self) -> VarBuilder<'static> {
        VarBuilder::from_backend(Box::new(self.clone()), self.dtype, self.device.clone())
    }

    /// The weight or buffer of that name, if it has this shape, dtype and device.
    fn find(&self, name: &str, shape: Option<&Shape>, dtype: DType, device: &Device) -> Result<Option<Var>> {
        let problem = |problem: String| Error::Parameter { name: name.into(), problem };
        if !device.same_device(&self.device) {
            return Err(problem(format!("asked for on {:?}, the store is on {:?}", device.location(), self.device.location())));
        }
        if dtype != self.dtype {
            return Err(problem(format!("asked for as {dtype:?}, the store holds {:?}", self.dtype)));
        }
        let Some(var) = self.get(name) else { return Ok(None) };
        match shape {
            Some(shape) if shape != var.shape() => {
                Err(Error::shape(format!("parameter \"{name}\", asked for again"), format!("{:?}", var.dims()), shape.dims()))
            }
            _ => Ok(Some(var)),
        }
    }
}

/// How a tensor of that shape starts, and what is added to all of it.
fn start(init: candle_nn::Init, shape: &Shape) -> (Init, f64) {
    match init {
        candle_nn::Init::Const(value) => (Init::Constant(value), 0.0),
        candle_nn::Init::Randn { mean, stdev } => (Init::Normal(stdev), mean),
        candle_nn::Init::Uniform { lo, up } => (Init::Uniform(lo, up), 0.0),
        candle_nn::Init::Kaiming { dist, fan, non_linearity } => {
            let std = non_linearity.gain() / (fan.for_shape(shape) as f64).sqrt();
            let bound = 3_f64.sqrt() * std;
            match dist {
                NormalOrUniform::Normal => (Init::Normal(std), 0.0),
                NormalOrUniform::Uniform => (Init::Uniform(-bound, bound), 0.0),
            }
        }
    }
}

impl SimpleBackend for Parameters {
    fn get(&self, shape: Shape, name: &str, init: candle_nn::Init, dtype: DType, device: &Device) -> candle_core::Result<Tensor> {
        if let Some(var) = self.find(name, Some(&shape), dtype, device)? {
            return Ok(var.into_inner());
        }
        let to = match name.rsplit('.').next().is_some_and(|last| BUFFERS.contains(&last)) {
            true => &self.inner.buffers,
            false => &self.inner.weights,
        };
        let (init, shift) = start(init, &shape);
        Ok(self.add(to, name, shape.dims(), init, shift)?.into_inner())
    }

    fn get_unchecked(&self, name: &str, dtype: DType, device: &Device) -> candle_core::Result<Tensor> {
        let found = self.find(name, None, dtype, device)?;
        Ok(found.ok_or_else(|| Error::Parameter { name: name.into(), problem: "missing".into() })?.into_inner())
    }

    fn contains_tensor(&self, name: &str) -> bool {
        Parameters::get(self, name).is_some()
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Module;
    use candle_nn::{BatchNormConfig, ModuleT, batch_norm, conv2d, linear};

    use super::*;

    fn values(parameters: &Parameters, name: &str) -> Vec<f32> {
        parameters.all()[name].flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn initial_weights_follow_seed_and_name_whatever_the_order() {
        let make = |seed, names: [&str; 2]| {
            let parameters = Parameters::new(seed, DType::F32, &Device::Cpu);
            for name in names {
                linear(40, 30, parameters.builder().pp(name)).unwrap();
            }
            (values(&parameters, "a.weight"), values(&parameters, "b.weight"))
        };
        let first = make(1, ["a", "b"]);
        assert_eq!(first, make(1, ["b", "a"]));
        assert_ne!(first.0, make(2, ["a", "b"]).0);
        assert_ne!(first.0, first.1);
        // Kaiming, fan in, ReLU.
        let variance = first.0.iter().map(|v| f64::from(v * v)).sum::<f64>() / first.0.len() as f64;
        assert!((variance / (2.0 / 40.0) - 1.0).abs() < 0.2, "{variance}");
    }

    #[test]
    fn running_statistics_are_buffers_that_training_writes_to() {
        let parameters = Parameters::new(1, DType::F32, &Device::Cpu);
        let norm = batch_norm(2, BatchNormConfig::default(), parameters.builder().pp("bn")).unwrap();
        let names = |of: Vec<(String, Var)>| of.into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(names(parameters.weights()), ["bn.bias", "bn.weight"]);
        assert_eq!(names(parameters.buffers()), ["bn.running_mean", "bn.running_var"]);
        let x = Tensor::new(&[[1f32, 10.], [3., 30.]], &Device::Cpu).unwrap();
        norm.forward_t(&x, true).unwrap();
        assert_eq!(values(&parameters, "bn.running_mean"), [0.2, 2.0]);
    }

    #[test]
    fn a_stored_state_goes_back_into_any_module() {
        let make = |seed| {
            let parameters = Parameters::new(seed, DType::F32, &Device::Cpu);
            let conv = conv2d(1, 2, 3, Default::default(), parameters.builder().pp("conv")).unwrap();
            (parameters, conv)
        };
        let x = Tensor::ones((1, 1, 4, 4), DType::F32, &Device::Cpu).unwrap();
        let of = |conv: &candle_nn::Conv2d| conv.forward(&x).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let ((first, there), (second, back)) = (make(1), make(2));
        assert_ne!(of(&there), of(&back));
        let state = first.all().into_iter().map(|(name, var)| (name, var.as_tensor().copy().unwrap())).collect();
        second.load(&state).unwrap();
        assert_eq!(of(&there), of(&back));
    }

    #[test]
    fn what_is_asked_for_again_is_shared_and_must_be_alike() {
        let parameters = Parameters::new(1, DType::F32, &Device::Cpu);
        let vb = parameters.builder();
        let first = vb.get((2, 3), "w").unwrap();
        assert_eq!(vb.get((2, 3), "w").unwrap().id(), first.id());
        assert_eq!(vb.get_unchecked("w").unwrap().id(), first.id());
        assert!(vb.contains_tensor("w") && !vb.contains_tensor("v"));
        let problem = |result: candle_core::Result<Tensor>| result.unwrap_err().to_string();
        assert!(problem(vb.get((3, 2), "w")).contains("expected shape [2, 3], got [3, 2]"));
        assert!(problem(vb.get_unchecked("v")).contains("parameter \"v\": missing"));
        assert!(problem(vb.to_dtype(DType::F64).get(2, "u")).contains("asked for as F64, the store holds F32"));
        let reversed = candle_nn::Init::Uniform { lo: 1.0, up: -1.0 };
        assert!(problem(vb.get_with_hints(2, "u", reversed)).contains("parameter \"u\""));
    }

    #[test]
    fn a_normal_start_has_its_mean() {
        let parameters = Parameters::new(1, DType::F32, &Device::Cpu);
        parameters.builder().get_with_hints(1000, "w", candle_nn::Init::Randn { mean: 5.0, stdev: 0.1 }).unwrap();
        let mean = values(&parameters, "w").iter().sum::<f32>() / 1000.0;
        assert!((mean - 5.0).abs() < 0.02, "{mean}");
    }
}

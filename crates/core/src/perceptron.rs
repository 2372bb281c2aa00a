//! A multilayer perceptron from codes to a number each: a critic of samples.

use candle_core::{Tensor, Var};

use crate::{Init, Parameters, Result};

/// Fully connected layers with ReLU between them, from `[N, inputs]` to `[N]`.
#[derive(Debug)]
pub struct Perceptron {
    layers: Vec<(Var, Var)>,
}

impl Perceptron {
    /// Adds the layers `NAME.0.weight`, `NAME.0.bias` and so on to `parameters`: one for each of the `hidden` sizes, and
    /// one to a single number. `init` says how weight and bias of a layer with so many inputs start.
    ///
    /// # Errors
    /// Where a name is taken.
    pub fn new(parameters: &Parameters, name: &str, inputs: usize, hidden: &[usize], init: impl Fn(usize) -> [Init; 2]) -> Result<Self> {
        let (from, to) = (std::iter::once(inputs).chain(hidden.iter().copied()), hidden.iter().copied().chain([1]));
        let layer = |(index, (inputs, outputs)): (usize, (usize, usize))| -> Result<(Var, Var)> {
            let [weight, bias] = init(inputs);
            let weight = parameters.weight(&format!("{name}.{index}.weight"), &[outputs, inputs], weight)?;
            Ok((weight, parameters.weight(&format!("{name}.{index}.bias"), &[outputs], bias)?))
        };
        Ok(Self { layers: from.zip(to).enumerate().map(layer).collect::<Result<_>>()? })
    }

    /// The output `[N]` for rows `[N, inputs]`, by `layer`: a layer's result from its input, its weight and bias, and
    /// whether ReLU follows. Differentiable in the rows, and unless they are `frozen` in the parameters.
    ///
    /// # Errors
    /// Those of `layer`.
    pub fn forward(&self, x: &Tensor, frozen: bool, layer: impl Fn(&Tensor, [&Tensor; 2], bool) -> Result<Tensor>) -> Result<Tensor> {
        let read = |var: &Var| if frozen { var.as_detached_tensor() } else { var.as_tensor().clone() };
        let mut x = x.clone();
        for (index, (weight, bias)) in self.layers.iter().enumerate() {
            x = layer(&x, [&read(weight), &read(bias)], index + 1 < self.layers.len())?;
        }
        Ok(x.squeeze(1)?)
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};

    use super::*;

    fn plain(x: &Tensor, [weight, bias]: [&Tensor; 2], relu: bool) -> Result<Tensor> {
        let x = x.matmul(&weight.t()?)?.broadcast_add(bias)?;
        Ok(if relu { x.relu()? } else { x })
    }

    #[test]
    fn two_layers_are_as_by_hand_and_frozen_parameters_have_no_gradient() {
        let parameters = Parameters::new(0, DType::F64, &Device::Cpu);
        let network =
            Perceptron::new(&parameters, "critic", 2, &[2], |inputs| [Init::Constant(inputs as f64), Init::Constant(-1.0)]).unwrap();
        let names: Vec<String> = parameters.weights().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["critic.0.bias", "critic.0.weight", "critic.1.bias", "critic.1.weight"]);
        let x = Var::new(&[[1.0, 2.0], [-1.0, 0.5]], &Device::Cpu).unwrap();
        // Both hidden units: 2 (1 + 2) - 1 = 5, and 2 (-1 + 0.5) - 1 = -2, which ReLU sets to 0.
        let out = network.forward(&x, false, plain).unwrap();
        assert_eq!(out.to_vec1::<f64>().unwrap(), [19.0, -1.0]);
        let frozen = network.forward(&x, true, plain).unwrap();
        assert_eq!(frozen.to_vec1::<f64>().unwrap(), [19.0, -1.0]);
        let (all, rows) = (out.sum_all().unwrap().backward().unwrap(), frozen.sum_all().unwrap().backward().unwrap());
        assert!(parameters.weights().iter().all(|(_, var)| all.get(var).is_some() && rows.get(var).is_none()));
        assert_eq!(rows.get(&x).unwrap().to_vec2::<f64>().unwrap(), [[8.0, 8.0], [0.0, 0.0]]);
    }
}

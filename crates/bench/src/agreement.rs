//! Whether a device computes what the CPU computes: every operation of the training step and the step
//! itself, forward and backward, in `f32` and `f64`.

use candle_core::{DType, Device, Tensor, Var};
use serde::Serialize;
use vimae_core::{Purpose, Streams};
use vimae_ops::{self as ops, Adam, AdamConfig, Direction, Finish, StackLayer};
use vimae_trainer::Draws;

use crate::{Result, step::Network};

/// How far `f32` may be off, relative to the largest number of a tensor.
const SINGLE: f64 = 1e-4;
/// The same where TF32 is allowed, which keeps 10 bits of each factor.
const TF32: f64 = 5e-3;
/// The same for `f64`.
const DOUBLE: f64 = 1e-9;

/// One tensor computed twice.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Agreement {
    /// The operation and which of its results or gradients.
    pub what: String,
    /// The kind of number.
    pub dtype: String,
    /// The largest difference over the largest number of the CPU's.
    pub relative_error: f64,
    /// What is tolerated.
    pub tolerance: f64,
    /// Whether it is within that; never where a number is not finite.
    pub agrees: bool,
}

/// Tensors by name.
type Named = Vec<(String, Tensor)>;

/// Computes everything on `device` and on the CPU, and compares.
///
/// # Errors
/// Where either refuses an operation.
pub fn agreement(device: &Device) -> Result<Vec<Agreement>> {
    let mut rows = Vec::new();
    let single = if ops::tf32_allowed() { TF32 } else { SINGLE };
    for (dtype, tolerance) in [(DType::F32, single), (DType::F64, DOUBLE)] {
        let expected = everything(&Device::Cpu, dtype)?;
        let got = everything(device, dtype)?;
        for ((what, expected), (_, got)) in expected.iter().zip(&got) {
            rows.push(compare(what, dtype, got, expected, tolerance)?);
        }
    }
    Ok(rows)
}

fn compare(what: &str, dtype: DType, got: &Tensor, expected: &Tensor, tolerance: f64) -> Result<Agreement> {
    let numbers = |t: &Tensor| t.to_device(&Device::Cpu)?.to_dtype(DType::F64)?.flatten_all()?.to_vec1::<f64>();
    let (got, expected) = (numbers(got)?, numbers(expected)?);
    let difference = largest(got.iter().zip(&expected).map(|(a, b)| (a - b).abs()));
    let size = largest(expected.iter().map(|v| v.abs()));
    let relative_error = if difference == 0.0 { 0.0 } else { difference / size };
    // A comparison with NaN is false.
    let agrees = got.len() == expected.len() && relative_error <= tolerance && size.is_finite();
    Ok(Agreement { what: what.into(), dtype: format!("{dtype:?}").to_lowercase(), relative_error, tolerance, agrees })
}

/// The largest of values that are not negative, 0 of none; NaN where one of them is, which `f64::max` would drop.
pub fn largest(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(0.0, |a, b| if a.is_nan() || b.is_nan() { f64::NAN } else { a.max(b) })
}

/// Made-up numbers, the same on every device.
struct Numbers<'a> {
    device: &'a Device,
    dtype: DType,
    drawn: u64,
}

impl Numbers<'_> {
    fn var(&mut self, shape: &[usize], scale: f64) -> Result<Var> {
        self.drawn += 1;
        let values = Streams::new(0).normal(Purpose::Evaluation, self.drawn, shape.iter().product());
        let values = (Tensor::from_vec(values, shape, &Device::Cpu)?.to_dtype(self.dtype)? * scale)?;
        Ok(Var::from_tensor(&values.to_device(self.device)?)?)
    }
}

/// `y` and, under the loss sum(y * c) with a made-up c, the gradients of `vars`.
fn both_ways(all: &mut Named, numbers: &mut Numbers<'_>, what: &str, y: &Tensor, vars: &[(&str, &Var)]) -> Result<()> {
    let cotangent = numbers.var(y.dims(), 1.0)?.as_detached_tensor();
    let gradients = (y * cotangent)?.sum_all()?.backward()?;
    all.push((what.into(), y.detach()));
    for (name, var) in vars {
        let gradient = gradients.get(var).ok_or_else(|| candle_core::Error::msg(format!("{what}: no gradient to {name}")))?;
        all.push((format!("{what}, gradient to {name}"), gradient.clone()));
    }
    Ok(())
}

fn everything(device: &Device, dtype: DType) -> Result<Named> {
    let mut all = Named::new();
    let numbers = &mut Numbers { device, dtype, drawn: 0 };
    layers(&mut all, numbers).map_err(|e| match e {
        Failed::Lab(e) => e,
        Failed::Ops(e) => vimae_trainer::Error::from(e).into(),
    })?;
    training_step(&mut all, device, dtype)?;
    Ok(all)
}

enum Failed {
    Lab(crate::Error),
    Ops(ops::Error),
}

impl<E: Into<crate::Error>> From<E> for Failed {
    fn from(e: E) -> Self {
        Self::Lab(e.into())
    }
}

fn op<T>(result: ops::Result<T>) -> std::result::Result<T, Failed> {
    result.map_err(Failed::Ops)
}

fn layers(all: &mut Named, numbers: &mut Numbers<'_>) -> std::result::Result<(), Failed> {
    // Symmetric and asymmetric padding, both directions, the image's side, uneven sizes.
    for (from, to, size, kernel, stride) in
        [(1, 16, 28, 4, 2), (16, 32, 14, 4, 2), (32, 24, 7, 4, 2), (3, 8, 33, 5, 2), (16, 3, 16, 5, 1), (16, 1, 12, 4, 1), (5, 6, 8, 2, 3)]
    {
        let (x, b) = (numbers.var(&[6, from, size, size], 1.0)?, numbers.var(&[to], 1.0)?);
        let name = format!("{from} to {to} channels, {size}x{size}, kernel {kernel}, stride {stride}");
        let w = numbers.var(&[to, from, kernel, kernel], 0.1)?;
        let y = op(ops::conv2d_same(&x, &w, Some(&b), stride))?;
        both_ways(all, numbers, &format!("conv2d_same {name}"), &y, &[("x", &x), ("w", &w), ("b", &b)])?;
        let w = numbers.var(&[from, to, kernel, kernel], 0.1)?;
        let y = op(ops::conv_transpose2d_same(&x, &w, Some(&b), stride))?;
        both_ways(all, numbers, &format!("conv_transpose2d_same {name}"), &y, &[("x", &x), ("w", &w), ("b", &b)])?;
        let last = x.permute((0, 2, 3, 1))?;
        let y = op(ops::channels_last::conv_transpose2d_same(&last, &w, Some(&b), stride))?;
        both_ways(all, numbers, &format!("channels_last::conv_transpose2d_same {name}"), &y, &[("x", &x), ("w", &w)])?;
    }
    for shape in [&[8, 16, 7, 7][..], &[50, 40], &[3, 2, 60, 50]] {
        let c = shape[1];
        // Far from zero mean: a sum of squares would lose its digits.
        let x = numbers.var(shape, 1.0)?;
        let x = Var::from_tensor(&(x.as_detached_tensor() + 30.0)?)?;
        let (gamma, beta) = (numbers.var(&[c], 1.0)?, numbers.var(&[c], 1.0)?);
        let vars = [("x", &x), ("gamma", &gamma), ("beta", &beta)];
        let (y, statistics) = op(ops::batch_norm_train(&x, &gamma, &beta, 1e-5))?;
        both_ways(all, numbers, &format!("batch_norm_train {shape:?}"), &y, &vars)?;
        all.push((format!("batch mean {shape:?}"), statistics.mean.clone()));
        all.push((format!("batch variance {shape:?}"), statistics.var_unbiased.clone()));
        let y = op(ops::batch_norm_relu_train(&x, &gamma, &beta, 1e-5))?.0;
        both_ways(all, numbers, &format!("batch_norm_relu_train {shape:?}"), &y, &vars)?;
        let y = op(ops::batch_norm_relu_eval(&x, &gamma, &beta, &statistics.mean, &statistics.var_unbiased, 1e-5))?;
        both_ways(all, numbers, &format!("batch_norm_relu_eval {shape:?}"), &y, &vars)?;
    }
    let (x, w, b) = (numbers.var(&[20, 300], 1.0)?, numbers.var(&[70, 300], 0.1)?, numbers.var(&[70], 1.0)?);
    let vars = [("x", &x), ("w", &w), ("b", &b)];
    both_ways(all, numbers, "linear", &op(ops::linear(&x, &w, Some(&b)))?, &vars)?;
    both_ways(all, numbers, "linear_relu", &op(ops::linear_relu(&x, &w, Some(&b)))?, &vars)?;
    for (name, y) in [("sigmoid", op(ops::sigmoid(&x))?), ("tanh", op(ops::tanh(&x))?), ("relu", op(ops::relu(&x))?)] {
        both_ways(all, numbers, name, &y, &[("x", &x)])?;
    }
    let other = numbers.var(&[20, 300], 1.0)?;
    both_ways(all, numbers, "squared_error_sum", &op(ops::squared_error_sum(&x, &other))?, &[("a", &x), ("b", &other)])?;
    stack(all, numbers)?;
    adam(all, numbers)
}

/// Two layers down with batch norm, and two up of which the last ends in a sigmoid.
fn stack(all: &mut Named, numbers: &mut Numbers<'_>) -> std::result::Result<(), Failed> {
    let x = numbers.var(&[4, 3, 14, 14], 1.0)?;
    let shapes: [&[usize]; 4] = [&[8, 3, 5, 5], &[16, 8, 4, 4], &[16, 8, 4, 4], &[8, 3, 5, 5]];
    let weights = shapes.iter().map(|shape| numbers.var(shape, 0.2)).collect::<Result<Vec<_>>>()?;
    let vectors = [8, 16, 8, 3].map(|c| Ok::<_, crate::Error>([numbers.var(&[c], 1.0)?, numbers.var(&[c], 1.0)?, numbers.var(&[c], 1.0)?]));
    let vectors = vectors.into_iter().collect::<Result<Vec<_>>>()?;
    let layers: Vec<StackLayer<'_>> = weights
        .iter()
        .zip(&vectors)
        .enumerate()
        .map(|(i, (weight, [bias, gamma, beta]))| StackLayer {
            weight,
            bias,
            stride: 2,
            direction: if i < 2 { Direction::Convolve } else { Direction::Transpose },
            finish: if i == 3 { Finish::Sigmoid } else { Finish::BatchNormRelu { gamma, beta } },
        })
        .collect();
    let (y, statistics) = op(ops::conv_stack_train(&x, &layers, 1e-5))?;
    let mut vars = vec![("x", &x)];
    vars.extend(weights.iter().map(|w| ("a weight", w)));
    vars.extend(vectors[..3].iter().flat_map(|[_, gamma, beta]| [("a gamma", gamma), ("a beta", beta)]));
    vars.push(("the last bias", &vectors[3][0]));
    both_ways(all, numbers, "conv_stack_train", &y, &vars)?;
    for s in statistics {
        all.extend([("conv_stack_train, mean".into(), s.mean), ("conv_stack_train, variance".into(), s.var_unbiased)]);
    }
    Ok(())
}

/// Five steps, more parameters than one launch takes.
fn adam(all: &mut Named, numbers: &mut Numbers<'_>) -> std::result::Result<(), Failed> {
    for beta1 in [0.5, 0.9] {
        let shapes = (0..70).map(|i| if i % 9 == 0 { vec![40, 100] } else { vec![i % 7 + 1, 3] });
        let parameters =
            shapes.enumerate().map(|(i, shape)| Ok((format!("p{i:02}"), numbers.var(&shape, 1.0)?))).collect::<Result<Vec<_>>>()?;
        let mut adam = op(Adam::named(parameters.clone(), AdamConfig { beta1, ..AdamConfig::default() }))?;
        for _ in 0..5 {
            let mut loss = Tensor::zeros((), numbers.dtype, numbers.device)?;
            for (_, var) in &parameters {
                loss = (loss + var.sqr()?.sum_all()?)?;
            }
            op(adam.step(&loss.backward()?))?;
        }
        all.extend(parameters.into_iter().map(|(name, var)| (format!("adam, beta1 {beta1}, {name}"), var.as_detached_tensor())));
        all.extend(op(adam.state())?.into_iter().filter(|(key, _)| key != "adam.t"));
    }
    Ok(())
}

/// The loss of VIMAE-n with its terms, and the gradient to every weight.
fn training_step(all: &mut Named, device: &Device, dtype: DType) -> Result<()> {
    for dataset in ["mnist", "cifar10"] {
        let network = Network::new(dataset, 8, dtype, device)?;
        let streams = Streams::new(0);
        let images = network.images(8, &streams, device)?.to_dtype(dtype)?;
        let line = network.line();
        let loss = line.loss(&images, &Draws::at(&line, &images, &streams, 0)?)?;
        let gradients = loss.total.backward()?;
        all.push((format!("{dataset} step, loss"), loss.total.detach()));
        all.extend(loss.terms.iter().map(|(name, term)| (format!("{dataset} step, {name}"), term.detach())));
        // In `f32` a number that is zero but for rounding may pass ReLU on one device alone.
        if dtype == DType::F64 {
            for (name, var) in line.model.parameters().weights() {
                if let Some(gradient) = gradients.get(&var) {
                    all.push((format!("{dataset} step, gradient to {name}"), gradient.clone()));
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same device twice agrees to the bit, and every row says something.
    #[test]
    fn the_cpu_agrees_with_itself() -> Result<()> {
        let rows = agreement(&Device::Cpu)?;
        assert!(rows.len() > 200 && rows.iter().all(|row| row.agrees && row.relative_error == 0.0));
        Ok(())
    }

    #[test]
    fn differences_are_seen() -> Result<()> {
        let tensor = |values: &[f32]| Tensor::new(values, &Device::Cpu);
        let row = |got: &[f32], expected: &[f32]| compare("x", DType::F32, &tensor(got)?, &tensor(expected)?, 1e-4);
        assert!(row(&[1.0, 10.0], &[1.0, 10.0])?.agrees);
        assert!(row(&[1.0005, 10.0], &[1.0, 10.0])?.agrees);
        assert!(!row(&[1.002, 10.0], &[1.0, 10.0])?.agrees);
        assert!(!row(&[f32::NAN, 10.0], &[1.0, 10.0])?.agrees);
        assert!(!row(&[f32::NAN], &[f32::NAN])?.agrees);
        assert!(!row(&[1.0], &[1.0, 2.0])?.agrees);
        Ok(())
    }
}

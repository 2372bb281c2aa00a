//! The orchestration over emulated launches against the CPU's own operations, gradients included.

use super::emulated::Emulated;
use super::launches::Function;
use super::{Finish, Layer, StackLayer, convolution, eval, pointwise, stack, train};
use crate::conv::{image_dims, same_geometry};
use crate::geometry::{Direction, View};
use crate::layout::Channels;
use candle_core::{Device, Result, Tensor, Var};

fn values(shape: &[usize], phase: usize) -> Result<Tensor> {
    let len = shape.iter().product::<usize>();
    let data: Vec<f64> = (0..len).map(|i| ((i * 7 + phase * 13) as f64 * 12.9898).sin()).collect();
    Tensor::from_vec(data, shape, &Device::Cpu)
}

fn var(shape: &[usize], phase: usize) -> Result<Var> {
    Var::from_tensor(&values(shape, phase)?)
}

fn close(what: &str, a: &Tensor, b: &Tensor) -> Result<()> {
    assert_eq!(a.dims(), b.dims(), "{what}");
    let difference = (a - b)?.abs()?.max_all()?.to_scalar::<f64>()?;
    let size = b.abs()?.max_all()?.to_scalar::<f64>()?;
    assert!(difference <= 1e-9 * (1. + size), "{what}: {difference} of {size}");
    Ok(())
}

/// Both results and all gradients under one random cotangent.
fn agree(what: &str, ours: &Tensor, theirs: &Tensor, vars: &[&Var]) -> Result<()> {
    close(what, &ours.detach(), &theirs.detach())?;
    let weights = values(ours.dims(), 5)?;
    let (a, b) = ((ours * &weights)?.sum_all()?.backward()?, (theirs * &weights)?.sum_all()?.backward()?);
    for (i, var) in vars.iter().enumerate() {
        let missing = || candle_core::Error::msg("no gradient");
        close(&format!("{what} gradient {i}"), a.get(var).ok_or_else(missing)?, b.get(var).ok_or_else(missing)?)?;
    }
    Ok(())
}

fn geometry(x: &Tensor, w: &Tensor, stride: usize, direction: Direction) -> Result<Layer> {
    let wrap = candle_core::Error::wrap;
    let side = image_dims("test", x, Channels::First).map_err(wrap)?;
    Ok(Layer::new(same_geometry("test", side, x, w, stride, direction).map_err(wrap)?, direction))
}

#[test]
fn convolutions() -> Result<()> {
    for (size, kernel, stride) in [(8, 4, 2), (7, 4, 2), (9, 5, 2), (6, 4, 1), (5, 5, 1), (8, 2, 3), (5, 1, 2), (3, 6, 2), (2, 6, 4)] {
        let (x, b) = (var(&[2, 3, size, size + 1], 1)?, var(&[4], 3)?);
        let w = var(&[4, 3, kernel, kernel], 2)?;
        let layer = geometry(&x, &w, stride, Direction::Convolve)?;
        let theirs = crate::conv2d_same(&x, &w, Some(&b), stride).map_err(candle_core::Error::wrap)?;
        agree("convolution", &convolution(Emulated, layer, &x, &w, Some(&b))?, &theirs, &[&x, &w, &b])?;

        let w = var(&[3, 4, kernel, kernel], 2)?;
        let layer = geometry(&x, &w, stride, Direction::Transpose)?;
        let theirs = crate::conv_transpose2d_same(&x, &w, Some(&b), stride).map_err(candle_core::Error::wrap)?;
        agree("transposed", &convolution(Emulated, layer, &x, &w, Some(&b))?, &theirs, &[&x, &w, &b])?;
        let theirs = crate::conv_transpose2d_same(&x, &w, None, stride).map_err(candle_core::Error::wrap)?;
        agree("transposed, no bias", &convolution(Emulated, layer, &x, &w, None)?, &theirs, &[&x, &w])?;
    }
    Ok(())
}

#[test]
fn no_gradient_is_formed_for_constants() -> Result<()> {
    let (x, w) = (values(&[2, 3, 7, 7], 1)?, var(&[4, 3, 4, 4], 2)?);
    let layer = geometry(&x, &w, 2, Direction::Convolve)?;
    let gradients = convolution(Emulated, layer, &x, &w, None)?.sum_all()?.backward()?;
    assert!(gradients.get(&x).is_none() && gradients.get(&w).is_some());
    Ok(())
}

#[test]
fn batch_norm() -> Result<()> {
    let wrap = candle_core::Error::wrap;
    for (shape, view) in [
        (&[5, 3, 4, 2][..], View { outer: 5, c: 3, inner: 8 }),
        (&[700, 3], View { outer: 700, c: 3, inner: 1 }),
        (&[2, 3, 4000], View { outer: 2, c: 3, inner: 4000 }),
    ] {
        let (x, gamma, beta) = (var(shape, 1)?, var(&[3], 2)?, var(&[3], 3)?);
        for relu in [false, true] {
            let f = if relu { crate::batch_norm_relu_train } else { crate::batch_norm_train };
            let (theirs, statistics) = f(&x, &gamma, &beta, 1e-3).map_err(wrap)?;
            let (ours, mean, unbiased) = train(Emulated, &x, (&gamma, &beta), 1e-3, relu, view)?;
            close("mean", &mean, &statistics.mean)?;
            close("variance", &unbiased, &statistics.var_unbiased)?;
            agree("training", &ours, &theirs, &[&x, &gamma, &beta])?;
            let given = (&values(&[3], 4)?, &values(&[3], 5)?.sqr()?);
            let f = if relu { crate::batch_norm_relu_eval } else { crate::batch_norm_eval };
            let theirs = f(&x, &gamma, &beta, given.0, given.1, 1e-3).map_err(wrap)?;
            agree("evaluation", &eval(Emulated, &x, (&gamma, &beta), given, 1e-3, relu, view)?, &theirs, &[&x, &gamma, &beta])?;
        }
    }
    Ok(())
}

#[test]
fn functions() -> Result<()> {
    for shape in [&[3, 2, 5][..], &[700], &[7, 1], &[]] {
        let x = var(shape, 1)?;
        let wrap = candle_core::Error::wrap;
        agree("sigmoid", &pointwise(Emulated, &x, Function::Sigmoid)?, &crate::sigmoid(&x).map_err(wrap)?, &[&x])?;
        agree("tanh", &pointwise(Emulated, &x, Function::Tanh)?, &crate::tanh(&x).map_err(wrap)?, &[&x])?;
        agree("relu", &pointwise(Emulated, &x, Function::Relu)?, &crate::relu(&x).map_err(wrap)?, &[&x])?;
    }
    Ok(())
}

/// Down and up again, with kernels of 4 and of 5, against the CPU's stack.
#[test]
fn stacks() -> Result<()> {
    let wrap = candle_core::Error::wrap;
    for (kernel, side, unit) in [(4, 14, true), (5, 8, false)] {
        for direction in [Direction::Convolve, Direction::Transpose] {
            let widths = if direction == Direction::Convolve { [2, 5, 6, 7] } else { [7, 6, 5, 2] };
            let x = var(&[3, widths[0], side / 2, side / 2], 1)?;
            let (mut theirs, mut ours, mut vars) = (Vec::new(), Vec::new(), vec![x.clone()]);
            for (i, pair) in widths.windows(2).enumerate() {
                let (from, to) = (pair[0], pair[1]);
                let shape = if direction == Direction::Convolve { [to, from, kernel, kernel] } else { [from, to, kernel, kernel] };
                let (weight, bias) = (var(&shape, i)?, var(&[to], i + 7)?);
                let ends =
                    (i < 2 || direction == Direction::Convolve).then(|| Ok::<_, candle_core::Error>((var(&[to], 3)?, var(&[to], 4)?)));
                theirs.push((weight.clone(), bias.clone(), ends.transpose()?, if i == 2 { 1 } else { 2 }));
                vars.extend([weight, bias].into_iter().chain(theirs[i].2.iter().flat_map(|(a, b)| [a.clone(), b.clone()])));
            }
            let last = if unit { (Function::Sigmoid, crate::Finish::Sigmoid) } else { (Function::Tanh, crate::Finish::Tanh) };
            let mut dims = x.clone().into_inner();
            for (weight, bias, ends, stride) in &theirs {
                let layer = geometry(&dims, weight, *stride, direction)?;
                let finish = match ends {
                    Some((gamma, beta)) => Finish::Norm(gamma.as_tensor().clone(), beta.as_tensor().clone()),
                    None => Finish::Function(last.0),
                };
                dims = values(&layer.result_dims(), 0)?;
                ours.push(StackLayer { layer, weight: weight.as_tensor().clone(), bias: bias.as_tensor().clone(), finish });
            }
            let described: Vec<crate::StackLayer<'_>> = theirs
                .iter()
                .map(|(weight, bias, ends, stride)| crate::StackLayer {
                    weight,
                    bias,
                    stride: *stride,
                    direction,
                    finish: ends.as_ref().map_or(last.1, |(gamma, beta)| crate::Finish::BatchNormRelu { gamma, beta }),
                })
                .collect();
            let (theirs, statistics) = crate::conv_stack_train(&x, &described, 1e-3).map_err(wrap)?;
            let (ours, ours_statistics) = stack(Emulated, &x, ours, 1e-3)?;
            assert_eq!(ours_statistics.len(), statistics.len());
            for (a, b) in ours_statistics.iter().zip(&statistics) {
                close("mean", &a.0, &b.mean)?;
                close("variance", &a.1, &b.var_unbiased)?;
            }
            agree("stack", &ours, &theirs, &vars.iter().collect::<Vec<_>>())?;
        }
    }
    Ok(())
}

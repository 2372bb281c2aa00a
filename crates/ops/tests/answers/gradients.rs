//! Gradients against central differences in f64.

use candle_core::{Device, Tensor, Var};
use vimae_ops as ops;

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn values(shape: &[usize], phase: f64) -> candle_core::Result<Tensor> {
    let len = shape.iter().product::<usize>();
    let data: Vec<f64> = (0..len).map(|i| ((i as f64 + phase + 0.37) * 12.9898).sin() * 1.5).collect();
    Tensor::from_vec(data, shape, &Device::Cpu)
}

fn check(shapes: &[&[usize]], f: impl Fn(&[Tensor]) -> ops::Result<Tensor>) -> Outcome {
    let inputs = (0..).zip(shapes).map(|(i, s)| values(s, f64::from(i) * 100.)).collect::<Result<Vec<_>, _>>()?;
    let vars = inputs.iter().map(Var::from_tensor).collect::<Result<Vec<_>, _>>()?;
    let y = f(&vars.iter().map(|v| v.as_tensor().clone()).collect::<Vec<_>>())?;
    let weight = values(y.dims(), 7.)?;
    let gradients = (y * &weight)?.sum_all()?.backward()?;
    for (which, input) in inputs.iter().enumerate() {
        let got = gradients.get(&vars[which]).ok_or("no gradient")?.flatten_all()?.to_vec1::<f64>()?;
        let base = input.flatten_all()?.to_vec1::<f64>()?;
        for i in 0..base.len() {
            let loss = |step: f64| -> Result<f64, Box<dyn std::error::Error>> {
                let mut moved = base.clone();
                moved[i] += step;
                let mut inputs = inputs.clone();
                inputs[which] = Tensor::from_vec(moved, input.shape(), &Device::Cpu)?;
                Ok((f(&inputs)? * &weight)?.sum_all()?.to_scalar::<f64>()?)
            };
            let expected = (loss(1e-5)? - loss(-1e-5)?) / 2e-5;
            assert!((got[i] - expected).abs() < 1e-6 * (1. + expected.abs()), "argument {which}[{i}]: expected {expected}, got {}", got[i]);
        }
    }
    Ok(())
}

#[test]
fn batch_norm() -> Outcome {
    let shapes: [&[usize]; 3] = [&[4, 3, 2, 5], &[3], &[3]];
    check(&shapes, |t| Ok(ops::batch_norm_train(&t[0], &t[1], &t[2], 1e-3)?.0))?;
    check(&shapes, |t| Ok(ops::batch_norm_relu_train(&t[0], &t[1], &t[2], 1e-3)?.0))?;
    check(&[&[7, 3], &[3], &[3]], |t| Ok(ops::batch_norm_relu_train(&t[0], &t[1], &t[2], 1e-3)?.0))?;
    check(&[&[2, 3, 2, 5], &[5], &[5]], |t| Ok(ops::channels_last::batch_norm_relu_train(&t[0], &t[1], &t[2], 1e-3)?.0))?;
    let (mean, var) = (values(&[3], 1.)?, values(&[3], 2.)?.sqr()?);
    check(&shapes, |t| ops::batch_norm_eval(&t[0], &t[1], &t[2], &mean, &var, 1e-3))?;
    check(&shapes, |t| ops::batch_norm_relu_eval(&t[0], &t[1], &t[2], &mean, &var, 1e-3))
}

#[test]
fn linear() -> Outcome {
    check(&[&[5, 4], &[3, 4], &[3]], |t| ops::linear(&t[0], &t[1], Some(&t[2])))?;
    check(&[&[5, 4], &[3, 4], &[3]], |t| ops::linear_relu(&t[0], &t[1], Some(&t[2])))?;
    check(&[&[1, 4], &[30, 4]], |t| ops::linear_relu(&t[0], &t[1], None))
}

/// Layers wider than one block of columns.
#[test]
fn wide_linear() -> Outcome {
    let (x, w, b) = (values(&[3, 2100], 0.)?, values(&[1100, 2100], 1.)?, values(&[1100], 2.)?);
    let difference = |a: &Tensor, b: &Tensor| (a - b)?.abs()?.max_all()?.to_scalar::<f64>();
    let (x, w, b) = (Var::from_tensor(&x)?, Var::from_tensor(&w)?, Var::from_tensor(&b)?);
    let ours = ops::linear(&x, &w, Some(&b))?;
    let theirs = x.matmul(&w.t()?)?.broadcast_add(&b)?;
    assert!(difference(&ours, &theirs)? < 1e-9);
    let (ours, theirs) = (ours.sqr()?.sum_all()?.backward()?, theirs.sqr()?.sum_all()?.backward()?);
    for v in [&x, &w, &b] {
        let (a, b) = (ours.get(v).ok_or("none")?, theirs.get(v).ok_or("none")?);
        assert!(difference(a, b)? < 1e-6);
    }
    Ok(())
}

#[test]
fn pointwise_and_loss() -> Outcome {
    check(&[&[3, 7]], |t| ops::sigmoid(&t[0]))?;
    check(&[&[3, 7]], |t| ops::tanh(&t[0]))?;
    check(&[&[3, 7]], |t| ops::relu(&t[0]))?;
    check(&[&[3, 2, 20], &[3, 2, 20]], |t| ops::squared_error_sum(&t[0], &t[1]))
}

#[test]
fn no_gradient_is_formed_for_constants() -> Outcome {
    let x = values(&[2, 3, 6, 6], 0.)?;
    let w = Var::from_tensor(&values(&[4, 3, 3, 3], 1.)?)?;
    let gradients = ops::conv2d_same(&x, &w, None, 2)?.sum_all()?.backward()?;
    assert!(gradients.get(&x).is_none() && gradients.get(&w).is_some());
    Ok(())
}

//! Batch norm from candle's own operations, for devices without a kernel of this crate.

use super::statistics::BatchStatistics;
use crate::error::Result;
use crate::geometry::View;
use candle_core::Tensor;

pub(super) fn train(x: &Tensor, gamma: &Tensor, beta: &Tensor, eps: f64, relu: bool, view: View) -> Result<(Tensor, BatchStatistics)> {
    let x3 = x.reshape((view.outer, view.c, view.inner))?;
    let mean = x3.mean((0, 2))?;
    let var = x3.broadcast_sub(&mean.reshape((1, (), 1))?)?.sqr()?.mean((0, 2))?;
    let y = apply(x, gamma, beta, &mean, &var, eps, relu, view)?;
    let count = (view.outer * view.inner) as f64;
    let statistics = BatchStatistics { mean: mean.detach(), var_unbiased: (var.detach() * (count / (count - 1.0)))? };
    Ok((y, statistics))
}

#[expect(clippy::too_many_arguments, reason = "the arguments of batch norm")]
pub(super) fn apply(
    x: &Tensor,
    gamma: &Tensor,
    beta: &Tensor,
    mean: &Tensor,
    var: &Tensor,
    eps: f64,
    relu: bool,
    view: View,
) -> Result<Tensor> {
    let scale = (gamma / (var + eps)?.sqrt()?)?;
    let shift = (beta - (mean * &scale)?)?;
    let y = x
        .reshape((view.outer, view.c, view.inner))?
        .broadcast_mul(&scale.reshape((1, (), 1))?)?
        .broadcast_add(&shift.reshape((1, (), 1))?)?
        .reshape(x.shape())?;
    if relu { crate::relu(&y) } else { Ok(y) }
}

#[cfg(test)]
mod tests {
    use super::super::batch_norm_relu_train;
    use super::*;
    use candle_core::{Device, Var};

    /// The composition and the kernel are written apart; here they meet, gradients included.
    #[test]
    fn agrees_with_the_kernel() -> Result<()> {
        let values: Vec<f64> = (0..3 * 4 * 5).map(|i| f64::from(i * 37 % 61) / 7.0 + 3.0).collect();
        let cpu = &Device::Cpu;
        let x = Var::from_tensor(&Tensor::from_vec(values, (3, 4, 5), cpu)?)?;
        let gamma = Var::new(&[1f64, -0.5, 2., 0.1], cpu)?;
        let beta = Var::new(&[0f64, 0.3, -1., 0.5], cpu)?;
        let view = View { outer: 3, c: 4, inner: 5 };
        let weight = Tensor::arange(0f64, 60., cpu)?.reshape((3, 4, 5))?.sin()?;
        let ours = batch_norm_relu_train(&x, &gamma, &beta, 1e-5)?;
        let theirs = train(&x, &gamma, &beta, 1e-5, true, view)?;
        let difference = |a: &Tensor, b: &Tensor| (a - b)?.abs()?.max_all()?.to_scalar::<f64>();
        assert!(difference(&ours.0, &theirs.0)? < 1e-12);
        assert!(difference(&ours.1.mean, &theirs.1.mean)? < 1e-12);
        assert!(difference(&ours.1.var_unbiased, &theirs.1.var_unbiased)? < 1e-12);
        let ours = (ours.0 * &weight)?.sum_all()?.backward()?;
        let theirs = (theirs.0 * &weight)?.sum_all()?.backward()?;
        for var in [&x, &gamma, &beta] {
            let (a, b) = (ours.get(var), theirs.get(var));
            assert!(difference(a.expect("gradient"), b.expect("gradient"))? < 1e-12);
        }
        Ok(())
    }

    #[test]
    fn not_a_number_stays_visible() -> Result<()> {
        let one = |v: f32| Tensor::new(&[v], &Device::Cpu);
        let x = Tensor::new(&[f32::NAN, -1.0, 2.0], &Device::Cpu)?;
        let view = View { outer: 3, c: 1, inner: 1 };
        let y = apply(&x, &one(1.0)?, &one(0.0)?, &one(0.0)?, &one(1.0)?, 0.0, true, view)?.to_vec1::<f32>()?;
        assert!(y[0].is_nan() && y[1..] == [0.0, 2.0], "{y:?}");
        Ok(())
    }
}

//! Convolutions and batch norm, forward and backward.

use anyhow::{Context, Result};
use candle_core::{Tensor, Var};
use vimae_ops::{
    batch_norm_eval, batch_norm_relu_eval, batch_norm_relu_train, batch_norm_train, channels_last, conv_transpose2d_same, conv2d_same,
};
use vimae_tests::golden::{Case, case};

type Convolution = fn(&Tensor, &Tensor, Option<&Tensor>, usize) -> vimae_ops::Result<Tensor>;

fn check_convolution(name: &str, convolve: Convolution, channels_last: Convolution) -> Result<()> {
    let case = case(name)?;
    let [x, w, b] = vars(&case, ["x", "w", "b"])?;
    let stride = case.integer("stride")?;
    let y = convolve(&x, &w, Some(&b), stride)?;
    case.check("y", &y)?;
    check_gradients(&case, &y, &[("x", &x), ("w", &w), ("b", &b)])?;
    let y = channels_last(&x.permute((0, 2, 3, 1))?, &w, Some(&b), stride)?.permute((0, 3, 1, 2))?;
    case.check("y", &y)?;
    check_gradients(&case, &y, &[("x", &x), ("w", &w), ("b", &b)])
}

fn vars<const N: usize>(case: &Case, names: [&str; N]) -> Result<[Var; N]> {
    let vars = names.iter().map(|n| Ok(Var::from_tensor(&case.tensor(n)?)?)).collect::<Result<Vec<_>>>()?;
    vars.try_into().ok().context("as many variables as names")
}

fn check_gradients(case: &Case, y: &Tensor, vars: &[(&str, &Var)]) -> Result<()> {
    let gradients = (y * case.tensor("grad_y")?)?.sum_all()?.backward()?;
    for (name, var) in vars {
        let gradient = gradients.get(var).with_context(|| format!("{}: no gradient for {name}", case.name))?;
        case.check(&format!("grad_{name}"), gradient)?;
    }
    Ok(())
}

#[test]
fn conv_same() -> Result<()> {
    (0..5).try_for_each(|i| check_convolution(&format!("conv_same_{i}"), conv2d_same, channels_last::conv2d_same))
}

#[test]
fn conv_transpose_same() -> Result<()> {
    (0..4).try_for_each(|i| {
        check_convolution(&format!("conv_transpose_same_{i}"), conv_transpose2d_same, channels_last::conv_transpose2d_same)
    })
}

#[test]
fn batch_norm() -> Result<()> {
    let case = case("batch_norm")?;
    let [x, gamma, beta] = vars(&case, ["x", "gamma", "beta"])?;
    let (eps, momentum) = (case.number("eps")?, case.number("momentum")?);
    let (y, statistics) = batch_norm_train(&x, &gamma, &beta, eps)?;
    case.check("y", &y)?;
    check_gradients(&case, &y, &[("x", &x), ("gamma", &gamma), ("beta", &beta)])?;
    let y = channels_last::batch_norm_train(&x.permute((0, 2, 3, 1))?, &gamma, &beta, eps)?.0.permute((0, 3, 1, 2))?;
    case.check("y", &y)?;
    check_gradients(&case, &y, &[("x", &x), ("gamma", &gamma), ("beta", &beta)])?;
    let relu = batch_norm_relu_train(&x, &gamma, &beta, eps)?.0;
    let difference = |a: &Tensor, b: Tensor| -> Result<f32> { Ok((a - b)?.abs()?.max_all()?.to_scalar::<f32>()?) };
    anyhow::ensure!(difference(&relu, case.tensor("y")?.relu()?)? < 1e-4, "ReLU changes what it should not");

    let follow = |before: Tensor, batch: &Tensor| -> Result<Tensor> { Ok(((before * (1.0 - momentum))? + (batch * momentum)?)?) };
    let mean = follow(case.tensor("running_mean_before")?, &statistics.mean)?;
    let var = follow(case.tensor("running_var_before")?, &statistics.var_unbiased)?;
    case.check("running_mean_after", &mean)?;
    case.check("running_var_after", &var)?;
    let relu = batch_norm_relu_eval(&x, &gamma, &beta, &mean, &var, eps)?;
    anyhow::ensure!(difference(&relu, case.tensor("y_eval")?.relu()?)? < 1e-4, "ReLU changes what it should not");
    case.check("y_eval", &batch_norm_eval(&x, &gamma, &beta, &mean, &var, eps)?)
}

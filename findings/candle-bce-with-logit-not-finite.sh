#!/bin/bash
# candle-nn 0.11.1: binary_cross_entropy_with_logit takes the logarithm of the rounded sigmoid. From a logit of 17 in f32, where the sigmoid
# rounds to 1, the loss is NaN for a target of 1, which is all but perfect, and infinite for 0, where 17 would be right; its gradient is NaN
# for both. Negative logits do it later: -80 is right, -120 is not. One such pixel makes the loss of its whole batch NaN. By
# max(x, 0) - x t + ln(1 + exp(-|x|)), which is the same loss, all of them are finite.
# Seen, target 1 and 0: logit 17: NaN for 4e-8, inf for 17; -120: inf for 120, NaN for 0.
# Exit 0: as described here; 1: it has changed; 2: it cannot be set up. Needs cargo and the registry; no argument.
set -u
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT
cd "$T" || exit 2
cargo init -q --vcs none --name probe p 2> /dev/null && (cd p && cargo add -q candle-core@=0.11.1 candle-nn@=0.11.1) || exit 2
cat > p/src/main.rs <<'R'
use candle_core::{Device, Result, Tensor, Var};
use candle_nn::loss::binary_cross_entropy_with_logit;

fn main() -> Result<()> {
    let loss_and_slope = |logits: &[f32], targets: &[f32]| -> Result<(f32, f32)> {
        let logits = Var::new(logits, &Device::Cpu)?;
        let loss = binary_cross_entropy_with_logit(&logits, &Tensor::new(targets, &Device::Cpu)?)?;
        let slopes = loss.backward()?;
        Ok((loss.to_scalar()?, slopes.get(&logits).unwrap().sum_all()?.to_scalar()?))
    };
    let mut as_described = true;
    for logit in [-120f32, -80., -5., 0., 5., 16., 17., 120.] {
        for target in [1f32, 0.] {
            let (loss, slope) = loss_and_slope(&[logit], &[target])?;
            let (x, t) = (f64::from(logit), f64::from(target));
            let exact = x.max(0.) - x * t + (-x.abs()).exp().ln_1p();
            println!("candle-nn 0.11.1, logit {logit}, target {target}: loss {loss:.3e}, gradient {slope:.3e}; loss as it is defined {exact:.3e}");
            let finite = -100. < logit && logit < 17.;
            let wrong = slope.is_nan() && if (logit > 0.) == (target == 1.) { loss.is_nan() } else { loss == f32::INFINITY };
            as_described &= if finite { (f64::from(loss) - exact).abs() < 0.2 && slope.is_finite() } else { wrong };
        }
    }
    let (batch, _) = loss_and_slope(&[1., -1., 20.], &[1., 0., 1.])?;
    println!("a batch of the logits 1, -1 and 20, all on the right side: {batch}");
    std::process::exit(if as_described && batch.is_nan() { 0 } else { 1 })
}
R
cargo build -q --manifest-path p/Cargo.toml || exit 2
cargo run -q --manifest-path p/Cargo.toml

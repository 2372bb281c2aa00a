#!/bin/bash
# candle-core 0.11.1: the gradient of max_pool2d is multiplied by the share of the window that the maxima take, where it should be divided
# by their number. One maximum in a window of 2 x 2 gets a quarter of its gradient, in one of 3 x 3 a ninth; four equal values, as the zeros
# after a ReLU are, get four times theirs together. Two maxima of 2 x 2 are right. Layers before a pooling so learn at another rate than
# those after it; nothing is said.
# Seen, d/dx of the squared maximum: 2 x 2, a maximum of 4: 2, by finite differences 8; 3 x 3, of 9: 2 for 18; four ones: 8 together for 2.
# Exit 0: as described here; 1: it has changed; 2: it cannot be set up. Needs cargo and the registry; no argument.
set -u
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT
cd "$T" || exit 2
cargo init -q --vcs none --name probe p 2> /dev/null && (cd p && cargo add -q candle-core@=0.11.1) || exit 2
cat > p/src/main.rs <<'R'
use candle_core::{Device, Result, Tensor, Var};

/// The sum of the squares of the pooled values, beside the image it is of.
fn loss(image: &[f64], side: usize) -> Result<(Var, Tensor)> {
    let image = Var::from_vec(image.to_vec(), (1, 1, side, side), &Device::Cpu)?;
    let loss = image.max_pool2d(side)?.sqr()?.sum_all()?;
    Ok((image, loss))
}

/// The sum of the gradient over all pixels, and how fast the loss grows when all of them do: they should be equal.
fn slopes(image: &[f64], side: usize) -> Result<(f64, f64)> {
    let (pixels, value) = loss(image, side)?;
    let gradient = value.backward()?.get(&pixels).unwrap().sum_all()?.to_scalar()?;
    let moved = |by: f64| loss(&image.iter().map(|v| v + by).collect::<Vec<_>>(), side)?.1.to_scalar::<f64>();
    Ok((gradient, (moved(1e-4)? - moved(-1e-4)?) / 2e-4))
}

fn main() -> Result<()> {
    let cases: [(&str, &[f64], usize, f64); 4] = [
        ("2 x 2, one maximum", &[1., 2., 4., 3.], 2, 0.25),
        ("2 x 2, two maxima", &[1., 4., 4., 3.], 2, 0.5 * 2.),
        ("2 x 2, all equal", &[1., 1., 1., 1.], 2, 4.),
        ("3 x 3, one maximum", &[1., 2., 3., 4., 5., 6., 7., 8., 9.], 3, 1. / 9.),
    ];
    let mut as_described = true;
    for (name, image, side, factor) in cases {
        let (gradient, differences) = slopes(image, side)?;
        println!("candle-core 0.11.1, {name}: gradient {gradient:.3}, by finite differences {differences:.3}");
        as_described &= (gradient - factor * differences).abs() < 1e-6;
    }
    std::process::exit(if as_described { 0 } else { 1 })
}
R
cargo build -q --manifest-path p/Cargo.toml || exit 2
cargo run -q --manifest-path p/Cargo.toml

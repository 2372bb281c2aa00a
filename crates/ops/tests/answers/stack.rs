//! The stack against the same layers one by one, values and gradients.

use candle_core::{Device, Result, Tensor, Var};
use vimae_ops::{
    Direction, Finish, StackLayer, batch_norm_relu_train, conv_stack_train, conv_transpose2d_same, conv2d_same, sigmoid, tanh,
};

const EPS: f64 = 1e-5;

fn ramp(shape: &[usize], seed: usize, scale: f64) -> Result<Var> {
    let len = shape.iter().product::<usize>();
    let values = (0..len).map(|i| scale * (((i * 37 + i / 3 + seed * 29) % 101) as f64 - 50.) / 50.).collect::<Vec<_>>();
    Var::from_tensor(&Tensor::from_vec(values, shape, &Device::Cpu)?)
}

struct Layer {
    weight: Var,
    bias: Var,
    norm: Option<(Var, Var)>,
    stride: usize,
    direction: Direction,
}

fn layers(widths: &[usize], kernel: usize, strides: &[usize], direction: Direction, open: bool) -> Result<Vec<Layer>> {
    (0..strides.len())
        .map(|i| {
            let (from, to) = (widths[i], widths[i + 1]);
            let shape = if direction == Direction::Convolve { [to, from, kernel, kernel] } else { [from, to, kernel, kernel] };
            let norm = open || i + 1 < strides.len();
            Ok(Layer {
                weight: ramp(&shape, i, 0.2)?,
                bias: ramp(&[to], i + 10, 0.3)?,
                norm: norm.then(|| Ok::<_, candle_core::Error>((ramp(&[to], i + 20, 1.0)?, ramp(&[to], i + 30, 0.5)?))).transpose()?,
                stride: strides[i],
                direction,
            })
        })
        .collect()
}

fn compare(x: &Var, layers: &[Layer], unit: bool) -> Result<()> {
    let described: Vec<StackLayer<'_>> = layers
        .iter()
        .map(|l| StackLayer {
            weight: &l.weight,
            bias: &l.bias,
            stride: l.stride,
            direction: l.direction,
            finish: match &l.norm {
                Some((gamma, beta)) => Finish::BatchNormRelu { gamma, beta },
                None if unit => Finish::Sigmoid,
                None => Finish::Tanh,
            },
        })
        .collect();
    let (y, statistics) = conv_stack_train(x, &described, EPS).map_err(candle_core::Error::wrap)?;
    let (mut expected, mut expected_statistics) = (x.as_tensor().clone(), Vec::new());
    for l in layers {
        let wrap = candle_core::Error::wrap;
        expected = match l.direction {
            Direction::Convolve => conv2d_same(&expected, &l.weight, Some(&l.bias), l.stride),
            Direction::Transpose => conv_transpose2d_same(&expected, &l.weight, Some(&l.bias), l.stride),
        }
        .map_err(wrap)?;
        expected = match &l.norm {
            Some((gamma, beta)) => {
                let (y, s) = batch_norm_relu_train(&expected, gamma, beta, EPS).map_err(wrap)?;
                expected_statistics.push(s);
                y
            }
            None if unit => sigmoid(&expected).map_err(wrap)?,
            None => tanh(&expected).map_err(wrap)?,
        };
    }
    let close = |a: &Tensor, b: &Tensor, tolerance: f64, what: &str| -> Result<()> {
        assert_eq!(a.dims(), b.dims(), "{what}");
        let difference = (a - b)?.abs()?.max_all()?.to_scalar::<f64>()?;
        let size = b.abs()?.max_all()?.to_scalar::<f64>()?;
        assert!(difference <= tolerance * size.max(1e-3), "{what}: {difference} of {size}");
        Ok(())
    };
    close(&y.detach(), &expected.detach(), 1e-10, "result")?;
    assert_eq!(statistics.len(), expected_statistics.len());
    for (a, b) in statistics.iter().zip(&expected_statistics) {
        close(&a.mean, &b.mean, 1e-10, "mean")?;
        close(&a.var_unbiased, &b.var_unbiased, 1e-10, "variance")?;
    }
    let weights = ramp(y.dims(), 7, 1.0)?.as_detached_tensor();
    let got = (y * &weights)?.sum_all()?.backward()?;
    let want = (expected * &weights)?.sum_all()?.backward()?;
    let gradient =
        |store: &candle_core::backprop::GradStore, v: &Var| store.get(v).cloned().ok_or_else(|| candle_core::Error::msg("no gradient"));
    close(&gradient(&got, x)?, &gradient(&want, x)?, 1e-8, "x")?;
    for (i, l) in layers.iter().enumerate() {
        close(&gradient(&got, &l.weight)?, &gradient(&want, &l.weight)?, 1e-8, &format!("weight {i}"))?;
        close(&gradient(&got, &l.bias)?, &gradient(&want, &l.bias)?, 1e-7, &format!("bias {i}"))?;
        if let Some((gamma, beta)) = &l.norm {
            close(&gradient(&got, gamma)?, &gradient(&want, gamma)?, 1e-8, &format!("gamma {i}"))?;
            close(&gradient(&got, beta)?, &gradient(&want, beta)?, 1e-8, &format!("beta {i}"))?;
        }
    }
    Ok(())
}

#[test]
fn encoder_shaped() -> Result<()> {
    for (kernel, side, channels) in [(4, 12, 1), (5, 8, 3)] {
        let layers = layers(&[channels, 8, 16, 20], kernel, &[2, 2, 2], Direction::Convolve, true)?;
        compare(&ramp(&[3, channels, side, side], 1, 1.0)?, &layers, true)?;
    }
    Ok(())
}

#[test]
fn decoder_shaped() -> Result<()> {
    for (kernel, unit, channels) in [(4, true, 1), (5, false, 3)] {
        // The last layer goes by the general kernels, and by those of images.
        for width in [8, 16] {
            let layers = layers(&[18, 16, width, channels], kernel, &[2, 2, 1], Direction::Transpose, false)?;
            compare(&ramp(&[9, 18, 3, 3], 1, 1.0)?, &layers, unit)?;
        }
    }
    Ok(())
}

#[test]
fn one_layer_and_wrong_ones() -> Result<()> {
    let one = layers(&[2, 3], 3, &[1], Direction::Convolve, true)?;
    let x = ramp(&[2, 2, 4, 3], 1, 1.0)?;
    compare(&x, &one, true)?;
    assert!(conv_stack_train(&x, &[], EPS).is_err());
    let layer = StackLayer { weight: &one[0].weight, bias: &one[0].bias, stride: 1, direction: Direction::Convolve, finish: Finish::Tanh };
    assert!(conv_stack_train(&x, &[layer, layer], EPS).is_err());
    assert!(conv_stack_train(&x, &[StackLayer { stride: 0, ..layer }], EPS).is_err());
    assert!(conv_stack_train(&x, &[StackLayer { bias: &one[0].weight, ..layer }], EPS).is_err());
    assert!(conv_stack_train(&x, &[layer], f64::NAN).is_err());
    Ok(())
}

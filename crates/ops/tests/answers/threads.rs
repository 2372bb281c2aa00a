//! The same bits for any number of threads.

use candle_core::{Device, Tensor, Var};
use vimae_ops as ops;

fn values(shape: &[usize], phase: f32) -> candle_core::Result<Tensor> {
    let len = shape.iter().product::<usize>();
    let data: Vec<f32> = (0..len).map(|i| ((i as f32 + phase) * 12.9898).sin()).collect();
    Tensor::from_vec(data, shape, &Device::Cpu)
}

/// Every operation forward and backward; the bits of all results and gradients.
fn everything() -> ops::Result<Vec<u32>> {
    let shapes: [&[usize]; 9] =
        [&[24, 5, 14, 14], &[40, 5, 4, 4], &[40], &[40, 33, 5, 5], &[33], &[33], &[33], &[2000, 33 * 14 * 14], &[33, 3, 4, 4]];
    let vars = (0..).zip(shapes).map(|(i, s)| Var::from_tensor(&values(s, i as f32)?)).collect::<candle_core::Result<Vec<_>>>()?;
    let [x, w, b, v, c, gamma, beta, l, o] = &vars[..] else {
        return Ok(Vec::new());
    };
    let h = ops::conv2d_same(x, w, Some(b), 2)?;
    let h = ops::conv_transpose2d_same(&h, v, Some(c), 2)?;
    let (h, statistics) = ops::batch_norm_relu_train(&h, gamma, beta, 1e-5)?;
    let image = ops::sigmoid(&ops::conv_transpose2d_same(&h, o, None, 1)?)?;
    let last = h.permute((0, 2, 3, 1))?;
    let (last, _) = ops::channels_last::batch_norm_relu_train(&last, gamma, beta, 1e-5)?;
    let y = ops::tanh(&ops::linear_relu(&h.flatten_from(1)?, l, None)?)?;
    let error = ops::squared_error_sum(&image, &image.zeros_like()?)?;
    let loss = ((y.sum_all()? + error.sum_all()?)? + last.sum_all()?)?;
    let gradients = loss.backward()?;
    let mut all = vec![loss, statistics.mean, statistics.var_unbiased];
    for var in &vars {
        all.extend(gradients.get(var).cloned());
    }
    assert_eq!(all.len(), 12);
    let mut bits = Vec::new();
    for tensor in all {
        bits.extend(tensor.flatten_all()?.to_vec1::<f32>()?.into_iter().map(f32::to_bits));
    }
    Ok(bits)
}

/// A stack down and one up, with kernels of every kind: thin, by tiles with shared and with large
/// weights, direct.
fn stacks() -> ops::Result<Vec<u32>> {
    let shapes: [&[usize]; 5] = [&[16, 3, 5, 5], &[160, 16, 4, 4], &[288, 160, 4, 4], &[288, 16, 5, 5], &[16, 3, 5, 5]];
    let vars = (0..).zip(shapes).map(|(i, s)| Var::from_tensor(&(values(s, i as f32)? * 0.1)?)).collect::<candle_core::Result<Vec<_>>>()?;
    let vectors = |len: usize| Var::from_tensor(&values(&[len], len as f32)?);
    let ends = [16, 160, 288, 16, 3].into_iter().map(vectors).collect::<candle_core::Result<Vec<_>>>()?;
    let layer = |i: usize, direction| ops::StackLayer {
        weight: &vars[i],
        bias: &ends[i],
        stride: if i == 4 { 1 } else { 2 },
        direction,
        finish: if i == 4 { ops::Finish::Tanh } else { ops::Finish::BatchNormRelu { gamma: &ends[i], beta: &ends[i] } },
    };
    let x = Var::from_tensor(&values(&[13, 3, 12, 12], 9.0)?)?;
    let down: Vec<_> = (0..3).map(|i| layer(i, ops::Direction::Convolve)).collect();
    let up: Vec<_> = (3..5).map(|i| layer(i, ops::Direction::Transpose)).collect();
    let (h, statistics) = ops::conv_stack_train(&x, &down, 1e-5)?;
    let (y, _) = ops::conv_stack_train(&h, &up, 1e-5)?;
    let gradients = y.sqr()?.sum_all()?.backward()?;
    let mut all = vec![y];
    all.extend(statistics.into_iter().map(|s| s.var_unbiased));
    all.extend(vars.iter().chain(&ends).chain([&x]).filter_map(|v| gradients.get(v).cloned()));
    assert_eq!(all.len(), 1 + 3 + 11);
    let mut bits = Vec::new();
    for tensor in all {
        bits.extend(tensor.flatten_all()?.to_vec1::<f32>()?.into_iter().map(f32::to_bits));
    }
    Ok(bits)
}

#[test]
fn threads_do_not_change_a_bit_of_a_stack() -> Result<(), Box<dyn std::error::Error>> {
    let with = |threads| -> Result<Vec<u32>, Box<dyn std::error::Error>> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
        Ok(pool.install(stacks)?)
    };
    let one = with(1)?;
    assert!(one.iter().all(|bits| f32::from_bits(*bits).is_finite()));
    for threads in [2, 3, 5] {
        assert!(with(threads)? == one, "{threads} threads differ from one");
    }
    Ok(())
}

#[test]
fn threads_do_not_change_a_bit() -> Result<(), Box<dyn std::error::Error>> {
    let with = |threads| -> Result<Vec<u32>, Box<dyn std::error::Error>> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
        Ok(pool.install(everything)?)
    };
    let one = with(1)?;
    for threads in [2, 3, 5] {
        assert!(with(threads)? == one, "{threads} threads differ from one");
    }
    Ok(())
}

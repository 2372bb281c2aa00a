//! Wrong arguments get an error that says expected and got; odd but right ones get an answer.

use candle_core::{DType, Device, Tensor, Var};
use vimae_ops::{self as ops, ConvParams, Error};

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn zeros(shape: &[usize]) -> candle_core::Result<Tensor> {
    Tensor::zeros(shape, DType::F32, &Device::Cpu)
}

#[test]
fn wrong_shapes_are_named() -> Outcome {
    let x = zeros(&[2, 3, 8, 8])?;
    let error = ops::conv2d_same(&x, &zeros(&[4, 2, 3, 3])?, None, 2).expect_err("channels differ");
    assert!(matches!(&error, Error::Shape { op: "conv2d_same", argument: "w", got, .. } if *got == [4, 2, 3, 3]), "{error}");
    let error = ops::conv_transpose2d_same(&x, &zeros(&[2, 4, 3, 3])?, None, 2).expect_err("differ");
    assert!(matches!(&error, Error::Shape { argument: "w", expected, .. } if expected == "[3, O, kh, kw]"), "{error}");
    let w = zeros(&[4, 3, 3, 3])?;
    assert!(matches!(ops::conv2d_same(&x, &w, Some(&zeros(&[3])?), 2), Err(Error::Shape { argument: "b", .. })));
    assert!(matches!(ops::conv2d_same(&x, &w, None, 0), Err(Error::Parameter { parameter: "stride", .. })));
    assert!(matches!(ops::conv2d_same(&zeros(&[3, 8, 8])?, &w, None, 1), Err(Error::Shape { argument: "x", .. })));
    assert!(matches!(ops::conv2d_same(&zeros(&[2, 3, 0, 8])?, &w, None, 1), Err(Error::Parameter { .. })));
    let small = zeros(&[2, 3, 2, 2])?;
    assert!(matches!(ops::conv2d(&small, &w, None, ConvParams::default()), Err(Error::Parameter { .. })));
    assert!(matches!(ops::conv2d_same(&x.to_dtype(DType::U8)?, &w, None, 1), Err(Error::DType { got: DType::U8, .. })));
    assert!(matches!(ops::conv2d_same(&x.to_dtype(DType::F64)?, &w, None, 1), Err(Error::DType { argument: "w", .. })));
    assert!(matches!(ops::linear(&zeros(&[2, 3])?, &zeros(&[4, 2])?, None), Err(Error::Shape { argument: "w", .. })));
    let c = zeros(&[3])?;
    assert!(matches!(ops::batch_norm_train(&zeros(&[1, 3])?, &c, &c, 1e-5), Err(Error::TooFewValues { got: 1, .. })));
    assert!(matches!(ops::batch_norm_train(&x, &c, &zeros(&[4])?, 1e-5), Err(Error::Shape { argument: "beta", .. })));
    assert!(matches!(ops::squared_error_sum(&x, &w), Err(Error::Shape { .. })));
    Ok(())
}

#[test]
fn a_linear_layer_without_outputs_has_gradients_of_zero() -> Outcome {
    let var = |dims: &[usize]| Var::ones(dims, DType::F32, &Device::Cpu);
    let (x, w, b) = (var(&[2, 1100])?, var(&[0, 1100])?, var(&[0])?);
    let gradients = ops::linear(&x, &w, Some(&b))?.sum_all()?.backward()?;
    let of = |var: &Var| gradients.get(var).map(|gradient| gradient.dims().to_vec());
    assert_eq!([of(&x), of(&w), of(&b)], [Some(vec![2, 1100]), Some(vec![0, 1100]), Some(vec![0])]);
    assert!(gradients.get(&x).ok_or("none")?.flatten_all()?.to_vec1::<f32>()?.iter().all(|v| *v == 0.0));
    Ok(())
}

#[test]
fn empty_batches_give_empty_results() -> Outcome {
    let x = zeros(&[0, 3, 8, 8])?;
    assert_eq!(ops::conv2d_same(&x, &zeros(&[4, 3, 3, 3])?, None, 2)?.dims(), [0, 4, 4, 4]);
    assert_eq!(ops::conv_transpose2d_same(&x, &zeros(&[3, 9, 3, 3])?, None, 2)?.dims(), [0, 9, 16, 16]);
    assert_eq!(ops::conv_transpose2d_same(&x, &zeros(&[3, 1, 3, 3])?, None, 2)?.dims(), [0, 1, 16, 16]);
    assert_eq!(ops::linear(&zeros(&[0, 3])?, &zeros(&[2000, 3])?, None)?.dims(), [0, 2000]);
    assert_eq!(ops::squared_error_sum(&x, &x)?.dims(), [0]);
    let c = zeros(&[3])?;
    assert_eq!(ops::batch_norm_eval(&x, &c, &c, &c, &c, 1e-5)?.dims(), x.dims());
    Ok(())
}

#[test]
fn views_are_read_through_their_strides() -> Outcome {
    let x = Tensor::arange(0f32, 2. * 8. * 6. * 3., &Device::Cpu)?.reshape((2, 8, 6, 3))?;
    let view = x.permute((0, 3, 2, 1))?.narrow(2, 1, 4)?;
    let w = Tensor::arange(0f32, 3. * 3. * 3. * 5., &Device::Cpu)?.reshape((3, 3, 3, 5))?.permute((3, 0, 1, 2))?;
    let direct = ops::conv2d_same(&view, &w, None, 2)?;
    let copied = ops::conv2d_same(&view.force_contiguous()?, &w.force_contiguous()?, None, 2)?;
    assert_eq!(direct.flatten_all()?.to_vec1::<f32>()?, copied.flatten_all()?.to_vec1::<f32>()?);
    Ok(())
}

#[test]
fn not_a_number_stays_visible() -> Outcome {
    let x = Tensor::new(&[f32::NAN, -1., 2.], &Device::Cpu)?;
    let y = ops::relu(&x)?.to_vec1::<f32>()?;
    assert!(y[0].is_nan() && y[1..] == [0., 2.]);
    let (x, w) = (x.reshape((3, 1))?, Tensor::new(&[[1f32]], &Device::Cpu)?);
    let y = ops::linear_relu(&x, &w, None)?.flatten_all()?.to_vec1::<f32>()?;
    assert!(y[0].is_nan() && y[1..] == [0., 2.]);
    let (gamma, beta) = (Tensor::new(&[1f32], &Device::Cpu)?, Tensor::new(&[0f32], &Device::Cpu)?);
    let (mean, var) = (beta.clone(), gamma.clone());
    let y = ops::batch_norm_relu_eval(&x, &gamma, &beta, &mean, &var, 0.)?.flatten_all()?.to_vec1::<f32>()?;
    assert!(y[0].is_nan() && y[1..] == [0., 2.]);
    Ok(())
}

#[test]
fn absurd_sizes_are_refused() -> Outcome {
    let (x, w) = (zeros(&[1, 1, 4, 4])?, zeros(&[1, 1, 3, 3])?);
    let most = usize::MAX / 2;
    let params = ConvParams { stride: (1, 1), padding: [most, most, 0, 2] };
    assert!(ops::conv2d(&x, &w, None, params).is_err());
    assert!(ops::conv2d(&x, &w, None, ConvParams { stride: (1, 1), padding: [usize::MAX; 4] }).is_err());
    assert!(ops::conv_transpose2d_same(&x, &w, None, most).is_err());
    assert!(ops::conv_transpose2d_same(&x, &w, None, usize::MAX).is_err());
    let params = ops::ConvTransposeParams { stride: (most, 1), padding: [0; 4], output_padding: (0, 0) };
    assert!(ops::conv_transpose2d(&x, &w, None, params).is_err());
    // A stride beyond the image leaves one pixel.
    assert_eq!(ops::conv2d_same(&x, &w, None, 1000)?.dims(), [1, 1, 1, 1]);
    Ok(())
}

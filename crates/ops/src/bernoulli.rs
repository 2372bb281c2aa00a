//! The log-likelihood of binary images under logits.
#![expect(unsafe_code, reason = "the dispatch that `vectorised` writes")]

use crate::error::{Result, check_dtype, check_float, shape_error};
use crate::parallel::{each, map};
use crate::real::{Real, contiguous, dispatch, unfilled, with_slice};
use crate::simd::vectorised;
use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp2, Device, Layout, Shape, Tensor};

/// `sum x l - ln(1 + e^l)` over each image's values x in \[0, 1\] and their logits l: the log-likelihood of independent Bernoulli
/// variables, in nats. `images` `[N, ...]`, `logits` `[K N, ...]`, K blocks of a row for each image; returns `[K N]`.
/// Differentiable in both, in one pass each way.
///
/// # Errors
/// Returns an error if shapes or dtypes do not match, or if the rank is 0.
pub fn bernoulli_log_likelihood(images: &Tensor, logits: &Tensor) -> Result<Tensor> {
    const OP: &str = "bernoulli_log_likelihood";
    check_float(OP, "logits", logits)?;
    check_dtype(OP, "images", images, logits)?;
    let (&[n, ref image @ ..], &[rows, ref row @ ..]) = (images.dims(), logits.dims()) else {
        return Err(shape_error(OP, "logits", "[K N, ...]", logits));
    };
    if image != row || rows.checked_rem(n).unwrap_or(rows) != 0 {
        return Err(shape_error(OP, "logits", format!("K blocks of {:?}, the images'", images.dims()), logits));
    }
    let size: usize = image.iter().product();
    if !matches!(logits.device(), Device::Cpu) || logits.elem_count() == 0 {
        return composed(&images.reshape((n, size))?, &logits.reshape((rows, size))?);
    }
    Ok(logits.contiguous()?.apply_op2(&images.contiguous()?, Bernoulli { n, size })?)
}

/// The sums from candle's own operations, for devices without a kernel of this crate.
fn composed(images: &Tensor, logits: &Tensor) -> Result<Tensor> {
    let rows = logits.dim(0)?;
    let images = images.repeat((rows.checked_div(images.dim(0)?).unwrap_or(0), 1))?;
    let softplus = (logits.relu()? + (logits.abs()?.neg()?.exp()? + 1.0)?.log()?)?;
    Ok(((images * logits)? - softplus)?.sum(1)?)
}

struct Bernoulli {
    /// Images.
    n: usize,
    /// Elements per image.
    size: usize,
}

vectorised! {
/// The sum over one row: runs of sums in T, few enough terms each, added up in f64.
fn row_sum<T: Real>(x: &[T], l: &[T]) -> f64 {
    let each = |x: T, l: T| {
        let size = if l < T::zero() { -l } else { l };
        let positive = if l < T::zero() { T::zero() } else { l };
        x * l - positive - (-size).exp().ln_1p()
    };
    let mut total = 0.0;
    for (x, l) in x.chunks(256).zip(l.chunks(256)) {
        let mut lanes = [T::zero(); 16];
        let ((x, x_rest), (l, l_rest)) = (x.as_chunks::<16>(), l.as_chunks::<16>());
        for (x, l) in x.iter().zip(l) {
            for (lane, (x, l)) in lanes.iter_mut().zip(x.iter().zip(l)) {
                *lane += each(*x, *l);
            }
        }
        let rest: T = x_rest.iter().zip(l_rest).map(|(x, l)| each(*x, *l)).sum();
        total += (lanes.into_iter().sum::<T>() + rest).to_f64();
    }
    total
}
}

vectorised! {
/// The gradient `grad (x - sigmoid(l))` of one row's logits.
fn row_slope<T: Real>(out: &mut [T], x: &[T], l: &[T], grad: T) {
    for (o, (x, l)) in out.iter_mut().zip(x.iter().zip(l)) {
        *o = grad * (*x - T::one() / (T::one() + (-*l).exp()));
    }
}
}

impl Bernoulli {
    /// The image of each row of logits.
    fn image<'a, T>(&self, images: &'a [T], row: usize) -> &'a [T] {
        &images[row % self.n * self.size..][..self.size]
    }

    fn forward<T: Real>(&self, images: &[T], logits: &[T]) -> Vec<T> {
        let row = |(row, logits): (usize, &[T])| T::from_f64(row_sum(self.image(images, row), logits));
        map(logits.chunks(self.size).enumerate(), row)
    }

    fn of_logits<T: Real>(&self, images: &[T], logits: &[T], grad: &[T]) -> Vec<T> {
        let mut out = unfilled(logits.len());
        let rows = out.chunks_mut(self.size).zip(logits.chunks(self.size)).zip(grad).enumerate();
        each(rows, |(row, ((out, logits), grad))| row_slope(out, self.image(images, row), logits, *grad));
        out
    }

    fn of_images<T: Real>(&self, logits: &[T], grad: &[T]) -> Vec<T> {
        let mut out = vec![T::zero(); self.n * self.size];
        each(out.chunks_mut(self.size).enumerate(), |(image, out)| {
            for row in (image..grad.len()).step_by(self.n) {
                for (o, l) in out.iter_mut().zip(&logits[row * self.size..]) {
                    *o += grad[row] * *l;
                }
            }
        });
        out
    }
}

impl CustomOp2 for Bernoulli {
    fn name(&self) -> &'static str {
        "bernoulli_log_likelihood"
    }

    fn cpu_fwd(&self, logits: &CpuStorage, ll: &Layout, images: &CpuStorage, li: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        dispatch!(logits.dtype(), T => {
            let sums = self.forward::<T>(contiguous(images, li)?, contiguous(logits, ll)?);
            let shape = Shape::from(sums.len());
            Ok((candle_core::WithDType::to_cpu_storage_owned(sums), shape))
        })
    }

    fn bwd(&self, logits: &Tensor, images: &Tensor, _: &Tensor, grad: &Tensor) -> candle_core::Result<(Option<Tensor>, Option<Tensor>)> {
        dispatch!(logits.dtype(), T => with_slice::<T, _>(logits, |l| with_slice(images, |x| with_slice(grad, |grad| {
            let gradient = |of: &Tensor, values: &dyn Fn() -> Vec<T>| {
                of.track_op().then(|| Tensor::from_vec(values(), of.shape(), &Device::Cpu)).transpose()
            };
            Ok((gradient(logits, &|| self.of_logits(x, l, grad))?, gradient(images, &|| self.of_images(l, grad))?))
        }))))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Var};

    use super::*;

    fn case(dtype: DType) -> Result<(Var, Var)> {
        let count = 3 * 2 * 301;
        let images: Vec<f64> = (0..602).map(|i| f64::from(u8::from(i * 7 % 11 < 5))).collect();
        let logits: Vec<f64> = (0..count).map(|i| f64::from(i * 37 % 4001) / 50.0 - 40.0).collect();
        let images = Var::from_tensor(&Tensor::from_vec(images, (2, 7, 43), &Device::Cpu)?.to_dtype(dtype)?)?;
        Ok((images, Var::from_tensor(&Tensor::from_vec(logits, (6, 7, 43), &Device::Cpu)?.to_dtype(dtype)?)?))
    }

    /// Values and both gradients beside those of candle's own operations.
    #[test]
    fn it_is_the_composed_sum() -> Result<()> {
        for (dtype, tolerance) in [(DType::F32, 3e-6), (DType::F64, 1e-13)] {
            let (images, logits) = case(dtype)?;
            let (exact_images, exact_logits) = case(DType::F64)?;
            let ours = bernoulli_log_likelihood(&images, &logits)?;
            let plain = composed(&exact_images.flatten_from(1)?, &exact_logits.flatten_from(1)?)?;
            let weights = Tensor::new(&[1.0, -2.0, 0.5, 3.0, 0.0, 1.5], &Device::Cpu)?;
            let slopes = (ours.to_dtype(DType::F64)? * &weights)?.sum_all()?.backward()?;
            let expected = (&plain * &weights)?.sum_all()?.backward()?;
            let close = |a: &Tensor, b: &Tensor| -> Result<f64> {
                let far = (a.to_dtype(DType::F64)? - b)?.abs()?.div(&(b.abs()? + 1.0)?)?;
                Ok(far.flatten_all()?.max(0)?.to_scalar()?)
            };
            assert!(close(&ours, &plain)? < tolerance, "{dtype:?}");
            for (ours, exact) in [(&images, &exact_images), (&logits, &exact_logits)] {
                let (slope, expected) = (slopes.get(ours).expect("a gradient"), expected.get(exact).expect("a gradient"));
                assert!(close(slope, expected)? < tolerance, "{dtype:?}");
            }
        }
        Ok(())
    }

    #[test]
    fn far_logits_are_finite_and_a_nan_is_not_hidden() -> Result<()> {
        let images = Tensor::new(&[[1.0_f32, 0.0]], &Device::Cpu)?;
        let of = |logits: [[f32; 2]; 2]| -> Result<Vec<f32>> {
            Ok(bernoulli_log_likelihood(&images, &Tensor::new(&logits, &Device::Cpu)?)?.to_vec1()?)
        };
        assert_eq!(of([[1e4, -1e4], [-1e4, 1e4]])?, [0.0, -2e4]);
        assert!(of([[f32::NAN, 0.0], [0.0, f32::NAN]])?.iter().all(|v| v.is_nan()));
        Ok(())
    }

    #[test]
    fn shapes_that_do_not_fit_are_refused() -> Result<()> {
        let zeros = |shape: &[usize]| Tensor::zeros(shape, DType::F32, &Device::Cpu);
        for (images, logits) in [(vec![2, 3], vec![3, 3]), (vec![2, 3], vec![2, 4]), (vec![], vec![]), (vec![0, 3], vec![2, 3])] {
            assert!(bernoulli_log_likelihood(&zeros(&images)?, &zeros(&logits)?).is_err(), "{images:?} {logits:?}");
        }
        assert_eq!(bernoulli_log_likelihood(&zeros(&[0, 3])?, &zeros(&[0, 3])?)?.dims(), [0]);
        Ok(())
    }
}

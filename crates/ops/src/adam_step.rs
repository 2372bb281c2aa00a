//! The arithmetic of one step of Adam, for every device.
#![expect(unsafe_code, reason = "the dispatch that `vectorised` writes")]

use crate::parallel::each;
use crate::real::Real;
use crate::simd::vectorised;

/// The values of one step that are the same for all parameters.
pub(crate) struct Step {
    pub(crate) beta1: f64,
    pub(crate) beta2: f64,
    pub(crate) epsilon: f64,
    /// learning_rate / (1 - beta1^t)
    pub(crate) step_size: f64,
    /// sqrt(1 - beta2^t)
    pub(crate) root_correction: f64,
}

impl Step {
    /// PyTorch's lerp goes from the nearer end.
    pub(crate) fn near_end(&self) -> bool {
        self.beta1 > 0.5
    }
}

/// The values of a step in the dtype of the parameters, in the order of `kernels.cu`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Factors<T> {
    keep: T,
    take: T,
    weight: T,
    remaining: T,
    size: T,
    root: T,
    epsilon: T,
}

impl<T: Real> Factors<T> {
    pub(crate) fn of(step: &Step) -> Self {
        let number = T::from_f64;
        Self {
            keep: number(step.beta2),
            take: number(1.0 - step.beta2),
            weight: number(1.0 - step.beta1),
            remaining: number(step.beta1),
            size: number(step.step_size),
            root: number(step.root_correction),
            epsilon: number(step.epsilon),
        }
    }
}

/// Element by element, so any split gives the same bits.
pub(crate) fn update<T: Real>(step: &Step, p: &mut [T], m: &mut [T], v: &mut [T], gradient: &[T]) {
    const PIECE: usize = 1 << 14;
    let factors = Factors::of(step);
    let pieces = p.chunks_mut(PIECE).zip(m.chunks_mut(PIECE)).zip(v.chunks_mut(PIECE)).zip(gradient.chunks(PIECE));
    each(pieces, |(((p, m), v), g)| {
        if step.near_end() {
            update_piece::<T, true>(factors, p, m, v, g);
        } else {
            update_piece::<T, false>(factors, p, m, v, g);
        }
    });
}

vectorised! {
fn update_piece<T: Real, const NEAR: bool>(f: Factors<T>, p: &mut [T], m: &mut [T], v: &mut [T], g: &[T]) {
    for (((p, m), v), g) in p.iter_mut().zip(m).zip(v).zip(g) {
        *m = if NEAR { *m + f.weight * (*g - *m) } else { *g - (*g - *m) * f.remaining };
        *v = *v * f.keep + f.take * *g * *g;
        *p -= f.size * (*m / (v.sqrt() / f.root + f.epsilon));
    }
}
}

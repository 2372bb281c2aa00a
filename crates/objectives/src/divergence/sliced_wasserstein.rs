//! The sliced Wasserstein distance, to its power: mean over directions of the transport cost between projections.
//!
//! Along a direction t the cost of order r is the integral over u in (0, 1) of |F^-1(u) - G^-1(u)|^r, F and G the
//! distributions of q t and p t: sorted samples side by side, piece by piece where N and M differ (Kolouri et al.,
//! "Sliced-Wasserstein Autoencoder", 2018). Symmetric, never negative, and above zero for equal
//! laws: by the order of N^(-r/2).
//!
//! Directions are drawn from the seed in the settings: the same in every step, so that a finite set of them is all that
//! is compared; or anew for each sample of p, from a stream seeded by its bits, which makes them a function of the
//! step without making a restart forget them.

use candle_core::{DType, Device, Tensor};
use rayon::prelude::*;
use vimae_core::{Divergence, Entry, Purpose, Result, Streams, settings::Schema};

use super::{
    BuildDivergence,
    eager::{self, Gradients},
    pairs::expect_samples,
};

/// The catalogue entry.
pub const ENTRY: Entry<BuildDivergence> = Entry {
    name: "sliced_wasserstein",
    summary: "Mean transport cost between projections on random directions",
    source: "Kolouri et al., Sliced-Wasserstein Autoencoder, 2018",
    settings: Schema::of::<SlicedWasserstein>,
    build: |settings, _| Ok(Box::new(settings.read::<SlicedWasserstein>()?)),
};

vimae_core::settings! {
    /// The cost over a number of directions.
    pub struct SlicedWasserstein {
        /// directions
        pub projections: usize = 50, from 1, to 10_000;
        /// power of the distance in the cost
        pub order: Order = Order::Squared;
        /// the same directions in every step, or new ones for each sample of the prior
        pub directions: Directions = Directions::Fixed;
        /// seed of the directions
        pub seed: u64 = 0, from 0, to 4_294_967_295_u64;
    }
}

vimae_core::settings! {
    /// The power of the distance in the cost.
    pub enum Order {
        /// The squared distance.
        #[serde(rename = "2")]
        Squared,
        /// The distance itself.
        #[serde(rename = "1")]
        Absolute,
    }
}

vimae_core::settings! {
    /// When directions are drawn.
    pub enum Directions {
        /// Once.
        Fixed,
        /// For each sample of the prior.
        Fresh,
    }
}

impl Divergence for SlicedWasserstein {
    fn name(&self) -> &str {
        ENTRY.name
    }

    /// Computed on the CPU, wherever the samples are.
    fn estimate(&self, q: &Tensor, p: &Tensor) -> Result<Tensor> {
        let (_, _, d) = expect_samples(q, p)?;
        let seed = if self.directions == Directions::Fresh { self.seed ^ digest(p)? } else { self.seed };
        let directions = directions(seed, self.projections, d);
        let squared = self.order == Order::Squared;
        let (on_q, on_p) = (q.to_device(&Device::Cpu)?, p.to_device(&Device::Cpu)?);
        let value = eager::apply(ENTRY.name, &on_q, &on_p, move |q, p, d| sliced(q, p, d, &directions, squared))?;
        Ok(value.to_device(q.device())?)
    }
}

/// A number that depends on every bit of a sample (FNV-1a).
fn digest(p: &Tensor) -> Result<u64> {
    let values = p.detach().to_device(&Device::Cpu)?.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>()?;
    Ok(values.iter().fold(0xcbf2_9ce4_8422_2325, |h, v| (h ^ u64::from(v.to_bits())).wrapping_mul(0x0100_0000_01b3)))
}

/// Unit vectors, uniform on the sphere, one after another.
fn directions(seed: u64, count: usize, d: usize) -> Vec<f64> {
    let mut values: Vec<f64> = Streams::new(seed).normal(Purpose::Evaluation, d as u64, count * d).into_iter().map(f64::from).collect();
    for direction in values.chunks_exact_mut(d) {
        let length = direction.iter().map(|v| v * v).sum::<f64>().sqrt();
        direction.iter_mut().for_each(|v| *v /= length);
    }
    values
}

/// Each direction is one task, and they are added in order, so that the number of threads changes nothing.
fn sliced(q: &[f64], p: &[f64], d: usize, directions: &[f64], squared: bool) -> Gradients {
    let count = directions.len() / d;
    let parts: Vec<(f64, Vec<f64>, Vec<f64>)> = directions
        .par_chunks_exact(d)
        .map(|direction| {
            let project = |rows: &[f64]| -> Vec<(f64, usize)> {
                let dot = |row: &[f64]| row.iter().zip(direction).map(|(a, b)| a * b).sum::<f64>();
                let mut projected: Vec<(f64, usize)> = rows.chunks_exact(d).map(dot).zip(0..).collect();
                projected.sort_by(|a, b| a.0.total_cmp(&b.0));
                projected
            };
            transport(&project(q), &project(p), squared)
        })
        .collect();
    let mut total = Gradients { value: 0.0, q: vec![0.0; q.len()], p: vec![0.0; p.len()] };
    for ((value, by_q, by_p), direction) in parts.iter().zip(directions.chunks_exact(d)) {
        total.value += value / count as f64;
        for (all, by) in [(&mut total.q, by_q), (&mut total.p, by_p)] {
            for (row, by) in all.chunks_exact_mut(d).zip(by) {
                row.iter_mut().zip(direction).for_each(|(g, t)| *g += by * t / count as f64);
            }
        }
    }
    total
}

/// The cost of moving one sorted sample to another, with its slopes in the samples' own order.
fn transport(q: &[(f64, usize)], p: &[(f64, usize)], squared: bool) -> (f64, Vec<f64>, Vec<f64>) {
    let (n, m) = (q.len(), p.len());
    let (mut value, mut by_q, mut by_p) = (0.0, vec![0.0; n], vec![0.0; m]);
    let (mut i, mut j, mut at) = (0, 0, 0);
    // Places on (0, 1) in units of 1 / (n m), where both samples' steps are whole.
    while i < n && j < m {
        let end = ((i + 1) * m).min((j + 1) * n);
        let weight = (end - at) as f64 / (n * m) as f64;
        let apart = q[i].0 - p[j].0;
        let (cost, slope) =
            if squared { (apart * apart, 2.0 * apart) } else { (apart.abs(), if apart == 0.0 { 0.0 } else { apart.signum() }) };
        value += weight * cost;
        by_q[q[i].1] += weight * slope;
        by_p[p[j].1] -= weight * slope;
        at = end;
        i += usize::from(end == (i + 1) * m);
        j += usize::from(end == (j + 1) * n);
    }
    (value, by_q, by_p)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(values: &[f64], d: usize) -> Tensor {
        Tensor::from_slice(values, (values.len() / d, d), &Device::Cpu).unwrap()
    }

    fn value(divergence: &SlicedWasserstein, q: &Tensor, p: &Tensor) -> f64 {
        divergence.estimate(q, p).unwrap().to_scalar().unwrap()
    }

    const SQUARED: SlicedWasserstein = SlicedWasserstein { projections: 20, order: Order::Squared, directions: Directions::Fixed, seed: 0 };

    #[test]
    fn on_the_line_it_is_the_transport_cost_by_hand() {
        let (q, p) = (tensor(&[3.0, 0.0], 1), tensor(&[1.0, 1.0], 1));
        assert!((value(&SQUARED, &q, &p) - 2.5).abs() < 1e-12);
        assert!((value(&SlicedWasserstein { order: Order::Absolute, ..SQUARED }, &q, &p) - 1.5).abs() < 1e-12);
        // Sizes 2 and 3: thirds and halves meet; |0-1|/3 + |0-2|/6 + |3-2|/6 + |3-4|/3.
        let (q, p) = (tensor(&[0.0, 3.0], 1), tensor(&[4.0, 1.0, 2.0], 1));
        let expected = 1.0 / 3.0 + 2.0 / 6.0 + 1.0 / 6.0 + 1.0 / 3.0;
        assert!((value(&SlicedWasserstein { order: Order::Absolute, ..SQUARED }, &q, &p) - expected).abs() < 1e-12);
    }

    #[test]
    fn a_sample_twice_is_the_same_sample() {
        let values = Streams::new(1).normal(Purpose::Evaluation, 0, 30 * 3);
        let q = Tensor::from_vec(values, (30, 3), &Device::Cpu).unwrap().to_dtype(DType::F64).unwrap();
        assert!(value(&SQUARED, &q, &Tensor::cat(&[&q, &q], 0).unwrap()) < 1e-24);
    }

    #[test]
    fn fresh_directions_depend_on_the_sample_of_the_prior_alone() {
        let fresh = SlicedWasserstein { projections: 1, directions: Directions::Fresh, ..SQUARED };
        let (q, p, other) = (tensor(&[0.0, 1.0, 2.0, 3.0], 2), tensor(&[1.0, 1.0, 0.0, 5.0], 2), tensor(&[0.0, 5.0, 1.0, 1.0], 2));
        assert_eq!(value(&fresh, &q, &p), value(&fresh, &q, &p));
        // The same rows in another order are the same distribution, but another sample: other directions.
        assert_ne!(value(&fresh, &q, &p), value(&fresh, &q, &other));
        assert!((value(&SQUARED, &q, &p) - value(&SQUARED, &q, &other)).abs() < 1e-12);
    }
}

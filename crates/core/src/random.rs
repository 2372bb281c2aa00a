//! Random numbers from a counter: a function of (seed, purpose, step), never of a state.
//!
//! A run that is killed and goes on draws what it would have drawn, on any number of threads: large
//! fills are cut into fixed chunks, each with its own place in the stream.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// What random numbers are drawn for; each has streams of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum Purpose {
    /// Initial weights; the step is a hash of the parameter's name.
    Initialisation = 1,
    /// The order of an epoch; the step is the epoch.
    Shuffle = 2,
    /// Noise on the pixels that the encoder sees.
    PixelNoise = 3,
    /// Noise of a Gaussian head.
    CodeNoise = 4,
    /// Codes drawn from the prior.
    PriorSample = 5,
    /// Corruption of images in an evaluation.
    Corruption = 6,
    /// Which labels a semi-supervised evaluation sees.
    LabelDraw = 7,
    /// Other draws of an evaluation.
    Evaluation = 8,
    /// Binary pixels and noise between levels; the step is of the epoch and the image.
    Pixels = 9,
}

/// The random streams of one seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Streams {
    seed: u64,
}

/// Values of one fill that share a generator.
const CHUNK: usize = 8192;

impl Streams {
    /// The streams of `seed`.
    pub fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// Streams of their own for the use of that name: no two names share a word, nor any with these.
    #[must_use]
    pub fn fold_in(self, name: &str) -> Self {
        // FNV-1a over the name, from the seed as SplitMix64 mixes it, and mixed once more: a bit of either moves half of all.
        let seed = name.bytes().fold(mixed(self.seed), |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
        Self { seed: mixed(seed) }
    }

    /// The generator for `purpose` at `step` (below 2^56).
    pub fn at(&self, purpose: Purpose, step: u64) -> ChaCha8Rng {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(step << 8 | purpose as u64);
        rng
    }

    /// `count` independent draws of `draw`, the same for any number of threads.
    pub fn fill<T: Send + Default + Clone>(
        &self,
        purpose: Purpose,
        step: u64,
        count: usize,
        draw: impl Fn(&mut ChaCha8Rng) -> T + Sync,
    ) -> Vec<T> {
        let mut values = vec![T::default(); count];
        values.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, values)| {
            let mut rng = self.at(purpose, step);
            // A chunk draws far fewer than 2^32 words, so that chunks never overlap.
            rng.set_word_pos((chunk as u128) << 32);
            values.fill_with(|| draw(&mut rng));
        });
        values
    }

    /// `count` draws from the standard normal distribution.
    pub fn normal(&self, purpose: Purpose, step: u64, count: usize) -> Vec<f32> {
        self.fill(purpose, step, count, |rng| rng.sample(rand_distr::StandardNormal))
    }

    /// `count` draws from the standard normal distribution, redrawn beyond `bound` standard deviations.
    pub fn truncated_normal(&self, purpose: Purpose, step: u64, count: usize, bound: f32) -> Vec<f32> {
        self.fill(purpose, step, count, |rng| {
            loop {
                let value: f32 = rng.sample(rand_distr::StandardNormal);
                if value.abs() <= bound {
                    return value;
                }
            }
        })
    }
}

/// The finaliser of SplitMix64 (Steele et al., "Fast splittable pseudorandom number generators", 2014).
fn mixed(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A 56-bit hash of a name (FNV-1a), the step of [`Purpose::Initialisation`]: initial weights do not
/// depend on the order in which parameters are made.
pub fn step_of_name(name: &str) -> u64 {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    hash >> 8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_depend_on_seed_purpose_and_step_alone() {
        let draw = |seed, purpose, step| Streams::new(seed).normal(purpose, step, 20_000);
        let first = draw(1, Purpose::CodeNoise, 7);
        assert_eq!(first, draw(1, Purpose::CodeNoise, 7));
        assert_ne!(first, draw(2, Purpose::CodeNoise, 7));
        assert_ne!(first, draw(1, Purpose::PixelNoise, 7));
        assert_ne!(first, draw(1, Purpose::CodeNoise, 8));
        assert_ne!(first[..CHUNK], first[CHUNK..2 * CHUNK]);
    }

    #[test]
    fn the_number_of_threads_changes_nothing() {
        let draw = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| Streams::new(3).normal(Purpose::PixelNoise, 1, 50_000))
        };
        assert_eq!(draw(1), draw(3));
    }

    #[test]
    fn a_longer_fill_begins_with_the_shorter_one() {
        let streams = Streams::new(5);
        assert_eq!(streams.normal(Purpose::PriorSample, 0, 30_000)[..10_000], streams.normal(Purpose::PriorSample, 0, 10_000));
    }

    #[test]
    fn truncated_draws_stay_within_the_bound_and_have_the_right_spread() {
        let values = Streams::new(1).truncated_normal(Purpose::PixelNoise, 0, 100_000, 2.0);
        assert!(values.iter().all(|v| v.abs() <= 2.0));
        let variance = values.iter().map(|v| f64::from(v * v)).sum::<f64>() / values.len() as f64;
        // Variance of a standard normal truncated at +-2: 1 - 4 phi(2) / (2 Phi(2) - 1) = 0.7737.
        assert!((variance - 0.7737).abs() < 0.01, "{variance}");
    }
}

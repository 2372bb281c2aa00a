//! NumPy's legacy shuffle, bit for bit: the splits of the WAE code are made with `numpy.random.seed(123)`.
//!
//! Matsumoto and Nishimura, "Mersenne Twister", 1998; `RandomState.shuffle` draws each index by masked rejection.

const N: usize = 624;
const M: usize = 397;

struct Twister {
    state: [u32; N],
    at: usize,
}

impl Twister {
    fn new(seed: u32) -> Self {
        let mut state = [seed; N];
        let mut last = seed;
        for (word, i) in state.iter_mut().skip(1).zip(1_u32..) {
            last = 1_812_433_253_u32.wrapping_mul(last ^ (last >> 30)).wrapping_add(i);
            *word = last;
        }
        Self { state, at: N }
    }

    fn next(&mut self) -> u32 {
        if self.at == N {
            for i in 0..N {
                let joined = (self.state[i] & 0x8000_0000) | (self.state[(i + 1) % N] & 0x7fff_ffff);
                let odd = if joined & 1 == 1 { 0x9908_b0df } else { 0 };
                self.state[i] = self.state[(i + M) % N] ^ (joined >> 1) ^ odd;
            }
            self.at = 0;
        }
        let mut word = self.state[self.at];
        self.at += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }

    /// A whole number of at most `max`.
    fn below_or(&mut self, max: u32) -> u32 {
        let mask = u32::MAX >> max.leading_zeros().min(31);
        loop {
            let value = self.next() & mask;
            if value <= max {
                return value;
            }
        }
    }
}

/// The indices below `count` after `numpy.random.seed(seed)` and `numpy.random.shuffle` of an array of several
/// dimensions.
pub(crate) fn shuffled(seed: u32, count: usize) -> Vec<usize> {
    let mut twister = Twister::new(seed);
    let mut indices: Vec<usize> = (0..count).collect();
    for last in (1..count).rev() {
        indices.swap(last, twister.below_or(last as u32) as usize);
    }
    indices
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ```python
    /// import numpy as np
    /// np.random.seed(123); a = np.arange(70000).reshape(-1, 1); np.random.shuffle(a)
    /// print(a[:5, 0], a[-5:, 0])
    /// ```
    #[test]
    fn the_order_is_that_of_numpy() {
        let order = shuffled(123, 70_000);
        assert_eq!(order[..5], [21_971, 16_953, 48_447, 42_344, 4_376]);
        assert_eq!(order[70_000 - 5..], [63_206, 61_404, 17_730, 28_030, 15_725]);
    }
}

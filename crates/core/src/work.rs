//! What a network computes and keeps for one image, from which a run's time and memory are foretold.

use crate::Parameters;

/// The work of one image through an encoder and a decoder, forwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Work {
    /// Multiply-adds of the encoder.
    pub encode: u64,
    /// Multiply-adds of the decoder.
    pub decode: u64,
    /// Numbers that layers give, which a training step keeps for its gradients.
    pub values: u64,
}

impl Work {
    /// The work of the fully connected layers: every weight of two dimensions meets an image once. A network with
    /// convolutions adds theirs. A weight belongs to the side that its name begins with.
    pub fn of_linear(parameters: &Parameters) -> Self {
        let mut work = Self::default();
        for (name, weight) in parameters.weights().iter().filter(|(_, weight)| weight.rank() == 2) {
            let side = if name.starts_with("decoder.") { &mut work.decode } else { &mut work.encode };
            *side += weight.elem_count() as u64;
            work.values += weight.dims().first().copied().unwrap_or(0) as u64;
        }
        work
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};

    use super::*;
    use crate::Init;

    #[test]
    fn linear_weights_count_once_on_their_side() {
        let parameters = Parameters::new(0, DType::F32, &Device::Cpu);
        for (name, shape) in [
            ("encoder.fc.weight", &[3, 5][..]),
            ("encoder.fc.bias", &[3]),
            ("encoder.conv.weight", &[4, 2, 3, 3]),
            ("decoder.out.weight", &[7, 2]),
        ] {
            parameters.weight(name, shape, Init::Constant(0.0)).unwrap();
        }
        assert_eq!(Work::of_linear(&parameters), Work { encode: 15, decode: 14, values: 10 });
    }
}

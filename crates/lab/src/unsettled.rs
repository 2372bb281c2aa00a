//! Whether a training was too short for the running statistics of batch norm, which evaluation takes.

use candle_core::{DType, Device};
use vimae_core::{AutoEncoder, ImageShape, Output, Parameters, Result, parameters::undrawn};
use vimae_hub::{Config, Network};
use vimae_models::{MODELS, Request};
use vimae_report::SETTLING_STEPS;
use vimae_spec::RunRecord;

use crate::RunFolder;

/// The steps of the run in `folder` where they were [`too_few`]; none where nothing tells what its network is.
pub(crate) fn unsettled(record: &RunRecord, folder: &RunFolder) -> Option<u64> {
    too_few(record.steps, || Some(built(&Config::read(&folder.config()).ok()?.network).ok()?.parameters().clone()))
}

/// The steps of a training where they were too few for the running statistics of its network; none where they were enough, and where
/// the network does not follow the statistics of its batches, as batch norm does. `parameters` are the network's, and are asked for
/// only where the steps alone do not decide.
pub(crate) fn too_few(steps: u64, parameters: impl FnOnce() -> Option<Parameters>) -> Option<u64> {
    (steps < SETTLING_STEPS && !parameters()?.buffers().is_empty()).then_some(steps)
}

/// The network with parameters that are all zero.
///
/// # Errors
/// Where the network cannot be built.
fn built(network: &Network) -> Result<Box<dyn AutoEncoder>> {
    let &Network { code, head, channels, height, width, range, outputs, squashed, .. } = network;
    let request = Request {
        image: ImageShape { channels, height, width },
        range,
        code,
        head,
        output: Output { per_value: outputs, squashed },
        seed: 0,
        dtype: DType::F32,
        device: Device::Cpu,
    };
    undrawn(usize::MAX, || MODELS.build(&network.architecture, &network.settings, &request)).0
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value};

    use super::*;
    use crate::run_comparison::tests::config;

    #[test]
    fn the_convolutional_network_has_running_statistics_and_the_perceptron_has_none() {
        let of = |architecture: &str, steps: u64| {
            let settings = Map::from_iter([("width".to_owned(), Value::from(4))]);
            let network = Network { architecture: architecture.into(), settings, ..config().network };
            too_few(steps, || Some(built(&network).unwrap().parameters().clone()))
        };
        assert_eq!([SETTLING_STEPS - 1, SETTLING_STEPS].map(|steps| of("wae_conv", steps)), [Some(SETTLING_STEPS - 1), None]);
        assert_eq!(of("mlp", 1), None);
    }
}

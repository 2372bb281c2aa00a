//! Whether a training was too short for the running statistics of batch norm, which evaluation takes.

use candle_core::{DType, Device};
use vimae_core::{ImageShape, Output, parameters::undrawn};
use vimae_hub::{Config, Network};
use vimae_models::{MODELS, Request};
use vimae_report::SETTLING_STEPS;
use vimae_spec::RunRecord;

use crate::{Result, RunFolder};

/// The steps of the run in `folder` where they were too few for the running statistics of its network; none where they were enough,
/// where the network has no such statistics, and where nothing tells whether it has.
pub(crate) fn unsettled(record: &RunRecord, folder: &RunFolder) -> Option<u64> {
    if record.steps >= SETTLING_STEPS {
        return None;
    }
    let network = Config::read(&folder.config()).ok()?.network;
    has_statistics(&network).ok()?.then_some(record.steps)
}

/// Whether the network follows the statistics of its batches, as batch norm does.
///
/// # Errors
/// Where the network cannot be built.
fn has_statistics(network: &Network) -> Result<bool> {
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
    let (built, _) = undrawn(usize::MAX, || MODELS.build(&network.architecture, &network.settings, &request));
    Ok(!built?.parameters().buffers().is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value};
    use vimae_core::{Head, PixelRange};

    use super::*;

    #[test]
    fn the_convolutional_network_has_running_statistics_and_the_perceptron_has_none() {
        let network = |architecture: &str, settings: Map<String, Value>| Network {
            architecture: architecture.into(),
            settings,
            code: 2,
            head: Head::Gaussian,
            channels: 1,
            height: 28,
            width: 28,
            range: PixelRange::Unit,
            outputs: 1,
            squashed: true,
        };
        let narrow = Map::from_iter([("width".to_owned(), Value::from(4))]);
        assert!(has_statistics(&network("wae_conv", narrow.clone())).unwrap());
        assert!(!has_statistics(&network("mlp", narrow)).unwrap());
    }
}

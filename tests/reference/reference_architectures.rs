//! Shapes and parameter counts of the paper's networks at full width.

use anyhow::Result;
use candle_core::{DType, Device, Tensor};
use serde_json::json;
use vimae_core::{Code, Head, ImageShape, Mode, PixelRange};
use vimae_tests::{golden::case, parts::model};

#[test]
fn full_width_networks_have_the_paper_s_shapes_and_counts() -> Result<()> {
    let case = case("architectures")?;
    for (name, channels, side, kernel, doublings, code) in
        [("mnist", 1, 28, 4, 2, 8), ("cifar10", 3, 32, 5, 3, 64), ("celeba", 3, 64, 5, 3, 64)]
    {
        let expected = case.value(name)?;
        let image = ImageShape { channels, height: side, width: side };
        for (head, key) in [(Head::Deterministic, "parameters_deterministic"), (Head::Gaussian, "parameters_gaussian")] {
            let settings = json!({ "kernel": kernel, "doublings": doublings });
            let network = model("wae_conv", settings, image, PixelRange::Unit, code, head, DType::F32)?;
            assert_eq!(network.parameters().trainable_count() as u64, expected[key].as_u64().unwrap(), "{name} {key}");

            let maps: Vec<Vec<usize>> = serde_json::from_value(expected["encoder_feature_maps"].clone())?;
            let all = network.parameters().all();
            for (i, map) in maps.iter().enumerate() {
                assert_eq!(all[&format!("encoder.conv{i}.bias")].dims(), [map[0]], "{name} filters of convolution {i}");
            }
            let flat: usize = maps.last().unwrap().iter().product();
            assert_eq!(all["encoder.mean.weight"].dims(), [code, flat], "{name} map before the code");
            let start: Vec<usize> = serde_json::from_value(expected["decoder_start"].clone())?;
            assert_eq!(all["decoder.fc.weight"].dims(), [start.iter().product::<usize>(), code], "{name} start of the decoder");

            let image = Tensor::zeros((1, channels, side, side), DType::F32, &Device::Cpu)?;
            let Code { mean, log_var } = network.encode(&image, Mode::Evaluate)?;
            assert_eq!((mean.dims(), log_var.is_some()), (&[1, code][..], head == Head::Gaussian));
            assert_eq!(network.decode(&mean, Mode::Evaluate)?.dims(), image.dims());
        }
    }
    Ok(())
}

//! One pass of narrow networks, training then evaluation.

use anyhow::{Context, Result};
use candle_core::DType;
use serde_json::json;
use vimae_core::{Head, ImageShape, Mode, PixelRange};
use vimae_tests::{
    golden::{Case, case},
    parts::model,
};

fn check(case: &Case) -> Result<()> {
    let (side, channels) = (case.integer("size")?, case.integer("channels")?);
    let range = if case.value("activation")? == "tanh" { PixelRange::Symmetric } else { PixelRange::Unit };
    let settings = json!({ "width": case.integer("w")?, "kernel": case.integer("k")?, "doublings": case.integer("deconvs")? });
    let image = ImageShape { channels, height: side, width: side };
    let network = model("wae_conv", settings, image, range, case.integer("z")?, Head::Gaussian, DType::F32)?;
    let mut start = case.tensors("param.");
    start.extend(case.tensors("before."));
    network.parameters().load(&start)?;

    for (mode, name) in [(Mode::Train, "train"), (Mode::Evaluate, "eval")] {
        let code = network.encode(&case.tensor("x")?, mode)?;
        case.check(&format!("{name}.mean"), &code.mean)?;
        case.check(&format!("{name}.log_var"), &code.log_var.context("a Gaussian head")?)?;
        case.check(&format!("{name}.image"), &network.decode(&case.tensor("z")?, mode)?)?;
        for (buffer, value) in network.parameters().buffers() {
            case.check(&format!("after.{buffer}"), &value)?;
        }
    }
    Ok(())
}

#[test]
fn mnist() -> Result<()> {
    check(&case("network_mnist")?)
}

#[test]
fn celeba() -> Result<()> {
    check(&case("network_celeba")?)
}

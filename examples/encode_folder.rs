//! The codes of a directory of images, by a trained run or a model on the Hugging Face Hub.
//!
//! `cargo run --release -p examples --bin encode_folder -- RUN|OWNER/NAME DIRECTORY`
#![expect(clippy::print_stdout, reason = "its output is its purpose")]

use anyhow::{Context, Result};
use candle_core::Device;
use vimae_core::ImageShape;
use vimae_datasets::Image;
use vimae_lab::{HubOptions, Model};

/// Files of images that stand in a directory itself.
const ENDINGS: [&str; 3] = ["png", "jpg", "jpeg"];

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let usage = "say which run or OWNER/NAME, and the directory of images";
    let (run, directory) = (arguments.next().context(usage)?, arguments.next().context(usage)?);
    let model = Model::open(&run, &Device::Cpu, &HubOptions::from_env(), &mut |_| {})?;
    let ImageShape { channels, height, width } = model.network().image_shape();

    let image = |path: &std::path::Path| path.extension().is_some_and(|ending| ENDINGS.iter().any(|e| ending.eq_ignore_ascii_case(e)));
    let mut files: Vec<_> =
        std::fs::read_dir(&directory).context(directory)?.flatten().map(|file| file.path()).filter(|p| image(p)).collect();
    files.sort();
    for file in files {
        // The middle of the image, in the network's size and number of channels.
        let image = Image::decode(&std::fs::read(&file)?, &file.display().to_string())?;
        let side = image.width().min(image.height());
        let pixels = image.centre(side, side).resize(width, height)?.with_channels(channels).into_planes();
        let code = model.encode(&model.tensor(&[pixels])?)?;
        println!("{}: {:?}", file.display(), code.mean.squeeze(0)?.to_vec1::<f32>()?);
    }
    Ok(())
}

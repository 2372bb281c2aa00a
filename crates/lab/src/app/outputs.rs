//! `cargo xtask sample`, `encode`, `reconstruct`, `traverse`, `interpolate`: what a person takes out of a trained model.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use crate::{EncodeRequest, HubOptions, Images, Model, Out, SampleRequest, Shelf, WalkRequest, counted::counted};
use anyhow::Result;
use clap::Args;

use super::{
    bar::{Bar, tell},
    data_dir::DataDir,
    number::at_least,
    place::Place,
    standard_streams::print,
    stop,
};

/// The model, and where the output goes.
#[derive(Debug, Args)]
struct Common {
    /// The directory of a finished run, or owner/name (owner/name@revision) on the Hugging Face Hub.
    #[arg(value_name = "RUN")]
    run: String,
    /// Replace a file that is there. A directory that holds something is never replaced.
    #[arg(long)]
    overwrite: bool,
    /// Device to compute on.
    #[arg(long, default_value = "auto", value_name = "auto|cpu|cuda[:N]")]
    device: String,
    #[command(flatten)]
    data: DataDir,
}

impl Common {
    fn model(&self) -> Result<Model> {
        Ok(Model::open(&self.run, &crate::device(&self.device)?, &HubOptions::from_env(), &mut tell)?)
    }

    fn shelf(&self, place: &Place) -> Result<Shelf> {
        Ok(Shelf::of_run(self.data.sources(place)?, Path::new(&self.run)))
    }
}

/// Which of the images.
#[derive(Debug, Args)]
struct Chosen {
    /// Take the first N images. By default all.
    #[arg(long, value_name = "N", value_parser = at_least(1_usize))]
    count: Option<usize>,
    /// Leave out images that cannot be decoded and name them, instead of failing at the first.
    #[arg(long)]
    skip_broken: bool,
}

impl Chosen {
    fn images(&self, place: &str) -> Images {
        Images { place: place.into(), count: self.count, skip_broken: self.skip_broken }
    }
}

/// Draw new images from a trained model.
///
/// Codes are drawn from the run's own prior, or from the density that was fitted to its codes, and decoded. The same seed gives
/// the same images. No data are needed.
///
/// The name of the output says what it is: a directory of PNG files; FILE.npz or FILE.npy with one array [N, H, W, C] of bytes, as
/// `fid` and other programs read; or FILE.png with all of them in a grid.
#[derive(Debug, Args)]
#[command(after_help = SAMPLE)]
pub(crate) struct Sample {
    #[command(flatten)]
    common: Common,
    /// Images to draw.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = at_least(1_usize))]
    count: usize,
    /// Seed of the draws.
    #[arg(long, default_value_t = 0, value_parser = at_least(0_u64))]
    seed: u64,
    /// Images in a row of FILE.png.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = at_least(1_usize))]
    columns: usize,
    /// Where they go.
    #[arg(long, value_name = "DIR|FILE.npz|FILE.npy|FILE.png")]
    out: PathBuf,
}

/// Write the codes of images.
///
/// IMAGES is a directory or archive of image files, an array (.npy, .npz), a run (its samples), or NAME:train, NAME:test for a
/// data set, as for `fid`; that of the run is read with the run's settings. Images of another shape are centre-cropped, resized and
/// brought to the network's channels.
#[derive(Debug, Args)]
#[command(after_help = ENCODE)]
pub(crate) struct Encode {
    #[command(flatten)]
    common: Common,
    /// The images.
    images: String,
    #[command(flatten)]
    chosen: Chosen,
    /// Seed of the draws.
    #[arg(long, default_value_t = 0, value_parser = at_least(0_u64))]
    seed: u64,
    /// Where the codes go.
    #[arg(long, value_name = "FILE.npy|FILE.npz|FILE.csv")]
    out: PathBuf,
}

/// Write what a trained model makes of images.
///
/// IMAGES is what `encode` takes. In a directory, PNG files have the images' own names; FILE.npz and FILE.npy hold one array
/// [N, H, W, C] of bytes; FILE.png shows each image above its reconstruction.
#[derive(Debug, Args)]
#[command(after_help = RECONSTRUCT)]
pub(crate) struct Reconstruct {
    #[command(flatten)]
    common: Common,
    /// The images.
    images: String,
    #[command(flatten)]
    chosen: Chosen,
    /// Where they go.
    #[arg(long, value_name = "DIR|FILE.npz|FILE.npy|FILE.png")]
    out: PathBuf,
}

/// Where walks through the code begin.
#[derive(Debug, Args)]
struct Walk {
    #[command(flatten)]
    common: Common,
    /// Images that give the codes. By default draws of the prior do.
    images: Option<String>,
    #[command(flatten)]
    chosen: Chosen,
    /// Images in a row, both ends included.
    #[arg(long, value_name = "N", default_value_t = 11, value_parser = at_least(2_usize))]
    steps: usize,
    /// Seed of the draws.
    #[arg(long, default_value_t = 0, value_parser = at_least(0_u64))]
    seed: u64,
    /// Where they go.
    #[arg(long, value_name = "FILE.png|DIR|FILE.npz|FILE.npy")]
    out: PathBuf,
}

impl Walk {
    fn request(&self, which: &[usize], dimensions: &[usize]) -> WalkRequest {
        WalkRequest {
            images: self.images.as_deref().map(|place| self.chosen.images(place)),
            which: which.into(),
            dimensions: dimensions.into(),
            steps: self.steps,
            seed: self.seed,
        }
    }
}

/// Show what single dimensions of the code do.
///
/// One dimension a row moves through the prior's quantiles 0.02 to 0.98, all others stay as they are in one code: that of an
/// image, or a draw of the prior. If images are given and no dimensions, the ten that tell the most of the images are shown.
#[derive(Debug, Args)]
#[command(after_help = TRAVERSE)]
pub(crate) struct Traverse {
    #[command(flatten)]
    walk: Walk,
    /// Which image or draw to begin at, counted from 0.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = at_least(0_usize))]
    image: usize,
    /// Dimensions that move, counted from 0.
    #[arg(long, value_name = "N,N,...", value_delimiter = ',', value_parser = at_least(0_usize), allow_hyphen_values = true)]
    dimensions: Vec<usize>,
}

/// Decode straight lines between pairs of codes.
///
/// The pairs are codes of images, or draws of the prior; one pair a row.
#[derive(Debug, Args)]
#[command(after_help = INTERPOLATE)]
pub(crate) struct Interpolate {
    #[command(flatten)]
    walk: Walk,
    /// Images or draws at the ends of lines, counted from 0: the first and the second, the third and the fourth ...
    #[arg(
        long,
        value_name = "N,N,...",
        value_delimiter = ',',
        default_value = "0,1",
        value_parser = at_least(0_usize),
        allow_hyphen_values = true
    )]
    pairs: Vec<usize>,
}

const SAMPLE: &str = "\
Examples:
  cargo xtask sample RUN --count 100 --out samples
  cargo xtask sample RUN --count 10000 --seed 1 --out samples.npz
  cargo xtask sample me/vae-digits --count 64 --out samples.png";

const ENCODE: &str = "\
The name of the output says what it is:
  codes.npy   the mean codes [N, d]; beside it codes.draw.npy with a draw of each, if the encoder
              is random, and codes.images.csv with index, name and label of each row;
  codes.npz   mean, log_var and draw (if the encoder is random), name, label (if a data set has
              labels);
  codes.csv   the same as a table.

Examples:
  cargo xtask encode RUN photos/ --out codes.npy
  cargo xtask encode RUN mnist:test --out codes.npz
  cargo xtask encode me/vae-digits digits:test --out codes.csv";

const RECONSTRUCT: &str = "\
Examples:
  cargo xtask reconstruct RUN photos/ --out reconstructed
  cargo xtask reconstruct RUN digits:test --count 50 --out pairs.png";

const TRAVERSE: &str = "\
Examples:
  cargo xtask traverse RUN --out traversals.png
  cargo xtask traverse RUN digits:test --image 3 --dimensions 0,4 --out traversals.png";

const INTERPOLATE: &str = "\
Examples:
  cargo xtask interpolate RUN --pairs 0,1,2,3 --out lines.png
  cargo xtask interpolate RUN photos/ --pairs 4,17 --out line.png";

pub(crate) fn sample(arguments: &Sample) -> Result<ExitCode> {
    let Sample { common, count, seed, columns, out } = arguments;
    stop::on_signal_without(out)?;
    let bar = Bar::new()?;
    let request = SampleRequest { count: *count, seed: *seed, columns: *columns };
    crate::sample(&common.model()?, &request, Out { path: out, overwrite: common.overwrite }, &bar)?;
    bar.finish();
    print(format_args!("{}: {}", counted(*count, "image"), out.display()));
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn encode(arguments: &Encode, place: &Place) -> Result<ExitCode> {
    let Encode { common, images, chosen, seed, out } = arguments;
    stop::on_signal_without(out)?;
    let bar = Bar::new()?;
    let request = EncodeRequest { images: chosen.images(images), seed: *seed };
    let out = Out { path: out, overwrite: common.overwrite };
    let done = crate::encode(&common.model()?, &request, out, &mut common.shelf(place)?, &bar)?;
    bar.finish();
    done.notes.iter().for_each(|note| tracing::warn!("{note}"));
    print(format_args!("codes of {}, {}", counted(done.count, "image"), counted(done.size, "dimension")));
    done.files.iter().for_each(|file| print(file.display()));
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn reconstruct(arguments: &Reconstruct, place: &Place) -> Result<ExitCode> {
    let Reconstruct { common, images, chosen, out } = arguments;
    stop::on_signal_without(out)?;
    let bar = Bar::new()?;
    let to = Out { path: out, overwrite: common.overwrite };
    let notes = crate::reconstruct(&common.model()?, &chosen.images(images), to, &mut common.shelf(place)?, &bar)?;
    bar.finish();
    notes.iter().for_each(|note| tracing::warn!("{note}"));
    print(out.display());
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn traverse(arguments: &Traverse, place: &Place) -> Result<ExitCode> {
    let Traverse { walk, image, dimensions } = arguments;
    stop::on_signal_without(&walk.out)?;
    let (bar, common) = (Bar::new()?, &walk.common);
    let (request, out) = (walk.request(&[*image], dimensions), Out { path: &walk.out, overwrite: common.overwrite });
    let moved = crate::traverse(&common.model()?, &request, out, &mut common.shelf(place)?, &bar)?;
    bar.finish();
    let moved: Vec<String> = moved.iter().map(ToString::to_string).collect();
    print(format_args!("dimensions {}, from the top: {}", moved.join(", "), walk.out.display()));
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn interpolate(arguments: &Interpolate, place: &Place) -> Result<ExitCode> {
    let Interpolate { walk, pairs } = arguments;
    stop::on_signal_without(&walk.out)?;
    let (bar, common) = (Bar::new()?, &walk.common);
    let (request, out) = (walk.request(pairs, &[]), Out { path: &walk.out, overwrite: common.overwrite });
    crate::interpolate(&common.model()?, &request, out, &mut common.shelf(place)?, &bar)?;
    bar.finish();
    print(walk.out.display());
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_said_to_give_codes_at_both_ends_of_a_line() {
        let help = Interpolate::augment_args(clap::Command::new("interpolate")).render_long_help().to_string();
        assert!(help.contains("Images that give the codes. By default draws of the prior do") && !help.contains("begin at"), "{help}");
    }
}

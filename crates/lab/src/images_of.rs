//! Images to compare, from wherever they are: a folder, an archive, an array, a split of a data set, a trained run.

use std::path::Path;

use candle_core::Device;
use vimae_core::{Split, Streams};
use vimae_datasets::{Container, DATASETS, ImageArray, parted};
use vimae_hub::Pretrained;
use vimae_metrics::{fid_classifier::in_bytes, images::ImagesInMemory};
use vimae_spec::Component;

use crate::{Error, Model, Result, RunFolder, Shelf};

mod array;
mod choice;
mod files;
mod opened;

pub(crate) use choice::Choice;
pub(crate) use opened::Opened;

/// The step of an evaluation's prior samples, so that a run shows the images that were evaluated.
const PRIOR_SAMPLE: u64 = 1;
/// Codes that are decoded at once.
const BATCH: usize = 200;

/// Opens `place`: a folder, zip or tar of image files, a `.npy` or `.npz` array of images (`FILE.npz:NAME` for one of
/// many), a run's folder (its samples), or `NAME:SPLIT` for a data set (`mnist:test`). Takes the first `count` images;
/// draws as many of a run.
///
/// # Errors
/// [`Error::Images`] where there is nothing of the kind, or nothing in it; the first file that cannot be decoded,
/// unless `skip_broken`.
pub(crate) fn open(place: &str, choice: Choice, shelf: &mut Shelf) -> Result<Opened> {
    let count = choice.count;
    let path = Path::new(place);
    let wrong = |problem: &str| Error::Images { place: place.into(), problem: problem.into() };
    if path.join("record.json").is_file() {
        return of_run(&RunFolder::at(path), count);
    }
    if let Some(container) = Container::at(path) {
        return files::open(container, choice);
    }
    if path.is_file() && ImageArray::is_file_of_arrays(path) {
        return array::open(ImageArray::open(path)?, count);
    }
    let parts = place.rsplit_once(':');
    if let Some((file, name)) = parts.filter(|(file, _)| Path::new(file).is_file() && ImageArray::is_file_of_arrays(Path::new(file))) {
        return array::open(ImageArray::named(Path::new(file), name)?, count);
    }
    let split = parts.and_then(|(name, split)| {
        let split = match split {
            "train" => Split::Train,
            "validation" => Split::Validation,
            "test" => Split::Test,
            _ => return None,
        };
        Some((name, split))
    });
    match split {
        Some((name, split)) => {
            let dataset = shelf.open(&Component::named(name))?;
            let set = dataset.split(split)?;
            let opened = Opened::whole(ImagesInMemory::of(set, count)?, format!("{split} split of {name}"));
            Ok(Opened { labels: Some(set.labels().iter().copied().take(count).collect()), ..opened })
        }
        None if parted(place).1.is_some() || DATASETS.find(place).is_ok() => {
            Err(wrong("is a data set; say which of its images: :train, :validation or :test behind its name"))
        }
        None if path.exists() => Err(wrong("is neither a folder nor a .zip, .tar, .tar.gz, .tgz, .npy, .npz or idx file")),
        None => Err(wrong("does not exist; give a folder, archive, array or run, or NAME:train, NAME:test for a data set")),
    }
}

fn of_run(folder: &RunFolder, count: usize) -> Result<Opened> {
    let pretrained = Pretrained::open(folder.path())?;
    let spec = pretrained.spec();
    let model = Model::of(&pretrained, &Device::Cpu)?;
    let count = if count == usize::MAX { spec.evaluation.prior_samples } else { count };
    let codes = model.draw(&Streams::new(spec.seed), PRIOR_SAMPLE, count)?;
    let mut images = Vec::with_capacity(count);
    for start in (0..count).step_by(BATCH) {
        let part = codes.narrow(0, start, BATCH.min(count - start))?;
        images.extend(in_bytes(&model.decode(&part)?, model.range())?);
    }
    let kind = format!("samples of {} seed {}, trained on {}", spec.method, spec.seed, spec.dataset.name);
    Ok(Opened::whole(ImagesInMemory::new(images)?, kind))
}

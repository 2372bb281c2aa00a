//! Images to compare, from wherever they are: a folder, an archive, an array, a split of a data set, a trained run.

use std::path::Path;

use candle_core::Device;
use vimae_core::{Mode, Purpose, Split, Streams};
use vimae_datasets::{Container, ImageArray};
use vimae_metrics::{fid_classifier::in_bytes, images::ImagesInMemory};
use vimae_spec::Component;

use crate::{Error, Result, RunFolder, Shelf, measure::Sampler, record::read_record, resolve::Parts};

mod array;
mod files;
mod opened;

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
pub(crate) fn open(place: &str, count: usize, skip_broken: bool, shelf: &mut Shelf) -> Result<Opened> {
    let path = Path::new(place);
    let wrong = |problem: &str| Error::Images { place: place.into(), problem: problem.into() };
    if path.join("record.json").is_file() {
        return of_run(&RunFolder::at(path), count, shelf);
    }
    if let Some(container) = Container::at(path) {
        return files::open(container, count, skip_broken);
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
            let images = ImagesInMemory::of(dataset.split(split)?, count)?;
            Ok(Opened::whole(images, format!("{split} split of {name}")))
        }
        None if path.exists() => Err(wrong("is neither a folder nor a .zip, .tar, .tar.gz, .tgz, .npy or .npz file")),
        None => Err(wrong("does not exist; give a folder, archive, array or run, or NAME:train, NAME:test for a data set")),
    }
}

fn of_run(folder: &RunFolder, count: usize, shelf: &mut Shelf) -> Result<Opened> {
    let record = read_record(&folder.record())?;
    let (parts, sha256) = Parts::trained(&record.spec, folder, shelf, &Device::Cpu)?;
    if sha256 != record.weights_sha256 {
        let problem = format!("holds weights {sha256}, its record says {}", record.weights_sha256);
        return Err(Error::Images { place: folder.model().display().to_string(), problem });
    }
    let sampler = Sampler::of(&parts)?;
    let count = if count == usize::MAX { record.spec.evaluation.prior_samples } else { count };
    let size = parts.model.code_size();
    let codes = sampler.prior(&parts).sample(&Streams::new(record.spec.seed), Purpose::Evaluation, PRIOR_SAMPLE, count, size)?;
    let codes = candle_core::Tensor::from_vec(codes, (count, size), &Device::Cpu)?;
    let mut images = Vec::with_capacity(count);
    for start in (0..count).step_by(BATCH) {
        let part = codes.narrow(0, start, BATCH.min(count - start))?;
        let decoded = parts.model.decode(&part, Mode::Evaluate)?.detach();
        images.extend(in_bytes(&decoded, parts.dataset.range())?);
    }
    let kind = format!("samples of {} seed {}, trained on {}", record.spec.method, record.spec.seed, record.spec.dataset.name);
    Ok(Opened::whole(ImagesInMemory::new(images)?, kind))
}

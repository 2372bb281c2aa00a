//! Images to compare, from wherever they are: a folder, an archive, a split of a data set, a trained run.

use std::{
    ops::Range,
    path::{Path, PathBuf},
};

use candle_core::Device;
use rayon::prelude::*;
use vimae_core::{ImageShape, Mode, Purpose, Split, Streams};
use vimae_datasets::{Container, Image};
use vimae_metrics::{
    fid_classifier::in_bytes,
    images::{ImageSource, ImagesDigest, ImagesInMemory, OwnedImage},
};
use vimae_spec::Component;

use crate::{Error, Result, RunFolder, Shelf, measure::Sampler, resolve::Parts, run::read_record};

/// The step of an evaluation's prior samples, so that a run shows the images that were evaluated.
const PRIOR_SAMPLE: u64 = 1;
/// Codes that are decoded at once.
const BATCH: usize = 200;

/// A set of images by what the user called it.
pub(crate) struct Opened {
    pub(crate) images: Box<dyn ImageSource>,
    /// In words: a folder of images, samples of a run ...
    pub(crate) kind: String,
    /// Files that were left out, and why.
    pub(crate) broken: Vec<(String, String)>,
}

/// Opens `place`: a folder, zip or tar of PNG and JPEG files, a run's folder (its samples), or `NAME:SPLIT` for a data
/// set (`mnist:test`). Takes the first `count` images; draws as many of a run.
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
        return of_files(&container, count, skip_broken);
    }
    let split = place.rsplit_once(':').and_then(|(name, split)| {
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
            Ok(Opened { images: Box::new(images), kind: format!("{split} split of {name}"), broken: Vec::new() })
        }
        None if path.exists() => Err(wrong("is neither a folder nor a .zip, .tar, .tar.gz or .tgz file")),
        None => Err(wrong("does not exist; give a folder, archive or run, or NAME:train, NAME:test for a data set")),
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
    Ok(Opened { images: Box::new(ImagesInMemory::new(images)?), kind, broken: Vec::new() })
}

/// Files as they are on disk; a decoded set of large images would not fit.
struct Files {
    place: PathBuf,
    files: Vec<(String, Vec<u8>)>,
    sha256: String,
}

impl Files {
    fn decode(&self, range: Range<usize>) -> Vec<vimae_datasets::Result<OwnedImage>> {
        let name = |file: &str| self.place.join(file).display().to_string();
        self.files.get(range).unwrap_or(&[]).par_iter().map(|(file, bytes)| decode(bytes, &name(file))).collect()
    }
}

fn decode(bytes: &[u8], file: &str) -> vimae_datasets::Result<OwnedImage> {
    let image = Image::decode(bytes, file)?;
    let (height, width) = (image.height(), image.width());
    let channels = image.bytes().len() / (height * width);
    Ok(OwnedImage { shape: ImageShape { channels, height, width }, bytes: image.into_planes() })
}

impl ImageSource for Files {
    fn len(&self) -> usize {
        self.files.len()
    }

    fn sha256(&self) -> &str {
        &self.sha256
    }

    fn batch(&self, range: Range<usize>) -> vimae_core::Result<Vec<OwnedImage>> {
        let decoded = self.decode(range).into_iter();
        decoded.map(|image| image.map_err(|e| vimae_core::Error::Data(e.to_string()))).collect()
    }
}

fn of_files(container: &Container, count: usize, skip_broken: bool) -> Result<Opened> {
    let place = container.path();
    let wanted = |name: &str| vimae_datasets::member::Member::of(name).is_image();
    let mut files = Vec::new();
    container.read(&wanted, &mut |name, bytes| {
        files.push((name, bytes));
        Ok(())
    })?;
    // By name, as a folder's: an archive has an order of its own.
    files.sort_by(|a, b| a.0.cmp(&b.0));
    files.truncate(if skip_broken { usize::MAX } else { count });
    let mut set = Files { place: place.into(), files, sha256: String::new() };
    let (mut digest, mut sound, mut broken) = (ImagesDigest::default(), Vec::with_capacity(set.files.len()), Vec::new());
    let mut taken = 0;
    for start in (0..set.files.len()).step_by(BATCH) {
        for (at, image) in set.decode(start..(start + BATCH).min(set.files.len())).into_iter().enumerate() {
            match image {
                Ok(image) if taken < count => {
                    digest.add(&image.borrow());
                    sound.push(true);
                    taken += 1;
                }
                Ok(_) => sound.push(false),
                Err(error) if skip_broken => {
                    broken.push((set.files.get(start + at).map(|f| f.0.clone()).unwrap_or_default(), error.to_string()));
                    sound.push(false);
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
    let mut keep = sound.into_iter();
    set.files.retain(|_| keep.next().unwrap_or(false));
    set.sha256 = digest.finish();
    if set.files.is_empty() {
        let problem = "holds no PNG or JPEG files that can be decoded".to_owned();
        return Err(Error::Images { place: place.display().to_string(), problem });
    }
    Ok(Opened { images: Box::new(set), kind: "images".into(), broken })
}

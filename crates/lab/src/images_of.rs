//! Images to compare, from wherever they are: a folder, an archive, an array, a split of a data set, a trained run.

use std::path::Path;

use candle_core::Device;
use vimae_core::{Split, Streams};
use vimae_datasets::{Container, DATASETS, ImageArray, inventory, parted};
use vimae_hub::Pretrained;
use vimae_metrics::{fid_classifier::in_bytes, images::ImagesInMemory};

use crate::{Error, Model, Result, RunFolder, Shelf, runs::check_no_runs};

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
/// draws as many of a run. A data set that a run of the shelf was trained on is read with the run's settings.
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
    if path.is_dir() {
        check_no_runs(path)?;
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
            let component = shelf.named(name);
            let dataset = shelf.open(&component)?;
            let set = dataset.split(split)?;
            let settings: Vec<String> = component.settings.iter().map(|(key, value)| format!("{key} = {value}")).collect();
            let with = if settings.is_empty() { String::new() } else { format!(" with the run's {}", settings.join(", ")) };
            let opened = Opened::whole(ImagesInMemory::first(set, count)?, format!("{split} split of {name}{with}"));
            let labels = Some(set.labels().iter().copied().take(count).collect());
            Ok(Opened { names: dataset.files(split).iter().take(count).cloned().collect(), labels, ..opened })
        }
        None if is_dataset(place) => {
            Err(wrong(&format!("is a data set; say which of its images: {} behind its name", splits_of(place, shelf))))
        }
        None if path.exists() => Err(wrong("is neither a folder nor a .zip, .tar, .tar.gz, .tgz, .npy, .npz or idx file")),
        None => match parts.filter(|(name, _)| is_dataset(name)) {
            Some((name, part)) => {
                Err(wrong(&format!("data set {name} has no part {part}; write {} behind its name", splits_of(name, shelf))))
            }
            None => Err(wrong("does not exist; give a folder, archive, array or run, or NAME:train, NAME:test for a data set")),
        },
    }
}

fn is_dataset(name: &str) -> bool {
    parted(name).1.is_some() || DATASETS.find(name).is_ok()
}

/// The splits of a data set as they stand behind its name, by its card or as it is; all that there may be where it cannot be opened.
fn splits_of(name: &str, shelf: &mut Shelf) -> String {
    let stated = inventory::card(name).ok().and_then(|card| card.counts);
    let opened = if stated.is_none() { shelf.open(&shelf.named(name)).ok() } else { None };
    let has = |split: Split| match (stated, &opened) {
        (Some(counts), _) => match split {
            Split::Train => counts.train > 0,
            Split::Validation => counts.validation > 0,
            Split::Test => counts.test > 0,
        },
        (None, Some(dataset)) => dataset.split(split).is_ok(),
        (None, None) => true,
    };
    let all = [Split::Train, Split::Validation, Split::Test].into_iter();
    let names: Vec<String> = all.filter(|split| has(*split)).map(|split| format!(":{split}")).collect();
    match names.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        _ => names.concat(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DeepGrayscale, Sources};

    #[test]
    fn the_parts_that_are_offered_are_those_of_the_data_set() {
        let choice = Choice { count: 9, skip_broken: false, deep: DeepGrayscale::default() };
        let fault = |place: &str| open(place, choice, &mut Shelf::new(Sources::default())).err().unwrap().to_string();
        assert_eq!(fault("digits"), "digits: is a data set; say which of its images: :train or :test behind its name");
        assert_eq!(fault("digits:val"), "digits:val: data set digits has no part val; write :train or :test behind its name");
        assert!(fault("mnist:val").contains("write :train, :validation or :test behind"), "{}", fault("mnist:val"));
        assert!(fault("digits:validation").contains("it has train, test"), "{}", fault("digits:validation"));
    }

    #[test]
    fn the_first_images_of_a_data_set_stand_beside_their_own_labels() {
        let mut shelf = Shelf::new(Sources::default());
        let mut of = |count| {
            let opened = open("digits:test", Choice { count, skip_broken: false, deep: DeepGrayscale::default() }, &mut shelf).unwrap();
            let mut images = Vec::new();
            let taken = opened.images.visit(&mut |_: &[usize], found: Vec<_>| {
                images.extend(found.into_iter().map(|image| image.bytes));
                Ok(())
            });
            taken.unwrap();
            (images, opened.labels.unwrap())
        };
        let ((all, labels), (some, own)) = (of(usize::MAX), of(7));
        assert_eq!((some.len(), some.as_slice(), own.as_slice()), (7, &all[..7], &labels[..7]));
    }
}

//! What is the same for every model of a data set: features of its real images, made once a process and network, and
//! kept in a folder where there is one.

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use vimae_core::{Dataset, Error, Result, Silent, Split};

use super::Reference;
use crate::{
    features::{FeatureNetwork, Features, extract},
    gaussian::Gaussian,
    images::{ImageSource, ImagesInMemory},
};

/// The real images by one network.
pub(super) struct Real {
    /// Of the test split.
    pub(super) test: Features,
    /// Test and training split, with the number of images.
    pub(super) references: [(&'static str, Reference, usize); 2],
}

impl Real {
    /// Features of at most `count` images of the test and of the training split.
    pub(super) fn of(dataset: &dyn Dataset, network: &dyn FeatureNetwork, count: usize, cache: Option<&Path>) -> Result<Arc<Self>> {
        static MADE: Mutex<BTreeMap<(String, String, usize), Arc<Real>>> = Mutex::new(BTreeMap::new());
        let key = (dataset.sha256().to_owned(), format!("{}@{}", network.source().network(), network.source().sha256()), count);
        // Held while features are made: two runs on one data set would otherwise both make them.
        let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(real) = made.get(&key) {
            return Ok(real.clone());
        }
        let features = |split: Split| kept(network, &ImagesInMemory::of(dataset.split(split)?, count)?, cache);
        let (test, train) = (features(Split::Test)?, features(Split::Train)?);
        let reference = |features: &Features| Reference::new(Gaussian::of(features)?);
        let references = [("test", reference(&test)?, test.count()), ("train", reference(&train)?, train.count())];
        let real = Arc::new(Self { test, references });
        made.insert(key, real.clone());
        Ok(real)
    }
}

/// Features from the folder, or extracted and put there.
fn kept(network: &dyn FeatureNetwork, images: &ImagesInMemory, cache: Option<&Path>) -> Result<Features> {
    let file = cache.map(|folder| folder.join(Features::file_name(network.source(), images.sha256())));
    if let Some(bytes) = file.as_ref().and_then(|file| fs::read(file).ok()) {
        // A damaged file is no loss: it is made again.
        if let Ok(Some(features)) = Features::from_bytes(&bytes, network.source(), images.sha256()) {
            return Ok(features);
        }
    }
    let features = extract(network, images, "features", &Silent)?;
    if let Some(file) = file {
        write(&file, &features.to_bytes()?).map_err(|e| Error::Data(format!("{}: {e}", file.display())))?;
    }
    Ok(features)
}

/// Whole or not at all: beside, synced, renamed.
fn write(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let beside = file.with_extension(format!("{}.part", std::process::id()));
    let mut part = fs::File::create(&beside)?;
    part.write_all(bytes)?;
    part.sync_all()?;
    fs::rename(beside, file)
}

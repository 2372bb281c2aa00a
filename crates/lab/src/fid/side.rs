//! One of the two sets that are compared: its images, or the statistics of a file.

use std::path::Path;

use serde::Serialize;
use vimae_checkpoint::atomic;
use vimae_core::Progress;
use vimae_datasets::PassedOver;
use vimae_metrics::{
    features::{FeatureNetwork, Features, Source, extract},
    gaussian::Gaussian,
    images::ImageSource,
};

use super::statistics::Statistics;
use crate::{Error, Result, Shelf, images_of};

/// One set of images.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SetReport {
    /// As given.
    pub place: String,
    /// In words.
    pub kind: String,
    /// How many images; none where a file of statistics does not say.
    pub n: Option<usize>,
    /// Their digest; of statistics, that of the numbers.
    pub sha256: String,
    /// Files that were left out, each with its problem.
    pub left_out: Vec<(String, String)>,
    /// What lies beside them and is no image, by kind.
    pub passed_over: PassedOver,
}

/// What is behind a place.
pub(super) enum Content {
    Images(images_of::Opened),
    Statistics(Statistics),
}

/// A set by what the user called it.
pub(super) struct Side {
    pub(super) place: String,
    pub(super) content: Content,
}

impl Side {
    /// Opens `place`: a file of statistics, or whatever holds images.
    ///
    /// # Errors
    /// As [`Statistics::open`] and [`images_of::open`].
    pub(super) fn open(place: &str, choice: images_of::Choice, shelf: &mut Shelf) -> Result<Self> {
        let path = Path::new(place);
        let content = if Statistics::is_at(path) {
            Content::Statistics(Statistics::open(path)?)
        } else {
            let set = images_of::open(place, choice, shelf)?;
            if set.images.len() < 2 {
                let takes = if choice.count < 2 { format!("--count {} takes ", choice.count) } else { String::new() };
                let problem = format!(
                    "{takes}{} image; a covariance needs two at least, and a number that means something thousands",
                    set.images.len()
                );
                return Err(Error::Images { place: place.into(), problem });
            }
            Content::Images(set)
        };
        Ok(Self { place: place.into(), content })
    }

    pub(super) fn images(&self) -> Option<&images_of::Opened> {
        match &self.content {
            Content::Images(set) => Some(set),
            Content::Statistics(_) => None,
        }
    }

    /// How many images, where that is known.
    pub(super) fn count(&self) -> Option<usize> {
        match &self.content {
            Content::Images(set) => Some(set.images.len()),
            Content::Statistics(found) => found.count,
        }
    }

    /// The digest of its images, where that is known.
    pub(super) fn images_sha256(&self) -> Option<&str> {
        match &self.content {
            Content::Images(set) => Some(set.images.sha256()),
            Content::Statistics(found) => found.origin.as_ref().map(|origin| origin.images_sha256.as_str()),
        }
    }

    pub(super) fn report(&self) -> SetReport {
        let (kind, sha256, set) = match &self.content {
            Content::Images(set) => (set.kind.clone(), set.images.sha256(), Some(set)),
            Content::Statistics(found) => {
                let made = found.origin.as_ref().map_or("as given".into(), |o| format!("by {}", o.source()));
                (format!("mean and covariance of {} features, {made}", found.size), found.sha256.as_str(), None)
            }
        };
        SetReport {
            place: self.place.clone(),
            kind,
            n: self.count(),
            sha256: sha256.into(),
            left_out: set.map(|set| set.broken.clone()).unwrap_or_default(),
            passed_over: set.map(|set| set.passed_over.clone()).unwrap_or_default(),
        }
    }

    /// The features of its images, or the statistics that it is.
    ///
    /// # Errors
    /// As [`extract`]; [`Error::Checkpoint`] where they cannot be kept.
    pub(super) fn measure(
        &self,
        network: Option<&dyn FeatureNetwork>,
        cache: Option<&Path>,
        what: &str,
        progress: &dyn Progress,
    ) -> Result<Measured> {
        match (&self.content, network) {
            (Content::Images(set), Some(network)) => {
                let features = features(network, set.images.as_ref(), cache, what, progress)?;
                Ok(Measured { gaussian: Gaussian::of(&features)?, source: Some(features.source().clone()), features: Some(features) })
            }
            (Content::Images(_), None) => Err(Error::Images { place: self.place.clone(), problem: "no features to compare it by".into() }),
            (Content::Statistics(found), _) => {
                let source = found.origin.as_ref().map(|o| o.source());
                Ok(Measured { gaussian: found.gaussian.clone(), source, features: None })
            }
        }
    }
}

/// What a set is compared by.
pub(super) struct Measured {
    pub(super) gaussian: Gaussian,
    /// What made it, where that is known.
    pub(super) source: Option<Source>,
    /// Of every image; none for statistics.
    pub(super) features: Option<Features>,
}

impl Measured {
    /// Refuses statistics of other features than `other`'s.
    ///
    /// # Errors
    /// [`Error::Images`], naming both.
    pub(super) fn check(&self, place: &str, other: &Self) -> Result<()> {
        let name = |side: &Self| side.source.as_ref().map_or("features as given".into(), ToString::to_string);
        let (own, others) = (self.gaussian.mean().len(), other.gaussian.mean().len());
        let differ = matches!((&self.source, &other.source), (Some(a), Some(b)) if a != b);
        if own == others && !differ {
            return Ok(());
        }
        let problem = format!(
            "holds {own} features ({}) beside {others} ({}): a distance between different features means nothing",
            name(self),
            name(other)
        );
        Err(Error::Images { place: place.into(), problem })
    }
}

/// Features from the cache, or extracted and put there.
fn features(
    network: &dyn FeatureNetwork,
    images: &dyn ImageSource,
    cache: Option<&Path>,
    what: &str,
    progress: &dyn Progress,
) -> Result<Features> {
    let file = cache.map(|folder| folder.join(Features::file_name(network.source(), images.sha256())));
    if let Some(bytes) = file.as_ref().and_then(|f| std::fs::read(f).ok()) {
        // A damaged file is no loss: it is made again.
        if let Ok(Some(features)) = Features::from_bytes(&bytes, network.source(), images.sha256()) {
            return Ok(features);
        }
    }
    let features = extract(network, images, what, progress)?;
    if let Some(file) = file {
        atomic::write(&file, &features.to_bytes()?)?;
    }
    Ok(features)
}

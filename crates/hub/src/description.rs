//! What a run's record does not say of itself and its reader wants to know: the catalogues know it.

use serde_json::{Map, Value};

use crate::{Network, Published};

/// A run in words.
#[derive(Debug, Clone, PartialEq)]
pub struct Description {
    /// The method as people write it: `VIMAE-n`.
    pub title: String,
    /// Its name in full, where it has one.
    pub in_full: Option<String>,
    /// The few numbers that come first.
    pub headlines: Vec<CardMetric>,
    /// What its reader must know first: that the code carries nothing, for instance.
    pub warning: Option<String>,
    /// The network.
    pub network: Network,
    /// The data set.
    pub dataset: DatasetCard,
    /// Whether it learnt by a squared error, which blurs images.
    pub squared_error: bool,
    /// The parts of the run: network, objective, prior, noise, divergence, sampler.
    pub parts: Vec<Part>,
    /// Names of parts that a program of its publisher's own has added: only that program can load it.
    pub own: Vec<String>,
    /// The address of its code, one that [`code_address`](crate::code_address) gives.
    pub code: Option<String>,
}

/// A number of the card.
#[derive(Debug, Clone, PartialEq)]
pub struct CardMetric {
    /// Its title.
    pub title: String,
    /// What it is, in a few words.
    pub about: String,
    /// Its type, as the Hub calls it.
    pub kind: String,
    /// The value, in the unit that the title says.
    pub published: Published,
    /// The most that a count can be.
    pub out_of: Option<usize>,
}

/// A part of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// What it is: `objective`, `prior` ...
    pub kind: &'static str,
    /// Its name in the catalogue.
    pub name: String,
    /// One sentence on it.
    pub summary: String,
    /// The equation or paper it comes from.
    pub source: String,
    /// The settings given for it.
    pub settings: Map<String, Value>,
    /// Whether it stands in place of what the objective has by itself, or has settings of its own: then the objective's name and
    /// summary do not speak of it.
    pub replaces: bool,
}

/// The data that a run was trained on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetCard {
    /// Its name in the catalogue.
    pub name: String,
    /// Its title.
    pub title: String,
    /// Where it comes from.
    pub source: String,
    /// Its licence, in a few words.
    pub licence: String,
    /// Whether it is files of the publisher's own, which readers of the card do not have.
    pub own_files: bool,
    /// The Hub's data set that it is.
    pub hub: Option<String>,
    /// The Hub's data set that it was taken from, where it is a part of one.
    pub part_of: Option<String>,
    /// Images that the run was trained on.
    pub train_images: usize,
    /// All training images of the copy of the data set that these were taken from.
    pub all_train_images: usize,
    /// Whether that copy lacks training images that were published.
    pub incomplete: bool,
    /// Images that it was measured on, where there are any.
    pub test_images: Option<usize>,
    /// What was made of their pixels, in words that follow "the images were": `not binarised`. None where no reader asks, as for
    /// photographs.
    pub pixels: Option<String>,
}

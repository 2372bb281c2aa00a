#![doc = include_str!("../README.md")]

mod card;
mod config;
mod description;
mod environment;
mod error;
mod fetch;
mod license;
mod name;
mod options;
mod package;
mod part;
mod pretrained;
mod pull;
mod push;
mod remote;
mod results;
mod run_files;
mod transfer;
mod weights;
mod yaml;

pub use card::{CardInput, card};
pub use config::{Choice, Config, Data, Density, FORMAT, FileDigest, Network, Prior};
pub use description::{CardMetric, DatasetCard, Description, Part};
pub use error::{Error, Left, Result};
pub use fetch::{Fetched, Place, Wanted, fetch};
pub use license::license;
pub use name::{RepoName, check_revision};
pub use options::{Options, Token};
pub use package::Package;
pub use pretrained::{Pretrained, from_pretrained, from_pretrained_with};
pub use pull::{Pulled, pull};
pub use push::{Publish, Pushed, push};
pub use results::{OverSeeds, Published, published};
pub use run_files::RunFiles;
pub use transfer::Event;
pub use weights::{Weights, is_pickle_name, read_weights};

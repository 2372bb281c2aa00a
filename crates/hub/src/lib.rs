#![doc = include_str!("../README.md")]

mod address;
mod cache;
mod card;
mod config;
mod dataset_files;
mod description;
mod digest;
mod environment;
mod error;
mod event;
mod fetch;
mod license;
mod name;
#[cfg(feature = "network")]
mod network;
#[cfg(not(feature = "network"))]
#[path = "no_network.rs"]
mod network;
mod options;
mod package;
mod pretrained;
mod publish;
mod pull;
mod push;
mod results;
mod run_files;
mod text;
mod wanted;
mod weights;
mod yaml;

pub use address::code_address;
pub use card::{CardInput, card};
pub use config::{Choice, Config, Data, Density, FORMAT, FileDigest, Network, Prior};
pub use dataset_files::DatasetFiles;
pub use description::{CardMetric, DatasetCard, Description, Part};
pub use error::{Error, Left, Result};
pub use event::Event;
pub use fetch::fetch;
pub use license::license;
pub use name::{RepoName, check_revision};
pub use network::check_network;
pub use options::{Options, Token};
pub use package::Package;
pub use pretrained::{Pretrained, from_pretrained, from_pretrained_with};
pub use publish::{Publish, Pushed};
pub use pull::{Pulled, pull};
pub use push::push;
pub use results::{OverSeeds, Published, published};
pub use run_files::{RunFiles, weights_after};
pub use wanted::{Fetched, Place, Wanted};
pub use weights::{Weights, is_pickle_name, read_weights};

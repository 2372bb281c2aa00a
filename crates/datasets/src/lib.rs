#![doc = include_str!("../README.md")]

mod array_file;
mod array_writer;
pub mod card;
pub mod container;
mod copies;
pub mod digest;
mod downloaded;
mod error;
mod fewer;
mod foreign;
mod gather;
pub mod gzip;
pub mod hostile;
pub mod idx;
mod image;
mod image_array;
mod in_memory;
pub mod inventory;
mod listing;
mod loader;
pub mod member;
mod names;
mod npy;
pub mod npz;
mod numpy;
mod open;
mod parquet;
mod passed_over;
mod pickle;
mod pixels;
mod placed;
mod prepared;
mod published;
mod sources;
mod stack;
mod stream;
mod table_files;
mod tables;
mod tree;
mod wae_split;
mod walk;

pub use array_writer::{ArrayWriter, Element};
pub use card::Card;
pub use container::Container;
pub use error::{Error, Result};
pub use gather::Broken;
pub use image::{DECODER, DeepGrayscale, Image};
pub use image_array::ImageArray;
pub use in_memory::InMemory;
pub use loader::Loader;
pub use open::{BuildDataset, Opened, Request, WITH_PATH, known, open, open_reporting, parted};
pub use passed_over::PassedOver;
pub use placed::{hub_repository, placed};
pub use published::{FileReport, Known};
pub use sources::Sources;
pub use table_files::TableFiles;

vimae_core::catalogue! {
    /// Every data set.
    pub static DATASETS: BuildDataset = "dataset" in {
        arrays,
        celeba,
        cifar10,
        digits,
        folder,
        mnist,
        omniglot,
        table,
    }
}

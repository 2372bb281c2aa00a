#![doc = include_str!("../README.md")]

mod array_file;
pub mod arrays;
pub mod card;
pub mod container;
pub mod digest;
mod error;
mod fewer;
mod gather;
pub mod hostile;
pub mod idx;
mod image;
mod image_array;
mod in_memory;
pub mod inventory;
mod loader;
pub mod member;
mod npy;
mod numpy;
mod open;
mod parquet;
mod passed_over;
mod prepared;
mod published;
mod sources;
mod stack;
mod stream;
mod tree;

pub use card::Card;
pub use container::Container;
pub use error::{Error, Result};
pub use gather::Broken;
pub use image::Image;
pub use image_array::ImageArray;
pub use in_memory::InMemory;
pub use loader::Loader;
pub use open::{BuildDataset, Opened, Request, open, open_reporting};
pub use passed_over::PassedOver;
pub use published::{FileReport, Known};
pub use sources::Sources;

vimae_core::catalogue! {
    /// Every data set.
    pub static DATASETS: BuildDataset = "dataset" in {
        celeba,
        cifar10,
        digits,
        folder,
        mnist,
        omniglot,
    }
}

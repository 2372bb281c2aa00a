#![doc = include_str!("../README.md")]

mod error;
mod file;
mod picture;

pub use error::{Error, Result};
pub use file::{write_page, write_whole};
pub use picture::{Shape, grid_png, reconstruction_png};

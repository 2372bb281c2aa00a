#![doc = include_str!("../README.md")]

mod error;
mod fetch;
mod options;
mod part;
mod transfer;

pub use error::{Error, Result};
pub use fetch::{Fetched, Place, Wanted, fetch};
pub use options::{Options, Token};
pub use transfer::Event;

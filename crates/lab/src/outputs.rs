//! What a person takes out of a trained model: samples, codes, reconstructions, walks through the code.
//!
//! Each works on a [`Model`](crate::Model), where it was trained or published, reads and decodes a few images at a time, and
//! leaves a file or folder whole or not at all.

mod encode;

mod input;
mod parts;
mod place;
mod reconstruct;
mod sample;
mod sink;
mod walks;

pub use encode::{EncodeRequest, Encoded, encode};
pub use input::Images;
pub(crate) use parts::abandon;
pub use place::Out;
pub(crate) use place::WholeFolder;
pub use reconstruct::reconstruct;
pub use sample::{SampleRequest, sample};
pub use walks::{WalkRequest, interpolate, traverse};

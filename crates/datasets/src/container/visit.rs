//! What is done with the members of a container, and how large one may be.

use crate::Result;

/// The most bytes of one member (a batch of CIFAR-10 holds 31 million, and 46 as Python 3 pickles it in protocol 2).
pub const MEMBER: u64 = 64 << 20;

/// What is done with a member: its name, with `/` between folders, and its bytes, or why it alone cannot be read. Those who
/// leave broken images out go on behind an error; all others return it.
pub type Visit<'a> = dyn FnMut(String, Result<Vec<u8>>) -> Result<()> + 'a;

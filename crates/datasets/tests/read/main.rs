//! Data sets as files: read as they mean it, or refused by name.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail where it stands")]

mod archives;
mod celeba;
mod downloads;
mod folders;
mod images;
mod layouts;
mod made;
mod own;
mod real;
#[expect(clippy::print_stdout, reason = "tests say how close they come")]
mod reference;
mod refused;
mod roots;

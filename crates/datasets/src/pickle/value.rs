//! The values that a pickle makes, which refer to one another by number.

use std::ops::Range;

use super::names::Global;
use crate::npy::Dtype;

/// The number of a value in the list of all.
pub(super) type Id = usize;

/// Bytes of the file, or others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Text {
    At(Range<usize>),
    Own(Vec<u8>),
}

#[derive(Debug)]
pub(super) enum Value {
    None,
    Bool(bool),
    Integer(i64),
    /// A number that an array of one held.
    Number(f64),
    /// `bytes`, and Python 2's `str`.
    Bytes(Text),
    Text(Text),
    List(Vec<Id>),
    Tuple(Vec<Id>),
    Dictionary(Vec<(Id, Id)>),
    Global(Global),
    Dtype(Dtype),
    Array(Option<Array>),
}

#[derive(Debug, Clone)]
pub(super) struct Array {
    pub(super) dtype: Dtype,
    pub(super) shape: Vec<usize>,
    pub(super) fortran: bool,
    pub(super) data: Id,
}

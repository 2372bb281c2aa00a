//! What a reader wants to know of how a value was measured.

use vimae_spec::{Slice, count};

use crate::quantity::Quantity;

/// Something that a value says of how it was measured, between two texts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fact {
    /// The name of its protocol.
    Name([&'static str; 2]),
    /// A parameter of its protocol, by name.
    Parameter(&'static str, [&'static str; 2]),
    /// The strength of its corruption, in percent.
    Strength([&'static str; 2]),
}

impl Fact {
    pub(crate) fn of<Q: Quantity>(&self, value: &Q) -> Option<String> {
        let protocol = value.protocol();
        let ([before, after], said) = match self {
            Self::Name(around) => (around, protocol.name.clone()),
            Self::Parameter(name, around) => (around, written(protocol.parameter(name)?)),
            Self::Strength(around) => match value.slice()? {
                Slice::Corruption { strength, .. } => (around, format!("{:.0}", 100.0 * strength)),
                _ => return None,
            },
        };
        Some(format!("{before}{said}{after}"))
    }
}

/// The value of a parameter, with its thousands apart where it counts something.
fn written(parameter: &str) -> String {
    parameter.parse::<u64>().map_or_else(|_| parameter.to_owned(), count)
}

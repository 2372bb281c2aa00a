#![doc = include_str!("../README.md")]

mod needs;
mod outcome;

pub use needs::{programs, python, shared};
pub use outcome::{Outcome, skip};

/// The value of a `Result<T, String>`, or the end of the test that it stands in, as skipped for the reason in the error.
///
/// Write it in the test itself and not in a function that the test calls: that would return to the test.
#[macro_export]
macro_rules! need {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(reason) => {
                fn here() {}
                return $crate::skip(concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_CRATE_NAME")), &here, &reason.to_string());
            }
        }
    };
}

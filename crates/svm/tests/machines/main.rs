//! The machines on ordinary and on awkward points.

#![cfg(test)]

mod inductive;
mod transductive;

//! Learning one task after another: what streams cut, and what strategies keep.

#![cfg(test)]

mod strategies;
mod streams;

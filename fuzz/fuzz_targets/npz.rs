#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| drop(vimae_datasets::hostile::read("npz", bytes)));

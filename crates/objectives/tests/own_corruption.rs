//! A corruption that a program adds is an encoder noise as well, whatever its name begins with. In a process of its own: what is added
//! to a catalogue stays there.

#![cfg(test)]

use serde_json::Map;
use vimae_core::Entry;
use vimae_corruptions::CORRUPTIONS;
use vimae_objectives::noise::NOISES;

#[test]
fn the_prefix_is_taken_off_once() {
    let gaussian = *CORRUPTIONS.find("gaussian").unwrap();
    CORRUPTIONS.add(Entry { name: "pixel_mask", ..gaussian }).unwrap();
    let noise = NOISES.build("pixel_pixel_mask", &Map::new()).unwrap();
    assert_eq!(noise.name(), "pixel_pixel_mask");
    // What it is made of says so, and not the mask that a second cut would leave.
    assert_eq!(noise.pixels().map(|corruption| corruption.name()), Some("gaussian"));
    assert_eq!(NOISES.build("pixel_mask", &Map::new()).unwrap().pixels().map(|corruption| corruption.name()), Some("mask"));
}

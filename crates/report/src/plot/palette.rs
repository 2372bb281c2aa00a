//! Ten colours.

use plotters::style::RGBColor;

/// Colours of classes and methods, found by a search: any two are at least 0.12 apart in OKLab as the usual eye
/// and as full dichromats of all three kinds see them. Each has a contrast of about 1.9 or more to a white page and
/// 2.7 to a dark one, the first five 2.9 to both, so that one set serves both.
pub const PALETTE: [(u8, u8, u8); 10] = [
    (0x76, 0x92, 0xff),
    (0xe9, 0x6c, 0x37),
    (0xb9, 0x6f, 0xab),
    (0xc9, 0x00, 0x02),
    (0x90, 0x2f, 0xfd),
    (0xfc, 0xac, 0x01),
    (0x32, 0x5a, 0xad),
    (0x03, 0xcc, 0xf9),
    (0x84, 0x4c, 0x65),
    (0xb1, 0xad, 0xa0),
];

/// Whether so many classes have colours: one has nothing to be told from, and of more than ten two would look alike.
pub(crate) fn has_colours(classes: usize) -> bool {
    (2..=PALETTE.len()).contains(&classes)
}

/// Colour number `index`; they repeat after ten.
pub(super) fn colour(index: usize) -> RGBColor {
    let (r, g, b) = PALETTE[index % PALETTE.len()];
    RGBColor(r, g, b)
}

//! The paper's mark among ours: a hollow diamond, so that ours shows through where both agree.

use plotters::{
    prelude::PathElement,
    style::{RGBColor, ShapeStyle},
};

use super::canvas::UNIT;

/// Half the diagonal of the mark.
pub(super) const MARK: i32 = 5 * UNIT;

/// The mark around a point.
pub(super) fn diamond(colour: RGBColor) -> PathElement<(i32, i32)> {
    let corners = vec![(0, -MARK), (MARK, 0), (0, MARK), (-MARK, 0), (0, -MARK)];
    PathElement::new(corners, ShapeStyle::from(colour).stroke_width(2 * UNIT as u32 - 1))
}

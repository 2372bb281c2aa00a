//! Names of axes, in as many lines as there is need for.

use plotters::style::{
    FontTransform,
    text_anchor::{HPos, VPos},
};

use super::canvas::{Area, Drawn, UNIT, text};

/// About how wide a character of a name is, in pixels.
const CHARACTER: usize = 6;
/// From one line to the next.
pub(super) const LINE: i32 = 15;

/// The lines of a name, of about so many pixels at most: what stands in parentheses stays together.
pub(super) fn broken(name: &str, pixels: i32) -> Vec<String> {
    let most = usize::try_from(pixels).unwrap_or(0) / CHARACTER;
    let (mut parts, mut open) = (Vec::<String>::new(), 0_usize);
    for word in name.split(' ').filter(|word| !word.is_empty()) {
        match parts.last_mut().filter(|_| open > 0) {
            Some(part) => *part += &format!(" {word}"),
            None => parts.push(word.to_owned()),
        }
        open = (open + word.matches('(').count()).saturating_sub(word.matches(')').count());
    }
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        let fits = |line: &String| line.chars().count() + 1 + part.chars().count() <= most;
        match lines.last_mut().filter(|line| fits(line)) {
            Some(line) => *line += &format!(" {part}"),
            None => lines.push(part),
        }
    }
    lines
}

/// Writes the name of an upright axis along the left edge of an area, around `middle` pixels from its top.
pub(super) fn upright(area: &Area<'_>, lines: &[String], middle: i32) -> Drawn {
    let style = text(HPos::Center, VPos::Top).transform(FontTransform::Rotate270);
    for (line, before) in lines.iter().zip(0..) {
        area.draw_text(line, &style, (before * LINE * UNIT, middle * UNIT))?;
    }
    Ok(())
}

/// Writes the name of a horizontal axis above `bottom` pixels from the top of an area, around `middle` pixels from its left.
pub(super) fn across(area: &Area<'_>, lines: &[String], (middle, bottom): (i32, i32)) -> Drawn {
    let style = text(HPos::Center, VPos::Bottom);
    for (line, after) in lines.iter().rev().zip(0..) {
        area.draw_text(line, &style, (middle * UNIT, (bottom - after * LINE) * UNIT))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_broken_before_what_does_not_fit() {
        assert_eq!(broken("distortion (0.05 x squared error) (log scale)", 252), ["distortion (0.05 x squared error)", "(log scale)"]);
        assert_eq!(broken("loss (log scale)", 252), ["loss (log scale)"]);
        assert_eq!(
            broken("Reconstruction (a later version of the paper) (squared error)", 320),
            ["Reconstruction (a later version of the paper)", "(squared error)"]
        );
        assert_eq!(broken("share of samples", 60), ["share of", "samples"]);
        assert!(broken("", 252).is_empty());
    }
}

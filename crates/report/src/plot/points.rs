//! Thousands of small circles as few paths: an element a point would weigh more than all the rest of a page.

/// Circles of one radius that are drawn as one path at most: points of several classes stay mixed, none on top of all.
const BLOCK: usize = 250;

/// Replaces circles of radius `radius` by strokes of no length with round ends, which look the same.
pub(super) fn compact(svg: &str, radius: u32) -> String {
    let mark = format!(" r=\"{radius}\"");
    let mut text = String::with_capacity(svg.len());
    let mut block: Vec<(&str, &str, &str)> = Vec::new();
    for line in svg.split_inclusive('\n') {
        let circle = line.starts_with("<circle ") && line.contains(&mark);
        let found = circle.then(|| Some((value(line, "fill")?, value(line, "cx")?, value(line, "cy")?))).flatten();
        match found {
            Some(point) => block.push(point),
            None => {
                flush(&mut block, &mut text, radius);
                text += line;
            }
        }
        if block.len() >= BLOCK {
            flush(&mut block, &mut text, radius);
        }
    }
    flush(&mut block, &mut text, radius);
    text
}

fn flush(block: &mut Vec<(&str, &str, &str)>, text: &mut String, radius: u32) {
    // The order of equal colours is kept, so that the text is a function of the points.
    block.sort_by_key(|(fill, ..)| *fill);
    for points in block.chunk_by(|a, b| a.0 == b.0) {
        let path: String = points.iter().map(|(_, x, y)| format!("M{x} {y}h0")).collect();
        let (fill, width) = (points[0].0, 2 * radius);
        *text += &format!("<path d=\"{path}\" stroke=\"{fill}\" stroke-width=\"{width}\" stroke-linecap=\"round\" opacity=\"0.8\"/>\n");
    }
    block.clear();
}

fn value<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = line.split_once(&format!(" {name}=\""))?;
    rest.split_once('"').map(|(value, _)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_is_kept_in_its_colour_and_other_circles_stay() {
        let circle =
            |i: usize, r: u32| format!("<circle cx=\"{i}\" cy=\"7\" r=\"{r}\" opacity=\"0.75\" fill=\"#{}\" stroke=\"none\"/>\n", i % 3);
        let all: String = (0..600).map(|i| circle(i, 5)).collect::<String>() + &circle(1, 12) + "<text>\ncircle\n</text>\n";
        let drawn = compact(&all, 5);
        assert_eq!(drawn.matches("h0").count(), 600);
        assert_eq!((drawn.matches("<path").count(), drawn.matches("<circle").count()), (3 * 3, 1));
        let first = drawn.lines().find(|line| line.contains("M4 7h0")).unwrap();
        assert!(first.contains("stroke=\"#1\"") && !first.contains("M5 7"), "{first}");
        assert!(drawn.ends_with("<text>\ncircle\n</text>\n"));
    }
}

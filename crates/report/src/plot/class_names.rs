//! Where the names of classes are written among their points.

use std::collections::BTreeMap;

/// About how wide a bold character is, and how high, in pixels.
const CHARACTER: f64 = 8.0;
const HEIGHT: f64 = 10.0;

/// The points of one class.
struct Cloud {
    class: usize,
    /// Their median, where the name would stand.
    at: (f64, f64),
    /// The sides of what holds nine tenths of them.
    sides: (f64, f64),
}

/// The classes whose names can be read among their points, each with the median of these. A point has its class, and `pixel` is one
/// in the unit of the points. Names that would hide all of their points are left out, and names that would hide each other.
pub(super) fn places(points: impl Iterator<Item = (usize, (f64, f64))>, names: &[String], pixel: f64) -> Vec<(usize, (f64, f64))> {
    let width = |cloud: &Cloud| names.get(cloud.class).map_or(0.0, |name| CHARACTER * pixel * name.chars().count() as f64);
    let height = HEIGHT * pixel;
    let mut clouds = clouds(points);
    clouds.retain(|cloud| cloud.sides.0 > width(cloud) && cloud.sides.1 > height);
    // By half or more.
    let hides = |a: &Cloud, b: &Cloud| {
        let beside = (a.at.0 - b.at.0).abs() >= (width(a) + width(b)) / 4.0;
        let above = (a.at.1 - b.at.1).abs() >= height / 2.0;
        a.class != b.class && !beside && !above
    };
    let readable = clouds.iter().filter(|cloud| !clouds.iter().any(|other| hides(cloud, other)));
    readable.map(|cloud| (cloud.class, cloud.at)).collect()
}

fn clouds(points: impl Iterator<Item = (usize, (f64, f64))>) -> Vec<Cloud> {
    let mut by_class: BTreeMap<usize, (Vec<f64>, Vec<f64>)> = BTreeMap::new();
    for (class, (x, y)) in points {
        let (xs, ys) = by_class.entry(class).or_default();
        xs.push(x);
        ys.push(y);
    }
    let middle = |mut values: Vec<f64>| {
        values.sort_unstable_by(f64::total_cmp);
        let n = values.len();
        (values[n / 2], values[n * 19 / 20] - values[n / 20])
    };
    let cloud = |(class, (xs, ys)): (usize, (Vec<f64>, Vec<f64>))| {
        let ((x, width), (y, height)) = (middle(xs), middle(ys));
        Cloud { class, at: (x, y), sides: (width, height) }
    };
    by_class.into_iter().map(cloud).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Points of a class on a square of this side around a place.
    fn square(class: usize, (x, y): (f64, f64), side: f64) -> impl Iterator<Item = (usize, (f64, f64))> {
        (0..441).map(move |i| (class, (x + side * (f64::from(i % 21) / 20.0 - 0.5), y + side * (f64::from(i / 21) / 20.0 - 0.5))))
    }

    #[test]
    fn names_stand_where_they_hide_neither_their_points_nor_one_another() {
        let names: Vec<String> = ["3", "4", "9", "automobile"].map(String::from).into();
        let (first, apart, near) = (square(0, (0.0, 0.0), 40.0), square(1, (50.0, 0.0), 40.0), square(1, (3.0, 2.0), 40.0));
        assert_eq!(places(first.chain(apart), &names, 1.0), [(0, (0.0, 0.0)), (1, (50.0, 0.0))]);
        // Two classes in one place are under neither's name.
        assert!(places(square(0, (0.0, 0.0), 40.0).chain(near), &names, 1.0).is_empty());
        // A method that has collapsed.
        assert!(places(square(2, (0.0, 0.0), 7.0), &names, 1.0).is_empty());
        // The same points in a window of a quarter, and under a name of ten letters.
        assert_eq!(places(square(2, (0.0, 0.0), 7.0), &names, 0.25), [(2, (0.0, 0.0))]);
        assert!(places(square(3, (0.0, 0.0), 40.0), &names, 1.0).is_empty());
    }
}

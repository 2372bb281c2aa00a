//! By hand, against every distance by differences, and where rounding would decide.

use vimae_core::{Purpose, Streams};

use super::*;
use crate::features::Source;

const BOTH: [Balls; 2] = [Balls::Closed, Balls::Open];

fn points(values: &[f32], size: usize) -> Features {
    Features::new(Source::new("net", "ab"), "images", size, values.to_vec(), None).unwrap()
}

fn cloud(seed: u64, count: usize, size: usize, scale: f32) -> Features {
    points(&Streams::new(seed).normal(Purpose::Evaluation, 0, count * size).iter().map(|v| v * scale).collect::<Vec<_>>(), size)
}

#[test]
fn by_hand_on_a_line() {
    // Real at 0, 1, 3, 7 with balls (k = 1) of 1, 1, 2, 4; generated at 1.5, 2, 20 with balls of 0.5, 0.5, 18.
    let found = prdc(&points(&[0.0, 1.0, 3.0, 7.0], 1), &points(&[1.5, 2.0, 20.0], 1), &[1], Balls::Closed).unwrap()[0];
    // 1.5 is in the balls of 1 and 3, 2 in those of 1 and 3, 20 in none.
    assert_eq!((found.precision, found.density), (2.0 / 3.0, 4.0 / 3.0));
    // 1 is in the ball of 1.5; 3 and 7 in that of 20; 0 in none. The balls of 1 and 3 hold a generated one.
    assert_eq!((found.recall, found.coverage), (0.75, 0.5));
}

#[test]
fn a_set_covers_itself_and_a_far_one_covers_nothing() {
    let a = cloud(1, 600, 6, 1.0);
    for found in prdc(&a, &a, &[1, 3, 5], Balls::Closed).unwrap() {
        assert_eq!((found.precision, found.recall, found.coverage), (1.0, 1.0, 1.0));
        assert!(found.density > 0.9);
    }
    let far = points(&a.values().iter().map(|v| v + 1_000.0).collect::<Vec<_>>(), 6);
    let found = prdc(&a, &far, &[3], Balls::Closed).unwrap()[0];
    assert_eq!((found.precision, found.recall, found.density, found.coverage), (0.0, 0.0, 0.0, 0.0));
}

#[test]
fn few_modes_are_precise_and_recall_little() {
    let (real, narrow) = (cloud(1, 500, 4, 1.0), cloud(2, 500, 4, 0.2));
    let found = prdc(&real, &narrow, &[3], Balls::Closed).unwrap()[0];
    assert!(found.precision > 0.95 && found.recall < 0.2 && found.coverage < 0.5, "{found:?}");
    let back = prdc(&narrow, &real, &[3], Balls::Closed).unwrap()[0];
    assert_eq!((back.precision, back.recall), (found.recall, found.precision));
}

#[test]
fn neighbours_beyond_the_set_are_refused() {
    let a = cloud(1, 4, 2, 1.0);
    assert!(prdc(&a, &a, &[3], Balls::Closed).is_ok());
    assert!(matches!(prdc(&a, &a, &[4], Balls::Closed), Err(Error::Unsupported { .. })));
    assert!(prdc(&a, &a, &[0], Balls::Closed).is_err());
}

/// The four shares as they are defined, every distance by differences.
fn plain(real: &Features, generated: &Features, k: usize, balls: Balls) -> Prdc {
    let radii = |set: &Features| -> Vec<f64> {
        let of = |i: usize| {
            let mut all: Vec<f64> = (0..set.count()).filter(|j| *j != i).map(|j| distance::between(set, i, set, j)).collect();
            all.sort_by(f64::total_cmp);
            all[k - 1]
        };
        (0..set.count()).map(of).collect()
    };
    let (of_real, of_generated) = (radii(real), radii(generated));
    let (n, m) = (generated.count(), real.count());
    let inside_of = |i: usize, j: usize, radius: f64| {
        let apart = distance::between(real, i, generated, j);
        if balls == Balls::Closed { apart <= radius } else { apart < radius }
    };
    let share = |count: usize, of: usize| count as f64 / of as f64;
    let inside: Vec<usize> = (0..n).map(|j| (0..m).filter(|&i| inside_of(i, j, of_real[i])).count()).collect();
    Prdc {
        k,
        precision: share(inside.iter().filter(|c| **c > 0).count(), n),
        recall: share((0..m).filter(|&i| (0..n).any(|j| inside_of(i, j, of_generated[j]))).count(), m),
        density: inside.iter().sum::<usize>() as f64 / (k * n) as f64,
        coverage: share((0..m).filter(|&i| (0..n).any(|j| inside_of(i, j, of_real[i]))).count(), m),
    }
}

/// Every image of `set` so many times, one whole set after another.
fn copies(set: &Features, times: usize) -> Features {
    points(&set.values().repeat(times), set.size())
}

#[test]
fn copies_have_the_shares_of_exact_arithmetic() {
    // Long features far from the origin, where products round most; more images than a block holds.
    let base = points(&cloud(3, 110, 96, 0.3).values().iter().map(|v| v + 40.0).collect::<Vec<_>>(), 96);
    let six = copies(&base, 6);
    for (k, density) in [(3, 2.0), (5, 1.2)] {
        // Six copies of each: balls of radius 0 that hold the six.
        let found = prdc(&six, &six, &[k], Balls::Closed).unwrap()[0];
        assert_eq!((found.precision, found.recall, found.coverage, found.density), (1.0, 1.0, 1.0, density));
        // The same where one side has each image once: no image is in a generated ball's surface by chance.
        let once = prdc(&six, &base, &[k], Balls::Closed).unwrap()[0];
        assert_eq!((once.precision, once.recall, once.coverage, once.density), (1.0, 1.0, 1.0, density));
    }
    for times in [2, 3, 4] {
        let set = copies(&base, times);
        for (k, balls) in [1, 3, 5].into_iter().flat_map(|k| BOTH.map(|balls| (k, balls))) {
            assert_eq!(prdc(&set, &set, &[k], balls).unwrap()[0], plain(&set, &set, k, balls));
        }
    }
}

#[test]
fn products_in_either_precision_decide_alike() {
    // Near the origin, far from it, and where products in f32 underflow.
    for (scale, offset) in [(1.0, 0.0), (0.3, 40.0), (1e-22, 0.0)] {
        let moved = |seed, count| points(&cloud(seed, count, 40, scale).values().iter().map(|v| v + offset).collect::<Vec<_>>(), 40);
        let (real, generated) = (moved(5, 1_100), moved(6, 700));
        for balls in BOTH {
            let squares = || [&real, &generated].map(|set| inner::squares(set.values(), set.size()));
            let single = shares::<f32>(&real, &generated, squares(), &[1, 4], balls);
            assert_eq!(single, shares::<f64>(&real, &generated, squares(), &[1, 4], balls));
            assert_eq!(single, [1, 4].map(|k| plain(&real, &generated, k, balls)));
        }
    }
    // Lengths decide which is taken.
    let single = |set: &Features| distance::single(set.values(), set.size(), &inner::squares(set.values(), set.size()));
    assert!(single(&cloud(1, 50, 40, 1.0)) && single(&cloud(1, 50, 40, 1e-15)));
    assert!(
        !single(&cloud(1, 50, 40, 1e19))
            && !single(&points(&cloud(1, 50, 40, 1e-3).values().iter().map(|v| v + 9.0).collect::<Vec<_>>(), 40))
    );
}

#[test]
fn points_on_a_lattice_lie_on_the_surfaces_of_balls() {
    // Whole numbers: many distances are equal, and exact in either way.
    let lattice = |seed: u64, count: usize| {
        points(
            &Streams::new(seed).normal(Purpose::Evaluation, 0, count * 6).iter().map(|v| 3_000.0 + (2.0 * v).round()).collect::<Vec<_>>(),
            6,
        )
    };
    let (real, generated) = (lattice(1, 700), lattice(2, 530));
    for balls in BOTH {
        for k in [1, 3, 5] {
            assert_eq!(prdc(&real, &generated, &[k], balls).unwrap()[0], plain(&real, &generated, k, balls));
        }
        let both = prdc(&real, &generated, &[5, 1], balls).unwrap();
        assert_eq!(both, [5, 1].map(|k| plain(&real, &generated, k, balls)));
    }
}

#[test]
fn images_in_the_order_of_their_distance_are_no_trouble() {
    let line: Vec<f32> = (0..1_100).map(|i| 1_100.0 - i as f32 + 0.25 * (i % 3) as f32).collect();
    let (real, generated) = (points(&line, 1), points(&line.iter().map(|v| v * 0.5 + 3.0).collect::<Vec<_>>(), 1));
    assert_eq!(prdc(&real, &generated, &[3], Balls::Closed).unwrap()[0], plain(&real, &generated, 3, Balls::Closed));
    assert!(prdc(&real, &generated, &[], Balls::Closed).unwrap().is_empty());
}

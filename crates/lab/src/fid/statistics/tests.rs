//! Files as other programs write them, ours, and damaged ones.

use vimae_core::{Purpose, Streams};

use super::*;

fn features(count: usize, size: usize) -> Features {
    let values = Streams::new(5).normal(Purpose::Evaluation, 0, count * size);
    Features::new(Source::new("net.legacy", "ab".repeat(32)), "images", size, values, None).unwrap()
}

fn saved(folder: &Path, content: &[u8]) -> std::path::PathBuf {
    let file = folder.join("s.npz");
    std::fs::write(&file, content).unwrap();
    file
}

#[test]
fn what_is_saved_is_what_was_measured_and_says_of_what() {
    let folder = tempfile::tempdir().unwrap();
    let features = features(40, 6);
    let file = saved(folder.path(), &Statistics::file(&features).unwrap());
    assert!(Statistics::is_at(&file));
    let found = Statistics::open(&file).unwrap();
    let gaussian = Gaussian::of(&features).unwrap();
    assert_eq!(found.gaussian.mean(), gaussian.mean());
    assert!((0..36).all(|at| found.gaussian.covariance(at / 6, at % 6) == gaussian.covariance(at / 6, at % 6)));
    assert_eq!((found.count, found.size), (Some(40), 6));
    let origin = found.origin.unwrap();
    assert_eq!((origin.source(), origin.images_sha256.as_str()), (features.source().clone(), "images"));
    assert_eq!(Statistics::file(&features).unwrap(), std::fs::read(&file).unwrap());
}

#[test]
fn a_file_that_would_not_be_read_again_is_not_begun() {
    for name in ["s.npz", "a/S.NPZ"] {
        assert!(Statistics::check_name(Path::new(name)).is_ok(), "{name}");
    }
    for name in ["s.txt", "s", "npz", "s.npz.gz", "s.npy"] {
        assert!(matches!(Statistics::check_name(Path::new(name)), Err(Error::Output { path, .. }) if path == Path::new(name)), "{name}");
    }
}

#[test]
fn files_of_mean_and_covariance_alone_are_taken_as_given() {
    let folder = tempfile::tempdir().unwrap();
    let sigma = [2.0, 0.5, 0.5, 1.0];
    let file = saved(
        folder.path(),
        &npz::to_npz(&[("mu", &[2], Values::Floats(&[1.0, -1.0])), ("sigma", &[2, 2], Values::Floats(&sigma))]).unwrap(),
    );
    let found = Statistics::open(&file).unwrap();
    assert_eq!((found.gaussian.mean(), found.gaussian.covariance(1, 0)), (&[1.0, -1.0][..], 0.5));
    assert_eq!((found.count, found.origin), (None, None));
}

#[test]
fn numbers_that_are_no_statistics_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |mu: (&[usize], &[f64]), sigma: (&[usize], &[f64])| {
        let content = npz::to_npz(&[("mu", mu.0, Values::Floats(mu.1)), ("sigma", sigma.0, Values::Floats(sigma.1))]).unwrap();
        Statistics::open(&saved(folder.path(), &content)).unwrap_err().to_string()
    };
    for (mu, sigma, problem) in [
        ((&[2][..], &[0.0; 2][..]), (&[3, 3][..], &[0.0; 9][..]), "mu [2] and sigma [3, 3] are no mean [d] and covariance [d, d]"),
        ((&[1, 2], &[0.0; 2]), (&[2, 2], &[0.0; 4]), "mu [1, 2]"),
        ((&[2], &[0.0; 2]), (&[2, 2], &[1.0, 0.5, 0.4, 1.0]), "sigma is no covariance: 0.4 at [1, 0] and 0.5 at [0, 1]"),
        ((&[2], &[0.0; 2]), (&[2, 2], &[1.0, 0.0, 0.0, -1.0]), "the variance of feature 1 is -1"),
        ((&[2], &[0.0, f64::NAN]), (&[2, 2], &[1.0, 0.0, 0.0, 1.0]), "not finite"),
        ((&[0], &[]), (&[0, 0], &[]), "covariance"),
    ] {
        let message = refused(mu, sigma);
        assert!(message.contains("s.npz") && message.contains(problem), "{problem}: {message}");
    }
    let other = npz::to_npz(&[("arr_0", &[1], Values::Bytes(&[0]))]).unwrap();
    assert!(!Statistics::is_at(&saved(folder.path(), &other)));
    let large = npz::to_npz(&[("mu", &[5000], Values::Floats(&vec![0.0; 5000])), ("sigma", &[1], Values::Floats(&[0.0]))]).unwrap();
    assert!(Statistics::open(&saved(folder.path(), &large)).unwrap_err().to_string().contains("more than the limit of 4096"));
}

#[test]
fn damaged_files_are_refused_or_read_and_nothing_panics() {
    let folder = tempfile::tempdir().unwrap();
    let whole = Statistics::file(&features(9, 3)).unwrap();
    let open = |content: &[u8]| {
        let file = saved(folder.path(), content);
        // Whatever it is taken for, it is read to its end.
        (Statistics::is_at(&file), Statistics::open(&file).is_ok())
    };
    assert_eq!(open(&whole), (true, true));
    for end in (0..whole.len()).step_by(7) {
        assert!(!open(&whole[..end]).1, "cut at {end}");
    }
    let rounds: u64 = std::env::var("VIMAE_FUZZ").ok().and_then(|n| n.parse().ok()).unwrap_or(2_000);
    for round in 0..rounds {
        let mut damaged = whole.clone();
        let draws = Streams::new(round).normal(Purpose::Evaluation, 1, 8);
        for pair in draws.chunks_exact(2) {
            let at = (pair[0].abs() * 1e6) as usize % damaged.len();
            damaged[at] = (pair[1].abs() * 1e6) as u8;
        }
        open(&damaged);
    }
}

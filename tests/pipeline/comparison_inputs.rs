//! `cargo xtask fid` on everything that people keep samples in: arrays, statistics, grayscale saved as RGB, copies.

use std::{fs, path::Path};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use vimae_datasets::npz::{Values, to_npz};
use vimae_tests::command::call;

use crate::shared::classifier;

const SIDE: usize = 28;

/// Levels of a grayscale image.
fn levels(seed: usize) -> Vec<u8> {
    (0..SIDE * SIDE).map(|i| ((i / SIDE * (3 + seed % 5) + i % SIDE * (7 + seed) + seed * 31) % 256) as u8).collect()
}

fn png(path: &Path, levels: &[u8], rgb: bool) -> Result<()> {
    let mut encoder = png::Encoder::new(fs::File::create(path)?, SIDE as u32, SIDE as u32);
    encoder.set_color(if rgb { png::ColorType::Rgb } else { png::ColorType::Grayscale });
    let repeat = if rgb { 3 } else { 1 };
    let data: Vec<u8> = levels.iter().flat_map(|v| std::iter::repeat_n(*v, repeat)).collect();
    encoder.write_header()?.write_image_data(&data)?;
    Ok(())
}

/// A folder of images, one for each seed.
fn folder(path: &Path, seeds: impl Iterator<Item = usize>, rgb: bool) -> Result<()> {
    fs::create_dir(path)?;
    seeds.enumerate().try_for_each(|(i, seed)| png(&path.join(format!("{i:03}.png")), &levels(seed), rgb))
}

/// Writes an image in colours of another size.
fn of_size(path: &Path, (wide, high): (u32, u32), seed: u32) -> Result<()> {
    let mut encoder = png::Encoder::new(fs::File::create(path)?, wide, high);
    encoder.set_color(png::ColorType::Rgb);
    let levels: Vec<u8> = (0..wide * high * 3).map(|i| (i * (3 + seed) % 256) as u8).collect();
    encoder.write_header()?.write_image_data(&levels)?;
    Ok(())
}

/// The report of a comparison by a classifier of the digits, which needs nothing from elsewhere.
fn report(arguments: &[&str]) -> Result<Value> {
    report_by(classifier()?, arguments)
}

fn report_by(features: &str, arguments: &[&str]) -> Result<Value> {
    let more = ["--features", features, "--no-infinity", "--no-cache", "--json"];
    let called = call(&[&["fid"], arguments, &more].concat())?;
    ensure!(called.success, "{arguments:?}: {}", called.stderr);
    Ok(serde_json::from_str(&called.stdout)?)
}

fn number(report: &Value, metric: &str) -> Result<f64> {
    let found = report["numbers"].as_array().into_iter().flatten().find(|n| n["metric"] == metric);
    found.and_then(|n| n["value"].as_f64()).with_context(|| format!("{metric} in {report}"))
}

#[test]
fn arrays_are_the_images_that_they_hold() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let at = |name: &str| dir.path().join(name).display().to_string();
    folder(&dir.path().join("png"), 0..20, false)?;
    folder(&dir.path().join("other"), 40..60, false)?;
    let all: Vec<u8> = (0..20).flat_map(levels).collect();
    fs::write(at("four.npz"), to_npz(&[("arr_0", &[20, SIDE, SIDE, 1], Values::Bytes(&all))])?)?;
    fs::write(
        at("two.npz"),
        to_npz(&[("x", &[20, SIDE, SIDE], Values::Bytes(&all)), ("y", &[1, SIDE, SIDE], Values::Bytes(&levels(3)))])?,
    )?;
    // As RGB too.
    let rgb: Vec<u8> = all.iter().flat_map(|v| [*v; 3]).collect();
    fs::write(at("rgb.npz"), to_npz(&[("samples", &[20, SIDE, SIDE, 3], Values::Bytes(&rgb))])?)?;
    let mut npy = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
    npy.extend(format!("{:117}\n", "{'descr': '|u1', 'fortran_order': False, 'shape': (20, 28, 28), }").bytes());
    npy.extend(&all);
    fs::write(at("plain.npy"), npy)?;
    let expected = report(&[&at("png"), &at("other")])?;
    // The classifier that is trained where its data set is named is that of the file, and says of what it is.
    let named = report_by("classifier:digits", &[&at("png"), &at("other")])?;
    let values = |report: &Value| -> Vec<(Value, Value)> {
        report["numbers"].as_array().into_iter().flatten().map(|n| (n["metric"].clone(), n["value"].clone())).collect()
    };
    assert!(number(&named, "fid")? > 0.0 && values(&named) == values(&expected), "{named} and {expected}");
    assert!(named["numbers"][0]["protocol"].as_str().is_some_and(|p| p.contains("features=classifier(digits).feature@")), "{named}");
    for name in ["four.npz", "two.npz:x", "rgb.npz", "plain.npy"] {
        let found = report(&[&at(name), &at("other")])?;
        assert_eq!((&found["numbers"], &found["reference"]["sha256"]), (&expected["numbers"], &expected["reference"]["sha256"]), "{name}");
        assert!(found["reference"]["kind"].as_str().is_some_and(|k| k.contains("of 20 images of 28x28x")), "{found}");
    }
    let fewer = report(&[&at("four.npz"), &at("other"), "--count", "12"])?;
    assert_eq!(fewer["numbers"], report(&[&at("png"), &at("other"), "--count", "12"])?["numbers"]);
    Ok(())
}

#[test]
fn statistics_are_saved_and_stand_for_the_images() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let at = |name: &str| dir.path().join(name).display().to_string();
    folder(&dir.path().join("a"), 0..20, false)?;
    folder(&dir.path().join("b"), 40..60, false)?;
    let alone = report(&[&at("a"), "--save-statistics", &at("a.npz")])?;
    assert!(alone["generated"].is_null() && alone["numbers"].as_array().is_some_and(Vec::is_empty), "{alone}");
    assert!(alone["notes"].to_string().contains("64 features is of 20 images and lacks its full rank"), "{alone}");
    let images = report(&[&at("a"), &at("b")])?;
    let fid = number(&images, "fid")?;
    let found = report(&[&at("a.npz"), &at("b")])?;
    assert_eq!(number(&found, "fid")?, fid);
    let protocol = |report: &Value| report["numbers"][0]["protocol"].as_str().map(str::to_owned).context("a protocol");
    assert_eq!(protocol(&found)?, format!("{},reference=statistics)", protocol(&images)?.trim_end_matches(')')));
    assert!(number(&found, "kid").is_err() && found["notes"].to_string().contains("KID, precision, recall"), "{found}");
    // Its error is over the generated images alone, and says so.
    let error = |report: &Value| report["numbers"][0]["standard_error"].as_f64().context("a standard error");
    assert!(error(&found)? > 0.0 && error(&found)? < error(&images)?, "{found} {images}");
    assert_eq!(found["numbers"][0]["varies"], json!(["generated_images"]));
    assert!(found["notes"].to_string().contains("over the generated images alone"), "{found}");
    // Either side, and both: then there is nothing to extract features by.
    assert!((number(&report(&[&at("b"), &at("a.npz")])?, "fid")? - fid).abs() < 1e-6 * fid);
    report(&[&at("b"), "--save-statistics", &at("b.npz")])?;
    let both = call(&["fid", &at("a.npz"), &at("b.npz"), "--json"])?;
    ensure!(both.success, "{}", both.stderr);
    assert_eq!(number(&serde_json::from_str(&both.stdout)?, "fid")?, fid);
    let same = report(&[&at("a.npz"), &at("a")])?;
    assert!(number(&same, "fid")? == 0.0 && same["notes"].to_string().contains("0 by construction"), "{same}");

    // What others publish says nothing of its origin.
    let sigma: Vec<f64> = (0..64 * 64).map(|at| if at % 65 == 0 { 1.0 } else { 0.0 }).collect();
    fs::write(at("given.npz"), to_npz(&[("mu", &[64], Values::Floats(&[0.0; 64])), ("sigma", &[64, 64], Values::Floats(&sigma))])?)?;
    let given = report(&[&at("given.npz"), &at("b")])?;
    assert!(number(&given, "fid")? > 0.0 && given["reference"]["n"].is_null());
    let protocol = protocol(&given)?;
    assert!(protocol.contains("M=unknown") && protocol.ends_with("reference=statistics as given)"), "{protocol}");
    assert!(given["notes"].to_string().contains("how many images it was made of nor by which features"), "{given}");
    fs::write(
        at("small.npz"),
        to_npz(&[("mu", &[2], Values::Floats(&[0.0; 2])), ("sigma", &[2, 2], Values::Floats(&[1.0, 0.0, 0.0, 1.0]))])?,
    )?;
    for (arguments, words) in [
        ([at("small.npz"), at("b"), at("x.npz")], ["small.npz", "holds statistics already"]),
        ([at("a"), at("b"), at("st.txt")], ["st.txt", "a file that ends in .npz"]),
        ([at("small.npz"), at("b"), String::new()], ["small.npz", "2 features (features as given) beside 64"]),
    ] {
        let [a, b, save] = &arguments;
        let mut all = vec!["fid", a, b, "--features", classifier()?, "--no-cache"];
        if !save.is_empty() {
            all.extend(["--save-statistics", save]);
        }
        let refused = call(&all)?;
        assert!(!refused.success && words.iter().all(|word| refused.stderr.contains(word)), "{words:?}: {}", refused.stderr);
    }
    Ok(())
}

#[test]
fn grayscale_is_grayscale_however_it_was_saved() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let at = |name: &str| dir.path().join(name).display().to_string();
    folder(&dir.path().join("one"), 0..20, false)?;
    folder(&dir.path().join("rgb"), 0..20, true)?;
    let (one, rgb) = (report(&["digits:test", &at("one"), "--count", "20"])?, report(&["digits:test", &at("rgb"), "--count", "20"])?);
    assert_eq!((&rgb["numbers"], &rgb["generated"]["sha256"]), (&one["numbers"], &one["generated"]["sha256"]));
    assert!(rgb["notes"].to_string().contains("20 of 20 grayscale images are saved as RGB"), "{rgb}");
    assert!(!one["notes"].to_string().contains("saved as RGB"), "{one}");
    let same = report(&[&at("rgb"), &at("one")])?;
    assert!(number(&same, "fid")? == 0.0 && same["notes"].to_string().contains("both sets are the same images"), "{same}");
    // An image with one pixel in colour is an image in colour: a classifier of grayscale ones sees its brightness, and says so.
    let file = fs::File::create(dir.path().join("rgb/999.png"))?;
    let mut encoder = png::Encoder::new(file, SIDE as u32, SIDE as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.write_header()?.write_image_data(&(0..SIDE * SIDE * 3).map(|i| u8::from(i == 7)).collect::<Vec<_>>())?;
    let colours = report(&["digits:test", &at("rgb")])?;
    assert!(colours["notes"].to_string().contains("1 of 21 images have colours; the classifier sees their brightness"), "{colours}");
    Ok(())
}

#[test]
fn a_classifier_sees_images_of_another_size_in_its_own() -> Result<()> {
    let dir = tempfile::tempdir()?;
    for seed in 0..20 {
        of_size(&dir.path().join(format!("{seed:02}.png")), (40, 32), seed)?;
    }
    let images = dir.path().display().to_string();
    let found = report(&["digits:test", &images, "--count", "20"])?;
    assert!(number(&found, "fid")? > 0.0, "{found}");
    assert!(found["numbers"][0]["protocol"].as_str().is_some_and(|protocol| protocol.contains(".feature.fitted@")), "{found}");
    let notes = found["notes"].to_string();
    assert!(notes.contains("generated: 20 of 20 images are not 28 x 28") && !notes.contains("reference: 20 of 20"), "{notes}");
    // Weights that fit no size here say which they fit.
    let refused = call(&["fid", &images, &images, "--features", classifier()?, "--no-cache"])?;
    let said = ["images of 32 x 40 in the classifier", "49 squares of 4 x 4 pixels, 28 x 28 for instance"];
    assert!(!refused.success && said.iter().all(|words| refused.stderr.contains(words)), "{}", refused.stderr);
    Ok(())
}

#[test]
fn a_first_image_of_another_size_is_not_taken_for_that_of_all() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let at = |name: &str| dir.path().join(name).display().to_string();
    folder(&dir.path().join("mixed"), 0..20, false)?;
    of_size(&dir.path().join("mixed/000.png"), (40, 32), 3)?;
    folder(&dir.path().join("other"), 40..60, false)?;
    let found = report(&[&at("mixed"), &at("other")])?;
    assert!(number(&found, "fid")? > 0.0, "{found}");
    let notes = found["notes"].to_string();
    for said in ["what size its images have: 28 x 28, which its weights fit, is taken", "reference: 1 of 20 images are not 28 x 28"] {
        assert!(notes.contains(said), "{notes}");
    }
    // Where all have one size there is nothing to say.
    assert!(!report(&[&at("other"), &at("other")])?["notes"].to_string().contains("what size"));
    Ok(())
}

#[test]
fn copies_are_counted_and_have_the_density_of_exact_arithmetic() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let at = |name: &str| dir.path().join(name).display().to_string();
    folder(&dir.path().join("fifty"), std::iter::repeat_n(1, 50), false)?;
    folder(&dir.path().join("six"), (0..60).map(|i| i / 6), false)?;
    let fifty = report(&[&at("fifty"), &at("fifty")])?;
    assert_eq!((number(&fifty, "density")?, number(&fifty, "fid")?), (10.0, 0.0));
    assert!(number(&fifty, "fid")?.is_sign_positive() && fifty["notes"].to_string().contains("1 of 50 images are distinct"), "{fifty}");
    let six = report(&[&at("six"), &at("six")])?;
    for (metric, value) in [("precision", 1.0), ("recall", 1.0), ("coverage", 1.0), ("density", 1.2)] {
        assert_eq!(number(&six, metric)?, value, "{metric}");
    }
    // Half of the generated images are real ones.
    folder(&dir.path().join("half"), 5..15, false)?;
    let half = report(&[&at("six"), &at("half")])?;
    assert!(half["notes"].to_string().contains("5 of 10 generated images are reference images"), "{half}");
    Ok(())
}

#[test]
fn files_beyond_the_count_are_not_read() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let at = |name: &str| dir.path().join(name).display().to_string();
    folder(&dir.path().join("a"), 0..10, false)?;
    let expected = report(&[&at("a"), "digits:test", "--count", "10"])?;
    for i in 10..20 {
        // Larger than any image may be: whoever opens one of these fails. They take no room on a disk.
        fs::File::create(dir.path().join(format!("a/{i:03}.png")))?.set_len(1 << 30)?;
    }
    assert_eq!(report(&[&at("a"), "digits:test", "--count", "10"])?["numbers"], expected["numbers"]);
    let all = call(&["fid", &at("a"), "digits:test", "--features", "classifier:digits", "--no-cache"])?;
    assert!(!all.success && all.stderr.contains("010.png"), "{}", all.stderr);
    Ok(())
}

//! `cargo xtask fid` on folders of images of every kind.

use std::{collections::HashMap, path::Path};

use anyhow::{Context, Result};
use candle_core::{Device, Tensor};
use serde_json::Value;
use vimae_tests::command::call;

/// Writes a PNG of a gradient with stripes.
fn image(path: &Path, side: u32, kind: png::ColorType, depth: png::BitDepth, phase: u32) -> Result<()> {
    let channels = kind.samples() as u32;
    let bytes = if depth == png::BitDepth::Sixteen { 2 } else { 1 };
    let value =
        |i: u32| ((i / (channels * bytes) % side * 7 + i / (channels * bytes * side) * 5 + i % channels * 40 + phase * 31) % 256) as u8;
    let data: Vec<u8> = (0..side * side * channels * bytes).map(value).collect();
    let mut encoder = png::Encoder::new(std::io::BufWriter::new(std::fs::File::create(path)?), side, side);
    encoder.set_color(kind);
    encoder.set_depth(depth);
    encoder.write_header()?.write_image_data(&data)?;
    Ok(())
}

/// Weights of the right names and shapes that nobody trained.
pub(crate) fn untrained(path: &Path) -> Result<()> {
    let mut state = 1_u32;
    let mut uniform = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 16_777_216.0
    };
    let mut tensors = HashMap::new();
    for (name, shape) in vimae_metrics::inception::shapes() {
        let fan_in: usize = shape.iter().skip(1).product();
        let scale = if name.contains(".bn.") { 0.1 } else { (6.0 / fan_in as f32).sqrt() };
        let centre = if name.ends_with("running_var") || name.ends_with("bn.weight") { 1.0 } else { 0.0 };
        let values: Vec<f32> = (0..shape.iter().product()).map(|_| centre + scale * (2.0 * uniform() - 1.0)).collect();
        tensors.insert(name, Tensor::from_vec(values, shape, &Device::Cpu)?);
    }
    candle_core::safetensors::save(&tensors, path)?;
    Ok(())
}

#[test]
fn folders_of_any_images_are_compared_or_refused_by_name() -> Result<()> {
    use png::{BitDepth::*, ColorType::*};
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name);
    let text = |name: &str| at(name).display().to_string();
    untrained(&at("weights.safetensors"))?;
    for set in ["a", "b"] {
        std::fs::create_dir(at(set))?;
    }
    let kinds = [
        (20, Rgb, Eight),
        (33, Rgba, Eight),
        (28, Grayscale, Eight),
        (31, Grayscale, Sixteen),
        (400, Rgb, Sixteen),
        (9, GrayscaleAlpha, Eight),
        (299, Rgb, Eight),
    ];
    for (i, (side, kind, depth)) in kinds.into_iter().enumerate() {
        image(&at(&format!("a/{i}.png")), side, kind, depth, 0)?;
        image(&at(&format!("b/{i}.png")), side, kind, depth, 3)?;
    }
    let (weights, cache) = (text("weights.safetensors"), text("cache"));
    let fid = |a: &str, b: &str, more: &[&str]| {
        let (a, b) = (text(a), text(b));
        call(&[&["fid", &a, &b, "--weights", &weights, "--cache", &cache, "--no-infinity", "--json"], more].concat())
    };
    let number = |report: &Value, metric: &str| -> Result<f64> {
        let found = report["numbers"].as_array().into_iter().flatten().find(|n| n["metric"] == metric);
        found.and_then(|n| n["value"].as_f64()).with_context(|| format!("{metric} in {report}"))
    };

    let called = fid("a", "b", &[])?;
    assert!(called.success, "{}", called.stderr);
    let report: Value = serde_json::from_str(&called.stdout)?;
    let apart = number(&report, "fid")?;
    assert!(apart > 0.0 && number(&report, "kid")?.is_finite(), "{report}");
    let protocol = report["numbers"][0]["protocol"].as_str().context("a protocol")?;
    assert!(protocol.starts_with("fid(N=7,M=7,features=inception-2015-12-05.pool3.legacy@"), "{protocol}");
    let doubts = |metric: &str| -> String {
        let found = report["numbers"].as_array().into_iter().flatten().find(|n| n["metric"] == metric);
        found.map_or_else(String::new, |n| n["doubts"].to_string())
    };
    assert!(doubts("fid").contains("\"undetermined\"") && doubts("precision").contains("\"few_neighbours\""), "{report}");
    assert!(doubts("coverage").contains("\"few_neighbours\"") && doubts("density").contains("\"few_neighbours\""), "{report}");
    // For people the doubtful ones have the mark of all tables, with the reason below.
    let called = call(&["fid", &text("a"), &text("b"), "--weights", &weights, "--cache", &cache, "--no-infinity"])?;
    let line = |metric: &str| called.stdout.lines().find(|line| line.split(' ').next() == Some(metric)).unwrap_or_default();
    assert!(line("fid").ends_with(" ?  lower is better") && line("recall").ends_with(" ?  higher is better"), "{}", called.stdout);
    assert_eq!(called.stdout.matches("note: +- is one standard error\n").count(), 1, "{}", called.stdout);
    let why = "no more images than features, which makes it far too high";
    assert!(
        called.stdout.contains(why) && called.stdout.contains("fewer than 1 000 images, on whose number it depends"),
        "{}",
        called.stdout
    );

    // What has a deviation of its own, or is one, is not doubted for having no standard error.
    let subsets: Value = serde_json::from_str(&fid("a", "b", &["--kid-subsets", "2x5", "--splits", "2"])?.stdout)?;
    let own = |n: &&Value| {
        [&n["metric"], &n["protocol"]]
            .iter()
            .any(|t| ["deviation", "subsets=", "inception_score"].iter().any(|w| t.to_string().contains(w)))
    };
    let own: Vec<&Value> = subsets["numbers"].as_array().into_iter().flatten().filter(own).collect();
    assert!(own.len() >= 2 && own.iter().all(|n| n["doubts"].is_null()), "{subsets}");

    // Kept features give the same numbers; a set has no distance from itself.
    assert_eq!(std::fs::read_dir(at("cache"))?.count(), 2);
    assert_eq!(serde_json::from_str::<Value>(&fid("a", "b", &[])?.stdout)?, report);
    let same: Value = serde_json::from_str(&fid("a", "a", &[])?.stdout)?;
    assert!(number(&same, "fid")?.abs() < 1e-3 * apart && number(&same, "precision")? == 1.0, "{same}");

    std::fs::write(at("b/torn.png"), &std::fs::read(at("b/0.png"))?[..60])?;
    let refused = fid("a", "b", &[])?;
    assert!(!refused.success && refused.stdout.is_empty() && refused.stderr.contains("torn.png"), "{}", refused.stderr);
    let skipped: Value = serde_json::from_str(&fid("a", "b", &["--skip-broken"])?.stdout)?;
    assert_eq!((number(&skipped, "fid")?, skipped["generated"]["left_out"].as_array().map(Vec::len)), (apart, Some(1)));
    Ok(())
}

#[test]
fn what_cannot_be_compared_is_refused_with_a_reason() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let empty = folder.path().display().to_string();
    let refused = |arguments: &[&str], words: &[&str]| -> Result<()> {
        let called = call(&[&["fid"], arguments].concat())?;
        assert!(!called.success && called.stdout.is_empty() && !called.stderr.contains("panicked"), "{arguments:?}: {}", called.stderr);
        for word in words {
            assert!(called.stderr.contains(word), "{arguments:?}: no {word:?} in: {}", called.stderr);
        }
        Ok(())
    };
    refused(&[&empty, "digits:test"], &["holds no PNG, JPEG, WebP, BMP or TIFF files"])?;
    refused(&["nowhere", "digits:test"], &["nowhere", "does not exist", "NAME:test"])?;
    refused(&["folder:photos", "digits:test"], &["folder:photos: is a data set; say which of its images", ":test"])?;
    refused(&["digits", "digits:test"], &["digits: is a data set"])?;
    refused(&["digits:test", "digits:test", "--features", "classifier:digitz"], &["unknown dataset \"digitz\"", "did you mean"])?;
    refused(&["digits:test", "digits:test", "--features", "clip"], &["clip", "classifier:NAME"])?;
    let text = folder.path().join("text.pth");
    std::fs::write(&text, "no weights")?;
    let text = text.display().to_string();
    refused(
        &["digits:test", "digits:test", "--count", "5", "--no-cache", "--weights", &text],
        &["text.pth", "neither safetensors nor a PyTorch file"],
    )?;
    refused(
        &["digits:test", "digits:test", "--count", "1", "--no-cache", "--features", "classifier:digits"],
        &["--count 1 takes 1 image;", "two at least"],
    )?;
    for (option, value) in [("--resize", "clean"), ("--splits", "5"), ("--ddof", "1"), ("--weights", "w.pth")] {
        refused(
            &["digits:test", "digits:test", "--features", "classifier:digits", option, value],
            &[option, "is for Inception's features alone; leave it out"],
        )?;
    }
    Ok(())
}

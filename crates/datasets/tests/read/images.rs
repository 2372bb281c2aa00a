//! What each image format becomes: the bytes that Pillow makes of the same file, or a refusal that names the kind.
//!
//! `images/jpeg.zip` and `images/formats.zip` are made by `experiments/conventions/jpeg/`, which compares many more.

use std::{collections::BTreeMap, path::Path};

use vimae_datasets::{Container, DeepGrayscale, Error, Image, Sources, digest::sha256, open};

/// The members of a zip in `images/`.
fn members(name: &str) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let zip = Container::at(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/images").join(name)).unwrap();
    zip.read(&|_| true, &mut |name, bytes| {
        files.insert(name, bytes?);
        Ok(())
    })
    .unwrap();
    files
}

/// The rows of a table without quoted fields, below its header.
fn rows(table: &[u8]) -> Vec<Vec<String>> {
    let text = String::from_utf8(table.to_vec()).unwrap();
    text.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

#[test]
fn jpegs_of_every_sampling_and_scan_layout_become_what_pillow_makes_of_them_or_are_refused_by_name() {
    let files = members("jpeg.zip");
    let mut refused = Vec::new();
    for row in rows(&files["expected.csv"]) {
        let [name, sampling, scans, width, height, channels, expected] = <[String; 7]>::try_from(row).unwrap();
        match Image::decode(&files[&name], &name) {
            Ok(image) => {
                let shape = format!("{}x{}x{}", image.width(), image.height(), image.bytes().len() / image.width() / image.height());
                assert_eq!(shape, format!("{width}x{height}x{channels}"), "{name}");
                assert_eq!(sha256(image.bytes()), expected, "{name}: {sampling}, {scans}");
            }
            Err(Error::Refused { reason, .. }) => refused.push((sampling, scans, reason)),
            Err(other) => panic!("{name}: {sampling}, {scans}: {other}"),
        }
    }
    for (sampling, scans, reason) in &refused {
        let kind = match (sampling.as_str(), scans.as_str()) {
            (_, "unfinished") => "progressive JPEG without its last scans",
            ("chroma finer across" | "chroma finer down" | "chroma finer" | "crossed", _) => "JPEG whose chroma is finer than its luma",
            (_, "luma then chroma" | "chroma then luma") => "sequential JPEG with two components in one scan",
            (four, _) if four.starts_with("cmyk ") || four.starts_with("ycck ") => "CMYK JPEG with subsampled inks",
            _ => "nothing",
        };
        assert!(reason.starts_with(kind) && reason.contains("magick IMAGE IMAGE.png"), "{sampling}, {scans}: {reason}");
    }
    assert!(refused.len() < 50, "{refused:#?}");
}

#[test]
fn every_other_format_becomes_what_pillow_makes_of_it() {
    let files = members("formats.zip");
    for row in rows(&files["expected.csv"]) {
        let [name, kind, tolerance] = <[String; 3]>::try_from(row).unwrap();
        if tolerance == "refuse" {
            let error = Image::decode(&files[&name], &name).unwrap_err();
            assert!(matches!(error, Error::Refused { .. }), "{kind}: {error}");
            assert!(error.to_string().contains("magick"), "{kind}: {error}");
            continue;
        }
        let image = Image::decode(&files[&name], &name).unwrap_or_else(|e| panic!("{kind}: {e}"));
        let expected = &files[&format!("{name}.raw")];
        let ours = if image.bytes().len() == 3 * expected.len() {
            image.bytes().iter().step_by(3).copied().collect()
        } else {
            image.bytes().to_vec()
        };
        assert_eq!(ours.len(), expected.len(), "{kind}");
        let largest = ours.iter().zip(expected).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
        assert!(largest <= tolerance.parse().unwrap(), "{kind}: off by {largest}");
    }
}

/// `images/deep/make.py` asked Pillow.
#[test]
fn grayscale_of_16_bits_is_the_high_byte_or_what_pillow_clips() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/images/deep");
    let pillow: BTreeMap<String, Vec<u8>> = serde_json::from_slice(&std::fs::read(folder.join("pillow.json")).unwrap()).unwrap();
    assert_eq!(pillow.len(), 5);
    for (name, expected) in &pillow {
        let bytes = std::fs::read(folder.join(name)).unwrap();
        let gray = |deep| Image::decode_deep(&bytes, name, deep).unwrap().with_channels(1).bytes().to_vec();
        let (high, clipped) = (gray(DeepGrayscale::HighByte), gray(DeepGrayscale::Clipped));
        assert_eq!(high, [0, 0, 0, 0, 1, 1, 16, 127, 128, 255], "{name}");
        assert_eq!(&clipped, expected, "{name}");
        assert_eq!(high != clipped, name.starts_with("gray."), "{name}");
        assert_eq!(Image::decode(&bytes, name).unwrap().with_channels(1).bytes(), high);
    }
    // A data set of such files says so in its digest.
    let digest = |deep: &str| {
        let settings = serde_json::json!({ "size": 4, "channels": 1, "deep_grayscale": deep, "classes": "none", "splits": "none" });
        let copies = tempfile::tempdir().unwrap();
        for i in 0..20 {
            std::fs::copy(folder.join("gray.png"), copies.path().join(format!("{i}.png"))).unwrap();
        }
        let name = format!("folder:{}", copies.path().display());
        let set = open(&name, settings.as_object().unwrap(), &Sources::in_dir(copies.path())).unwrap();
        let pixels = set.split(vimae_core::Split::Train).unwrap().pixels().to_vec();
        (set.sha256().to_owned(), pixels)
    };
    let ((high, dark), (clipped, bright)) = (digest("high_byte"), digest("clipped"));
    assert!(high != clipped && dark.iter().zip(&bright).any(|(a, b)| a < b));
}

#[test]
fn what_is_torn_is_refused_wherever_it_is_cut() {
    let files = members("formats.zip");
    for row in rows(&files["expected.csv"]) {
        let whole = &files[&row[0]];
        if row[2] == "refuse" || row[1].contains("behind its end") || row[1].contains("two pages") {
            continue;
        }
        for end in 0..whole.len() - 1 {
            assert!(Image::decode(&whole[..end], "cut").is_err(), "{} cut at {end} of {}", row[1], whole.len());
        }
    }
    // A JPEG that ends too early, but was given an end again.
    let files = members("jpeg.zip");
    for row in rows(&files["expected.csv"]).iter().filter(|row| row[2] == "interleaved") {
        let whole = &files[&row[0]];
        if Image::decode(whole, "whole").is_ok() {
            let cut = [&whole[..whole.len() - whole.len() / 8], &[0xff, 0xd9]].concat();
            assert!(Image::decode(&cut, "cut").is_err(), "{row:?}");
        }
    }
}

#[test]
fn formats_that_are_not_read_are_named() {
    for (start, name) in [
        (&b"GIF89a"[..], "GIF"),
        (b"\0\0\0\x1cftypavif\0\0\0\0", "AVIF"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIC"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (b"\xff\x4f\xff\x51\0", "JPEG 2000"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"\xff\x0a\0", "JPEG XL"),
        (b"P6\n1 1\n255\n", "Netpbm"),
    ] {
        let error = Image::decode(start, "image.png").unwrap_err();
        assert!(matches!(error, Error::Refused { .. }), "{name}");
        assert!(error.to_string().starts_with(&format!("image.png: refused: {name}")), "{error}");
        assert!(error.to_string().contains("convert it to PNG"), "{error}");
    }
    assert_eq!(Image::decode(b"hello", "image.png").unwrap_err().to_string(), "image.png: is no PNG, JPEG, WebP, BMP or TIFF image");
}

#[test]
fn the_content_says_which_format_it_is_not_the_name() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/seeds");
    let dir = tempfile::tempdir().unwrap();
    for i in 0..20 {
        let (from, to) = if i % 2 == 0 { ("colour.png", "jpg") } else { ("colour.jpg", "png") };
        std::fs::copy(seeds.join(from), dir.path().join(format!("{i:02}.{to}"))).unwrap();
    }
    let set = open(&format!("folder:{}", dir.path().display()), &Default::default(), &Sources::default()).unwrap();
    assert_eq!(set.split(vimae_core::Split::Train).unwrap().len(), 18);
}

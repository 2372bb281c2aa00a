//! Decodes the images that a list names, one path a line: each becomes PATH.raw (bytes, `[H, W, C]`) or, where it is
//! refused, PATH.refused (why). `--resize WIDTH HEIGHT` resizes them before; `--clipped` clips grayscale of 16 bits; `--faces N`
//! prepares all N times as CelebA's faces are, writes nothing, and says how long that took.
//!
//! `cargo run --release -p vimae-datasets --example decode -- LIST [--resize WIDTH HEIGHT | --clipped | --faces N]`
#![expect(clippy::print_stdout, reason = "a program that prints its result")]

use std::{env, error::Error, fs, time::Instant};

use vimae_datasets::{DeepGrayscale, Image};

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (list, rest) = words.split_first().ok_or("which list?")?;
    let files: Vec<String> = fs::read_to_string(list)?.lines().map(str::to_owned).collect();
    match rest {
        [] => write(&files, DeepGrayscale::HighByte, &Ok),
        ["--clipped"] => write(&files, DeepGrayscale::Clipped, &Ok),
        ["--resize", width, height] => {
            let (width, height) = (width.parse()?, height.parse()?);
            write(&files, DeepGrayscale::HighByte, &|image| image.resize(width, height))
        }
        ["--faces", times] => faces(&files, times.parse()?),
        _ => Err("what is asked for?".into()),
    }
}

fn write(files: &[String], deep: DeepGrayscale, change: &dyn Fn(Image) -> vimae_datasets::Result<Image>) -> Result<(), Box<dyn Error>> {
    for path in files {
        let [raw, refused] = ["raw", "refused"].map(|ending| format!("{path}.{ending}"));
        for old in [&raw, &refused] {
            drop(fs::remove_file(old));
        }
        match Image::decode_deep(&fs::read(path)?, path, deep).and_then(change) {
            Ok(image) => fs::write(raw, image.bytes())?,
            Err(error) => fs::write(refused, error.to_string())?,
        }
    }
    Ok(())
}

fn faces(files: &[String], times: usize) -> Result<(), Box<dyn Error>> {
    let files = files.iter().map(fs::read).collect::<Result<Vec<_>, _>>()?;
    let (start, mut bytes) = (Instant::now(), 0);
    for _ in 0..times {
        for file in &files {
            let face = Image::decode(file, "face")?;
            let side = (face.width() * 140 + 89) / 178;
            bytes += face.with_channels(3).centre(side, side).resize(64, 64)?.into_planes().len();
        }
    }
    println!("{:.4} s, {bytes} bytes", start.elapsed().as_secs_f64());
    Ok(())
}

//! Decodes the images that a list names, one path a line: each becomes PATH.raw (bytes, `[H, W, C]`) or, where it is
//! refused, PATH.refused (why). `--time N` decodes all N times and says how long that took instead.
//!
//! `cargo run --release -p vimae-datasets --example decode -- LIST [--time N]`
#![expect(clippy::print_stdout, reason = "a program that prints its result")]

use std::{env, error::Error, fs, time::Instant};

use vimae_datasets::Image;

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = env::args().skip(1).collect();
    let list = words.first().ok_or("which list?")?;
    let files =
        fs::read_to_string(list)?.lines().map(|path| Ok((path.to_owned(), fs::read(path)?))).collect::<Result<Vec<_>, std::io::Error>>()?;
    if let [_, flag, times] = words.as_slice()
        && flag == "--time"
    {
        let (start, mut pixels) = (Instant::now(), 0);
        for _ in 0..times.parse()? {
            for (path, bytes) in &files {
                pixels += Image::decode(bytes, path)?.bytes().len();
            }
        }
        println!("{:.4} s, {pixels} bytes", start.elapsed().as_secs_f64());
        return Ok(());
    }
    for (path, bytes) in &files {
        let [raw, refused] = ["raw", "refused"].map(|ending| format!("{path}.{ending}"));
        for old in [&raw, &refused] {
            drop(fs::remove_file(old));
        }
        match Image::decode(bytes, path) {
            Ok(image) => fs::write(raw, image.bytes())?,
            Err(error) => fs::write(refused, error.to_string())?,
        }
    }
    Ok(())
}

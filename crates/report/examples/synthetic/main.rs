//! Writes a page from made-up results, to look at: `cargo run --release -p vimae-report --example synthetic -- FOLDER`.

mod made_up;

use std::{error::Error, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let folder: PathBuf = std::env::args_os().nth(1).ok_or("usage: synthetic FOLDER")?.into();
    let made_up = made_up::results(&folder, 3)?;
    std::fs::write(folder.join("index.html"), vimae_report::page(&made_up.input())?)?;
    Ok(())
}

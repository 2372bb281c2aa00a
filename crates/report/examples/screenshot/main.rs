//! Takes an image of a page with headless Chromium:
//! `cargo run --release -p vimae-report --example screenshot -- PAGE IMAGE [width=1280] [height=1600] [scale=1] [dark] [whole] [print]`.
//!
//! `whole` shows all of the page whatever its height, `print` writes a PDF. A width below 600 has the manners of a phone;
//! an `#anchor` behind the page's name begins there.

mod browser;

use std::{error::Error, path::Path};

use browser::{Browser, Screen, find};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: screenshot PAGE IMAGE [width=1280] [height=1600] [scale=1] [dark] [whole] [print]";
    let (page, image) = (arguments.next().ok_or(usage)?, arguments.next().ok_or(usage)?);
    let mut screen = Screen { width: 1280, height: 1600, scale: 1.0, dark: false, phone: false };
    let (mut whole, mut print) = (false, false);
    for argument in arguments {
        match argument.split_once('=') {
            Some(("width", n)) => screen.width = n.parse()?,
            Some(("height", n)) => screen.height = n.parse()?,
            Some(("scale", n)) => screen.scale = n.parse()?,
            None if argument == "dark" => screen.dark = true,
            None if argument == "whole" => whole = true,
            None if argument == "print" => print = true,
            _ => return Err(format!("{argument}: {usage}").into()),
        }
    }
    screen.phone = screen.width < 600;
    let program = find().ok_or("no Chromium: install Debian's package chromium, or name the program in CHROME")?;
    let (page, anchor) = page.split_once('#').map_or((page.as_str(), String::new()), |(page, name)| (page, format!("#{name}")));
    let mut browser = Browser::start(&program)?;
    browser.open(Path::new(page), &anchor, screen)?;
    let bytes = if print { browser.print()? } else { browser.image(whole)? };
    std::fs::write(&image, bytes)?;
    Ok(())
}

//! Files fetched, and runs published to a Hub on this machine and brought back, over real HTTP.
#![expect(clippy::unwrap_used, reason = "tests may fail where they stand")]

mod card;
mod dataset_files;
mod fetch;
mod local_hub;
mod pull;
mod push;
mod sample;
mod server;

use std::{path::Path, time::Duration};

use local_hub::LocalHub;
use vimae_hub::{Options, Token};

/// The secret that no output shows.
const TOKEN: &str = "hf_do_not_show_this";
/// Where runs are published.
const REPO: &str = "some-lab/vae-digits";

/// Options of somebody who may publish, and does not wait long.
fn options(hub: &LocalHub, cache: &Path) -> Options {
    Options {
        token: Some(Token::new(TOKEN)),
        attempts: 2,
        first_wait: Duration::from_millis(4),
        longest_wait: Duration::from_millis(100),
        ..Options::new(&hub.address, cache)
    }
}

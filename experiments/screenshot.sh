#!/usr/bin/env bash
# Takes an image of a page with headless Chromium (Debian: apt-get install chromium; CHROME names another one):
#
#     experiments/screenshot.sh runs/quick/index.html page.png [width=1280] [height=1600] [scale=1] [dark] [whole] [print]
#     experiments/screenshot.sh runs/quick/index.html#images page.png
#
# experiments/quick_results.sh takes those of the quick profile that the README shows.
set -euo pipefail
[ $# -ge 2 ] || { echo "usage: screenshot.sh PAGE IMAGE [OPTIONS...]" >&2; exit 2; }
cargo run --release --quiet --manifest-path "$(dirname "$0")/../Cargo.toml" -p vimae-report --example screenshot -- "$@"

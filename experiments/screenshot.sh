#!/usr/bin/env bash
# Takes an image of a page with headless Chromium (Debian: apt-get install chromium; CHROME names another one):
#
#     experiments/screenshot.sh runs/quick/index.html page.png [width=1280] [height=1600] [scale=1] [dark] [whole] [print]
#     experiments/screenshot.sh runs/quick/index.html#images page.png
#
# and, without arguments, the images of the quick profile's page that the README shows.
set -euo pipefail
if [ $# = 0 ]; then
  page=runs/quick/index.html images=experiments/results/quick
  # From any directory, and so not as $0, which may be relative.
  cd "$(dirname "$0")/.."
  experiments/screenshot.sh "$page" "$images/page.png" width=1280 height=1400
  experiments/screenshot.sh "$page#images" "$images/page-dark.png" width=1280 height=860 dark
  experiments/screenshot.sh "$page" "$images/page-phone.png" width=375 height=812 scale=2
else
  cargo run --release --quiet --manifest-path "$(dirname "$0")/../Cargo.toml" -p vimae-report --example screenshot -- "$@"
fi

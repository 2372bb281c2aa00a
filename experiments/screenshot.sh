#!/usr/bin/env bash
# Takes a picture of a page with headless Chromium (Debian: apt-get install chromium; CHROME names another one):
#
#     experiments/screenshot.sh runs/quick/index.html page.png [width=1280] [height=1600] [scale=1] [dark] [whole] [print]
#     experiments/screenshot.sh runs/quick/index.html#pictures page.png
#
# and, without arguments, the pictures of the quick profile's page that the README shows.
set -euo pipefail
if [ $# = 0 ]; then
  page=runs/quick/index.html pictures=experiments/results/quick
  cd "$(dirname "$0")/.."
  "$0" "$page" "$pictures/page.png" width=1280 height=1400
  "$0" "$page#pictures" "$pictures/page-dark.png" width=1280 height=860 dark
  "$0" "$page" "$pictures/page-phone.png" width=375 height=812 scale=2
else
  cargo run --release --quiet --manifest-path "$(dirname "$0")/../Cargo.toml" -p vimae-report --example screenshot -- "$@"
fi

#!/usr/bin/env bash
# Takes a picture of a page with headless Chromium (Debian: apt-get install chromium):
#
#     experiments/screenshot.sh runs/quick/index.html page.png [WIDTH HEIGHT]
set -euo pipefail
page=$(realpath "${1:?usage: screenshot.sh PAGE PICTURE [WIDTH HEIGHT]}") picture=$(realpath "${2:?}")
profile=$(mktemp -d); trap 'rm -rf "$profile"' EXIT
chromium --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking \
  --disable-component-update --disable-sync --user-data-dir="$profile" --hide-scrollbars \
  --window-size="${3:-1280},${4:-1600}" --screenshot="$picture" "file://$page" 2> /dev/null

#!/usr/bin/env bash
# Makes the kept results of the quick profile and the README's pictures again, from the code as it is:
#
#     experiments/quick_results.sh [OUT]
#
# OUT is the directory of the reproduction, runs/quick where none is given. Six to nine minutes on two idle cores, and Chromium for the
# pictures of the page. Afterwards experiments/results/quick/README.md needs a reading of what has changed: `git diff --stat` says where.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=$(realpath -m "${1:-$here/../runs/quick}") kept=$here/results/quick
cd "$here/.."
cargo xtask reproduce --out "$out"
cp "$out"/results.json "$out"/summary.json "$out"/comparisons.json "$kept/"
for method in vae vimae_l; do
  for image in reconstructions samples; do
    cp "$out/digits/$method"-seed0-*/"$image.png" "$kept/$method-$image.png"
  done
done
"$here"/screenshot.sh "$out/index.html" "$kept/page.png" width=1280 height=1400
"$here"/screenshot.sh "$out/index.html#images" "$kept/page-dark.png" width=1280 height=860 dark
"$here"/screenshot.sh "$out/index.html" "$kept/page-phone.png" width=375 height=812 scale=2
echo "$kept is made again"

#!/usr/bin/env bash
# Makes every row of docs/conventions.md again: run.sh [FOLDER], some gigabytes and a quarter of an hour; needs cargo, python3 and the registries.
# PEERS and TENSORFLOW may name interpreters that have what the requirements list; they are then not installed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=${1:-$(mktemp -d)}
mkdir -p "$work"
# From here on it is called from another directory.
work=$(cd "$work" && pwd)
export OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE=1
if [ -z "${PEERS:-}" ]; then
  python3 -m venv "$work/peers" && "$work/peers/bin/pip" install -q -r "$here/requirements.txt"
  PEERS=$work/peers/bin/python
fi
if [ -z "${TENSORFLOW:-}" ]; then
  python3 -m venv "$work/tensorflow" && "$work/tensorflow/bin/pip" install -q -r "$here/requirements-tensorflow.txt"
  TENSORFLOW=$work/tensorflow/bin/python
fi
cd "$root"
# One call: each choice of packages has features of its own, and builds candle anew.
cargo build --release --workspace --bin xtask --example conventions --example decode
target=${CARGO_TARGET_DIR:-$root/target}/release

"$PEERS" "$here/inputs.py" "$work/inputs"
"$target/examples/conventions" "$work/inputs/inputs.safetensors" "$work/inputs/ours.safetensors" > "$work/inputs/ours.jsonl"
"$target/examples/decode" "$work/inputs/decode.list"
"$target/examples/decode" "$work/inputs/resize.list" --resize 64 64
"$target/examples/decode" "$work/inputs/deep.list" --clipped
for file in "$work"/inputs/deep-*.raw; do mv "$file" "${file%.raw}.clipped"; done
"$target/examples/decode" "$work/inputs/deep.list"

"$PEERS" "$here/features.py" "$work/inputs"
"$PEERS" "$here/estimators.py" "$work/inputs"
"$PEERS" "$here/images.py" "$work/inputs"
"$PEERS" "$here/inception.py" "$work/inputs" "$target/xtask"
"$TENSORFLOW" "$here/tensorflow_rows.py" "$work/inputs"
"$PEERS" "$here/pythae/losses.py"
"$PEERS" "$here/pythae/differences.py"

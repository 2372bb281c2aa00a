#!/usr/bin/env bash
# Generative replay beside Avalanche's: run.sh [FOLDER] prints the rows of experiments/results/avalanche/rows.jsonl; a quarter of an hour on an
# idle core, and gigabytes for torch. Needs cargo, python3 and the registries. PEER may name an interpreter that has what requirements.txt lists.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=${1:-$(mktemp -d)}
mkdir -p "$work"
# From here on it is called from another directory.
work=$(cd "$work" && pwd)
# One thread each: seconds compare.
export RAYON_NUM_THREADS=1 OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE=1
if [ -z "${PEER:-}" ]; then
  python3 -m venv "$work/venv" && "$work/venv/bin/pip" install -q -r "$here/requirements.txt"
  PEER=$work/venv/bin/python
fi
cd "$here/../.."
cargo build --quiet --release -p xtask
"${CARGO_TARGET_DIR:-target}/release/xtask" train "$here/ours.toml" --out "$work/runs" >&2
"$PEER" "$here/compare.py" "$work/runs" 3

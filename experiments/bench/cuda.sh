#!/usr/bin/env bash
# Where a GPU is: checks it against the CPU, then times the training step with and without TF32.
#
#     experiments/bench/cuda.sh [ROUNDS]
#
# Raw rows go to experiments/results/bench/DATE-CARD/: cuda-check.json (every comparison) and cuda-step.jsonl (one
# JSON document a line). XTASK=FILE takes a binary that was built elsewhere with
# `cargo build --release -p xtask --features cudnn`; ROWS="mnist:16:200 ..." (dataset:width:steps) other rows; OUT
# another folder.
set -euo pipefail
rounds=${1:-3}
rows=${ROWS:-mnist:16:200 mnist:128:100 cifar10:128:100 celeba:128:50}
root=$(cd "$(dirname "$0")/../.." && pwd)
# Relative paths are of where the caller stands.
for name in OUT XTASK; do
  if [ -n "${!name:-}" ]; then printf -v "$name" %s "$(realpath -ms "${!name}")"; fi
done
cd "$root"
if [ -z "${XTASK:-}" ]; then
  cargo build --release --quiet --package xtask --features cudnn
  XTASK=${CARGO_TARGET_DIR:-target}/release/xtask
fi
card=$(nvidia-smi --query-gpu=name,driver_version --format=csv,noheader | head -1)
slug=$(printf '%s' "${card%%,*}" | tr -cs 'A-Za-z0-9' '-' | sed 's/-*$//' | tr '[:upper:]' '[:lower:]')
out=${OUT:-experiments/results/bench/$(date -u +%Y-%m-%d)-$slug}
mkdir -p "$out"
printf '{"card": "%s", "cores": %s, "commit": "%s", "started": "%s"}\n' \
  "$card" "$(nproc)" "$(git rev-parse HEAD 2>/dev/null || echo unknown)" "$(date -u +%FT%TZ)" >> "$out/cuda-step.jsonl"

status=0
"$XTASK" bench cuda-check --json > "$out/cuda-check.json" || status=$?
"$XTASK" bench cuda-check --tf32 || status=$?
for round in $(seq "$rounds"); do
  for row in $rows; do
    IFS=: read -r dataset width steps <<< "$row"
    for tf32 in "" --tf32; do
      result=$("$XTASK" bench step --device cuda --dataset "$dataset" --width "$width" --steps "$steps" $tf32 --json)
      printf '%s\n' "$result" | tee -a "$out/cuda-step.jsonl"
    done
  done
  echo "round $round of $rounds" >&2
done
exit "$status"

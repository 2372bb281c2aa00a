#!/usr/bin/env bash
# How often the project's intervals, claims and verdicts are right, by simulation: rows of 2 000 made-up sets each, of the functions
# that reports use. Writes coverage.csv beside this file; half a minute on one core.
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo run --release --quiet --package vimae-statistics --example coverage > experiments/statistics/coverage.csv.part
mv experiments/statistics/coverage.csv.part experiments/statistics/coverage.csv

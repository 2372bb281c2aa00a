#!/usr/bin/env bash
# Times the first build of commits of this code, from a fresh clone to the first trained step, with crates already downloaded, on a
# machine with nothing else to do: a quarter of an hour each on two cores.
#
#     experiments/bench/first_build.sh ROUNDS COMMIT...
#
# Prints a JSON line for each. Rows go to experiments/results/bench/DATE-PROCESSOR/first_build.jsonl, or to the folder OUT.
set -euo pipefail
rounds=${1:?usage: first_build.sh ROUNDS COMMIT...}
shift
[ $# -gt 0 ] || { echo "usage: first_build.sh ROUNDS COMMIT..." >&2; exit 2; }
python=${PYTHON:-python3}
file=first_build.jsonl
ours=cargo
. "$(dirname "$0")/rows.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset CARGO_TARGET_DIR
for commit in "$@"; do
  git clone --quiet . "$work/$commit"
  git -C "$work/$commit" checkout --quiet "$commit"
  (cd "$work/$commit" && cargo fetch --locked --quiet)
done

# first_step COMMIT
first_step() {
  local began ended step
  cd "$work/$1"
  rm -rf target
  began=$(date +%s.%N)
  step=$(cargo xtask bench step --dataset mnist --width 16 --batch 100 --steps 1 --json 2> /dev/null)
  ended=$(date +%s.%N)
  printf '{"commit": "%s", "seconds": %.1f, "step": %s}' "$1" "$("$python" -c "print($ended - $began)")" "$step"
}

for round in $(seq "$rounds"); do
  for commit in "$@"; do
    measure "$commit" "$round" first_step "$commit"
    tail -n 1 "$file"
  done
done

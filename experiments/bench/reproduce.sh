#!/usr/bin/env bash
# Times the same plan of runs through `reproduce` by two builds of this code in turn, on a machine with nothing else to do.
#
#     experiments/bench/reproduce.sh OLD_XTASK NEW_XTASK EXPERIMENT.toml [ALTERNATIONS] [OPTIONS OF reproduce...]
#
# The experiment must be one that both builds read. Prints a JSON line for each; rows go to
# experiments/results/bench/DATE-PROCESSOR/reproduce.jsonl, or to the folder OUT.
set -euo pipefail
old=$(realpath "${1:?usage: reproduce.sh OLD_XTASK NEW_XTASK EXPERIMENT.toml [ALTERNATIONS] [OPTIONS...]}")
new=$(realpath "${2:?usage: reproduce.sh OLD_XTASK NEW_XTASK EXPERIMENT.toml [ALTERNATIONS] [OPTIONS...]}")
plan=$(realpath "${3:?usage: reproduce.sh OLD_XTASK NEW_XTASK EXPERIMENT.toml [ALTERNATIONS] [OPTIONS...]}")
alternations=${4:-3}
shift $(($# < 4 ? $# : 4))
python=${PYTHON:-python3}
file=reproduce.jsonl
ours=$new
. "$(dirname "$0")/rows.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# whole XTASK OPTIONS...
whole() {
  local began ended
  rm -rf "$work/out"
  began=$(date +%s.%N)
  "$1" reproduce --profile "$plan" --out "$work/out" "${@:2}" > /dev/null 2>&1
  ended=$(date +%s.%N)
  "$python" - "$work/out" "$began" "$ended" <<'PY'
import json, pathlib, sys
out, began, ended = sys.argv[1:]
records = [json.load(open(path)) for path in pathlib.Path(out).rglob("record.json")]
print(json.dumps({"seconds": round(float(ended) - float(began), 1), "runs": len(records),
                  "measurements": sum(len(record["measurements"]) for record in records),
                  "training_seconds": round(sum(record["training_seconds"] for record in records), 1),
                  "evaluation_seconds": round(sum(record["evaluation_seconds"] for record in records), 1)}), end="")
PY
}

for round in $(seq "$alternations"); do
  # The first of a pair changes from round to round.
  if [ $((round % 2)) = 0 ]; then pair="new old"; else pair="old new"; fi
  for who in $pair; do
    measure "$who" "$round" whole "${!who}" "$@"
    tail -n 1 "$file"
  done
done

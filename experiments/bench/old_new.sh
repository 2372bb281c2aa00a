#!/usr/bin/env bash
# Times the training step of two builds of this code in turn, on a machine with nothing else to do.
#
#     experiments/bench/old_new.sh OLD_XTASK NEW_XTASK [ALTERNATIONS]
#
# Prints old / new of the median step for each row: above 1 the new build is faster. Raw rows go to the file that OUT names, one
# JSON document a line, or to nowhere. ROWS="mnist:16:20 ..." (dataset:width:steps) chooses other rows, THREADS another number of
# threads.
set -euo pipefail
old=${1:?usage: old_new.sh OLD_XTASK NEW_XTASK [ALTERNATIONS]}
new=${2:?usage: old_new.sh OLD_XTASK NEW_XTASK [ALTERNATIONS]}
alternations=${3:-7}
rows=${ROWS:-mnist:16:20 mnist:32:12 mnist:128:4 cifar10:16:20 celeba:16:8}
file=${OUT:-$(mktemp)}
: > "$file"

for round in $(seq "$alternations"); do
  for row in $rows; do
    IFS=: read -r dataset width steps <<< "$row"
    # The first of a pair changes from round to round.
    if [ $((round % 2)) = 0 ]; then pair="new old"; else pair="old new"; fi
    for who in $pair; do
      result=$(env RAYON_NUM_THREADS="${THREADS:-2}" "${!who}" bench step --dataset "$dataset" --width "$width" --batch 100 --steps "$steps" --json)
      echo "{\"who\":\"$who\",\"round\":$round,\"load\":\"$(cut -d' ' -f1 /proc/loadavg)\",\"result\":$result}" >> "$file"
    done
  done
done

python3 - "$file" <<'PY'
import json, statistics, sys
cells = {}
for row in map(json.loads, open(sys.argv[1])):
    result = row["result"]
    cells.setdefault((result["dataset"], result["width"]), {}).setdefault(row["who"], {})[row["round"]] = result["median_ms"]
print(f"{'step':<14}{'old ms':>9}{'new ms':>9}{'old/new':>9}{'median of pairs':>17}")
for (dataset, width), by in cells.items():
    old, new = (statistics.median(by[who].values()) for who in ("old", "new"))
    pairs = statistics.median(by["old"][r] / by["new"][r] for r in by["old"])
    print(f"{dataset + ' w' + str(width):<14}{old:>9.1f}{new:>9.1f}{old / new:>9.3f}{pairs:>17.3f}")
PY

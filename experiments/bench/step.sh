#!/usr/bin/env bash
# Times the training step of this code and of PyTorch in turn, on a machine with nothing else to do.
#
#     experiments/bench/step.sh PEER_SCRIPT PYTHON [ALTERNATIONS]
#
# PEER_SCRIPT is the PyTorch step (it takes --dataset, --width, --batch, --steps, --threads, --layout and
# prints one JSON line), PYTHON an interpreter with torch. Raw rows go to
# experiments/results/bench/DATE-PROCESSOR/step.jsonl, one JSON document a line; a summary goes to the
# standard output. ROWS="mnist:16:20 ..." (dataset:width:steps) chooses other rows, THREADS another
# number of threads, OUT another folder.
set -euo pipefail
peer=${1:?usage: step.sh PEER_SCRIPT PYTHON [ALTERNATIONS]}
python=${2:?usage: step.sh PEER_SCRIPT PYTHON [ALTERNATIONS]}
alternations=${3:-5}
threads=${THREADS:-2}
rows=${ROWS:-mnist:16:20 mnist:32:12 mnist:128:4 cifar10:16:20 celeba:16:8}
file=step.jsonl
. "$(dirname "$0")/rows.sh"

for round in $(seq "$alternations"); do
  for row in $rows; do
    IFS=: read -r dataset width steps <<< "$row"
    common=(--dataset "$dataset" --width "$width" --batch 100 --steps "$steps")
    measure ours "$round" env RAYON_NUM_THREADS="$threads" "$ours" bench step "${common[@]}" --json
    for layout in channels_last contiguous; do
      measure "$layout" "$round" "$python" "$peer" "${common[@]}" --threads "$threads" --layout "$layout"
    done
  done
done

"$python" - "$file" <<'PY'
import json, statistics, sys
cells = {}
for line in open(sys.argv[1]):
    row = json.loads(line)
    if "who" not in row:
        cells = {}  # The last run of the file counts.
        continue
    result = row["result"]
    cells.setdefault((result["dataset"], result["width"]), {}).setdefault(row["who"], []).append(result)
print(f"{'step':<14}{'ours ms':>10}{'PyTorch ms':>12}{'layout':>15}{'ratio':>7}{'ours MiB':>10}{'PyTorch MiB':>13}{'ratio':>7}")
for (dataset, width), by in cells.items():
    time = {who: statistics.median(r["median_ms"] for r in rows) for who, rows in by.items()}
    memory = {who: statistics.median(r["peak_rss_mib"] for r in rows) for who, rows in by.items()}
    layout = min((who for who in by if who != "ours"), key=time.get)
    print(f"{dataset + ' w' + str(width):<14}{time['ours']:>10.1f}{time[layout]:>12.1f}{layout:>15}{time[layout] / time['ours']:>7.2f}"
          f"{memory['ours']:>10.0f}{memory[layout]:>13.0f}{memory[layout] / memory['ours']:>7.2f}")
PY

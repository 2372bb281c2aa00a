#!/usr/bin/env bash
# Times the parts of an FID here, in pytorch-fid with SciPy, and in plain NumPy, in turn, on a machine with
# nothing else to do.
#
#     experiments/bench/fid.sh PEER_SCRIPT PYTHON [ALTERNATIONS]
#
# PEER_SCRIPT times pytorch-fid's network and SciPy's Frechet distance (it takes --images, --size, --threads and
# prints one JSON line), PYTHON an interpreter with torch and NumPy. Raw rows go to
# experiments/results/bench/DATE-PROCESSOR/fid.jsonl, one JSON document a line; a summary goes to the standard
# output. IMAGES, SIZE and ROWS choose the work, THREADS another number of threads, OUT another folder.
set -euo pipefail
peer=${1:?usage: fid.sh PEER_SCRIPT PYTHON [ALTERNATIONS]}
python=${2:?usage: fid.sh PEER_SCRIPT PYTHON [ALTERNATIONS]}
alternations=${3:-3}
threads=${THREADS:-2}
images=${IMAGES:-100}
size=${SIZE:-32}
rows=${ROWS:-10000}
file=fid.jsonl
. "$(dirname "$0")/rows.sh"

export OMP_NUM_THREADS=$threads OPENBLAS_NUM_THREADS=$threads MKL_NUM_THREADS=$threads
for round in $(seq "$alternations"); do
  measure ours "$round" env RAYON_NUM_THREADS="$threads" "$ours" bench fid --images "$images" --size "$size" --rows "$rows" --repeats 1 --json
  measure pytorch_fid "$round" "$python" "$peer" --images "$images" --size "$size" --threads "$threads"
  measure numpy "$round" "$python" experiments/bench/fid_numpy.py --rows "$rows"
done

"$python" - "$file" <<'PY'
import json, statistics, sys
by = {}
for line in open(sys.argv[1]):
    row = json.loads(line)
    if "who" not in row:
        by = {}  # The last run of the file counts.
        continue
    by.setdefault(row["who"], []).append(row["result"])
median = lambda who, key: statistics.median(r[key] for r in by[who])
print(f"{'part':<28}{'ours':>10}{'peer':>10}{'ratio':>8}  peer")
for key, who, faster in [("images_per_second", "pytorch_fid", "more"), ("frechet_2048_seconds", "pytorch_fid", "less"),
                         ("kid_seconds", "numpy", "less"), ("prdc_seconds", "numpy", "less")]:
    ours, peer = median("ours", key), median(who, key)
    print(f"{key:<28}{ours:>10.2f}{peer:>10.2f}{ours / peer if faster == 'more' else peer / ours:>8.2f}  {by[who][0]['peer']}")
PY

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
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root"

cargo build --release --quiet --package xtask
ours=${CARGO_TARGET_DIR:-target}/release/xtask
processor=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -1)
slug=$(printf '%s' "$processor" | tr -cs 'A-Za-z0-9' '-' | sed 's/^-*//; s/-*$//' | tr '[:upper:]' '[:lower:]')
out=${OUT:-experiments/results/bench/$(date -u +%Y-%m-%d)-$slug}
mkdir -p "$out"
file=$out/fid.jsonl

json() { "$python" -c 'import json, sys; print(json.dumps(sys.argv[1]))' "$1"; }
{
  printf '{"machine": %s, "cores": %s, "system": %s, "rustc": %s, "commit": %s, "torch": %s, "started": %s}\n' \
    "$(json "$processor")" "$(nproc)" "$(json "$(uname -sr)")" "$(json "$(rustc --version)")" \
    "$(json "$(git rev-parse HEAD)$(git diff --quiet HEAD || echo ' with changes')")" \
    "$(json "$("$python" -c 'import torch; print(torch.__version__)')")" "$(json "$(date -u +%FT%TZ)")"
} >> "$file"

# measure WHO ROUND COMMAND...
measure() {
  local who=$1 round=$2 result word shown=
  shift 2
  result=$("$@")
  # The command without this machine's folders.
  for word in "$@"; do
    case $word in */*) word=${word##*/} ;; esac
    shown+="${shown:+ }$word"
  done
  printf '{"who": "%s", "round": %s, "load": %s, "command": %s, "result": %s}\n' "$who" "$round" \
    "$(cut -d' ' -f1 /proc/loadavg)" "$(json "$shown")" "$result" >> "$file"
}

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

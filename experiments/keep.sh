#!/usr/bin/env bash
# Keeps a reproduction in the repository: its tables, and of each finished run the record, the log and what they name. Weights,
# checkpoints and event files stay where they are.
#
#     experiments/keep.sh [--records] OUT NAME [DATASET...]
#
# With --records, of each run the record, specification and configuration alone: logs and images of many runs are large.
# OUT is the directory of a reproduction, NAME the directory below experiments/results. Images of the data sets named at the end
# (celeba) are left out, since they may not be passed on. A later `reproduce --profile NAME` takes these runs over where
# specification, data and version are the same.
set -euo pipefail
records=
if [ "${1:-}" = --records ]; then records=1; shift; fi
out=${1:?usage: keep.sh [--records] OUT NAME [DATASET...]} name=${2:?usage: keep.sh [--records] OUT NAME [DATASET...]}
shift 2
kept=$(cd "$(dirname "$0")" && pwd)/results/$name
mkdir -p "$kept"
cp "$out"/results.json "$out"/summary.json "$out"/comparisons.json "$kept/"
# The files that a record names, fewer with --records, and without images of the data sets in the other arguments.
files='import json, sys
record = json.load(open(sys.argv[1]))
names = ["spec.json", "config.json"] if sys.argv[2] else sorted({*record["files"], "prior.safetensors"})
hidden = record["spec"]["dataset"]["name"] in sys.argv[3:]
print("\n".join(name for name in names if not (hidden and name.endswith(".png"))))'
find "$out" -mindepth 3 -maxdepth 3 -name record.json | sort | while read -r record; do
  run=$(dirname "$record")
  to=$kept/runs/$(basename "$(dirname "$run")")/$(basename "$run")
  mkdir -p "$to"
  cp "$record" "$to/"
  # A run that was taken over lacks what was not kept then.
  python3 -c "$files" "$record" "$records" "$@" | while read -r name; do
    if [ -e "$run/$name" ]; then cp "$run/$name" "$to/"; fi
  done
done
echo "$kept: $(find "$kept/runs" -name record.json | wc -l) runs, $(du -sh "$kept" | cut -f1)"

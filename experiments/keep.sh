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
find "$out" -mindepth 3 -maxdepth 3 -name record.json | sort | while read -r record; do
  run=$(dirname "$record")
  to=$kept/runs/$(basename "$(dirname "$run")")/$(basename "$run")
  mkdir -p "$to"
  cp "$run"/record.json "$run"/spec.json "$run"/config.json "$to/"
  if [ -n "$records" ]; then continue; fi
  cp "$run"/log.jsonl "$to/"
  if [ -e "$run/prior.safetensors" ]; then cp "$run/prior.safetensors" "$to/"; fi
  data=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["spec"]["dataset"]["name"])' "$record")
  case " $* " in *" $data "*) ;; *) cp "$run"/*.png "$to/" ;; esac
done
echo "$kept: $(find "$kept/runs" -name record.json | wc -l) runs, $(du -sh "$kept" | cut -f1)"

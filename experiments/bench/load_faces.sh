#!/usr/bin/env bash
# Times loading 10 000 faces of CelebA's size (178 x 218, JPEG) by two builds in turn, on a machine with nothing else to do.
#
#     experiments/bench/load_faces.sh PYTHON FACES.tar OLD NEW [ALTERNATIONS]
#
# PYTHON is an interpreter with Pillow. FACES.tar is an archive of faces laid out like img_align_celeba, at half of CelebA's size or
# whole; each face is brought to 178 x 218 and saved with the quality and subsampling of the originals. OLD and NEW are checkouts
# with a release build of xtask in target/release. Each time the prepared images are removed first, so that `data verify` decodes,
# crops and resizes them all. Raw rows go to experiments/results/bench/DATE-PROCESSOR/load_faces.jsonl.
set -euo pipefail
usage="usage: load_faces.sh PYTHON FACES.tar OLD NEW [ALTERNATIONS]"
python=${1:?$usage} faces=$(realpath "${2:?$usage}") old=$(realpath "${3:?$usage}") new=$(realpath "${4:?$usage}")
alternations=${5:-7}
threads=${THREADS:-2}
file=load_faces.jsonl
. "$(dirname "$0")/rows.sh"
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT

mkdir "$work/celeba"
"$python" - "$faces" "$work/celeba/img_align_celeba.tar" <<'PY'
import io, sys, tarfile
from PIL import Image
source, out = tarfile.open(sys.argv[1]), tarfile.open(sys.argv[2], "w")
count = 0
for member in source:
    if not member.isfile():
        continue
    image = Image.open(source.extractfile(member)).convert("RGB").resize((178, 218), Image.Resampling.BICUBIC)
    data = io.BytesIO()
    image.save(data, "JPEG", quality=95, subsampling="4:2:0")
    info = tarfile.TarInfo(member.name)
    info.size = data.tell()
    data.seek(0)
    out.addfile(info, data)
    count += 1
out.close()
print(f"{count} faces", file=sys.stderr)
PY

# Seconds of one call that finds nothing prepared.
load() {
  (cd "$1" && rm -rf datasets/cache/prepared && began=$(date +%s.%N) &&
    RAYON_NUM_THREADS=$threads ./target/release/xtask data verify celeba --data-dir "$work" > "$work/said" 2>&1 || { cat "$work/said" >&2; exit 1; }
    echo "{\"seconds\": $(echo "$(date +%s.%N) - $began" | bc)}")
}
export -f load; export work threads
for round in $(seq 0 "$alternations"); do
  # The first pair warms the caches of files and does not count.
  [ "$round" = 0 ] && { load "$old" > /dev/null; load "$new" > /dev/null; continue; }
  measure old "$round" bash -c "load '$old'"
  measure new "$round" bash -c "load '$new'"
done

"$python" - "$file" <<'PY'
import json, statistics, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
by = {who: [r["result"]["seconds"] for r in rows if r.get("who") == who] for who in ("old", "new")}
pairs = [new / old for new, old in zip(by["new"], by["old"])]
print(f"seconds: old {statistics.median(by['old']):.2f}, new {statistics.median(by['new']):.2f}; "
      f"new / old of pairs {min(pairs):.3f} to {max(pairs):.3f}, median {statistics.median(pairs):.3f}")
PY

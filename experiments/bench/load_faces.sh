#!/usr/bin/env bash
# Times loading 10 000 faces of CelebA's size (178 x 218, JPEG) by two builds in turn, on a machine with nothing else to do.
#
#     experiments/bench/load_faces.sh PYTHON FACES.tar OLD NEW [ALTERNATIONS]
#
# PYTHON is an interpreter with Pillow. FACES.tar is an archive of faces laid out like img_align_celeba, at half of CelebA's size or
# whole; each face is brought to 178 x 218 and saved with the quality and subsampling of the originals. OLD and NEW are checkouts;
# a small program is built against vimae-datasets of each (BUILD chooses where; what is there is used), which decodes, crops and resizes all faces and keeps
# nothing. Raw rows go to experiments/results/bench/DATE-PROCESSOR/load_faces.jsonl.
set -euo pipefail
usage="usage: load_faces.sh PYTHON FACES.tar OLD NEW [ALTERNATIONS]"
python=${1:?$usage} faces=$(realpath "${2:?$usage}") old=$(realpath "${3:?$usage}") new=$(realpath "${4:?$usage}")
alternations=${5:-7}
threads=${THREADS:-2}
file=load_faces.jsonl ours=none
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

build=${BUILD:-$work/build}
for who in old new; do
  checkout=${!who}
  [ -x "$build/target-$who/release/load-$who" ] && continue
  mkdir -p "$build/$who/src"
  cat > "$build/$who/Cargo.toml" <<TOML
[package]
name = "load-$who"
version = "0.0.0"
edition = "2024"
[dependencies]
vimae-datasets = { path = "$checkout/crates/datasets" }
vimae-core = { path = "$checkout/crates/core" }
serde_json = "1"
[workspace]
TOML
  cp "$checkout/Cargo.lock" "$build/$who/"
  cat > "$build/$who/src/main.rs" <<'RUST'
use vimae_core::Split;
fn main() {
    let dir = std::env::args().nth(1).expect("a directory");
    let began = std::time::Instant::now();
    let dataset = vimae_datasets::open("celeba", &serde_json::Map::new(), &vimae_datasets::Sources::in_dir(dir)).expect("faces");
    let splits = [Split::Train, Split::Validation, Split::Test];
    let images: usize = splits.iter().filter_map(|split| dataset.split(*split).ok()).map(|set| set.len()).sum();
    println!("{}", serde_json::json!({ "seconds": began.elapsed().as_secs_f64(), "images": images }));
}
RUST
  (cd "$build/$who" && CARGO_TARGET_DIR=$build/target-$who nice cargo build --release --quiet)
done
if [ "$alternations" = 0 ]; then exit; fi

load() { RAYON_NUM_THREADS=$threads "$build/target-$1/release/load-$1" "$work/celeba"; }
# The first pair warms the caches of files and does not count.
load old; load new
for round in $(seq "$alternations"); do
  measure old "$round" load old
  measure new "$round" load new
done

"$python" - "$file" <<'PY'
import json, statistics, sys
rows = []
for line in open(sys.argv[1]):
    row = json.loads(line)
    rows = rows + [row] if "who" in row else []  # The last run of the file counts.
by = {who: [r["result"]["seconds"] for r in rows if r["who"] == who] for who in ("old", "new")}
pairs = [new / old for new, old in zip(by["new"], by["old"])]
print(f"seconds: old {statistics.median(by['old']):.2f}, new {statistics.median(by['new']):.2f}; "
      f"new / old of pairs {min(pairs):.3f} to {max(pairs):.3f}, median {statistics.median(pairs):.3f}")
PY

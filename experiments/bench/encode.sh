#!/usr/bin/env bash
# Times the codes of 10 000 MNIST digits by a network 16 filters wide, by this code and by PyTorch in turn, on a machine with
# nothing else to do.
#
#     experiments/bench/encode.sh PYTHON [ALTERNATIONS]
#
# PYTHON is an interpreter with torch, safetensors and numpy. The digits are MNIST's test images, where DATA_DIR names a folder that
# has them (t10k-images-idx3-ubyte), else samples of the network. Ours is the whole of `encode`, from the place of the
# images to the file of codes; PyTorch's is the encoder alone, from bytes in memory to codes in memory. Raw rows go to
# experiments/results/bench/DATE-PROCESSOR/encode.jsonl; THREADS chooses another number of threads, OUT another folder.
set -euo pipefail
python=${1:?usage: encode.sh PYTHON [ALTERNATIONS]}
alternations=${2:-5}
threads=${THREADS:-2}
file=encode.jsonl
. "$(dirname "$0")/rows.sh"
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT

cat > "$work/w16.toml" <<'TOML'
version = 1
[dataset]
name = "digits"
train_images = 1000
[model]
name = "wae_conv"
width = 16
[training]
epochs = 1
[evaluation]
metrics = ["reconstruction"]
[methods.vae.objective]
name = "vae"
TOML
"$ours" train "$work/w16.toml" --out "$work/out" > "$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
run=$(dirname "$(ls "$work"/out/*/*/record.json)")

# The same bytes for both.
"$python" - "$ours" "$run" "$work/images.npy" "${DATA_DIR:-}" <<'PY'
import glob, gzip, subprocess, sys
import numpy as np
ours, run, out, data = sys.argv[1:]
found = sorted(glob.glob(f"{data}/**/t10k-images*idx3-ubyte*", recursive=True)) if data else []
if found:
    raw = (gzip.open if found[0].endswith(".gz") else open)(found[0], "rb").read()
    np.save(out, np.frombuffer(raw, np.uint8, offset=16).reshape(-1, 28, 28, 1))
else:
    subprocess.run([ours, "sample", run, "--count", "10000", "--out", out], check=True, capture_output=True)
print(f"10 000 images: {found[0] if found else 'samples of the network'}", file=sys.stderr)
assert np.load(out).shape == (10000, 28, 28, 1)
PY

for round in $(seq "$alternations"); do
  measure ours "$round" env RAYON_NUM_THREADS="$threads" "$ours" bench encode "$run" "$work/images.npy" --json
  measure torch "$round" env PYTHONPATH=python "$python" experiments/bench/encode.py "$run" "$work/images.npy" --threads "$threads"
done

"$python" - "$file" <<'PY'
import json, statistics, sys
rows = []
for line in open(sys.argv[1]):
    row = json.loads(line)
    rows = rows + [row] if "who" in row else []  # The last run of the file counts.
by = {who: [r["result"]["images_per_second"] for r in rows if r["who"] == who] for who in ("ours", "torch")}
pairs = [a / b for a, b in zip(by["ours"], by["torch"])]
print(f"images a second: ours {statistics.median(by['ours']):.0f}, PyTorch {statistics.median(by['torch']):.0f}; "
      f"ratio of pairs {min(pairs):.2f} to {max(pairs):.2f}, median {statistics.median(pairs):.2f}")
PY

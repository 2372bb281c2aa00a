#!/usr/bin/env bash
# Packs what programme.sh needs on a machine with a GPU into one directory of at most 64 MiB: the stripped binary, the data,
# the experiment files and the peer's script.
#
#     experiments/gpu/pack.sh OUT MNIST PEER
#
# OUT is made, or is an earlier pack, which is replaced; MNIST is a directory with the four idx files; PEER is the PyTorch script
# that times the same step (--dataset --width --batch --steps --layout --device --tf32 --compile, one JSON line). CUDA's compiler
# must be in the environment, as `source env.sh` of a toolchain leaves it; CUDA_COMPUTE_CAP chooses the card's architecture (90 is
# Hopper).
set -euo pipefail
if [ $# -ne 3 ]; then sed -n '2,10p' "$0" >&2; exit 2; fi
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
# Without a slash behind it, where the part that grows would lie in what it replaces.
out=${1%/} mnist=$2 peer=$3
[ ! -e "$out" ] || [ -f "$out/xtask.gz" ] || { echo "$out is there and no pack of this script: give a directory that is not" >&2; exit 2; }
for file in train-images-idx3-ubyte.gz train-labels-idx1-ubyte.gz t10k-images-idx3-ubyte.gz t10k-labels-idx1-ubyte.gz; do
  [ -f "$mnist/$file" ] || { echo "$mnist has no $file" >&2; exit 2; }
done
[ -f "$peer" ] || { echo "$peer is no file" >&2; exit 2; }
command -v nvcc > /dev/null || { echo "nvcc is not in PATH: source the environment of a CUDA toolchain first" >&2; exit 2; }

began=$SECONDS
target=${CARGO_TARGET_DIR:-$root/target}
(cd "$root" && cargo build --release --quiet --package xtask --features cudnn)
echo "built in $((SECONDS - began)) s" >&2
rm -rf "$out.part"
mkdir -p "$out.part/data/mnist"
# A third of its size: candle's kernels alone are 30 MB.
strip -s -o "$out.part/xtask" "$target/release/xtask"
gzip -9 -n "$out.part/xtask"
cp "$mnist"/*.gz "$out.part/data/mnist/"
cp "$peer" "$out.part/peer_train_step.py"
cp "$here/programme.sh" "$out.part/"
mkdir -p "$out.part/experiments"
cp -r "$root/experiments/base" "$root/experiments/paper" "$out.part/experiments/"
(cd "$root" && { git rev-parse HEAD; git status --porcelain | sed 's/^/changed: /'; }) > "$out.part/COMMIT"
size=$(du -sm "$out.part" | cut -f1)
[ "$size" -le 64 ] || { echo "$out.part has $size MiB, more than the 64 that travel" >&2; exit 1; }
rm -rf "$out"
mv "$out.part" "$out"
echo "$out: $size MiB, commit $(head -1 "$out/COMMIT")"

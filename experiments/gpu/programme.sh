#!/usr/bin/env bash
# What is to be learnt from a GPU, in a quarter of an hour, from a directory that pack.sh made. Each step has its own time
# limit, writes its result as it ends, and does not end the rest if it fails.
#
#     programme.sh OUT [STEP...]        by default all: device check step vimae_n vae sanitizer
#
# | step | what | limit, s | expected on an H100, s |
# | --- | --- | --- | --- |
# | device | card, driver, libraries, PyTorch | 30 | 10 |
# | check | `bench cuda-check`: every operation and VIMAE-n's step in f32 without TF32 and with it, and in f64 | 120 | 40 |
# | step | our step beside PyTorch's eager and compiled, TF32, both layouts, three networks, five rounds; memory | 300 | 200 |
# | vimae_n | VIMAE-n on all of MNIST at width 128, for as many epochs as four minutes hold, then evaluation | 330 | 290 |
# | vae | the VAE likewise | 330 | 290 |
# | sanitizer | compute-sanitizer over one small step, if it is there | 120 | 60 |
#
# A call that may not take ten minutes does them in two: `device check step`, then `vimae_n vae sanitizer` with
# TRAIN_SECONDS=150. Results: OUT/STEP.json or .jsonl, OUT/STEP.log, OUT/summary.txt with seconds and exit codes.
set -uo pipefail
if [ $# -lt 1 ]; then sed -n '2,17p' "$0" >&2; exit 2; fi
pack=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)
shift
steps=${*:-device check step vimae_n vae sanitizer}
train_seconds=${TRAIN_SECONDS:-240}
unpacked=$(mktemp -d)
trap 'rm -rf "$unpacked"' EXIT
xtask="$unpacked/xtask"
gzip -dc "$pack/xtask.gz" > "$xtask" && chmod +x "$xtask" || exit 2
# The command takes the paper's numbers from what lies beside it.
ln -s "$pack/experiments" "$unpacked/experiments" || exit 2
cd "$pack"
# PyTorch's wheels bring CUDA's libraries; the driver's stand where the machine keeps them.
wheels=$(python3 - <<'P' 2> /dev/null
import glob, os, sys
roots = [path for path in sys.path if path.endswith("site-packages") or path.endswith("dist-packages")]
print(":".join(sorted({os.path.dirname(f) for root in roots for f in glob.glob(root + "/nvidia/*/lib/*.so*")})))
P
)
export LD_LIBRARY_PATH="$wheels:/usr/local/nvidia/lib64:/usr/local/nvidia/lib:/usr/local/cuda/lib64:${LD_LIBRARY_PATH:-}"

# step NAME LIMIT: runs the function step_NAME with its log; an exit code of 124 is the limit.
step() {
  local name=$1 limit=$2 began=$SECONDS status=0
  export -f "step_$name" measured
  timeout --signal=TERM --kill-after=20 "$limit" bash -c "set -uo pipefail; step_$name" > "$out/$name.log" 2>&1 || status=$?
  printf '%s: exit %s after %s s\n' "$name" "$status" "$((SECONDS - began))" | tee -a "$out/summary.txt"
  [ "$status" = 0 ] || { failed=1; tail -3 "$out/$name.log"; }
}
export out pack xtask train_seconds
failed=0

step_device() {
  nvidia-smi --query-gpu=name,driver_version,memory.total,compute_cap --format=csv || return 1
  python3 -c 'import torch; print("torch", torch.__version__, "cuda", torch.version.cuda, "cudnn", torch.backends.cudnn.version())'
  ldd "$xtask" | grep -Ei 'cuda|cudnn|cublas|curand|nvrtc'
  cat "$pack/COMMIT"
  "$xtask" --version
}

step_check() {
  local status=0
  "$xtask" bench cuda-check --json > "$out/check.json" || status=1
  "$xtask" bench cuda-check --tf32 --json > "$out/check-tf32.json" || status=1
  return "$status"
}

# measured COMMAND...: the command's JSON line, with the largest memory that the driver saw in use beside it.
measured() {
  local line status=0 peak=$out/peak.part
  : > "$peak"
  (while sleep 0.2; do nvidia-smi --query-gpu=memory.used --format=csv,noheader,nounits | head -1 >> "$peak"; done) &
  local watcher=$!
  line=$("$@") || status=$?
  kill "$watcher" 2> /dev/null
  wait "$watcher" 2> /dev/null
  [ "$status" = 0 ] || return "$status"
  printf '{"driver_peak_mib": %s, "result": %s}\n' "$(sort -n "$peak" | tail -1 | grep . || echo null)" "$line" | tee -a "$out/step.jsonl"
}

step_step() {
  local status=0 row dataset width steps round
  for round in 1 2 3 4 5; do
    for row in mnist:128:60 cifar10:128:60 celeba:128:30; do
      IFS=: read -r dataset width steps <<< "$row"
      measured "$xtask" bench step --device cuda --dataset "$dataset" --width "$width" --steps "$steps" --tf32 --json || status=1
      local peer=(python3 "$pack/peer_train_step.py" --device cuda --dataset "$dataset" --width "$width" --steps "$steps" --tf32)
      measured "${peer[@]}" --layout channels_last || status=1
      measured "${peer[@]}" --layout channels_last --compile || status=1
      # The other layout once: it has never been the faster one, and a row says so.
      if [ "$round" = 1 ]; then measured "${peer[@]}" --layout contiguous || status=1; fi
    done
  done
  return "$status"
}

# train METHOD: all of MNIST for as many epochs as the measured step allows in $train_seconds.
train() {
  local method=$1 images=50000 batch=100 timed millis epochs
  timed=$("$xtask" bench step --device cuda --dataset mnist --width 128 --steps 40 --json) || { echo "no step can be timed here" >&2; return 1; }
  millis=$(python3 -c 'import json, sys; print(json.load(sys.stdin)["median_ms"])' <<< "$timed") || return 1
  epochs=$(python3 -c "print(max(1, int($train_seconds * 1000 / ($millis * $images / $batch))))")
  echo "$millis ms a step: $epochs epochs in $train_seconds s"
  cat > "$pack/experiments/$method.toml" <<T
version = 1
title = "$method on MNIST at the paper's width"
include = ["base/mnist.toml"]
[dataset]
name = "mnist"
[training]
epochs = $epochs
[evaluation]
metrics = ["reconstruction", "rate", "mmd", "accuracy"]
label_draws = 3
[methods.$method.objective]
name = "$method"
T
  "$xtask" train "$pack/experiments/$method.toml" --device cuda --data-dir "$pack/data" --out "$pack/runs/$method" --json > "$out/$method.json"
}
export -f train
step_vimae_n() { train vimae_n; }
step_vae() { train vae; }

step_sanitizer() {
  local tool
  tool=$(command -v compute-sanitizer || ls /usr/local/cuda*/bin/compute-sanitizer 2> /dev/null | head -1)
  if [ -z "$tool" ]; then echo "compute-sanitizer is not on this machine: not run"; return 0; fi
  "$tool" --error-exitcode 9 "$xtask" bench step --device cuda --dataset mnist --width 16 --batch 20 --steps 1 --json
}

declare -A limits=([device]=30 [check]=120 [step]=300 [vimae_n]=$((train_seconds + 90)) [vae]=$((train_seconds + 90)) [sanitizer]=120)
for name in $steps; do
  [ -n "${limits[$name]:-}" ] || { echo "no step \"$name\"; there are: ${!limits[*]}" >&2; exit 2; }
done
for name in $steps; do step "$name" "${limits[$name]}"; done
exit "$failed"

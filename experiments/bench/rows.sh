# What the timing scripts share: source it with `file` set to the name of the rows and `python` to an interpreter, whose torch
# is named in them.
# Sets `ours` (the command), `out` (the folder) and `file` (where rows go), and writes what the machine is.
# Relative paths are of where the caller stands. Links stay links: an interpreter finds its environment by its own path.
case $python in */*) python=$(realpath -s "$python") ;; esac
for name in OUT DATA_DIR BUILD peer; do
  if [ -n "${!name:-}" ]; then printf -v "$name" %s "$(realpath -ms "${!name}")"; fi
done
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# A script that times something else sets `ours` itself.
if [ -z "${ours:-}" ]; then
  cargo build --release --quiet --package xtask
  ours=${CARGO_TARGET_DIR:-target}/release/xtask
fi
processor=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -1)
slug=$(printf '%s' "$processor" | tr -cs 'A-Za-z0-9' '-' | sed 's/^-*//; s/-*$//' | tr '[:upper:]' '[:lower:]')
out=${OUT:-experiments/results/bench/$(date -u +%Y-%m-%d)-$slug}
mkdir -p "$out"
file=$out/$file

json() { "$python" -c 'import json, sys; print(json.dumps(sys.argv[1]))' "$1"; }
printf '{"machine": %s, "cores": %s, "system": %s, "rustc": %s, "commit": %s, "torch": %s, "started": %s}\n' \
  "$(json "$processor")" "$(nproc)" "$(json "$(uname -sr)")" "$(json "$(rustc --version)")" \
  "$(json "$(git rev-parse HEAD)$(git diff --quiet HEAD || echo ' with changes')")" \
  "$(json "$("$python" -c 'import torch; print(torch.__version__)' 2> /dev/null || echo none)")" "$(json "$(date -u +%FT%TZ)")" >> "$file"

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

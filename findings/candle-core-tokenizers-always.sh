#!/bin/bash
# candle-core 0.11.1: the crate of tensors compiles a text tokenizer. Without default features it still depends on `tokenizers`, with its
# regular expressions and suffix arrays, and on `zip`, for reading quantised language models and PyTorch's files; no feature leaves them
# out. A program that multiplies matrices compiles them, and so does every crate above candle-core.
# Seen: 131 crates without features, 40 of them for tokenizers alone, which is no optional dependency.
# Exit 0: as described here; 1: it has changed; 2: it cannot be set up. Needs cargo and the registry; no argument.
set -u
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT
cd "$T" || exit 2
cargo init -q --vcs none --lib --name probe p 2> /dev/null && cd p && cargo add -q candle-core@=0.11.1 --no-default-features || exit 2
names() { cargo tree -q -e normal,build --prefix none --format '{p}' "$@" | sed 's/ (.*//' | sort -u; }
all=$(names) && without=$(names --prune tokenizers) || exit 2
features=$(cargo metadata -q --format-version 1 | python3 -c '
import json, sys
core = next(p for p in json.load(sys.stdin)["packages"] if p["name"] == "candle-core")
print("optional" if next(d for d in core["dependencies"] if d["name"] == "tokenizers")["optional"] else "not optional")') || exit 2
echo "candle-core 0.11.1 without features: $(wc -l <<< "$all") crates, $(($(wc -l <<< "$all") - $(wc -l <<< "$without"))) of them for tokenizers, which is $features"
grep -q '^tokenizers ' <<< "$all" && [ "$features" = "not optional" ] || exit 1

#!/bin/bash
# hf-hub 1.0.0: it has no default features, and a feature `rustls-tls`, which changes nothing: its dependencies reqwest and hf-xet keep their
# default features, and so rustls and AWS's cryptography in C (aws-lc-sys) are compiled in any case. No feature turns them off: a
# build for another machine needs that machine's C compiler, and on two cores half a minute of a first build goes into code that was
# not asked for.
# Seen: 235 crates with and without `rustls-tls`, the same ones, aws-lc-sys 0.47.0 among them, by hf-xet's default features too; hf-xet 1.8.0
# by itself without features: 190 crates, none in C.
# Exit 0: as described here; 1: it has changed; 2: it cannot be set up. Needs cargo and the registry; no argument.
set -u
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT
cd "$T" || exit 2
for name in hub xet; do cargo init -q --vcs none --lib --name "probe-$name" "$name" 2> /dev/null || exit 2; done
(cd hub && cargo add -q hf-hub@=1.0.0 --no-default-features && cargo update -q -p hf-xet --precise 1.8.0) || exit 2
(cd xet && cargo add -q hf-xet@=1.8.0 --no-default-features) || exit 2
crates() { cargo tree -q -e normal,build --prefix none --format '{p}' | sed 's/ (.*//' | grep -v '^probe' | sort -u; }
plain=$(cd hub && crates) && xet=$(cd xet && crates) || exit 2
by_xet=$(cd hub && cargo tree -q -e features,normal -i aws-lc-sys --depth 12 | grep -c 'hf-xet feature "default"')
with=$(cd hub && cargo add -q hf-hub@=1.0.0 --no-default-features --features rustls-tls && crates) || exit 2
of() { echo "$(wc -l <<< "$1") crates, in C: $(grep aws-lc-sys <<< "$1" || echo none)"; }
echo "hf-hub 1.0.0 without features: $(of "$plain"), by hf-xet's default features: $([ "$by_xet" -gt 0 ] && echo yes || echo no)"
echo "hf-hub 1.0.0 with rustls-tls:  $(of "$with")"
echo "hf-xet 1.8.0 without features: $(of "$xet")"
[ "$plain" = "$with" ] && [ "$by_xet" -gt 0 ] && grep -q aws-lc-sys <<< "$plain" && ! grep -q aws-lc-sys <<< "$xet" || exit 1

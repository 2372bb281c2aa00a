#!/usr/bin/env bash
# Makes inter.woff2 and LICENSE.txt, the page's own font, from the npm package of Inter (SIL Open Font License 1.1):
# letters, digits and signs that the page writes, weights 400 to 650, figures of one width on request. Needs npm and
# Python with fonttools and brotli (PYTHON names another one).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd) work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python=${PYTHON:-python3}
cd "$work"
npm pack --silent inter-ui@4.1.1 > /dev/null
tar xzf inter-ui-4.1.1.tgz
"$python" -m fontTools.varLib.instancer package/variable/InterVariable.woff2 opsz=14 wght=400:650 -o inter.ttf -q
letters=U+0020-007E,U+00A0,U+00A7,U+00AB,U+00B0-00B4,U+00B7,U+00BB-00BE,U+00C0-00FF,U+0131,U+0152,U+0153,U+0391-03A9,U+03B1-03C9
signs=U+2007-2009,U+2010-2015,U+2018-201E,U+2020-2022,U+2026,U+202F,U+2032,U+2070,U+2074-2079,U+2080-2089,U+2190-2193,U+2206
signs=$signs,U+2211,U+2212,U+221A,U+221E,U+2248,U+2260,U+2264,U+2265,U+25B2,U+25B6,U+25BC,U+25C7,U+25CF,U+2713,U+2717
"$python" -m fontTools.subset inter.ttf --unicodes="$letters,$signs" --layout-features=kern,tnum,ccmp,mark \
  --no-hinting --desubroutinize --flavor=woff2 --output-file="$here/inter.woff2"
cp package/LICENSE.txt "$here/LICENSE.txt"

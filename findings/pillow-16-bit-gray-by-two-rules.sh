#!/bin/bash
# Pillow 13.0.0: a grayscale PNG of 16 bits is cut off at 255 by convert("L") or convert("RGB"), so that all but its darkest 0.4 % becomes
# white; the same samples with an alpha channel beside them, or as RGB, become their upper eight bits. Nothing is said in either case.
# Seen: 1, 300, 4096, 32768, 65535 -> 1, 255, 255, 255, 255 as grayscale; 0, 1, 16, 128, 255 with alpha and as RGB.
# Exit 0: as described here; 1: it has changed; 2: it cannot be set up. Needs python3 and the registry; no argument.
set -u
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT
cd "$T" || exit 2
python3 -m venv v > /dev/null && v/bin/pip install -q pillow==13.0.0 || exit 2
v/bin/python -W error - <<'P'
import io, struct, sys, zlib
from PIL import Image

samples = [1, 300, 4096, 32768, 65535]
chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
found = {}
for name, colour, count in [("gray", 0, 1), ("gray and alpha", 4, 2), ("RGB", 2, 3)]:
    row = b"\0" + b"".join(struct.pack(">H", s) * count for s in samples)
    header = struct.pack(">IIBBBBB", len(samples), 1, 16, colour, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(row)) + chunk(b"IEND", b"")
    image = Image.open(io.BytesIO(png)).convert("RGB")
    found[name] = [image.getpixel((x, 0))[0] for x in range(len(samples))]
    print(f"Pillow 13.0.0, 16 bits, {name}: {samples} -> {found[name]}")
upper = [s >> 8 for s in samples]
sys.exit(0 if found["gray"] == [min(s, 255) for s in samples] and found["gray and alpha"] == found["RGB"] == upper else 1)
P

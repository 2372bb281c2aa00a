#!/usr/bin/env python3
"""Writes grayscale and colour files of 16 bits, and pillow.json: the bytes that Pillow 13.0.0's convert("L") makes of them. `python make.py`,
beside this file, with pillow==13.0.0 and numpy."""
import json, pathlib, struct, zlib

import numpy as np
from PIL import Image

here = pathlib.Path(__file__).parent
samples = np.array([[0, 1, 200, 255, 256, 300, 4096, 32767, 32768, 65535]], np.uint16)
for kind, colour, channels in [("gray", 0, 1), ("gray_alpha", 4, 2), ("rgb", 2, 3), ("rgba", 6, 4)]:
    chunk = lambda name, data: struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    header = struct.pack(">IIBBBBB", samples.shape[1], 1, 16, colour, 0, 0, 0)
    row = b"\0" + samples.repeat(channels).astype(">u2").tobytes()
    (here / f"{kind}.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(row)) + chunk(b"IEND", b""))
Image.fromarray(samples).save(here / "gray.tiff")
seen = {path.name: np.asarray(Image.open(path).convert("L"))[0].tolist() for path in sorted(here.iterdir()) if path.suffix in (".png", ".tiff")}
(here / "pillow.json").write_text(json.dumps(seen, indent=1) + "\n")

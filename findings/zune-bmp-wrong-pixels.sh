#!/bin/bash
# zune-bmp 0.5.2: BMPs of 1 and 4 bits whose rows are padded, and of 16 bits with bit fields, decode to other pixels, without an error.
# Seen: up to 255, 214 and 255 of 255 levels off Pillow 13.0.0.
# Exit 0: as described here; 1: it has changed; 2: it cannot be set up. Needs cargo, python3 and the registries; no argument.
set -u
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT
cd "$T" || exit 2
python3 -m venv v > /dev/null && v/bin/pip install -q pillow==13.0.0 numpy || exit 2
cargo init -q --vcs none --name probe p 2> /dev/null && (cd p && cargo add -q zune-bmp@=0.5.2) || exit 2
cat > make.py <<'P'
import struct, numpy as np
r = np.random.default_rng(1)
def bmp(name, width, height, bits, rows, compression=0, extra=b"", colors=0):
    offset = 54 + len(extra)
    open(name, "wb").write(b"BM" + struct.pack("<IHHIIiiHHIIiiII", offset + len(rows), 0, 0, offset, 40, width, height, 1, bits, compression, len(rows), 2835, 2835, colors, 0) + extra + rows)
pad = lambda row: row + bytes(-len(row) % 4)
bmp("one.bmp", 17, 13, 1, b"".join(pad(np.packbits(row).tobytes()) for row in r.integers(0, 2, (13, 17), dtype=np.uint8)), extra=bytes([0, 0, 0, 0, 255, 255, 255, 0]), colors=2)
palette = r.integers(0, 256, (16, 4)).astype(np.uint8)
palette[:, 3] = 0
bmp("four.bmp", 17, 13, 4, b"".join(pad((row[::2] << 4 | row[1::2]).tobytes()) for row in r.integers(0, 16, (13, 18), dtype=np.uint8)), extra=palette.tobytes(), colors=16)
bmp("fields.bmp", 17, 13, 16, b"".join(pad(row.astype("<u2").tobytes()) for row in r.integers(0, 65536, (13, 17))), 3, struct.pack("<III", 0xF800, 0x7E0, 0x1F))
P
v/bin/python make.py || exit 2
cat > p/src/main.rs <<'R'
use zune_bmp::{BmpDecoder, zune_core::bytestream::ZCursor};
fn main() {
    for name in ["one", "four", "fields"] {
        let bytes = std::fs::read(format!("{name}.bmp")).unwrap();
        let mut decoder = BmpDecoder::new(ZCursor::new(&bytes));
        match decoder.decode() {
            Ok(pixels) => std::fs::write(format!("{name}.raw"), pixels).unwrap(),
            Err(e) => println!("{name} refused: {e:?}"),
        }
    }
}
R
cargo run -q --release --manifest-path p/Cargo.toml || exit 2
v/bin/python - <<'P'
import os, sys, numpy as np
from PIL import Image
wrong = 0
for name in ["one", "four", "fields"]:
    if not os.path.exists(name + ".raw"):
        continue
    expected = np.asarray(Image.open(name + ".bmp").convert("RGB")).astype(int)
    got = np.fromfile(name + ".raw", np.uint8).astype(int)
    if got.size == expected.size // 3:
        got = got.repeat(3)
    if got.size == expected.size // 3 * 4:
        got = got.reshape(-1, 4)[:, :3].ravel()
    largest = np.abs(got - expected.ravel()).max() if got.size == expected.size else "another size"
    print(f"zune-bmp 0.5.2 against Pillow, {name}.bmp: largest difference {largest}")
    wrong += largest != "another size" and largest > 100
sys.exit(0 if wrong == 3 else 1)
P

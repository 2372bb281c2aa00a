#!/bin/bash
# zune-jpeg 0.5.15: baseline JPEGs with one scan a component and halved chroma decode to other pixels, without an error.
# Seen: up to 251 levels off Pillow 13.0.0 (libjpeg-turbo). Upstream: zune-image issues 419 and 422, closed; 0.5.16-rc3 is still off (17x13) or refuses (64x64).
# Exit 0: as described here; 1: it has changed; 2: it cannot be set up. Needs cargo, python3 and the registries; no argument.
set -u
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT
cd "$T" || exit 2
python3 -m venv v > /dev/null && v/bin/pip install -q pillow==13.0.0 numpy || exit 2
cargo init -q --vcs none --name probe p 2> /dev/null && (cd p && cargo add -q zune-jpeg@=0.5.15) || exit 2
# A photograph-like image that cjpeg wrote: 4:2:0, sequential, scans "0; 1; 2;". jpegtran -optimize leaves such files valid.
echo /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8UHRofHh0aHBwgJC4nICIsIxwcKDcpLDAxNDQ0Hyc5PTgyPC4zNDL/2wBDAQkJCQwLDBgNDRgyIRwhMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjL/wAARCABAAEADASIAAhEBAxEB/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/90ABAAI/9oACAEBAAA/AMNs9QMemKhY5XPPXFNztzjp6+tKhw3epY2xgfjVhJAR2zmrUUgwOQParkcgB7e/vX//0MZ1rpzZ2owDbQ8f9MxXFsTyOR60gJAP+cUobA+lTI3PpzU6TEL97OatRzYIGea//9Gg0JYHjPbpipzfXpJAm7c/Kv8AhWcbXnpxikNqcdCO4pPshHbr7Uq2x7DOPbFPWBhzngfzqUI39a//0npb7u3Hp6VKtnuIGPc+9SDT+/X6Uo0wn+H8MUHTBk4B96G00AHjJB64pp08qDkc1E1iBww4+lf/09SBASOBV6KEcHHWpZIxEq7SOfUVGJGxgd/al8xwM5GOnSn25Msyh8fNnsPQ1Ykt1xxx2qpLCFGDwe5r/9TXi2jnPsKvxOOCenpTrlgwQ8HrzUJOM9vejgH+lSW7BJ1Y9s5/KrT3KkHmqU0646//AF6//9W4su3v37VMtztGAenvUsd4hH7xgCOlSfa4Bx5gxjjg0hvLdR/rR+Rpkl/CqnY+T2GMVTfUAQeahe+/2uo65r//1mNIQvWmGfAxn8KiNzg8HFRtck/xHjtSLPJLJsjVnYjhVGSfy/GnMl4ql3t5kUDJJjIAqv55I4P6U5ZWJ6kZPev/xAAfAQADAQEBAQEBAQEBAAAAAAAAAQIDBAUGBwgJCgv/xAC1EQACAQIEBAMEBwUEBAABAncAAQIDEQQFITEGEkFRB2FxEyIygQgUQpGhscEJIzNS8BVictEKFiQ04SXxFxgZGiYnKCkqNTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqCg4SFhoeIiYqSk5SVlpeYmZqio6Slpqeoqaqys7S1tre4ubrCw8TFxsfIycrS09TV1tfY2dri4+Tl5ufo6ery8/T19vf4+fr/3QAEAAT/2gAIAQIRAD8A87DUHUvZ7HRTiejTgdsKZ//Q8eFVw2djeniEjupYpHoU8Uj/0fFqU30O3DUo+yXMlc2nCCg2l0OWjKSP/9LX6pcawrSsiZUOjMnRUT//2gAIAQMRAD8AeP4ghlvJzRcua+3lb/M+gWaxiKWcwOOrm0ZH/9DixNKFb+JFSt3SZzz9ozFwqsao1Gf/0cbrqd1GEHBOxo4QSehnD2Z//9LgqKQoY6vSioRSt8/8yKmaV2nFpa+v+ZhCtUR//9k= | base64 -d > in.jpg
cat > p/src/main.rs <<'R'
use zune_jpeg::{JpegDecoder, zune_core::bytestream::ZCursor};
fn main() {
    let bytes = std::fs::read("in.jpg").unwrap();
    match JpegDecoder::new(ZCursor::new(&bytes)).decode() {
        Ok(pixels) => std::fs::write("out.raw", pixels).unwrap(),
        Err(e) => println!("refused: {e:?}"),
    }
}
R
cargo run -q --release --manifest-path p/Cargo.toml || exit 2
[ -f out.raw ] || exit 1
v/bin/python - <<'P'
import sys, numpy as np
from PIL import Image
expected = np.asarray(Image.open("in.jpg").convert("RGB")).astype(int)
got = np.fromfile("out.raw", np.uint8).astype(int).reshape(expected.shape)
largest, mean = np.abs(got - expected).max(), np.abs(got - expected).mean()
print(f"zune-jpeg 0.5.15 against Pillow: largest difference {largest}, mean {mean:.1f} of 255")
sys.exit(0 if largest > 100 else 1)
P

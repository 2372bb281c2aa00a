#!/usr/bin/env python3
"""How far the Lanczos filter is from Pillow's: resize.py make DIR, then for each line of DIR/commands the decoder's example
`decode -- DIR/WxH.list --resize W H`, then resize.py compare DIR OUT.csv. Noise is the worst case, photographs are not noise."""
import collections, csv, os, sys
import numpy as np
from PIL import Image
from layouts import picture

SIZES = [(64, 64), (28, 28), (32, 32), (96, 96), (100, 37)]


def make(folder):
    os.makedirs(folder, exist_ok=True)
    names = []
    for number in range(60):
        r = np.random.default_rng(number)
        width, height = (int(v) for v in r.integers(20, 300, 2))
        # Data sets crop to a square first.
        height = height if number >= 45 else width
        gray = number % 2 == 0
        pixels = r.integers(0, 256, (height, width, 3)).astype(np.uint8) if number % 3 == 0 else picture(number, width, height, gray)
        if number % 3 == 1:
            pixels = (pixels > 127).astype(np.uint8) * 255
        name = f"{number:02}-{['noise', 'black and white', 'smooth with edges'][number % 3].replace(' ', '_')}"
        Image.fromarray(pixels[..., 0] if gray else pixels).save(f"{folder}/{name}.png")
        names.append(name)
    for width, height in SIZES:
        with open(f"{folder}/{width}x{height}.list", "w") as out:
            for name in names:
                link = f"{folder}/{name}-{width}x{height}.png"
                if not os.path.exists(link):
                    os.link(f"{folder}/{name}.png", link)
                out.write(link + "\n")


def compare(folder, out):
    rows, count = [], collections.Counter()
    square = lambda size: size[0] == size[1]
    for width, height in SIZES:
        for path in open(f"{folder}/{width}x{height}.list").read().split():
            image = Image.open(path)
            expected = np.asarray(image.resize((width, height), Image.LANCZOS)).astype(int).ravel()
            got = np.fromfile(path + ".raw", np.uint8).astype(int)
            difference = np.abs(got - expected)
            kind = path.split("-")[-2]
            rows.append(dict(kind=kind, mode=image.mode, source=f"{image.width}x{image.height}", to=f"{width}x{height}", largest=difference.max(), equal=f"{(difference == 0).mean():.4f}"))
            count[kind, "square to square" if square(image.size) and width == height else "other", int(difference.max())] += 1
    with open(out, "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    for key, files in sorted(count.items()):
        print(*key, ":", files)


if __name__ == "__main__":
    make(sys.argv[2]) if sys.argv[1] == "make" else compare(*sys.argv[2:4])

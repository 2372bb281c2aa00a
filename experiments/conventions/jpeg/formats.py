#!/usr/bin/env python3
"""PNG, WebP, BMP and TIFF files of every kind that Pillow writes, and JPEGs with something behind their end, against Pillow.

formats.py make DIR, then: cargo run --release -p vimae-datasets --example decode -- DIR/list, then: formats.py compare DIR OUT.csv
formats.py pack DIR OUT.zip: a small file of each kind for the crate's own test. Needs numpy and Pillow. The expected bytes are written beside the files: 16 bits become the upper 8, alpha is dropped.
"""
import collections, csv, io, os, struct, sys, zipfile
import numpy as np
import PIL, PIL.features
from PIL import Image
from layouts import picture

SIZES = [(1, 1), (8, 8), (17, 13), (33, 47), (64, 64), (97, 50), (5, 70)]


def bmp(width, height, bits, rows, compression=0, palette=b"", masks=b"", top_down=False):
    header = struct.pack("<IiiHHIIiiII", 40, width, -height if top_down else height, 1, bits, compression, len(rows), 2835, 2835, len(palette) // 4, 0)
    offset = 14 + len(header) + len(masks) + len(palette)
    return b"BM" + struct.pack("<IHHI", offset + len(rows), 0, 0, offset) + header + masks + palette + rows


def pad(row):
    return row + bytes(-len(row) % 4)


def make(folder):
    os.makedirs(folder, exist_ok=True)
    rows = []

    def put(data, expected, kind, tolerance=0):
        name = f"{len(rows):04}.image"
        open(f"{folder}/{name}", "wb").write(data)
        np.save(f"{folder}/{name}.npy", np.asarray(expected))
        rows.append(dict(name=name, kind=kind, size=f"{np.shape(expected)[1]}x{np.shape(expected)[0]}", tolerance=tolerance))

    def save(image, format, **options):
        out = io.BytesIO()
        image.save(out, format, **options)
        return out.getvalue()

    for number, (width, height) in enumerate(SIZES, 9000):
        pixels = picture(number, width, height, False)
        gray = pixels[..., 0]
        rgb, luma = Image.fromarray(pixels), Image.fromarray(gray)
        alpha = Image.fromarray(np.dstack([pixels, gray]))
        # Where nothing is opaque libwebp may change colours: exact keeps them.
        put(save(rgb, "WEBP", lossless=True), pixels, "webp lossless")
        put(save(alpha, "WEBP", lossless=True, exact=True), pixels, "webp lossless alpha")
        for quality in [10, 60, 95]:
            for image, kind in [(rgb, "webp lossy"), (alpha, "webp lossy alpha")]:
                data = save(image, "WEBP", quality=quality)
                put(data, np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))[..., :3], kind, 1)
        put(save(rgb, "BMP"), pixels, "bmp 24")
        put(save(luma, "BMP"), gray, "bmp 8 gray")
        put(save(alpha, "BMP"), pixels, "bmp 32")
        quantised = rgb.quantize(20)
        put(save(quantised, "BMP"), quantised.convert("RGB"), "bmp 8 palette")
        one = luma.convert("1")
        put(save(one, "BMP"), one.convert("L"), "bmp 1")
        swapped = pixels[..., ::-1]
        put(bmp(width, height, 24, b"".join(pad(r.tobytes()) for r in swapped), top_down=True), pixels, "bmp 24 top down")
        words = (pixels[..., 0].astype(np.uint16) >> 3 << 11) | (pixels[..., 1].astype(np.uint16) >> 2 << 5) | (pixels[..., 2] >> 3)
        masks = struct.pack("<III", 0xF800, 0x07E0, 0x001F)
        data = bmp(width, height, 16, b"".join(pad(r.astype("<u2").tobytes()) for r in words[::-1]), 3, masks=masks)
        put(data, Image.open(io.BytesIO(data)).convert("RGB"), "bmp 16 565", 1)
        words = (pixels[..., 0].astype(np.uint16) >> 3 << 10) | (pixels[..., 1].astype(np.uint16) >> 3 << 5) | (pixels[..., 2] >> 3)
        data = bmp(width, height, 16, b"".join(pad(r.astype("<u2").tobytes()) for r in words[::-1]))
        put(data, Image.open(io.BytesIO(data)).convert("RGB"), "bmp 16 555", 1)
        four = np.asarray(rgb.quantize(16))
        table = np.random.default_rng(number).integers(0, 256, (16, 4)).astype(np.uint8)
        table[:, 3] = 0
        even = np.pad(four, ((0, 0), (0, width % 2)))
        packed = b"".join(pad((r[::2] << 4 | r[1::2]).astype(np.uint8).tobytes()) for r in even[::-1])
        put(bmp(width, height, 4, packed, palette=table.tobytes()), table[four][..., 2::-1], "bmp 4 palette")
        runs = b"".join(b"".join(bytes([1, v]) for v in r) + b"\0\0" for r in four[::-1]) + b"\0\1"
        put(bmp(width, height, 8, runs, 1, palette=np.pad(table, ((0, 240), (0, 0))).tobytes()), table[four][..., 2::-1], "bmp 8 run lengths")
        runs = b"".join(b"".join(bytes([1, v << 4]) for v in r) + b"\0\0" for r in four[::-1]) + b"\0\1"
        put(bmp(width, height, 4, runs, 2, palette=table.tobytes()), table[four][..., 2::-1], "bmp 4 run lengths")
        if width >= 3:
            full = np.pad(table, ((0, 240), (0, 0))).tobytes()
            literal = lambda v: bytes([0, len(v)]) + bytes(v) + bytes(len(v) % 2)
            runs = b"".join(literal(r) + b"\0\0" for r in four[::-1]) + b"\0\1"
            put(bmp(width, height, 8, runs, 1, palette=full), table[four][..., 2::-1], "bmp 8 literal runs")
            steps = four.copy()
            steps[::2, :2] = 0
            runs = b"".join((b"\0\2\2\0" if y % 2 == 0 else bytes([1, steps[y, 0], 1, steps[y, 1]])) + b"".join(bytes([1, v]) for v in steps[y, 2:]) + b"\0\0" for y in reversed(range(height))) + b"\0\1"
            put(bmp(width, height, 8, runs, 1, palette=full), table[steps][..., 2::-1], "bmp 8 runs with steps")
        os2 = struct.pack("<IHHHH", 12, width, height, 1, 8)
        offset = 14 + len(os2) + 3 * 256
        data = b"".join(pad(r.tobytes()) for r in four[::-1].astype(np.uint8))
        colors = np.pad(table, ((0, 240), (0, 0)))[:, :3].tobytes()
        put(b"BM" + struct.pack("<IHHI", offset + len(data), 0, 0, offset) + os2 + colors + data, table[four][..., 2::-1], "bmp 8 of OS/2")
        deep = gray.astype(np.uint16) * 257 - np.minimum(gray, 99)
        for compression in [None, "tiff_lzw", "tiff_adobe_deflate", "packbits"]:
            label = f"tiff {(compression or 'plain').replace('tiff_', '')}"
            options = dict(compression=compression) if compression else {}
            put(save(rgb, "TIFF", **options), pixels, f"{label} rgb")
            put(save(luma, "TIFF", **options), gray, f"{label} gray")
            put(save(alpha, "TIFF", **options), pixels, f"{label} rgba")
            put(save(one, "TIFF", **options), one.convert("L"), f"{label} 1 bit")
            put(save(Image.fromarray(deep), "TIFF", **options), deep >> 8, f"{label} 16 bits gray")
        put(save(rgb, "TIFF", compression="tiff_lzw", tiffinfo={317: 2}), pixels, "tiff lzw predictor")
        put(save(rgb, "TIFF", big_tiff=True), pixels, "tiff big")
        put(save(rgb, "TIFF", save_all=True, append_images=[luma]), pixels, "tiff of two pages")
        put(save(Image.fromarray(np.dstack([gray, pixels[..., 1]])), "TIFF"), gray, "tiff gray and alpha")
        put(save(luma, "TIFF", tiffinfo={262: 0}), gray, "tiff white is zero")
        put(save(one, "TIFF", tiffinfo={262: 0}), one.convert("L"), "tiff 1 bit white is zero")
        put(save(rgb, "WEBP", lossless=True, save_all=True, append_images=[luma.convert("RGB")]), pixels, "webp animation")
        put(save(rgb.convert("CMYK"), "TIFF"), pixels, "tiff cmyk", "refuse")
        put(save(rgb, "TIFF", compression="jpeg"), pixels, "tiff jpeg", "refuse")
        put(save(quantised, "TIFF"), quantised.convert("RGB"), "tiff palette", "refuse")
        put(save(Image.fromarray(gray.astype(np.float32)), "TIFF"), gray, "tiff float", "refuse")
        put(save(Image.fromarray(deep), "PNG"), deep >> 8, "png 16 bits gray")
        put(save(alpha, "PNG"), pixels, "png rgba")
        put(save(quantised, "PNG"), quantised.convert("RGB"), "png palette")
        put(save(one, "PNG"), one.convert("L"), "png 1 bit")
        put(save(rgb, "GIF"), pixels, "gif", "refuse")
        put(save(rgb, "JPEG2000"), pixels, "jpeg 2000", "refuse")
        put(save(rgb, "PPM"), pixels, "ppm", "refuse")
        if PIL.features.check("avif"):
            put(save(rgb, "AVIF"), pixels, "avif", "refuse")
        for behind, label in [(bytes(70), "zeros"), (b"MotionPhoto_Data" + bytes(5000) + b"\xff\xd8\xff\xd9", "video"), (b"x", "a byte")]:
            data = save(rgb, "JPEG", quality=90, subsampling=0) + behind
            put(data, np.asarray(Image.open(io.BytesIO(data)).convert("RGB")), f"jpeg with {label} behind its end", 1)
        data = save(rgb.convert("CMYK"), "JPEG", quality=90, subsampling=0)
        put(data, np.asarray(Image.open(io.BytesIO(data)).convert("RGB")), "jpeg cmyk", 1)
        exif = Image.Exif()
        exif[274] = 6
        data = save(rgb, "JPEG", quality=90, subsampling=0, exif=exif)
        put(data, np.asarray(Image.open(io.BytesIO(data)).convert("RGB")), "jpeg turned by Exif", 1)
    open(f"{folder}/list", "w").write("".join(f"{folder}/{r['name']}\n" for r in rows))
    with open(f"{folder}/rows.csv", "w", newline="") as out:
        writer = csv.DictWriter(out, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(len(rows), "files")


def compare(folder, out):
    rows = []
    for row in csv.DictReader(open(f"{folder}/rows.csv")):
        path = f"{folder}/{row['name']}"
        expected = np.load(path + ".npy")
        expected = expected.astype(int) * (255 if expected.dtype == bool else 1)
        row |= dict(largest="", said="")
        if os.path.exists(path + ".refused"):
            row["said"] = open(path + ".refused").read().split("image: ", 1)[-1][:90]
            row["verdict"] = "refused" if row["tolerance"] == "refuse" else "WRONG"
        else:
            got = np.fromfile(path + ".raw", np.uint8).astype(int)
            if got.size == 3 * expected.size:
                expected = np.repeat(expected[..., None], 3, -1)
            row["largest"] = int(np.abs(got - expected.ravel()).max()) if got.size == expected.size else 255
            row["verdict"] = "WRONG" if row["tolerance"] == "refuse" or row["largest"] > int(row["tolerance"]) else "equal" if row["largest"] == 0 else "close"
        rows.append(row)
    with open(out, "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    kinds = collections.defaultdict(collections.Counter)
    for row in rows:
        kinds[row["kind"]][row["verdict"]] += 1
    for kind, verdicts in kinds.items():
        print(f"{kind:36}", dict(verdicts), next((r["said"] for r in rows if r["kind"] == kind and r["said"]), ""))
    print(f"Pillow {PIL.__version__}, libwebp {PIL.features.version('webp')}:", dict(collections.Counter(r["verdict"] for r in rows)))
    return any(r["verdict"] == "WRONG" for r in rows)


def pack(folder, out):
    """The file of 17x13 of each kind and Pillow's bytes, for the crate's own test; where all are gray one channel of them."""
    table = "name,kind,tolerance\n"
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for row in csv.DictReader(open(f"{folder}/rows.csv")):
            if row["size"] != "17x13":
                continue
            expected = np.load(f"{folder}/{row['name']}.npy")
            expected = expected.astype(np.uint8) * (255 if expected.dtype == bool else 1)
            archive.write(f"{folder}/{row['name']}", row["name"])
            if row["tolerance"] != "refuse":
                archive.writestr(row["name"] + ".raw", expected.tobytes())
            table += f"{row['name']},{row['kind']},{row['tolerance']}\n"
        archive.writestr("expected.csv", table)
    print(table.count("\n") - 1, "files,", os.path.getsize(out), "bytes")


if __name__ == "__main__":
    if sys.argv[1] == "pack":
        sys.exit(pack(*sys.argv[2:4]))
    sys.exit(make(sys.argv[2]) if sys.argv[1] == "make" else int(compare(*sys.argv[2:4])))

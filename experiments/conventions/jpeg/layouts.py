#!/usr/bin/env python3
"""JPEG files of every sampling, scan layout, size, restart interval and quality, and what Pillow makes of them.

layouts.py make DIR              writes DIR/NAME.jpg and DIR/list
layouts.py compare DIR OUT.csv   compares DIR/NAME.jpg.raw (or .refused) with Pillow, one row a file, and exits with 1
                                 where a file is neither equal within the tolerance nor refused by name

layouts.py pack DIR OUT.zip      packs a small file of each kind with the digest of Pillow's bytes, for the crate's own test

The raw files are written by the decoder in between:
cargo run --release -p vimae-datasets --example decode -- DIR/list
Needs numpy, Pillow, and cjpeg and jpegtran (Debian: libjpeg-turbo-progs). Every file follows from its number.
"""
import collections, csv, hashlib, io, os, subprocess, sys, zipfile
import numpy as np
import PIL, PIL.features
from PIL import Image

# Sampling factors of the three components, as cjpeg takes them.
COLOUR = {
    "4:4:4": "1x1,1x1,1x1", "4:2:2": "2x1,1x1,1x1", "4:2:0": "2x2,1x1,1x1", "4:4:0": "1x2,1x1,1x1",
    "4:1:1": "4x1,1x1,1x1", "4:1:0": "4x2,1x1,1x1", "4:1:0 tall": "2x4,1x1,1x1", "1x4": "1x4,1x1,1x1",
    "3x1": "3x1,1x1,1x1", "1x3": "1x3,1x1,1x1", "3x2": "3x2,1x1,1x1",
    "4:2:2 of 2x2": "2x2,1x2,1x2", "4:4:0 of 2x2": "2x2,2x1,2x1", "unequal chroma": "2x2,2x1,1x1", "cr finer": "2x1,1x1,2x1",
    "chroma finer across": "1x1,2x1,2x1", "chroma finer down": "1x1,1x2,1x2", "chroma finer": "1x1,2x2,2x2",
    "crossed": "2x1,1x2,1x2", "4:4:4 of 2x1": "2x1,2x1,2x1", "4:4:4 of 1x2": "1x2,1x2,1x2", "4:4:4 of 3x1": "3x1,3x1,3x1",
}
GRAY = {"gray": "1x1", "gray 2x1": "2x1", "gray 1x2": "1x2", "gray 2x2": "2x2", "gray 3x2": "3x2", "gray 4x4": "4x4"}
SCANS = {
    "interleaved": None,
    "separate": "0;\n1;\n2;\n",
    "luma, chroma": "0;\n1 2;\n",
    "chroma, luma": "1 2;\n0;\n",
    "backwards": "2;\n1;\n0;\n",
    "progressive": "progressive",
    "progressive separate": "0: 0-0, 0, 1;\n1: 0-0, 0, 1;\n2: 0-0, 0, 1;\n0: 1-5, 0, 2;\n2: 1-63, 0, 1;\n1: 1-63, 0, 1;\n0: 6-63, 0, 2;\n"
    "0: 1-63, 2, 1;\n0: 0-0, 1, 0;\n1: 0-0, 1, 0;\n2: 0-0, 1, 0;\n2: 1-63, 1, 0;\n1: 1-63, 1, 0;\n0: 1-63, 1, 0;\n",
    "spectral": "0,1,2: 0-0, 0, 0;\n0: 1-9, 0, 0;\n2: 1-63, 0, 0;\n1: 1-63, 0, 0;\n0: 10-63, 0, 0;\n",
    # A download that ended early, closed again: libjpeg smooths over the blocks.
    "unfinished": "0,1,2: 0-0, 0, 1;\n0: 1-5, 0, 2;\n",
}
GRAY_SCANS = {"interleaved": None, "progressive": "progressive", "spectral": "0: 0-0, 0, 0;\n0: 1-9, 0, 0;\n0: 10-63, 0, 0;\n"}
SIZES = [(8, 8), (17, 13), (33, 47), (64, 64), (97, 50), (178, 218), (1, 1), (16, 40), (5, 70), (25, 9)]
RESTARTS = [[], ["-restart", "1B"], ["-restart", "1"], ["-restart", "3B"]]
QUALITIES = [75, 95, 30, 100, 60]


def picture(number, width, height, gray):
    """Smooth colours, hard coloured edges and noise: what tells upsampling filters and block grids apart."""
    r = np.random.default_rng(number)
    y, x = np.mgrid[0:height, 0:width]
    planes = [127 + 80 * np.sin(x / r.uniform(5, 40) + r.uniform(0, 6)) * np.cos(y / r.uniform(5, 40)) for _ in range(3)]
    image = np.stack(planes, -1)
    for _ in range(3):
        a, b = r.integers(0, width), r.integers(0, height)
        image[b : b + r.integers(1, 30), a : a + r.integers(1, 30)] = r.integers(0, 256, 3)
    image = np.clip(image + r.normal(0, 6, image.shape), 0, 255).astype(np.uint8)
    return image[..., :1].repeat(3, -1) if gray else image


def encode(folder, number, pixels, gray, sampling, scans, options):
    ppm, script = f"{folder}/tmp.ppm", f"{folder}/tmp.scans"
    Image.fromarray(pixels[..., 0] if gray else pixels).save(ppm)
    command = ["cjpeg", *options, *(["-grayscale"] if gray else []), "-sample", sampling]
    if scans == "progressive":
        command.append("-progressive")
    elif scans:
        open(script, "w").write(scans)
        command += ["-scans", script]
    return subprocess.run([*command, ppm], capture_output=True)


def four(colour, gray):
    """YCCK as Photoshop writes it, chroma subsampled and black not: colour in separate scans, and a grayscale file as black."""
    segments = lambda data: data[2 : data.find(b"\xff\xda")]
    frame = colour.find(b"\xff\xc0")
    length = 2 + int.from_bytes(colour[frame + 2 : frame + 4], "big")
    old = colour[frame : frame + length]
    sampling = old[11:12]
    new = old[:2] + (length + 1).to_bytes(2, "big") + old[4:9] + b"\x04" + old[10:] + b"\x04" + sampling + b"\x00"
    tables = segments(gray)
    tables = tables[tables.find(b"\xff\xc4") :]
    scan = gray[gray.find(b"\xff\xda") :].replace(b"\xff\xda\x00\x08\x01\x01", b"\xff\xda\x00\x08\x01\x04", 1)
    adobe = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x02"
    begin = colour.find(b"\xff\xdb")
    return b"\xff\xd8" + adobe + colour[begin:frame] + new + colour[frame + length : -2] + tables + scan


def make(folder):
    os.makedirs(folder, exist_ok=True)
    rows = []

    def put(jpeg, **about):
        name = f"{len(rows):04}.jpg"
        open(f"{folder}/{name}", "wb").write(jpeg)
        rows.append(dict(name=name, **about))

    number = 0
    for table, layouts, gray in [(COLOUR, SCANS, False), (GRAY, GRAY_SCANS, True)]:
        for label, sampling in table.items():
            for layout, scans in layouts.items():
                for turn in range(4 if not gray else 8):
                    number += 1
                    width, height = SIZES[(number * 7 + turn) % len(SIZES)]
                    quality, restart = QUALITIES[number % len(QUALITIES)], RESTARTS[(number // 3) % len(RESTARTS)]
                    options = ["-quality", str(quality), *restart, *(["-optimize"] if number % 2 else [])]
                    done = encode(folder, number, picture(number, width, height, gray), gray, sampling, scans, options)
                    if done.returncode:
                        continue  # more blocks in an interleaved unit than the format allows
                    about = dict(sampling=label, scans=layout, width=width, height=height, quality=quality, restart=" ".join(restart[1:]))
                    put(done.stdout, maker="cjpeg", **about)
                    if turn == 0:
                        # The same coefficients in other scans, without loss.
                        source = f"{folder}/tmp.jpg"
                        open(source, "wb").write(done.stdout)
                        for way, to in [(["-optimize"], "interleaved"), (["-progressive"], "progressive")]:
                            again = subprocess.run(["jpegtran", "-copy", "none", *way, source], capture_output=True)
                            if again.returncode == 0:
                                put(again.stdout, maker="jpegtran", **{**about, "scans": to, "restart": ""})
    # What is not YCbCr: RGB, CMYK and its YCCK form; the marker of Adobe says which.
    for number, (width, height) in enumerate(SIZES, 5000):
        pixels = picture(number, width, height, False)
        for label in ["4:4:4", "4:2:0", "4:2:2"]:
            for layout in ["interleaved", "separate", "progressive"]:
                done = encode(folder, number, pixels, False, COLOUR[label], SCANS[layout], ["-rgb", "-quality", "80"])
                if done.returncode == 0:
                    put(done.stdout, maker="cjpeg -rgb", sampling="rgb " + label, scans=layout, width=width, height=height, quality=80, restart="")
        inks = Image.fromarray(pixels).convert("CMYK")
        for layout, progressive, subsampling in [("interleaved", False, 0), ("progressive", True, 0), ("interleaved", False, 2), ("progressive", True, 1)]:
            out = io.BytesIO()
            inks.save(out, "JPEG", quality=85, progressive=progressive, subsampling=subsampling)
            put(out.getvalue(), maker="Pillow", sampling=f"cmyk{['', ' 2x1', ' 2x2'][subsampling]}", scans=layout, width=width, height=height, quality=85, restart="")
            # Pillow's files are CMYK without a transform; the same bytes under transform 2 are a YCCK file.
            ycck = bytearray(out.getvalue())
            at = ycck.find(b"\xff\xee\x00\x0eAdobe")
            ycck[at + 15] = 2
            put(bytes(ycck), maker="Pillow, marked", sampling=f"ycck{['', ' 2x1', ' 2x2'][subsampling]}", scans=layout, width=width, height=height, quality=85, restart="")
        for label in ["4:2:0", "4:2:2", "4:4:0", "4:1:1"]:
            colour = encode(folder, number, pixels, False, COLOUR[label], SCANS["separate"], ["-quality", "80"]).stdout
            black = encode(folder, number, 255 - pixels // 2, True, "1x1", None, ["-quality", "80"]).stdout
            about = dict(sampling="ycck " + label, width=width, height=height, quality=80, restart="")
            joined = four(colour, black)
            put(joined, maker="joined", scans="separate", **about)
            open(f"{folder}/tmp.jpg", "wb").write(joined)
            for way, to in [(["-optimize"], "interleaved"), (["-progressive"], "progressive")]:
                again = subprocess.run(["jpegtran", "-copy", "none", *way, f"{folder}/tmp.jpg"], capture_output=True)
                assert again.returncode == 0, again.stderr
                put(again.stdout, maker="jpegtran", scans=to, **about)
        for label, subsampling in [("4:4:4", 0), ("4:2:2", 1), ("4:2:0", 2)]:
            for progressive in [False, True]:
                out = io.BytesIO()
                Image.fromarray(pixels).save(out, "JPEG", quality=90, subsampling=subsampling, progressive=progressive, optimize=True)
                layout = "progressive" if progressive else "interleaved"
                put(out.getvalue(), maker="Pillow", sampling=label, scans=layout, width=width, height=height, quality=90, restart="")
    for rest in ["tmp.ppm", "tmp.scans", "tmp.jpg"]:
        if os.path.exists(f"{folder}/{rest}"):
            os.remove(f"{folder}/{rest}")
    open(f"{folder}/list", "w").write("".join(f"{folder}/{r['name']}\n" for r in rows))
    with open(f"{folder}/rows.csv", "w", newline="") as out:
        writer = csv.DictWriter(out, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(len(rows), "files")


def compare(folder, out):
    rows, bad = [], 0
    worst = collections.defaultdict(lambda: [0, 0, 0])
    for row in csv.DictReader(open(f"{folder}/rows.csv")):
        path = f"{folder}/{row['name']}"
        try:
            image = Image.open(path)
            expected = np.asarray(image.convert("L" if image.mode == "L" else "RGB")).astype(int)
        except OSError as error:
            expected = None
            row["pillow"] = str(error)[:60]
        tolerance = 1 if row["sampling"].startswith(("gray", "4:4:4")) else 6
        if os.path.exists(path + ".refused"):
            row |= dict(verdict="refused", largest="", said=open(path + ".refused").read().strip().split("jpg: ")[-1][:100])
        elif expected is None:
            row |= dict(verdict="read, Pillow refuses", largest="", said=row.get("pillow", ""))
        else:
            got = np.fromfile(path + ".raw", np.uint8).astype(int)
            same = got.size == expected.size
            largest = int(np.abs(got.reshape(expected.shape) - expected).max()) if same else 255
            row |= dict(verdict="equal" if largest == 0 else "close" if largest <= tolerance else "WRONG", largest=largest, said="")
        row.pop("pillow", None)
        bad += row["verdict"] == "WRONG"
        count = worst[row["sampling"], row["scans"]]
        count[0] += 1
        count[1] = max(count[1], row["largest"] or 0)
        count[2] += row["verdict"] == "refused"
        rows.append(row)
    with open(out, "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    for (sampling, scans), (files, largest, refused) in worst.items():
        print(f"{sampling:20} {scans:22} {files:3} files, largest difference {largest:3}, refused {refused}")
    print(f"Pillow {PIL.__version__}, libjpeg-turbo {PIL.features.version('libjpeg_turbo')}:", dict(collections.Counter(r["verdict"] for r in rows)))
    return bad


def pack(folder, out):
    """The smallest file of each sampling in each fourth scan layout, and of each scan layout at 4:2:0; Pillow's digests."""
    smallest = {}
    for row in csv.DictReader(open(f"{folder}/rows.csv")):
        size = os.path.getsize(f"{folder}/{row['name']}")
        # One block shows nothing.
        if int(row["width"]) * int(row["height"]) > 200:
            smallest.setdefault((row["sampling"], row["scans"]), []).append((size, row["name"]))
    table = "name,sampling,scans,width,height,channels,sha256\n"
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for i, ((sampling, scans), files) in enumerate(sorted(smallest.items())):
            if i % 4 and not sampling.startswith(("4:2:0", "cmyk", "ycck")):
                continue
            name = min(files)[1]
            image = Image.open(f"{folder}/{name}")
            pixels = np.asarray(image.convert("L" if image.mode == "L" else "RGB"))
            digest = hashlib.sha256(pixels.tobytes()).hexdigest()
            archive.write(f"{folder}/{name}", name)
            quoted = sampling.replace(",", " "), scans.replace(",", " then")
            table += f"{name},{quoted[0]},{quoted[1]},{image.width},{image.height},{1 if pixels.ndim == 2 else 3},{digest}\n"
        archive.writestr("expected.csv", table)
    print(table.count("\n") - 1, "files,", os.path.getsize(out), "bytes")


if __name__ == "__main__":
    if sys.argv[1] == "pack":
        sys.exit(pack(*sys.argv[2:4]))
    sys.exit(make(sys.argv[2]) if sys.argv[1] == "make" else min(1, compare(*sys.argv[2:4])))

#!/usr/bin/env python3
"""What decoders of JPEG do to a FID: decoders.py FOLDER DIR DECODE [XTASK], which writes decoders.json. FOLDER holds 2 000 or more JPEG
photographs; DIR is where run.sh put its inputs and the random network; DECODE and XTASK are this project's example and command. Without
XTASK it compares bytes and measures no FID.

The first 2 000 by name are decoded here and by Pillow. The first 500 are decoded by TensorFlow as it comes too, and the FID between
the two decodings stands beside that between those 500 photographs and the next 500. Needs the environment of TensorFlow.
"""
import json, os, pathlib, subprocess, sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf
from PIL import Image

from rows import Rows

COUNT, SUBSET = 2000, 500


def main(folder, inputs, decode, xtask=None):
    inputs = pathlib.Path(inputs)
    files = sorted(path for path in pathlib.Path(folder).rglob("*") if path.suffix.lower() in (".jpg", ".jpeg"))[:COUNT]
    assert len(files) == COUNT, f"{len(files)} JPEG files"
    rows = Rows("decoders", ["tensorflow_cpu", "pillow", "numpy"])
    out = inputs / "decoders"
    for kind in ["list", "pillow", "tensorflow", "next"]:
        (out / kind).mkdir(parents=True, exist_ok=True)
    # Links, so that nothing is written beside the photographs.
    for i, path in enumerate(files):
        link = out / "list" / f"{i:04}.jpg"
        link.unlink(missing_ok=True)
        link.symlink_to(path.resolve())
    (out / "list.txt").write_text("".join(f"{out}/list/{i:04}.jpg\n" for i in range(COUNT)))
    subprocess.run([decode, out / "list.txt"], check=True)
    equal, samplings, theirs = 0, {}, []
    for i, path in enumerate(files):
        image = Image.open(path)
        kind = {0x11: "4:4:4", 0x21: "4:2:2", 0x22: "4:2:0"}.get((image.layer[0][1] << 4) | image.layer[0][2], "other")
        samplings[kind] = samplings.get(kind, 0) + 1
        pillow = np.asarray(image.convert("RGB"))
        equal += np.array_equal(np.fromfile(f"{out}/list/{i:04}.jpg.raw", np.uint8), pillow.ravel())
        if i < 2 * SUBSET:
            Image.fromarray(pillow).save(out / ("pillow" if i < SUBSET else "next") / f"{i:04}.png")
        if i < SUBSET:
            other = tf.io.decode_jpeg(path.read_bytes(), 3).numpy()
            theirs.append((other.astype(int) - pillow.astype(int)).reshape(-1, 3))
            Image.fromarray(other).save(out / "tensorflow" / f"{i:04}.png")
    given = f"{COUNT} photographs, " + ", ".join(f"{count} of {kind}" for kind, count in sorted(samplings.items()))
    rows.add("decoders", given, "vimae", "photographs that are equal to Pillow's to the byte", equal)
    difference = np.concatenate(theirs)
    rows.add("decoders", f"{SUBSET} of them", "tensorflow", "decode_jpeg as it comes: largest difference from Pillow's", int(np.abs(difference).max()), mean=[round(float(v), 4) for v in difference.mean(0)])

    if xtask is None:
        return rows.write()

    def fid(a, b):
        command = [xtask, "fid", out / a, out / b, "--weights", inputs / "inception.pth", "--no-infinity", "--json", "--cache", out / "cache"]
        found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["numbers"]
        return next(number["value"] for number in found if number["metric"] == "fid")

    weights = "random Inception, legacy resizing"
    rows.add("decoders", f"{SUBSET} photographs", "vimae", f"FID between Pillow's decoding (and so this project's) and TensorFlow's, {weights}", fid("pillow", "tensorflow"))
    rows.add("decoders", f"{SUBSET} and the next {SUBSET} photographs", "vimae", f"FID between the two sets by Pillow's decoding, {weights}", fid("pillow", "next"))
    rows.add("decoders", f"{SUBSET} and the next {SUBSET} photographs", "vimae", f"FID between the two sets, one decoded by TensorFlow, {weights}", fid("tensorflow", "next"))
    rows.write()


if __name__ == "__main__":
    main(*sys.argv[1:])

#!/usr/bin/env python3
"""Loads all of MNIST from the Hub's parquet files, decoded: vimae against pyarrow with Pillow, in one run.

    python3 -m venv VENV && VENV/bin/pip install pyarrow pillow numpy
    cargo build --release -p vimae-datasets --example load_mnist
    VENV/bin/python experiments/bench/load_mnist.py HUB_CACHE TARGET/release/examples/load_mnist [ROUNDS]

HUB_CACHE holds `datasets--ylecun--mnist`. Both sides start from files in the page cache and end with all 70 000
images as bytes; each runs in a process of its own, in turn, ROUNDS times (5). Python's clock starts after its
imports; ours checks the published SHA-256 besides. Prints one JSON document.
"""
import json
import os
import platform
import statistics
import subprocess
import sys

PEER = r"""
import glob, io, json, sys, time
import numpy, pyarrow.parquet as pq
from PIL import Image
files = sorted(glob.glob(sys.argv[1] + "/datasets--ylecun--mnist/snapshots/*/mnist/*.parquet"))
start = time.perf_counter()
images, labels = [], []
for file in files:
    table = pq.read_table(file)
    labels.extend(table.column("label").to_pylist())
    for row in table.column("image").to_pylist():
        images.append(numpy.asarray(Image.open(io.BytesIO(row["bytes"]))))
images = numpy.stack(images)
seconds = time.perf_counter() - start
assert images.shape == (70000, 28, 28) and len(labels) == 70000
print(json.dumps({"seconds": seconds}))
"""


def run(command, environment=None):
    output = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
    return json.loads(output)


def main(cache, ours, rounds=5):
    rows = {"vimae": [], "vimae_one_thread": [], "pyarrow_pillow": []}
    one = dict(os.environ, RAYON_NUM_THREADS="1")
    for _ in range(int(rounds)):
        rows["pyarrow_pillow"].append(run([sys.executable, "-c", PEER, cache]))
        rows["vimae"].append(run([ours, "mnist", cache]))
        rows["vimae_one_thread"].append(run([ours, "mnist", cache], one))
    medians = {name: statistics.median(row["seconds"] for row in found) for name, found in rows.items()}
    print(json.dumps({
        "command": " ".join(["load_mnist.py", "HUB_CACHE", "load_mnist", str(rounds)]),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "median_seconds": medians,
        "time_ratio": medians["vimae"] / medians["pyarrow_pillow"],
        "time_ratio_one_thread": medians["vimae_one_thread"] / medians["pyarrow_pillow"],
        "memory_ratio_at_most": max(row["peak_growth_ratio"] for row in rows["vimae"]),
        "rows": rows,
    }, indent=1))


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])

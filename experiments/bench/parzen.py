#!/usr/bin/env python3
"""Parzen windows on MNIST, 10 000 test images under 10 000 training images: vimae against NumPy, in one run.

    python3 -m venv VENV && VENV/bin/pip install numpy
    cargo build --release -p vimae-metrics --example parzen
    VENV/bin/python experiments/bench/parzen.py FOLDER TARGET/release/examples/parzen [ROUNDS [COUNT]]

FOLDER holds `train-images-idx3-ubyte` and `t10k-images-idx3-ubyte`, with or without `.gz`. NumPy works in blocks of 500
test images in double precision as ours does: distances by a matrix product, then a stable log-sum-exp in place; beside
it once more in single precision. Every side runs in a process of its own, in turn, ROUNDS times (5), with as many
threads as the environment grants; clocks start after images are in memory. The values must agree to 1e-6 of their
size (single precision to 1e-3). Prints one JSON document.
"""
import gzip
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile

SIGMA = 0.1
PEER = r"""
import json, math, resource, sys, time
import numpy
test, samples, dtype = (sys.argv[1], sys.argv[2], sys.argv[3])
test = numpy.fromfile(test, "<f4").reshape(-1, 784)
samples = numpy.fromfile(samples, "<f4").reshape(-1, 784)
sigma = float(sys.argv[4])
start = time.perf_counter()
samples = samples.astype(dtype)
norms = (samples * samples).sum(1)
total = []
for first in range(0, len(test), 500):
    rows = test[first:first + 500].astype(dtype)
    exponents = rows @ samples.T
    exponents *= 2
    exponents -= norms
    exponents -= (rows * rows).sum(1)[:, None]
    exponents *= 0.5 / sigma ** 2
    most = exponents.max(1)
    exponents -= most[:, None]
    numpy.exp(exponents, out=exponents)
    total.append(most + numpy.log(exponents.sum(1)))
constant = math.log(len(samples)) + 0.5 * test.shape[1] * math.log(2 * math.pi * sigma ** 2)
nll = constant - float(numpy.concatenate(total).astype("f8").mean())
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"seconds": seconds, "nll": nll, "peak_rss_mib": round(peak, 1)}))
"""


def images(folder, name, count):
    path = os.path.join(folder, name)
    opened = open(path, "rb") if os.path.exists(path) else gzip.open(path + ".gz", "rb")
    with opened as file:
        header = file.read(16)
        assert header[:4] == b"\0\0\x08\x03", f"{path} is no file of images"
        return file.read(784 * count)


def as_floats(pixels, path):
    import numpy
    (numpy.frombuffer(pixels, "u1").astype("<f4") / 255).tofile(path)


def run(command):
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main(folder, ours, rounds=5, count=10_000):
    count = int(count)
    rows = {"vimae": [], "numpy_float64": [], "numpy_float32": []}
    with tempfile.TemporaryDirectory() as scratch:
        test, samples = os.path.join(scratch, "test"), os.path.join(scratch, "samples")
        as_floats(images(folder, "t10k-images-idx3-ubyte", count), test)
        as_floats(images(folder, "train-images-idx3-ubyte", count), samples)
        for _ in range(int(rounds)):
            rows["vimae"].append(run([ours, test, samples, "784", str(SIGMA)]))
            for dtype in ("float64", "float32"):
                rows[f"numpy_{dtype}"].append(run([sys.executable, "-c", PEER, test, samples, dtype, str(SIGMA)]))
    expected = rows["numpy_float64"][0]["nll"]
    for name, allowed in (("vimae", 1e-6), ("numpy_float64", 1e-6), ("numpy_float32", 1e-3)):
        for row in rows[name]:
            assert abs(row["nll"] - expected) <= allowed * abs(expected), (name, row["nll"], expected)
    medians = {name: statistics.median(row["seconds"] for row in found) for name, found in rows.items()}
    print(json.dumps({
        "command": f"parzen.py FOLDER parzen {rounds} {count}",
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "threads": {name: os.environ.get(name) for name in ("RAYON_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")},
        "sigma": SIGMA,
        "test_images": count,
        "samples": count,
        "median_seconds": medians,
        "time_ratio": medians["vimae"] / medians["numpy_float64"],
        "time_ratio_to_single_precision": medians["vimae"] / medians["numpy_float32"],
        "rows": rows,
    }, indent=1))


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])

#!/usr/bin/env python3
"""Times one-vs-rest support vector machines: vimae beside scikit-learn on the same codes, in turn.

    python3 -m venv VENV && VENV/bin/pip install numpy scikit-learn safetensors
    cargo build --release -p xtask
    VENV/bin/python experiments/bench/svm.py TARGET/release/xtask [--rounds 5] [--quick] [--out FILE.jsonl]

Codes are of two kinds, both standardised: "digits", the principal components of the digits that ship with vimae, and
"bent", made up with a fixed seed: ten overlapping classes whose coordinates are bent. With 8 of these, three of the ten
linear machines are best off with no slope at all, and what SVC answers there depends on its tolerance: it comes nearer
to the optimum, and to ours, as that falls (68.0, 68.3, 70.0 % at 1e-2, 1e-3, 1e-4; ours 71.0). For each kind, size and
kernel, ROUNDS times in turn: scikit-learn's OneVsRestClassifier(SVC(C=1, gamma=1/d, tol=1e-3)) in a process of its
own, ours on one thread, ours on two. SVC has one thread only. Times are of the fit alone; accuracies are on 2 000
other codes. At the end the transductive machines on 1 000 labelled and 10 000 unlabelled codes of 64 dimensions, on
two threads (left out with --quick); scikit-learn has none. Prints one JSON document; --out appends the raw rows.
"""
import argparse
import gzip
import itertools
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile

import numpy
from safetensors.numpy import save_file

DIGITS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "datasets", "digits")
SIZES = [(1000, 8), (1000, 64), (2000, 64)]
ASKED = 2000
PEER = r"""
import json, sys, time
from safetensors.numpy import load_file
import sklearn
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import SVC
path, kernel, n = sys.argv[1], sys.argv[2], int(sys.argv[3])
data = load_file(path)
x, y = data["codes"], data["labels"]
start = time.perf_counter()
model = OneVsRestClassifier(SVC(C=1.0, kernel=kernel, gamma=1.0 / x.shape[1], tol=1e-3)).fit(x[:n], y[:n])
seconds = time.perf_counter() - start
print(json.dumps({"system": "scikit-learn " + sklearn.__version__, "seconds": seconds, "accuracy": float(model.score(x[n:], y[n:]))}))
"""


def read(name, skip):
    with gzip.open(os.path.join(DIGITS, name)) as file:
        return numpy.frombuffer(file.read(), numpy.uint8, offset=skip)


def digits(count, dimensions):
    images = read("images-idx3-ubyte.gz", 16).reshape(-1, 28 * 28)[:count] / 255
    images -= images.mean(0)
    _, _, directions = numpy.linalg.svd(images, full_matrices=False)
    return images @ directions[:dimensions].T, read("labels-idx1-ubyte.gz", 8)[:count]


def bent(count, dimensions):
    generator = numpy.random.default_rng(0)
    means = generator.normal(size=(10, dimensions)) * (8 / dimensions) ** 0.5
    labels = generator.integers(0, 10, count)
    points = means[labels] + generator.normal(size=(count, dimensions))
    return points + 0.3 * numpy.sin(2 * points[:, ::-1]), labels


def codes(path, kind, count, dimensions):
    points, labels = kind(count, dimensions)
    points = (points - points.mean(0)) / points.std(0)
    save_file({"codes": numpy.ascontiguousarray(points), "labels": labels.astype(numpy.int64)}, path)


def run(command, threads):
    one = {key: str(threads) for key in ("RAYON_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    output = subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, **one}).stdout
    return json.loads(output)


def ours(binary, path, kernel, labelled, asked, threads, *more):
    sizes = ["--labelled", str(labelled), "--pool", str(asked), "--kernel", kernel, "--repeats", "1"]
    return run([binary, "bench", "svm", "--codes", path, *sizes, "--json", *more], threads)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--out")
    arguments = parser.parse_args()
    raw, rows = [], []
    with tempfile.TemporaryDirectory() as folder:
        for kind, (labelled, dimensions) in itertools.product((digits, bent), SIZES):
            path = os.path.join(folder, f"{kind.__name__}{labelled}x{dimensions}.safetensors")
            codes(path, kind, labelled + ASKED, dimensions)
            for kernel in ("rbf", "linear"):
                times = {"scikit-learn, 1 thread": [], "ours, 1 thread": [], "ours, 2 threads": []}
                accuracy = {}
                for round_ in range(arguments.rounds):
                    for who in times:
                        if who.startswith("ours"):
                            found = ours(arguments.binary, path, kernel, labelled, ASKED, int(who[6]))
                            seconds = found["min_seconds"]
                        else:
                            found = run([sys.executable, "-c", PEER, path, kernel, str(labelled)], 1)
                            seconds = found["seconds"]
                        times[who].append(seconds)
                        accuracy[who] = found["accuracy"]
                        raw.append({"who": who, "codes": kind.__name__, "kernel": kernel, "labelled": labelled, "dimensions": dimensions, "round": round_, **found})
                median = {who: statistics.median(values) for who, values in times.items()}
                peer = median["scikit-learn, 1 thread"]
                rows.append(
                    {
                        "codes": kind.__name__,
                        "kernel": kernel,
                        "labelled": labelled,
                        "dimensions": dimensions,
                        "median_seconds": median,
                        "ratio_1_thread": median["ours, 1 thread"] / peer,
                        "ratio_2_threads": median["ours, 2 threads"] / peer,
                        "accuracy": accuracy,
                        "accuracy_difference_points": 100 * (accuracy["ours, 1 thread"] - accuracy["scikit-learn, 1 thread"]),
                    }
                )
                print(json.dumps(rows[-1]), file=sys.stderr)
        transductive = []
        if not arguments.quick:
            path = os.path.join(folder, "11000x64.safetensors")
            codes(path, bent, 11000, 64)
            for kernel in ("rbf", "linear"):
                before = ours(arguments.binary, path, kernel, 1000, 10000, 2)
                found = ours(arguments.binary, path, kernel, 1000, 10000, 2, "--transductive")
                raw += [before, found]
                transductive.append({**found, "inductive_accuracy": before["accuracy"]})
                print(json.dumps(transductive[-1]), file=sys.stderr)
    machine = {"processor": platform.processor() or platform.machine(), "cores": os.cpu_count(), "load": os.getloadavg()}
    if arguments.out:
        with open(arguments.out, "a") as file:
            file.writelines(json.dumps({**machine, **row}) + "\n" for row in raw)
    print(json.dumps({"machine": machine, "rounds": arguments.rounds, "inductive": rows, "transductive": transductive}))


if __name__ == "__main__":
    main()

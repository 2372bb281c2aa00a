#!/usr/bin/env python3
"""KID by all pairs and precision, recall, density, coverage (k = 3 and 5) written plainly in NumPy, timed.

    python fid_numpy.py --rows 10000

Features are made up: only the speed is measured. Distances are taken in blocks of 2 000 rows, since the whole matrix in
f64 would be 800 MB a time. Prints one JSON line.
"""
import argparse
import json
import time

import numpy as np

ap = argparse.ArgumentParser()
ap.add_argument("--rows", type=int, default=10_000)
ap.add_argument("--dimensions", type=int, default=2048)
a = ap.parse_args()
rng = np.random.default_rng(0)
scale = np.linspace(0.2, 1, a.dimensions)
x, y = ((rng.normal(size=(a.rows, a.dimensions)) * scale).astype(np.float64) for _ in range(2))
BLOCK = 2_000


def kid(x, y):
    def total(a, b, own):
        s = 0.0
        for i in range(0, len(a), BLOCK):
            k = (a[i:i + BLOCK] @ b.T / a.shape[1] + 1) ** 3
            s += k.sum() - (np.trace(k[:, i:i + BLOCK]) if own else 0.0)
        return s / (len(a) * (len(b) - 1 if own else len(b)))
    return total(x, x, True) + total(y, y, True) - 2 * total(x, y, False)


def distances(a, b):
    return np.maximum((a * a).sum(1)[:, None] + (b * b).sum(1)[None] - 2 * a @ b.T, 0)


def radii(a, ks):
    out = [np.sort(np.partition(distances(a[i:i + BLOCK], a), max(ks) + 1, axis=1)[:, :max(ks) + 1], axis=1)[:, ks] for i in range(0, len(a), BLOCK)]
    return np.concatenate(out)


def prdc(real, fake, ks):
    rr, rf = radii(real, ks), radii(fake, ks)
    result = []
    inside = np.zeros((len(ks), len(fake)))
    recalled, covered = [[] for _ in ks], [[] for _ in ks]
    for i in range(0, len(real), BLOCK):
        d = distances(real[i:i + BLOCK], fake)
        for n in range(len(ks)):
            balls = d <= rr[i:i + BLOCK, n][:, None]
            inside[n] += balls.sum(0)
            covered[n].append(balls.any(1))
            recalled[n].append((d <= rf[:, n][None]).any(1))
    for n, k in enumerate(ks):
        result.append([float((inside[n] > 0).mean()), float(np.concatenate(recalled[n]).mean()), float(inside[n].mean() / k), float(np.concatenate(covered[n]).mean())])
    return result


t = time.perf_counter()
value = kid(x, y)
kid_seconds = time.perf_counter() - t
t = time.perf_counter()
prdc(x, y, [3, 5])
print(json.dumps({"peer": "numpy " + np.__version__, "rows": a.rows, "kid": value, "kid_seconds": round(kid_seconds, 3), "prdc_seconds": round(time.perf_counter() - t, 3)}))

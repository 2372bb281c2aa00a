#!/usr/bin/env python3
"""Golden numbers for vimae-statistics, from SciPy: writes golden.json beside this file.

usage: make.py            (pip install scipy numpy)

What SciPy does not have (bootstrap-t, Holm) is written out here with NumPy, from the books that the crate cites.
"""
import itertools
import json
import pathlib

import numpy as np
import scipy
from scipy import stats

HERE = pathlib.Path(__file__).resolve().parent
RESULTS = HERE.parents[3] / "experiments" / "results" / "prior_entropy" / "results.json"

MADE_UP = {
    "two": [1.0, 4.0],
    "three": [1.0, 2.0, 4.0],
    "five": [1.2, -0.3, 2.5, 0.8, 1.1],
    "eight": [0.5, -1.0, 2.0, 3.0, -0.25, 1.5, 0.75, -0.1],
    "ten": [3.1, 2.7, 3.9, 3.3, 2.2, 5.8, 3.0, 2.9, 3.5, 4.1],
    "large and close": [1e6 + 0.1, 1e6 + 0.2, 1e6 + 0.4, 1e6 + 0.7],
}


def kept():
    """Some kept results over seeds: the first dozen quantities that have several."""
    groups = {}
    for cell in json.load(open(RESULTS)):
        if cell["value"] is not None:
            groups.setdefault((cell["method"], cell["metric"], cell["protocol"]), []).append(cell["value"])
    several = [(" / ".join(key), values) for key, values in groups.items() if len(values) > 1 and len(set(values)) > 1]
    return dict(several[:: max(1, len(several) // 12)][:12])


def lcg(count, n):
    """Places in n values, from a generator that takes a line in any language."""
    state, places = 12345, []
    for _ in range(count):
        row = []
        for _ in range(n):
            state = (1664525 * state + 1013904223) % 2**32
            row.append((state >> 16) % n)
        places.append(row)
    return places


def bootstrap_t(values, resamples):
    values = np.array(values)
    n, mean, error = len(values), values.mean(), stats.sem(values)
    drawn = values[np.array(resamples)]
    drawn = drawn[(drawn != drawn[:, :1]).any(axis=1)]
    t = (drawn.mean(axis=1) - mean) / stats.sem(drawn, axis=1)
    low, high = np.quantile(t, [0.025, 0.975])
    return [mean - high * error, mean - low * error]


def holm(p):
    order = np.argsort(p, kind="stable")
    corrected, least = np.empty(len(p)), 0.0
    for rank, index in enumerate(order):
        least = max(least, min(1.0, p[index] * (len(p) - rank)))
        corrected[index] = least
    return corrected.tolist()


def main():
    samples = {**MADE_UP, **kept()}
    golden = {"scipy": scipy.__version__, "student": [], "wilson": [], "bootstrap_t": [], "sign_flip": [], "holm": [], "paired": []}
    for name, values in samples.items():
        n = len(values)
        test = stats.ttest_1samp(values, 0)
        above, below = (stats.ttest_1samp(values, 0, alternative=side).pvalue for side in ("greater", "less"))
        interval = stats.t.interval(0.95, n - 1, loc=np.mean(values), scale=stats.sem(values))
        golden["student"].append({"name": name, "values": values, "t": test.statistic, "p": test.pvalue, "above": above, "below": below, "interval": list(interval)})
        if n <= 10:
            p = stats.permutation_test((values,), np.mean, permutation_type="samples", n_resamples=np.inf).pvalue
            golden["sign_flip"].append({"name": name, "values": values, "p": p})
    rng = np.random.default_rng(7)
    for n in (3, 5, 10, 30):
        a, b = rng.normal(1, 2, n).tolist(), rng.normal(0.4, 2, n).tolist()
        test = stats.ttest_rel(a, b)
        golden["paired"].append({"a": a, "b": b, "t": test.statistic, "p": test.pvalue})
    for count, of in [(0, 1), (1, 1), (0, 5), (3, 5), (5, 5), (9, 10), (37, 310), (36, 303), (0, 1000), (999, 1000)]:
        found = stats.binomtest(count, of).proportion_ci(0.95, method="wilson")
        golden["wilson"].append({"count": count, "of": of, "interval": [found.low, found.high]})
    for name in ("three", "five"):
        values = samples[name]
        every = list(itertools.product(range(len(values)), repeat=len(values)))
        golden["bootstrap_t"].append({"name": name, "values": values, "every": True, "interval": bootstrap_t(values, every)})
    golden["bootstrap_t"].append({"name": "ten", "values": samples["ten"], "every": False, "interval": bootstrap_t(samples["ten"], lcg(2000, 10))})
    for p in ([0.01, 0.04, 0.03, 0.005], [0.2], [0.05, 0.05, 0.05], [1e-9, 0.9, 0.4, 0.02, 0.02, 0.7], rng.uniform(size=12).tolist()):
        golden["holm"].append({"p": p, "corrected": holm(p)})
    (HERE / "golden.json").write_text(json.dumps(golden, indent=1) + "\n")


main()

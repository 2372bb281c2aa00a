#!/bin/bash
# scikit-learn 1.9.1: KernelDensity's log densities are wrong in many dimensions, by hundreds of nats and too high, with the tolerances atol and
# rtol at 0 as they are by default. Of a tree that is one leaf (leaf_size = the number of samples) they are right.
# Seen (mean of 100 points on 500 samples, bandwidth 0.2): 32 dimensions -14.23 for -15.58, 784 dimensions -91 for -908.
# Exit 0: as described here; 1: it has changed; 2: it cannot be set up. Needs python3 and the registry; no argument.
set -u
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT
cd "$T" || exit 2
python3 -m venv v > /dev/null && v/bin/pip install -q scikit-learn==1.9.1 numpy || exit 2
v/bin/python - <<'P'
import sys
import numpy as np
from sklearn.neighbors import KernelDensity

r, wrong = np.random.default_rng(5), 0
for dimensions in [8, 32, 784]:
    points, samples = r.random((100, dimensions)), r.random((500, dimensions))
    exponents = -((points[:, None] - samples[None]) ** 2).sum(-1) / (2 * 0.2**2)
    largest = exponents.max(1)
    exact = largest + np.log(np.exp(exponents - largest[:, None]).sum(1)) - np.log(500) - dimensions / 2 * np.log(2 * np.pi * 0.2**2)
    default, one_leaf = (KernelDensity(bandwidth=0.2, atol=0, rtol=0, **leaf).fit(samples).score_samples(points) for leaf in [{}, {"leaf_size": 500}])
    print(f"scikit-learn 1.9.1, {dimensions} dimensions: {default.mean():.2f}, with one leaf {one_leaf.mean():.2f}, as it is defined {exact.mean():.2f}")
    right = lambda found: np.abs(found - exact).max() < 1e-6 * np.abs(exact).max()
    wrong += right(one_leaf) and not right(default) and default.mean() - exact.mean() > (0.5 if dimensions > 8 else 0)
sys.exit(0 if wrong == 2 else 1)
P

#!/bin/bash
# prdc 0.2: with more copies of every point than neighbours, rounding decides whether a point lies in a ball. Precision, recall and coverage of
# such a set with itself are then neither 1 (closed balls) nor 0 (its balls are open, and of radius 0): distances by products of features leave
# copies a little apart, some more than others.
# Seen: six copies of 50 points in 48 dimensions, k = 3: precision, recall and coverage 0.36, density 0.12 (another processor may round to
# other numbers). In whole numbers, whose products are exact: 0.
# Exit 0: as described here; 1: it has changed; 2: it cannot be set up. Needs python3 and the registry; no argument.
set -u
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT
cd "$T" || exit 2
python3 -m venv v > /dev/null && v/bin/pip install -q prdc==0.2 scikit-learn==1.9.1 numpy || exit 2
v/bin/python - <<'P'
import contextlib, io, sys
import numpy as np
from prdc import compute_prdc

r = np.random.default_rng(3)
points = np.maximum(r.normal(size=(50, 48)) + 0.5, 0).astype(np.float32)
exact = np.round(points * 8)
found = {}
for name, base in [("single precision", points), ("whole numbers", exact)]:
    six = np.tile(base, (6, 1))
    with contextlib.redirect_stdout(io.StringIO()):
        found[name] = compute_prdc(six, six, nearest_k=3)
    print(f"prdc 0.2, six copies with themselves, {name}:", {share: round(float(value), 3) for share, value in found[name].items()})
chance, none = (found[name]["precision"] for name in found)
sys.exit(0 if 0 < chance < 1 and none == 0 else 1)
P

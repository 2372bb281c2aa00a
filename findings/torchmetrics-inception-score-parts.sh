#!/bin/bash
# torchmetrics 1.9.0: InceptionScore(splits=n) does not always take n parts. torch.chunk makes parts of equal size rounded up, so that fewer
# remain and the last is short: a mean, and a deviation, over other parts than asked. With splits=1 the deviation is NaN.
# Seen: 1005 images, splits=100 -> 92 parts, the last of 4 images; 4.00 where torch-fidelity, which cuts at i n / splits, has 3.91.
# Exit 0: as described here; 1: it has changed; 2: it cannot be set up. Needs python3, the registry and some gigabytes for torch; no argument.
set -u
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT
cd "$T" || exit 2
python3 -m venv v > /dev/null && v/bin/pip install -q torchmetrics==1.9.0 torch==2.15.0 torch-fidelity==0.4.0 "numpy<2.5" || exit 2
v/bin/python -W ignore - <<'P'
import math, sys
import torch
from torch_fidelity.metric_isc import isc_features_to_metric
from torchmetrics.image.inception import InceptionScore

torch.manual_seed(4)
logits = 3 * torch.randn(1005, 20)
parts = []


def score(splits):
    metric = InceptionScore(feature=torch.nn.Identity(), splits=splits)
    metric.update(logits)
    chunk = torch.Tensor.chunk
    torch.Tensor.chunk = lambda *a, **k: parts.append(chunk(*a, **k)) or parts[-1]
    mean, deviation = metric.compute()
    torch.Tensor.chunk = chunk
    return mean.item(), deviation.item()


many, one = score(100), score(1)
other = isc_features_to_metric(logits, splits=100)["inception_score_mean"]
print(f"torchmetrics 1.9.0: splits=100 of 1005 images: {len(parts[0])} parts, the last of {len(parts[0][-1])}: {many[0]:.3f} (torch-fidelity {other:.3f}); splits=1: {one}")
sys.exit(0 if len(parts[0]) == 92 and len(parts[0][-1]) == 4 and many[0] > other and math.isnan(one[1]) else 1)
P

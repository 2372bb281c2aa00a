#!/usr/bin/env python3
"""Writes peers.json: what other tools count on small sets of features and logits, by their own conventions. `python peers.py`, beside
this file, with torch, torch-fidelity==0.4.0, torchmetrics==1.9.0, clean-fid==0.1.35 and prdc==0.2.

Features are multiples of 1/8, so that their distances are exact in every tool, and many are equal.
"""
import contextlib, io, json, pathlib, warnings

import numpy as np
import torch
from cleanfid.fid import kernel_distance
from prdc import compute_prdc
from torch_fidelity.metric_isc import isc_features_to_metric
from torch_fidelity.metric_kid import kid_features_to_metric
from torch_fidelity.metric_prc import prc_features_to_metric
from torchmetrics.image.inception import InceptionScore

warnings.filterwarnings("ignore")
r = np.random.default_rng(1)
eighths = lambda values: np.round(8 * values) / 8
real, generated = eighths(r.normal(size=(60, 4))), eighths(0.8 * r.normal(size=(60, 4)) + 0.3)
logits = eighths(2 * r.normal(size=(60, 5)))
answers = {"real": real.tolist(), "generated": generated.tolist(), "logits": logits.tolist(), "shares": [], "kid": [], "scores": []}
tensor = lambda array: torch.tensor(array, dtype=torch.float64)

for name, (a, b) in {"generated": (real, generated), "real": (real, real)}.items():
    for k in [3, 5]:
        with contextlib.redirect_stdout(io.StringIO()):
            shares = {share: float(value) for share, value in compute_prdc(a, b, k).items()}
        answers["shares"].append({"by": "prdc", "of": name, "k": k, "balls": "open", **shares})
        closed = prc_features_to_metric(tensor(b), tensor(a), prc_neighborhood=k, verbose=False)
        answers["shares"].append({"by": "torch-fidelity", "of": name, "k": k, "balls": "closed", "precision": closed["precision"], "recall": closed["recall"]})

for count, size in [(1, 60), (400, 20)]:
    np.random.seed(0)
    answers["kid"].append({"by": "clean-fid", "count": count, "size": size, "value": kernel_distance(real, generated, count, size)})
    found = kid_features_to_metric(tensor(real), tensor(generated), kid_subsets=count, kid_subset_size=size, verbose=False)
    answers["kid"].append({"by": "torch-fidelity", "count": count, "size": size, "value": found["kernel_inception_distance_mean"], "deviation": found["kernel_inception_distance_std"]})

for splits in [1, 6, 10]:
    found = isc_features_to_metric(tensor(logits), splits, shuffle=False)
    answers["scores"].append({"by": "torch-fidelity", "splits": splits, "ddof": 0, "value": found["inception_score_mean"], "deviation": found["inception_score_std"]})
    metric = InceptionScore(feature=torch.nn.Identity(), splits=splits)
    metric.update(tensor(logits))
    # It shuffles whatever it is told: in order it is the same number as here.
    randperm, torch.randperm = torch.randperm, lambda n: torch.arange(n)
    mean, deviation = (value.item() for value in metric.compute())
    torch.randperm = randperm
    answers["scores"].append({"by": "torchmetrics", "splits": splits, "ddof": 1, "value": mean, "deviation": deviation if deviation == deviation else None})

(pathlib.Path(__file__).parent / "peers.json").write_text(json.dumps(answers, separators=(",", ":")) + "\n")

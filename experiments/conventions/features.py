#!/usr/bin/env python3
"""FID, KID, Inception Score, precision, recall, density and coverage of the same features by each tool: features.py DIR, where
run.sh put the inputs; writes features.json.

Features are made by a rule, so that no network has a part in it.
"""
import sys, warnings

import numpy as np
import torch
from safetensors.numpy import load_file

from rows import Rows

warnings.filterwarnings("ignore")


class Same(torch.nn.Module):
    """Features in, features out: what torchmetrics takes in place of its network."""
    num_features = 48

    def forward(self, x):
        return x


def fid(rows, sets):
    import cleanfid.fid, pytorch_fid.fid_score, torch_fidelity.metric_fid as tf_fid
    from torchmetrics.image.fid import FrechetInceptionDistance
    for name, (a, b) in {"1000 and 1000 images, 48 features": ("real", "generated"), "30 and 30 images, 48 features": ("few_real", "few_generated"), "200 images with themselves": ("self", "self")}.items():
        a, b = sets[a], sets[b]
        about = ("fid", name)
        both = lambda x: (x.astype(float).mean(0), np.cov(x.astype(float), rowvar=False))
        (m1, s1), (m2, s2) = both(a), both(b)
        rows.add(*about, "pytorch-fid", "calculate_frechet_distance", pytorch_fid.fid_score.calculate_frechet_distance(m1, s1, m2, s2))
        rows.add(*about, "clean-fid", "frechet_distance", cleanfid.fid.frechet_distance(m1, s1, m2, s2))
        one, two = (tf_fid.fid_features_to_statistics(torch.tensor(x)) for x in (a, b))
        rows.add(*about, "torch-fidelity", "fid_statistics_to_metric", tf_fid.fid_statistics_to_metric(one, two, False)["frechet_inception_distance"])
        metric = FrechetInceptionDistance(feature=Same())
        metric.update(torch.tensor(a), real=True)
        metric.update(torch.tensor(b), real=False)
        rows.add(*about, "torchmetrics", "FrechetInceptionDistance", metric.compute().item())


def kid(rows, sets):
    import cleanfid.fid, torch_fidelity.metric_kid as tf_kid
    from torchmetrics.image.kid import KernelInceptionDistance
    a, b = sets["real"], sets["generated"]
    for count, size in [(1, 1000), (100, 100)]:
        about = ("kid", f"{count} subsets of {size} of 1000 images")
        np.random.seed(0)
        rows.add(*about, "clean-fid", "kernel_distance", cleanfid.fid.kernel_distance(a.astype(float), b.astype(float), count, size))
        found = tf_kid.kid_features_to_metric(torch.tensor(a), torch.tensor(b), kid_subsets=count, kid_subset_size=size, verbose=False)
        rows.add(*about, "torch-fidelity", "kid_features_to_metric", found["kernel_inception_distance_mean"], deviation=found["kernel_inception_distance_std"])
        metric = KernelInceptionDistance(feature=Same(), subsets=count, subset_size=size)
        metric.update(torch.tensor(a), real=True)
        metric.update(torch.tensor(b), real=False)
        torch.manual_seed(0)
        mean, deviation = metric.compute()
        rows.add(*about, "torchmetrics", "KernelInceptionDistance", mean.item(), deviation=deviation.item())


def inception_score(rows, sets):
    import torch_fidelity.metric_isc as isc
    from torchmetrics.image.inception import InceptionScore
    logits = torch.tensor(sets["logits"])
    for splits in [1, 10, 100]:
        about = ("inception score", f"1005 images, 20 classes, splits={splits}")
        for shuffle in [False, True]:
            found = isc.isc_features_to_metric(logits, splits, shuffle, 2020)
            how = "in order" if not shuffle else "shuffled by seed 2020, its default"
            rows.add(*about, "torch-fidelity", how, found["inception_score_mean"], deviation=found["inception_score_std"])
        metric = InceptionScore(feature=Same(), splits=splits)
        metric.update(logits)
        torch.manual_seed(0)
        mean, deviation = metric.compute()
        torch.manual_seed(0)
        parts = len(torch.arange(len(logits)).chunk(splits))
        rows.add(*about, "torchmetrics", "shuffled, which cannot be switched off", mean.item(), deviation=deviation.item(), parts=parts)


def prdc(rows, sets):
    import contextlib, io
    from prdc import compute_prdc
    import torch_fidelity.metric_prc as prc
    for name, (a, b) in {"1000 and 1000 images": ("real", "generated"), "200 images with themselves": ("self", "self"), "six copies of 50 images with themselves": ("copies", "copies")}.items():
        a, b = sets[a], sets[b]
        for k in [3, 5]:
            with contextlib.redirect_stdout(io.StringIO()):
                found = compute_prdc(a, b, k)
            for share, value in found.items():
                rows.add(share, f"{name}, k={k}", "prdc", "compute_prdc", value)
            found = prc.prc_features_to_metric(torch.tensor(b), torch.tensor(a), prc_neighborhood=k, verbose=False)
            for share in ["precision", "recall"]:
                rows.add(share, f"{name}, k={k}", "torch-fidelity", "prc_features_to_metric", found[share])


def main(folder):
    sets = load_file(f"{folder}/inputs.safetensors")
    rows = Rows("features", ["pytorch-fid", "clean-fid", "torch-fidelity", "torchmetrics", "prdc", "scikit-learn", "scipy", "numpy", "torch"], folder)
    rows.ours("fid", "kid", "inception score", "precision", "recall", "density", "coverage")
    for part in [fid, kid, inception_score, prdc]:
        part(rows, sets)
    rows.write()


if __name__ == "__main__":
    main(sys.argv[1])

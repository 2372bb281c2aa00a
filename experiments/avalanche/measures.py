"""The digits as five tasks, and what is measured of a model after each: the same for every tool.

A model is three functions of float images [N, 1, 28, 28] in [0, 1]: encode to mean codes, decode codes, sample a number of images.
"""
import gzip
import pathlib

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

TASKS, TESTED = 5, 200
SAMPLES = 2000
DIGITS = pathlib.Path(__file__).parents[2] / "datasets" / "digits"


def digits():
    """Images [N, 1, 28, 28] in [0, 1] and labels: training, then test. The first 200 of each class test."""
    read = lambda name, skip: np.frombuffer(gzip.open(DIGITS / name).read(), np.uint8)[skip:]
    images, labels = read("images-idx3-ubyte.gz", 16).reshape(-1, 1, 28, 28), read("labels-idx1-ubyte.gz", 8)
    place = np.zeros(len(labels), int)
    for label in range(10):
        place[labels == label] = np.arange((labels == label).sum())
    half = lambda mask: (torch.from_numpy(images[mask] / np.float32(255)), torch.from_numpy(labels[mask].astype(np.int64)))
    return half(place >= TESTED), half(place < TESTED)


def task_of(labels):
    """The task of each label: digits 0 and 1, then 2 and 3, and so on."""
    return torch.div(labels, 2, rounding_mode="floor")


class Judge:
    """Tells the digits apart: the shape of vimae's classifier, two convolutions and 64 features."""

    def __init__(self, train, test):
        torch.manual_seed(0)
        layers = [nn.Conv2d(1, 16, 4, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 4, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(32 * 49, 64), nn.ReLU()]
        self.features, self.classes = nn.Sequential(*layers), nn.Linear(64, 10)
        adam = torch.optim.Adam([*self.features.parameters(), *self.classes.parameters()], 1e-3)
        images, labels = train
        for epoch in range(8):
            for rows in torch.randperm(len(labels)).split(100):
                adam.zero_grad()
                F.cross_entropy(self.classes(self.features(images[rows])), labels[rows]).backward()
                adam.step()
        self.accuracy = 100 * float((self.taken(test[0]) == test[1]).float().mean())

    @torch.no_grad()
    def taken(self, images):
        return self.classes(self.features(images)).argmax(1)

    @torch.no_grad()
    def gaussian(self, images):
        features = self.features(images).double()
        return features.mean(0), features.T.cov()

    def distance(self, one, other):
        """The Frechet distance of two sets of images by the features."""
        (mean, cov), (mean2, cov2) = self.gaussian(one), self.gaussian(other)
        # tr (A B)^(1/2) is the sum of the singular values of A^(1/2) B^(1/2).
        root = lambda matrix: (lambda values, vectors: vectors * values.clamp(min=0).sqrt() @ vectors.T)(*torch.linalg.eigh(matrix))
        return float(((mean - mean2) ** 2).sum() + cov.trace() + cov2.trace() - 2 * torch.linalg.svdvals(root(cov) @ root(cov2)).sum())


@torch.no_grad()
def after(model, seen, judge, test):
    """A row of the matrix: reconstruction (0.05 x the sum of squares), class FID beyond real images' and the share of samples that is
    kept, on each of the `seen` tasks so far; and reconstruction, class FID and shares of samples on all of them."""
    images, labels = test
    tasks = task_of(labels)
    error = lambda x: float(0.05 * (model.decode(model.encode(x)) - x).square().sum((1, 2, 3)).mean())
    samples = model.sample(SAMPLES).clamp(0, 1)
    taken = task_of(judge.taken(samples))
    so_far = images[tasks < seen]
    each = []
    for task in range(seen):
        own = images[tasks == task]
        fid, floor = judge.distance(samples, own), judge.distance(so_far, own)
        share = 100 * float((taken == task).float().mean())
        each.append({"reconstruction": error(own), "class_fid_excess": fid - floor, "share_kept": min(100.0, share * seen)})
    shares = [round(100 * float((taken == task).float().mean()), 2) for task in range(TASKS)]
    return {"each": each, "reconstruction": error(so_far), "class_fid": judge.distance(samples, so_far), "shares": shares}


HIGHER = {"reconstruction": False, "class_fid_excess": False, "share_kept": True}


def summary(rows):
    """Averages and forgetting of the matrix, as docs/lifelong.md defines them."""
    found = {"end.reconstruction": rows[-1]["reconstruction"], "end.class_fid": rows[-1]["class_fid"], "end.shares": rows[-1]["shares"]}
    for measure, higher in HIGHER.items():
        sign = 1 if higher else -1
        column = lambda task: [sign * row["each"][task][measure] for row in rows[task:]]
        found[f"average.{measure}"] = float(np.mean([row[measure] for row in rows[-1]["each"]]))
        found[f"forgetting.{measure}"] = float(np.mean([max(column(task)[:-1]) - column(task)[-1] for task in range(len(rows) - 1)]))
    return found

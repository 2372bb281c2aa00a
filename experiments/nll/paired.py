#!/usr/bin/env python3
"""Likelihoods of two runs of mnist_hour.toml on the same images, by PyTorch: paired.py RUN RUN MNIST

    pip install torch==2.15.0 numpy==2.4.6 safetensors==0.8.0
    PYTHONPATH=python python experiments/nll/paired.py runs/mnist_hour/*/vae-* runs/mnist_hour/*/iwae_50-* MNIST

MNIST is a folder with t10k-images-idx3-ubyte.gz. The weights are read by the package in `python/`; the bound of 500 draws (Burda,
Grosse & Salakhutdinov 2016, equation 8) is counted here, on its own binarisation of the first 1 000 test images. Prints one JSON
line: -ln P(x) of each run, and the mean of the differences image by image with its standard error.
"""
import gzip
import json
import math
import pathlib
import sys

import numpy as np
import torch
import vimae
from torch.nn import functional as F

DRAWS, IMAGES, BATCH = 500, 1000, 20


@torch.no_grad()
def negative_log_likelihoods(model, images, generator):
    """-ln P(x) of each image `[N]`, in nats, by the bound of DRAWS draws."""
    found = []
    for batch in images.split(BATCH):
        code = model.encode(batch)
        noise = torch.randn((DRAWS, *code.mean.shape), generator=generator)
        z = code.mean + (0.5 * code.log_var).exp() * noise
        logits = model.decoder(z.flatten(0, 1)).reshape(DRAWS, len(batch), -1)
        likelihood = (batch.flatten(1) * logits - F.softplus(logits)).sum(-1)
        prior = -0.5 * (z**2 + math.log(2 * math.pi)).sum(-1)
        posterior = -0.5 * (noise**2 + math.log(2 * math.pi) + code.log_var).sum(-1)
        found.append(math.log(DRAWS) - torch.logsumexp(likelihood + prior - posterior, 0))
    return torch.cat(found).double()


def main(first, second, mnist):
    path = pathlib.Path(mnist) / "t10k-images-idx3-ubyte.gz"
    pixels = np.frombuffer(gzip.open(path).read(), np.uint8, offset=16)[: IMAGES * 784].reshape(IMAGES, 1, 28, 28)
    generator = torch.Generator().manual_seed(0)
    images = torch.bernoulli(torch.from_numpy(pixels.copy()).float() / 255, generator=generator)
    values = [negative_log_likelihoods(vimae.from_pretrained(run), images, generator) for run in (first, second)]
    mean = lambda v: {"nats": round(v.mean().item(), 3), "standard_error": round(v.std().item() / math.sqrt(len(v)), 3)}
    names = [json.load(open(pathlib.Path(run) / "spec.json"))["method"] for run in (first, second)]
    difference = mean(values[0] - values[1])
    print(json.dumps({"draws": DRAWS, "images": IMAGES} | dict(zip(names, map(mean, values))) | {"difference": difference}))


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])

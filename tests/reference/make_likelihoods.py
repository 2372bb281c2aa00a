#!/usr/bin/env python3
"""Writes golden values for every likelihood of the catalogue, with their gradients.

    pip install torch==2.15.0 numpy==2.4.6
    python make_likelihoods.py --seed 1 --out tests/reference/likelihoods.json

Distributions are those of `torch.distributions`, in double precision, and gradients those of autograd; a discretised logistic is a
difference of two sigmoids. Outputs are what a decoder gives, `[K N, P C, H, W]`, images
`[N, C, H, W]` are in [0, 1] or [-1, 1]. A test fails for an entry that has no value here.
"""
import argparse
import json
import math

import numpy as np
import torch
from torch import distributions as dist
from torch.nn import functional as F

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, required=True)
parser.add_argument("--out", required=True)
arguments = parser.parse_args()
rng = np.random.default_rng(arguments.seed)
torch.set_default_dtype(torch.float64)

N, C, H, W = 3, 2, 2, 3
cases = {}


def unit(images, symmetric):
    return (images + 1) / 2 if symmetric else images


def kinds(output, count):
    return torch.chunk(output, count, 1)


def squash(raw, symmetric):
    return torch.tanh(raw) if symmetric else torch.sigmoid(raw)


def case(name, settings, values, outputs, log_probability, mean, symmetric=False, blocks=1, within=1e-9):
    """`values`: images in [0, 1]. `outputs`: a tensor. `log_probability(x, output)`: of each value, images in [0, 1]."""
    images = 2 * values - 1 if symmetric else values
    output = outputs.clone().requires_grad_(True)
    x = unit(images, symmetric).repeat(blocks, 1, 1, 1)
    each = log_probability(x, output).sum((1, 2, 3))
    weights = torch.arange(1.0, len(each) + 1)
    (each * weights).sum().backward()
    mean_image = mean(output.detach())
    cases.setdefault(name, []).append({
        "settings": settings, "range": "symmetric" if symmetric else "unit", "images": images.tolist(),
        "output": output.detach().tolist(), "log_likelihood": each.detach().tolist(), "gradient": output.grad.tolist(),
        "mean": None if mean_image is None else (2 * mean_image - 1 if symmetric else mean_image).tolist(), "within": within,
    })


def gray():
    return torch.tensor(rng.uniform(0.02, 0.98, (N, C, H, W)))


def binary():
    return torch.tensor(rng.integers(0, 2, (N, C, H, W)).astype(float))


def levels():
    bytes_ = rng.integers(0, 256, (N, C, H, W))
    bytes_.flat[:4] = [0, 255, 1, 254]
    return torch.tensor(bytes_ / 255)


def numbers(per_value, blocks=1, spread=1.5):
    return torch.tensor(rng.normal(size=(blocks * N, per_value * C, H, W)) * spread)


def images_of_a_decoder(blocks=1, symmetric=False):
    return squash(numbers(1, blocks), symmetric)


for symmetric, blocks in [(False, 1), (True, 2)]:
    shared = {"symmetric": symmetric, "blocks": blocks}
    half = 0.5 if symmetric else 1.0

    def own_unit(output, symmetric=symmetric):
        return unit(output, symmetric)

    case("squared_error", {"weight": 2.5}, gray(), images_of_a_decoder(blocks, symmetric),
         lambda x, y: dist.Normal(own_unit(y), half * math.sqrt(1 / 5)).log_prob(x), own_unit, **shared)
    case("gaussian", {"sigma": 0.3}, gray(), images_of_a_decoder(blocks, symmetric),
         lambda x, y: dist.Normal(own_unit(y), 0.3).log_prob(x), own_unit, **shared)

    def optimal(x, y):
        sigma = ((x - own_unit(y)) ** 2).mean().sqrt()
        return dist.Normal(own_unit(y), sigma).log_prob(x)
    case("gaussian", {"scale": "optimal"}, gray(), images_of_a_decoder(blocks, symmetric), optimal, own_unit, **shared)

    for least in (0.0, 0.05):
        def scaled(output, law, least=least):
            location, raw = kinds(output, 2)
            scale = raw.exp() if least == 0 else (math.log(least) + F.softplus(raw - math.log(least))).exp()
            return law(own_unit(squash(location, symmetric)), scale)

        def location(output):
            return own_unit(squash(kinds(output, 2)[0], symmetric))
        for name, law in [("gaussian", dist.Normal), ("laplace", dist.Laplace)]:
            case(name, {"scale": "learned", "least": least}, gray(), numbers(2, blocks),
                 lambda x, y, law=law, scaled=scaled: scaled(y, law).log_prob(x), location, **shared)
            # Log-variances of +-50.
            far = numbers(2, blocks)
            far[:, C:] = torch.where(far[:, C:] > 0, 25.0, -25.0)
            case(name, {"scale": "learned", "least": least}, gray(), far,
                 lambda x, y, law=law, scaled=scaled: scaled(y, law).log_prob(x), location, **shared)
    case("laplace", {"b": 0.2}, gray(), images_of_a_decoder(blocks, symmetric),
         lambda x, y: dist.Laplace(own_unit(y), 0.2).log_prob(x), own_unit, **shared)

    for spread in (1.5, 30.0):
        case("bernoulli", {}, binary(), numbers(1, blocks, spread),
             lambda x, y: dist.Bernoulli(logits=y).log_prob(x), torch.sigmoid, **shared)
        # PyTorch clips probabilities, so that large logits are compared below with the exact integral.
        case("continuous_bernoulli", {}, gray(), numbers(1, blocks, min(spread, 3.0)),
             lambda x, y: dist.ContinuousBernoulli(logits=y, lims=(0.49999, 0.50001)).log_prob(x),
             lambda y: dist.ContinuousBernoulli(logits=y, lims=(0.49, 0.51)).mean, **shared, within=2e-7)
    # Near 1/2 PyTorch takes a Taylor series of its own between these limits.
    near = numbers(1, blocks, 1.0)
    near = near.sign() * 10.0 ** torch.tensor(rng.uniform(-9, -1.2, near.shape))
    near[0, 0, 0, 0] = 0.0
    case("continuous_bernoulli", {}, gray(), near, lambda x, y: dist.ContinuousBernoulli(logits=y, lims=(0.45, 0.55)).log_prob(x),
         lambda y: dist.ContinuousBernoulli(logits=y, lims=(0.45, 0.55)).mean, **shared, within=1e-6)

    def level_mass(x, location, log_scale):
        """Of x in [0, 1], by differences of cumulative probabilities on whichever side of the median loses no digits.

        The `cdf` of a TransformedDistribution adds 1/2 and takes it away again, which leaves a mass of 1e-13 three digits.
        """
        x = 2 * x - 1

        def cdf(value, at):
            return torch.sigmoid((value - at) / log_scale.exp())

        low, high = x < -1 + 1 / 255, x > 1 - 1 / 255
        above = cdf(1 / 255 - x, -location) - cdf(-x - 1 / 255, -location)
        inside = torch.where(x > location, above, cdf(x + 1 / 255, location) - cdf(x - 1 / 255, location))
        return torch.where(low, cdf(x + 1 / 255, location), torch.where(high, cdf(1 / 255 - x, -location), inside))

    def single(x, y):
        return level_mass(x, *kinds(y, 2)).log()

    def mixed(x, y, count):
        parts = kinds(y, 3 * count)
        log_weights = torch.log_softmax(torch.stack(parts[:count]), 0)
        masses = torch.stack([level_mass(x, parts[count + k], parts[2 * count + k]) for k in range(count)])
        return (log_weights + masses.log()).logsumexp(0)

    for shift in (-1.5, -5.0, 6.0):
        given = numbers(2, blocks, 0.6)
        given[:, C:] += shift
        if shift == -5.0:
            # Locations near the images: elsewhere the mass is below the least number.
            values = levels()
            given[:, :C] = 2 * values.repeat(blocks, 1, 1, 1) - 1 + 0.02 * given[:, :C]
            case("discretised_logistic", {}, values, given, single, lambda y: None, **shared)
        else:
            case("discretised_logistic", {}, levels(), given, single, lambda y: None, **shared)
    given = numbers(9, blocks, 0.6)
    given[:, 6 * C:] -= 1.0
    case("discretised_logistic_mixture", {"components": 3}, levels(), given, lambda x, y: mixed(x, y, 3), lambda y: None, **shared)

with open(arguments.out, "w", encoding="utf-8") as file:
    json.dump({"seed": arguments.seed, "torch": torch.__version__, "likelihood": cases}, file, separators=(",", ":"))
    file.write("\n")

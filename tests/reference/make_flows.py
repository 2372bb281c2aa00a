#!/usr/bin/env python3
"""Writes golden log densities of affine autoregressive flows, with their gradients.

    pip install torch==2.15.0 numpy==2.4.6
    python make_flows.py --seed 1 --out tests/reference/flows.json

Each flow has random numbers in the form of `vimae_core::Flow`. Its log density is that of the noise plus the logarithm of the absolute
determinant of the whole map's Jacobian, both by autograd and in double precision: no triangular form is used, so that a flow whose
outputs see a dimension too many has another value.
"""
import argparse
import json
import math

import numpy as np
import torch

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, required=True)
parser.add_argument("--out", required=True)
arguments = parser.parse_args()
rng = np.random.default_rng(arguments.seed)
torch.set_default_dtype(torch.float64)


def normal(*shape):
    return torch.tensor(rng.normal(size=shape))


def degrees(size, widths):
    """Of the dimensions, of the units of each hidden layer, of the outputs: a unit sees what has a degree up to its own."""
    hidden = [1 + torch.arange(width) * max(size - 1, 1) // width for width in widths]
    dimensions = torch.arange(1, size + 1)
    return [dimensions, *hidden, torch.cat([dimensions, dimensions])]


def block(size, widths):
    layers, all_degrees = [], degrees(size, widths)
    for place, (inputs, outputs) in enumerate(zip(all_degrees, all_degrees[1:])):
        last = place == len(widths)
        sees = inputs[None, :] < outputs[:, None] if last else inputs[None, :] <= outputs[:, None]
        layers.append((normal(len(outputs), len(inputs)) * sees * 0.7, normal(len(outputs)) * 0.3))
    return layers


def noise(z, mean, factor, blocks):
    x = torch.linalg.solve_triangular(factor, (z - mean)[:, None], upper=False)[:, 0]
    for layers in blocks:
        hidden = x
        for place, (weight, bias) in enumerate(layers):
            hidden = weight @ hidden + bias
            hidden = hidden.tanh() if place + 1 < len(layers) else hidden
        shift, log_scale = hidden.chunk(2)
        x = ((x - shift) * (-log_scale).exp()).flip(0)
    return x


def log_density(z, flow):
    u = noise(z, *flow)
    jacobian = torch.autograd.functional.jacobian(lambda z: noise(z, *flow), z, create_graph=True)
    return -0.5 * (u @ u) - 0.5 * len(u) * math.log(2 * math.pi) + torch.linalg.slogdet(jacobian)[1]


cases = []
for size, widths, count in [(1, [3], 2), (2, [6], 1), (3, [5], 3), (4, [3, 8], 2), (7, [20], 5)]:
    factor = torch.tril(normal(size, size) * 0.3, -1) + torch.diag(0.5 + torch.tensor(rng.uniform(size=size)))
    flow = (normal(size), factor, [block(size, widths) for _ in range(count)])
    codes = normal(6, size) * 1.5
    rows = []
    for z in codes:
        z = z.clone().requires_grad_(True)
        value = log_density(z, flow)
        value.backward()
        rows.append((value.item(), z.grad.tolist()))
    mean, factor, blocks = flow
    cases.append({
        "size": size, "mean": mean.tolist(), "factor": factor.flatten().tolist(),
        "blocks": [[{"weight": w.flatten().tolist(), "bias": b.tolist()} for w, b in layers] for layers in blocks],
        "codes": codes.tolist(), "log_density": [value for value, _ in rows], "gradient": [gradient for _, gradient in rows],
    })

with open(arguments.out, "w", encoding="utf-8") as file:
    json.dump({"seed": arguments.seed, "torch": torch.__version__, "sampler": {"masked_autoregressive_flow": cases}}, file, separators=(",", ":"))
    file.write("\n")

"""The mean image of each likelihood, from the numbers of a decoder's last layer."""

import torch
from torch.nn import functional as F


def of_unit(images, low, high):
    """Images in [0, 1] in the range of the data."""
    return images * (high - low) + low


def squash(raw, low):
    """The last activation of a decoder that gives images."""
    return torch.sigmoid(raw) if low == 0.0 else torch.tanh(raw)


def continuous_bernoulli(logit):
    """1 / 2 + (coth(l / 2) - 2 / l) / 2, by its series near 0."""
    near = logit.abs() < 0.5
    square = logit**2
    series = logit * (1 / 12 + square * (-1 / 720 + square * (1 / 30240 - square / 1209600)))
    size = torch.where(near, torch.ones_like(logit), logit.abs())
    far = logit.sign() * (0.5 + (-size).exp() / (1 - (-size).exp()) - 1 / size)
    return 0.5 + torch.where(near, series, far)


def held(location, log_scale):
    """The mean of a logistic law that is held within [-1, 1], in units of it."""
    scale = log_scale.clamp(max=4.0).exp()

    def rounded(x):
        return F.relu(x) + scale * torch.log1p((-x.abs() / scale).exp())

    return rounded(location + 1) - rounded(location - 1) - 1


def mean(likelihood, output, per_value, squashed, low, high):
    """The mean images `[N, C, H, W]` of an output `[N, per_value C, H, W]` before any activation."""
    if squashed:
        return squash(output, low)
    kinds = torch.chunk(output, per_value, 1)
    name = likelihood["name"]
    if name in ("gaussian", "laplace"):
        return squash(kinds[0], low)
    if name == "bernoulli":
        return of_unit(torch.sigmoid(output), low, high)
    if name == "continuous_bernoulli":
        return of_unit(continuous_bernoulli(output), low, high)
    if name == "discretised_logistic":
        return of_unit((held(*kinds) + 1) / 2, low, high)
    if name == "discretised_logistic_mixture":
        count = per_value // 3
        shares = torch.softmax(torch.stack(kinds[:count]), 0)
        means = torch.stack([held(kinds[count + k], kinds[2 * count + k]) for k in range(count)])
        return of_unit(((shares * means).sum(0) + 1) / 2, low, high)
    raise ValueError(f"no likelihood {name!r} here")

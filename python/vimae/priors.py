"""What codes are drawn from: the run's own prior, or the density that was fitted to its codes.

All of it is computed in double precision on the CPU. Log densities come back to where the codes are, in single precision on MPS, which
has no other.
"""

import math

import torch
from safetensors.torch import load_file

DOUBLE = torch.float64


def from_device(codes):
    """Codes as densities take them. One step each: MPS cannot make double precision on its way."""
    return codes.cpu().to(DOUBLE)


def to_device(values, codes):
    """Values where the codes are."""
    return (values.float() if codes.device.type == "mps" else values).to(codes.device)


def uniform(shape, generator):
    """Uniform draws, never 0 or 1."""
    return torch.rand(shape, generator=generator, dtype=DOUBLE).clamp(2.0**-54, 1.0 - 2.0**-53)


def gamma(order, shape, generator):
    """Draws of the gamma law of this order and scale 1 (Marsaglia & Tsang, 2000)."""
    if order < 1:
        return gamma(order + 1, shape, generator) * uniform(shape, generator) ** (1 / order)
    d = order - 1 / 3
    c = 1 / math.sqrt(9 * d)
    draws = torch.full(shape, math.nan, dtype=DOUBLE)
    while (missing := draws.isnan()).any():
        x = torch.randn(shape, generator=generator, dtype=DOUBLE)
        v = (1 + c * x) ** 3
        accepted = (v > 0) & (uniform(shape, generator).log() < 0.5 * x**2 + d - d * v + d * v.clamp(min=1e-300).log())
        draws = torch.where(missing & accepted, d * v, draws)
    return draws


class Normal:
    def __init__(self, std):
        self.std = std

    def sample(self, shape, generator):
        return self.std * torch.randn(shape, generator=generator, dtype=DOUBLE)

    def log_density(self, x):
        return -0.5 * ((x / self.std) ** 2 + math.log(2 * math.pi)) - math.log(self.std)


class Laplace:
    def __init__(self, scale):
        self.scale = scale

    def sample(self, shape, generator):
        u = 2 * uniform(shape, generator) - 1
        return -self.scale * u.sign() * torch.log1p(-u.abs())

    def log_density(self, x):
        return -x.abs() / self.scale - math.log(2 * self.scale)


class Logistic:
    def __init__(self, scale):
        self.scale = scale

    def sample(self, shape, generator):
        return self.scale * torch.logit(uniform(shape, generator))

    def log_density(self, x):
        distance = x.abs() / self.scale
        return -distance - 2 * torch.log1p((-distance).exp()) - math.log(self.scale)


class Uniform:
    def __init__(self, half_width):
        self.half_width = half_width

    def sample(self, shape, generator):
        return self.half_width * (2 * uniform(shape, generator) - 1)

    def log_density(self, x):
        inside = torch.full_like(x, -math.log(2 * self.half_width))
        return torch.where(x.abs() <= self.half_width, inside, -math.inf)


class StudentT:
    def __init__(self, freedom, scale):
        self.freedom, self.scale = freedom, scale

    def sample(self, shape, generator):
        normal = torch.randn(shape, generator=generator, dtype=DOUBLE)
        return self.scale * normal * (0.5 * self.freedom / gamma(0.5 * self.freedom, shape, generator)).sqrt()

    def log_density(self, x):
        half = 0.5 * (self.freedom + 1)
        constant = math.lgamma(half) - math.lgamma(0.5 * self.freedom) - 0.5 * math.log(self.freedom * math.pi) - math.log(self.scale)
        return constant - half * torch.log1p((x / self.scale) ** 2 / self.freedom)


class GeneralisedNormal:
    def __init__(self, shape, scale):
        self.shape, self.scale = shape, scale

    def sample(self, shape, generator):
        signed = 2 * uniform(shape, generator) - 1
        return self.scale * signed * gamma(1 + 1 / self.shape, shape, generator) ** (1 / self.shape)

    def log_density(self, x):
        constant = math.log(2 * self.scale / self.shape) + math.lgamma(1 / self.shape)
        return -((x.abs() / self.scale) ** self.shape) - constant


LAWS = {
    "generalised_normal": GeneralisedNormal,
    "laplace": Laplace,
    "logistic": Logistic,
    "normal": Normal,
    "student_t": StudentT,
    "uniform": Uniform,
}


class Independent:
    """Independent dimensions of one law."""

    def __init__(self, law, parameters):
        self.law = LAWS[law](**parameters)

    def sample(self, count, size, generator=None):
        return self.law.sample((count, size), generator)

    def log_density(self, codes):
        return to_device(self.law.log_density(from_device(codes)).sum(-1), codes)


class Mixture:
    """A mixture of Gaussians: weights `[K]`, means `[K, d]`, and standard deviations `[K, d]` or lower factors `[K, d, d]`."""

    def __init__(self, log_weights, means, factors):
        self.log_weights, self.means, self.factors = log_weights, means, factors

    def sample(self, count, size, generator=None):
        if size != self.means.shape[1]:
            raise ValueError(f"codes of {size} dimensions from a mixture of {self.means.shape[1]}")
        chosen = torch.multinomial(self.log_weights.exp(), count, replacement=True, generator=generator)
        noise = torch.randn((count, size), generator=generator, dtype=DOUBLE)
        factors = self.factors[chosen]
        return self.means[chosen] + (factors * noise if factors.ndim == 2 else (factors @ noise[:, :, None])[:, :, 0])

    def log_density(self, codes):
        apart = from_device(codes)[:, None, :] - self.means
        if self.factors.ndim == 2:
            diagonal, solved = self.factors, apart / self.factors
        else:
            diagonal = self.factors.diagonal(dim1=-2, dim2=-1)
            solved = torch.linalg.solve_triangular(self.factors, apart[..., None], upper=False)[..., 0]
        size = self.means.shape[1]
        each = -0.5 * (solved**2).sum(-1) - diagonal.log().sum(-1) - 0.5 * size * math.log(2 * math.pi)
        return to_device(torch.logsumexp(self.log_weights + each, dim=-1), codes)


class Flow:
    """An affine autoregressive flow: L^-1 (z - mean) goes through the blocks and becomes standard normal noise."""

    def __init__(self, numbers, blocks, layers):
        self.mean, self.factor = numbers["mean"], numbers["factor"]
        of = lambda block, layer: [numbers[f"blocks.{block}.{layer}.{part}"] for part in ("weight", "bias")]
        self.blocks = [[of(block, layer) for layer in range(layers)] for block in range(blocks)]

    @staticmethod
    def shift_and_log_scale(block, x):
        for place, (weight, bias) in enumerate(block):
            x = torch.nn.functional.linear(x.tanh() if place else x, weight, bias)
        return x.chunk(2, -1)

    def sample(self, count, size, generator=None):
        if size != len(self.mean):
            raise ValueError(f"codes of {size} dimensions from a flow of {len(self.mean)}")
        x = torch.randn((count, size), generator=generator, dtype=DOUBLE)
        for block in reversed(self.blocks):
            u, x = x.flip(-1), torch.zeros_like(x)
            # A dimension needs those before it alone.
            for i in range(size):
                shift, log_scale = self.shift_and_log_scale(block, x)
                x[:, i] = u[:, i] * log_scale[:, i].exp() + shift[:, i]
        return self.mean + x @ self.factor.T

    def log_density(self, codes):
        apart = (from_device(codes) - self.mean)[..., None]
        x = torch.linalg.solve_triangular(self.factor, apart, upper=False)[..., 0]
        total = -self.factor.diagonal().log().sum() - 0.5 * len(self.mean) * math.log(2 * math.pi)
        for block in self.blocks:
            shift, log_scale = self.shift_and_log_scale(block, x)
            x, total = ((x - shift) * (-log_scale).exp()).flip(-1), total - log_scale.sum(-1)
        return to_device(total - 0.5 * (x**2).sum(-1), codes)


class Unknown:
    """A prior that cannot be had here. The model works without; what needs the prior raises ValueError with the reason."""

    def __init__(self, reason):
        self.reason = f"{reason}, so there are no draws of it and no log densities; encode, decode and reconstruct need none"

    def sample(self, count, size, generator=None):
        raise ValueError(self.reason)

    def log_density(self, codes):
        raise ValueError(self.reason)


def build(files):
    """The distribution that `config.json` describes."""
    prior = files.config["prior"]
    density = prior.get("density")
    if density is None:
        return Unknown(f"{files.place}: config.json has no numbers of its prior {prior['name']!r}")
    if density["kind"] == "independent":
        if density["law"] not in LAWS:
            return Unknown(f"{files.place}: no prior {density['law']!r} here; there are {', '.join(LAWS)} and mixtures of Gaussians")
        return Independent(density["law"], density["parameters"])
    if density["kind"] == "mixture":
        return Mixture(**load_file(files.path(density["file"], density["sha256"])))
    if density["kind"] == "flow":
        return Flow(load_file(files.path(density["file"], density["sha256"])), density["blocks"], density["layers"])
    return Unknown(f"{files.place}: no density of kind {density['kind']!r} here")

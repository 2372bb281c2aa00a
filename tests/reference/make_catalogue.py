#!/usr/bin/env python3
"""Writes golden values for every prior, rate, divergence and objective of the catalogue.

    pip install numpy scipy
    python make_catalogue.py --seed 1 --out tests/reference/catalogue.json

Formulas come from the papers that the entries cite, written with NumPy in double precision; distributions and integrals are
SciPy's. A test fails for an entry that has no value here: add it below, from its paper and not from the Rust code.
"""
import argparse
import json
import math

import numpy as np
import scipy
from scipy import integrate, special, stats

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, required=True)
parser.add_argument("--out", required=True)
arguments = parser.parse_args()
rng = np.random.default_rng(arguments.seed)


def plain(value):
    """Arrays as lists, at any depth."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    return value


# Priors of independent dimensions: settings and SciPy's distribution.

UNIT_LOGISTIC = math.sqrt(3) / math.pi
NORMAL_ENTROPY = 0.5 * (1 + math.log(2 * math.pi))


def generalised_normal(shape):
    return stats.gennorm(shape, scale=1 / stats.gennorm(shape).std())


def student_t(freedom):
    return stats.t(freedom, scale=math.sqrt((freedom - 2) / freedom))


INDEPENDENT = {
    "normal": [({}, stats.norm()), ({"variance": 2.5}, stats.norm(scale=math.sqrt(2.5)))],
    "laplace": [
        ({}, stats.laplace(scale=1 / math.sqrt(2))),
        ({"match": "entropy"}, stats.laplace(scale=math.exp(NORMAL_ENTROPY - 1) / 2)),
    ],
    "logistic": [({}, stats.logistic(scale=UNIT_LOGISTIC)), ({"match": "scale", "scale": 0.7}, stats.logistic(scale=0.7))],
    "uniform": [({}, stats.uniform(-math.sqrt(3), 2 * math.sqrt(3)))],
    "generalised_normal": [({}, generalised_normal(4)), ({"shape": 1.3}, generalised_normal(1.3))],
    "student_t": [({}, student_t(5)), ({"degrees_of_freedom": 9}, student_t(9))],
}


def gaussian_rate(density, mean, log_var):
    """KL(N(mean, exp(log_var)) || density) in nats, by integration."""
    std = math.exp(0.5 * log_var)
    posterior = stats.norm(mean, std)
    # Where a density has a kink or its mode, the integral is split.
    cross, _ = integrate.quad(
        lambda z: posterior.pdf(z) * density.logpdf(z), mean - 14 * std, mean + 14 * std, points=[0.0, mean], limit=800, epsabs=1e-12
    )
    return -0.5 * (1 + math.log(2 * math.pi) + log_var) - cross


CODES = [([0.3, -0.2], [-1.0, -0.5]), ([1.5, 0.1], [-3.0, 0.2]), ([-2.0, 0.0], [-4.6, 0.0])]

priors, rates = {}, {}
for name, variants in INDEPENDENT.items():
    priors[name], rates[name] = [], []
    for settings, law in variants:
        points = law.ppf(rng.uniform(0.001, 0.999, (12, 2)))
        levels = rng.uniform(0.001, 0.999, 12)
        priors[name].append({
            "settings": settings, "size": 2, "points": points, "log_density": law.logpdf(points).sum(1),
            "at": points[:, 0], "cdf": law.cdf(points[:, 0]), "levels": levels, "quantile": law.ppf(levels),
            "entropy": 2 * law.entropy(), "entropy_within": 1e-8, "variance": law.var(),
        })
        for mean, log_var in CODES:
            infinite = name == "uniform"
            value = None if infinite else sum(gaussian_rate(law, m, v) for m, v in zip(mean, log_var))
            rates[name].append({"settings": settings, "size": 2, "mean": mean, "log_var": log_var, "rate": value})


# Mixtures of Gaussians.

def normal_log(z, mean, log_var):
    return -0.5 * ((z - mean) ** 2 / np.exp(log_var) + log_var + math.log(2 * math.pi))


def mixture_log(points, means, log_vars):
    each = normal_log(points[:, None, :], means[None], log_vars[None]).sum(2)
    return special.logsumexp(each, axis=1) - math.log(len(means))


def spread_out(means, part):
    """Means moved about zero with `part` of a unit variance between them where they are widest, and log-variances within."""
    means = means - means.mean(0)
    between = (means ** 2).mean(0)
    means = means * math.sqrt(part / between.max())
    within = 1 - (means ** 2).mean(0)
    return means, np.tile(np.log(within), (len(means), 1))


def ring(count):
    turns = 2 * math.pi * np.arange(count) / count
    return np.stack([np.cos(turns), np.sin(turns)], 1)


def grid(count, size):
    side = math.ceil(math.sqrt(count))
    return np.array([[k % side, k // side] + [0] * (size - 2) for k in range(count)], float)


def entropy_of(means, log_vars):
    """Of a mixture in two dimensions, by a fine sum."""
    step = 0.02
    line = np.arange(-7, 7, step) + step / 2
    points = np.stack(np.meshgrid(line, line), -1).reshape(-1, 2)
    log = mixture_log(points, means, log_vars)
    return float(-(np.exp(log) * log).sum() * step * step)


def mixture_rate(mean, log_var, means, log_vars):
    """By Gauss and Hermite's rule in each of two dimensions or one."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(120)
    weights = weights / weights.sum()
    mean, std = np.array(mean), np.exp(0.5 * np.array(log_var))
    size = len(mean)
    mesh = np.stack(np.meshgrid(*[nodes] * size, indexing="ij"), -1).reshape(-1, size)
    mass = np.prod(np.stack(np.meshgrid(*[weights] * size, indexing="ij"), -1).reshape(-1, size), 1)
    cross = (mass * mixture_log(mean + std * mesh, means, log_vars)).sum()
    return float(-0.5 * (1 + math.log(2 * math.pi) + np.array(log_var)).sum() - cross)


def rate_at(z, mean, log_var, means, log_vars):
    own = normal_log(np.array(z), np.array(mean), np.array(log_var)).sum()
    return float(own - mixture_log(np.array([z]), means, log_vars)[0])


priors["mixture_of_gaussians"], rates["mixture_of_gaussians"] = [], []
for settings, start in [
    ({}, ring(10)), ({"layout": "grid", "components": 6, "spread": 0.8}, grid(6, 2)),
    ({"layout": "grid", "components": 7, "spread": 0.6}, grid(7, 3)), ({"components": 4}, np.arange(4.0)[:, None]),
]:
    means, log_vars = spread_out(start, settings.get("spread", 0.9))
    size = means.shape[1]
    points = means[rng.integers(0, len(means), 12)] + rng.normal(size=(12, size)) * np.exp(0.5 * log_vars[0])
    case = {"settings": settings, "size": size, "points": points, "log_density": mixture_log(points, means, log_vars)}
    if size == 2:
        case |= {"entropy": entropy_of(means, log_vars), "entropy_within": 0.01}
    priors["mixture_of_gaussians"].append(case)
    for mean, log_var in CODES if size < 3 else []:
        mean, log_var = mean[:size], log_var[:size]
        z = np.array(mean) + np.exp(0.5 * np.array(log_var)) * rng.normal(size=size)
        rates["mixture_of_gaussians"].append({
            "settings": settings, "size": size, "mean": mean, "log_var": log_var,
            "rate": mixture_rate(mean, log_var, means, log_vars), "by_draws": size > 1,
            "z": z, "rate_at": rate_at(z, mean, log_var, means, log_vars),
        })

# The encoder of the VampPrior is a linear map of the pixels of a 2 x 2 image.
pseudo_inputs = rng.normal(size=(3, 1, 2, 2))
to_mean, to_log_var = rng.normal(size=(4, 2)), rng.normal(size=(4, 2)) - 1
flat = (0.5 * np.tanh(pseudo_inputs) + 0.5).reshape(3, 4)
means, log_vars = flat @ to_mean, flat @ to_log_var
points = means[rng.integers(0, 3, 12)] + rng.normal(size=(12, 2)) * 0.5
bound = {"parameters": {"prior.pseudo_inputs": pseudo_inputs}, "to_mean": to_mean, "to_log_var": to_log_var}
settings = {"components": 3}
priors["vamp"] = [{"settings": settings, "size": 2, "points": points, "log_density": mixture_log(points, means, log_vars), **bound}]
rates["vamp"] = []
for mean, log_var in CODES:
    z = np.array(mean) + np.exp(0.5 * np.array(log_var)) * rng.normal(size=2)
    rates["vamp"].append({
        "settings": settings, "size": 2, "mean": mean, "log_var": log_var, "rate": mixture_rate(mean, log_var, means, log_vars),
        "by_draws": True, "z": z, "rate_at": rate_at(z, mean, log_var, means, log_vars), **bound,
    })


# Divergences between samples of different sizes.

def squared_distances(a, b):
    return ((a[:, None, :] - b[None, :, :]) ** 2).sum(2)


def unbiased(kernel, q, p):
    """The U-statistic of an MMD for a function of the squared distance."""
    def own(sample):
        values, n = kernel(squared_distances(sample, sample)), len(sample)
        return (values.sum() - np.trace(values)) / (n * (n - 1))
    return own(q) + own(p) - 2 * kernel(squared_distances(q, p)).mean()


def mmd_imq(q, p, variance=1.0):
    widths = [2 * q.shape[1] * scale * variance for scale in (0.1, 0.2, 0.5, 1, 2, 5, 10)]
    return sum(unbiased(lambda s, c=c: c / (c + s), q, p) for c in widths)


def mmd_rbf(q, p, width):
    return unbiased(lambda s: np.exp(-s / (2 * width)), q, p)


def median_square(q, p):
    """The upper median of the squared distances between different rows of both samples."""
    rows = np.concatenate([q, p])
    squares = np.sort(squared_distances(rows, rows)[np.triu_indices(len(rows), 1)])
    return squares[len(squares) // 2]


def moment_matching(q, p, weight):
    covariances = np.cov(q.T) - np.cov(p.T)
    return ((q.mean(0) - p.mean(0)) ** 2).sum() + weight * (covariances ** 2).sum()


def transport(q, p, order):
    """Cost between samples on a line, by the quantile functions at the middle of each common step."""
    steps = math.lcm(len(q), len(p))
    q, p = np.repeat(np.sort(q), steps // len(q)), np.repeat(np.sort(p), steps // len(p))
    return (np.abs(q - p) ** order).mean()


def critic(size, hidden, layers):
    parameters, inputs = {}, size
    for layer in range(layers + 1):
        outputs = 1 if layer == layers else hidden
        parameters[f"divergence.discriminator.{layer}.weight"] = rng.normal(size=(outputs, inputs)) / math.sqrt(inputs)
        parameters[f"divergence.discriminator.{layer}.bias"] = rng.normal(size=outputs) * 0.1
        inputs = outputs
    return parameters


def logit(parameters, x, normal):
    learnt = x
    for layer in range(len(parameters) // 2):
        inner = learnt if layer == 0 else np.maximum(learnt, 0)
        learnt = inner @ parameters[f"divergence.discriminator.{layer}.weight"].T + parameters[f"divergence.discriminator.{layer}.bias"]
    known = stats.norm.logpdf(x).sum(1) if normal else 0.0
    return learnt[:, 0] + known


def softplus(x):
    return np.logaddexp(0, x)


def adversarial(kind, settings, q, p):
    parameters = critic(q.shape[1], settings["hidden"], settings["layers"])
    normal = settings.get("log_density") == "normal"
    on_q, on_p = logit(parameters, q, normal), logit(parameters, p, normal)
    cross_entropy = softplus(-on_p).mean() + softplus(on_q).mean()
    if kind == "adversarial_kl":
        value = -on_q.mean()
    elif settings.get("loss") == "divergence":
        value = math.log(2) - cross_entropy / 2
    else:
        value = softplus(-on_q).mean() - math.log(2)
    return {"settings": settings, "q": q, "p": p, "value": value, "critic_loss": cross_entropy, "parameters": parameters, "within": 1e-10}


def samples(size):
    return rng.normal(size=(9, size)) * 0.8 + 0.3, rng.normal(size=(6, size))


divergences = {}


def compared(name, settings, size, function, within=1e-10):
    q, p = samples(size)
    divergences.setdefault(name, []).append({"settings": settings, "q": q, "p": p, "value": function(q, p), "within": within})


compared("energy", {}, 3, lambda q, p: unbiased(lambda s: -np.sqrt(s), q, p))
compared("mmd_imq", {}, 3, mmd_imq)
compared("mmd_imq", {"variance": 2}, 2, lambda q, p: mmd_imq(q, p, 2))
compared("mmd_imq_single", {}, 3, lambda q, p: unbiased(lambda s: 6 / (6 + s), q, p))
compared("mmd_imq_single", {"scale": 0.5, "variance": 3}, 3, lambda q, p: unbiased(lambda s: 9 / (9 + s), q, p))
compared("mmd_rbf", {}, 3, lambda q, p: mmd_rbf(q, p, 3))
compared("mmd_rbf", {"width": "median", "scale": 0.7}, 3, lambda q, p: mmd_rbf(q, p, 0.7 * median_square(q, p)))
compared("moment_matching", {"covariance_weight": 0.4}, 3, lambda q, p: moment_matching(q, p, 0.4))
for order in (1, 2):
    # On a line every direction is the same.
    compared("sliced_wasserstein", {"order": str(order)}, 1, lambda q, p: transport(q[:, 0], p[:, 0], order))
    # On a sphere the directions are random on either side: five standard errors of both.
    q, p = samples(3)
    directions = rng.normal(size=(40_000, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    costs = np.array([transport(q @ t, p @ t, order) for t in directions])
    divergences["sliced_wasserstein"].append({
        "settings": {"order": str(order), "projections": 10_000}, "q": q, "p": p, "value": costs.mean(),
        "within": 5 * costs.std() * math.sqrt(1 / 10_000 + 1 / 40_000),
    })
for kind, settings in [
    ("adversarial_js", {"hidden": 5, "layers": 2}), ("adversarial_js", {"hidden": 4, "layers": 1, "loss": "divergence"}),
    ("adversarial_kl", {"hidden": 5, "layers": 2}), ("adversarial_kl", {"hidden": 4, "layers": 1, "log_density": "normal"}),
]:
    divergences.setdefault(kind, []).append(adversarial(kind, settings, *samples(3)))


# Objectives: one step's images, reconstructions and codes, and the loss that they make.

N, SIZE, IMAGE = 4, 2, (1, 2, 3)
POPULATION = 50
objectives = {}


def step(name, settings, loss, gaussian=True, draws=1, prior="normal", **more):
    images = rng.uniform(size=(N, *IMAGE))
    output = rng.uniform(size=(draws * N, *IMAGE))
    mean = np.tile(rng.normal(size=(N, SIZE)), (draws, 1))
    log_var = np.tile(rng.normal(size=(N, SIZE)) - 1, (draws, 1)) if gaussian else None
    z = mean + np.exp(0.5 * log_var) * rng.normal(size=mean.shape) if gaussian else mean
    sample = (stats.norm() if prior == "normal" else stats.logistic(scale=UNIT_LOGISTIC)).ppf(rng.uniform(size=(N, SIZE)))
    errors = ((np.tile(images, (draws, 1, 1, 1)) - output) ** 2).sum((1, 2, 3))
    given = {"errors": errors, "mean": mean, "log_var": log_var, "z": z, "prior_sample": sample, **more}
    total, terms = loss(given)
    objectives.setdefault(name, []).append({
        "settings": settings, "prior": prior, "population": POPULATION, "images": images, "output": output, "mean": mean,
        "log_var": log_var, "z": z, "prior_sample": sample, "total": total, "terms": terms, **more,
    })


def kl_to_normal(given):
    return 0.5 * (given["mean"] ** 2 + np.exp(given["log_var"]) - 1 - given["log_var"]).sum(1).mean()


def weighed(weight, beta):
    def loss(given):
        distortion, rate = given["errors"].mean(), kl_to_normal(given)
        return weight * distortion + beta * rate, {"distortion": distortion, "rate": rate}
    return loss


def targeted(given):
    distortion, rate = given["errors"].mean(), kl_to_normal(given)
    return 1.5 * distortion + 3 * abs(7 - rate), {"distortion": distortion, "rate": rate}


def alone(weight):
    def loss(given):
        return weight * given["errors"].mean(), {"distortion": given["errors"].mean()}
    return loss


def info(given):
    distortion, rate, mmd = given["errors"].mean(), kl_to_normal(given), mmd_imq(given["z"], given["prior_sample"])
    return 1.5 * distortion + 0.3 * rate + (20 - 0.3) * mmd, {"distortion": distortion, "rate": rate, "mmd": mmd}


def infomax(given):
    distortion, mmd = given["errors"].mean(), mmd_imq(given["z"], given["prior_sample"])
    return 0.05 * distortion + 7 * mmd, {"distortion": distortion, "mmd": mmd}


def own_density(given):
    return normal_log(given["z"], given["mean"], given["log_var"]).sum(1)


def importance_weighted(draws):
    def loss(given):
        rates_drawn = own_density(given) - stats.norm.logpdf(given["z"]).sum(1)
        weights = -(1.5 * given["errors"] + rates_drawn).reshape(draws, N)
        evidence = special.logsumexp(weights, axis=0) - math.log(draws)
        return -evidence.mean(), {"distortion": given["errors"].mean(), "rate": rates_drawn.mean()}
    return loss


def decomposed(stratified):
    """Chen et al., equation 5, and their appendix C.2: the code of image i, the posterior of image j."""
    def loss(given):
        z, mean, log_var = given["z"], given["mean"], given["log_var"]
        joint, product = [], []
        for i in range(N):
            importance = []
            for j in range(N):
                if not stratified:
                    importance.append(1 / (POPULATION * N))
                elif i == j:
                    importance.append(1 / POPULATION)
                elif j == (i + 1) % N:
                    importance.append((POPULATION - N + 1) / (POPULATION * (N - 1)))
                else:
                    importance.append(1 / (N - 1))
            each = np.array([normal_log(z[i], mean[j], log_var[j]) for j in range(N)]) + np.log(importance)[:, None]
            whole = np.array([normal_log(z[i], mean[j], log_var[j]).sum() for j in range(N)]) + np.log(importance)
            joint.append(special.logsumexp(whole))
            product.append(special.logsumexp(each, axis=0).sum())
        own, known = own_density(given).mean(), stats.norm.logpdf(z).sum(1).mean()
        joint, product, distortion = np.mean(joint), np.mean(product), given["errors"].mean()
        terms = {
            "distortion": distortion, "rate": own - known, "mutual_information": own - joint,
            "total_correlation": joint - product, "dimension_rate": product - known,
        }
        total = distortion + 2 * (own - joint) + 6 * (joint - product) + 0.5 * (product - known)
        return total, terms
    return loss


def regularised(given):
    distortion, code = given["errors"].mean(), 0.5 * (given["z"] ** 2).sum(1).mean()
    decoder = sum((value ** 2).sum() for name, value in given["parameters"].items() if name.startswith("decoder.") and value.ndim > 1)
    return 1.5 * distortion + 0.2 * code + 0.01 * decoder, {"distortion": distortion, "code_norm": code, "decoder_norm": decoder}


def against_critic(given):
    distortion = given["errors"].mean()
    on_q = logit(given["divergence"]["parameters"], given["z"], False)
    apart = softplus(-on_q).mean() - math.log(2)
    return 0.05 * distortion + 10 * apart, {"distortion": distortion, "divergence": apart}


step("vae", {"recon_weight": 1.5, "beta": 2}, weighed(1.5, 2))
step("beta_h_vae", {"beta": 4}, weighed(1, 4))
step("beta_a_vae", {"beta": 0.2}, weighed(1, 0.2))
step("rate_target_vae", {"recon_weight": 1.5, "beta": 3, "r0": 7}, targeted)
step("info_vae", {"recon_weight": 1.5, "alpha": 0.3, "lambda": 20}, info)
step("iwae", {"recon_weight": 1.5, "samples": 3}, importance_weighted(3), draws=3)
for estimator in ("weighted", "stratified"):
    step("tc_vae", {"alpha": 2, "beta": 6, "gamma": 0.5, "estimator": estimator}, decomposed(estimator == "stratified"))
step("vimae_n", {"lambda": 7}, infomax, gaussian=False)
step("vimae_l", {"lambda": 7}, infomax, gaussian=False, prior="logistic")
for name, gaussian in [("plain_ae", False), ("denoising_ae", False), ("uncertainty_ae", True)]:
    step(name, {"recon_weight": 1.5}, alone(1.5), gaussian=gaussian)
network = {
    "encoder.mean.weight": rng.normal(size=(2, 6)), "encoder.mean.bias": rng.normal(size=2),
    "decoder.out.weight": rng.normal(size=(6, 2)), "decoder.out.bias": rng.normal(size=6),
}
step("rae", {"recon_weight": 1.5, "code_weight": 0.2, "decoder_weight": 0.01}, regularised, gaussian=False, parameters=network)
discriminator = {"name": "adversarial_js", "settings": {"hidden": 4, "layers": 1}, "parameters": critic(SIZE, 4, 1)}
step("wae_gan", {"recon_weight": 0.05, "lambda": 10}, against_critic, gaussian=False, divergence=discriminator)

written = {
    "seed": arguments.seed, "versions": {"numpy": np.__version__, "scipy": scipy.__version__},
    "prior": priors, "rate": rates, "divergence": divergences, "objective": objectives,
}
with open(arguments.out, "w") as file:
    # A line for each case keeps the differences of two seeds readable.
    kinds = []
    for kind, value in written.items():
        if kind in ("seed", "versions"):
            kinds.append(f"{json.dumps(kind)}: {json.dumps(value)}")
            continue
        entries = []
        for name, cases in value.items():
            lines = ",\n".join("   " + json.dumps(plain(case), allow_nan=False) for case in cases)
            entries.append(f"  {json.dumps(name)}: [\n{lines}\n  ]")
        kinds.append(f"{json.dumps(kind)}: {{\n" + ",\n".join(entries) + "\n }")
    file.write("{\n " + ",\n ".join(kinds) + "\n}\n")
print({kind: {name: len(cases) for name, cases in value.items()} for kind, value in written.items() if kind not in ("seed", "versions")})

#!/usr/bin/env python3
"""MMD, Parzen windows, rate, truncated normals, SAME padding, the SVM's gamma and TensorBoard after a restart: estimators.py DIR,
where run.sh put the inputs; writes estimators.json."""
import math, sys, tempfile, warnings

import numpy as np
import torch
from safetensors.numpy import load_file

from rows import Rows

warnings.filterwarnings("ignore")


def mmd(rows, sets):
    from pythae.models import WAE_MMD, WAE_MMD_Config
    import torch_fidelity.metric_kid as kid
    given = "200 codes and 200 draws, 8 dimensions"
    codes, prior = (torch.tensor(sets[name]).double() for name in ["codes", "prior"])
    model = WAE_MMD(WAE_MMD_Config(input_dim=(1, 2, 2), latent_dim=8))
    nothing = torch.zeros(200, 4)
    rows.add("mmd", given, "pythae", "WAE_MMD, default scales", model.loss_function(nothing, nothing, codes, prior)[2].item())
    kernel = lambda a, b: sum(2 * 8 * s / (2 * 8 * s + torch.cdist(a, b) ** 2) for s in model.scales).numpy()
    for estimator in ["unbiased", "biased", "u-statistic"]:
        value = kid.mmd2(kernel(codes, codes), kernel(codes, prior), kernel(prior, prior), mmd_est=estimator)
        rows.add("mmd", given, "torch-fidelity", f"mmd2 of the same kernels, {estimator}", value)


def rate(rows, sets):
    from torch.distributions import Normal, kl_divergence
    mean, log_var = torch.tensor(sets["mean"]).double(), torch.tensor(sets["log_var"]).double()
    each = kl_divergence(Normal(mean, (log_var / 2).exp()), Normal(torch.zeros_like(mean), torch.ones_like(mean)))
    given = "200 Gaussian codes, 8 dimensions"
    rows.add("rate", given, "torch.distributions", "kl_divergence, sum over dimensions, mean over images", each.sum(1).mean().item())
    rows.add("rate", given, "torch.distributions", "kl_divergence, mean over both, as many losses have it", each.mean().item())
    from pythae.models import VAE, VAEConfig
    model = VAE(VAEConfig(input_dim=(1, 2, 2), latent_dim=8))
    nothing = torch.zeros(200, 4)
    rows.add("rate", given, "pythae", "reg_loss of its VAE", model.loss_function(nothing, nothing, mean, log_var, mean)[2].item())


def parzen(rows, sets):
    from scipy.stats import gaussian_kde
    from sklearn.neighbors import KernelDensity
    for dimensions in [2, 64, 784]:
        test, samples = (sets[f"{name}.{dimensions}"].astype(float) for name in ["test", "samples"])
        given = f"100 images on 500 samples, {dimensions} dimensions, sigma=0.2"
        exponents = -((test[:, None] - samples[None]) ** 2).sum(-1) / (2 * 0.2**2)
        exact = torch.logsumexp(torch.tensor(exponents), 1).mean().item() - math.log(500) - dimensions / 2 * math.log(2 * math.pi * 0.2**2)
        rows.add("parzen", given, "numpy", "the sum as it is defined, float64", exact)
        for leaf in [40, 500]:
            model = KernelDensity(bandwidth=0.2, leaf_size=leaf).fit(samples)
            name = "default leaf_size=40" if leaf == 40 else "leaf_size=500, the samples' number"
            rows.add("parzen", given, "scikit-learn", f"KernelDensity, {name}", model.score_samples(test).mean())
        try:
            found = gaussian_kde(samples.T, bw_method=0.2).logpdf(test.T).mean()
        except (np.linalg.LinAlgError, ValueError) as error:
            found = f"refused: {str(error).split('. ')[0]}"
        rows.add("parzen", given, "scipy", "gaussian_kde, bw_method=0.2: a factor of the samples' covariance", found)


def truncated(rows, _):
    given = "100000 draws, standard deviation 0.01"
    torch.manual_seed(0)
    for setting, bounds in [("default bounds", {}), ("a=-0.02, b=0.02", dict(a=-0.02, b=0.02))]:
        draws = torch.nn.init.trunc_normal_(torch.empty(100_000), std=0.01, **bounds)
        rows.add("truncated normal", given, "torch", f"trunc_normal_, {setting}: largest over 0.01", draws.abs().max().item() / 0.01)
        rows.add("truncated normal", given, "torch", f"trunc_normal_, {setting}: their standard deviation over 0.01", draws.std().item() / 0.01)


def same(rows, _):
    for size, kernel in [(7, 4), (7, 5), (8, 4), (32, 5)]:
        given = f"{size} x {size}, kernel {kernel}, stride 2"
        for padding in [kernel // 2, (kernel - 1) // 2]:
            out = torch.nn.functional.conv2d(torch.zeros(1, 1, size, size), torch.zeros(1, 1, kernel, kernel), stride=2, padding=padding)
            rows.add("SAME padding", given, "torch", f"conv2d, padding={padding}: size of the result", out.shape[-1])
        try:
            torch.nn.functional.conv2d(torch.zeros(1, 1, size, size), torch.zeros(1, 1, kernel, kernel), stride=2, padding="same")
        except RuntimeError as error:
            rows.add("SAME padding", given, "torch", 'conv2d, padding="same"', str(error))


def gamma(rows, sets):
    from sklearn.svm import SVC
    codes, labels = 3 * sets["codes"], (sets["codes"][:, 0] > 0).astype(int)
    for setting in ["scale", "auto"]:
        rows.add("gamma of an SVM", "200 codes of 8 dimensions, 3 times as wide", "scikit-learn", f'SVC(gamma="{setting}")', SVC(gamma=setting).fit(codes, labels)._gamma)
    standardised = (codes - codes.mean(0)) / codes.std(0)
    for setting in ["scale", "auto"]:
        rows.add("gamma of an SVM", "the same, standardised", "scikit-learn", f'SVC(gamma="{setting}")', SVC(gamma=setting).fit(standardised, labels)._gamma)


def restart(rows, _):
    """A process writes steps 0 to 9 and dies; the next resumes from the checkpoint at 5 and writes 5 to 11."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from torch.utils.tensorboard import SummaryWriter
    for setting, purge in [("SummaryWriter(folder)", None), ("SummaryWriter(folder, purge_step=5)", 5)]:
        with tempfile.TemporaryDirectory() as folder:
            for start, end, step in [(0, 10, None), (5, 12, purge)]:
                writer = SummaryWriter(folder, purge_step=step, filename_suffix=f".{start}")
                for i in range(start, end):
                    writer.add_scalar("loss", i, i)
                writer.close()
            shown = EventAccumulator(folder).Reload().Scalars("loss")
            rows.add("restart", "steps 0 to 9, then 5 to 11", "torch", f"{setting}: points that TensorBoard shows", len(shown))


if __name__ == "__main__":
    sets = load_file(f"{sys.argv[1]}/inputs.safetensors")
    rows = Rows("estimators", ["pythae", "torch-fidelity", "scikit-learn", "scipy", "torch", "tensorboard", "numpy"], sys.argv[1])
    rows.ours("mmd", "rate", "parzen", "truncated normal", "gamma of an SVM")
    for part in [mmd, rate, parzen, truncated, same, gamma, restart]:
        part(rows, sets)
    rows.write()

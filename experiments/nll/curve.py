#!/usr/bin/env python3
"""The curve of mnist_hour.toml beside the published likelihoods: curve.csv and curve.png.

    pip install matplotlib==3.11.2
    cargo xtask train experiments/nll/mnist_hour.toml
    python experiments/nll/curve.py runs/mnist_hour experiments/results/nll

The curve is the mean loss of each epoch's training images: the negative ELBO of the VAE, the negative bound of 50 draws of the
IWAE. The points at its end are -ln P(x) of test images by the bound of 500 draws, with 95 % intervals over images.
"""
import collections
import csv
import json
import pathlib
import sys

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt

# Burda, Grosse & Salakhutdinov (2016), table 1, one stochastic layer: 3 280 epochs, 5 000 draws, all test images.
PUBLISHED = {"vae": 86.76, "iwae_50": 84.78}
TITLES = {"vae": "VAE", "iwae_50": "IWAE, 50 draws"}


def main(runs, out):
    figure, axes = plt.subplots(figsize=(7, 4), dpi=120)
    with open(out / "curve.csv", "w") as file:
        table = csv.writer(file)
        table.writerow(["method", "epoch", "loss_nats"])
        for colour, (method, published) in zip(["tab:blue", "tab:orange"], PUBLISHED.items()):
            [run] = runs.glob(f"*/{method}-seed0-*")
            losses = collections.defaultdict(list)
            for line in open(run / "log.jsonl"):
                step = json.loads(line)
                losses[step["epoch"]].append(step["loss"])
            means = [sum(losses[epoch]) / len(losses[epoch]) for epoch in sorted(losses)]
            table.writerows((method, epoch + 1, round(mean, 3)) for epoch, mean in enumerate(means))
            record = json.load(open(run / "record.json"))
            [nll] = [m for m in record["measurements"] if m["metric"] == "nll"]
            axes.plot(range(1, len(means) + 1), means, color=colour, label=f"{TITLES[method]}: loss in training")
            axes.errorbar(
                len(means) + 0.7, nll["value"], yerr=1.96 * nll["standard_error"], color=colour, fmt="o", markersize=4, capsize=2,
                label=f"{TITLES[method]}: {nll['value']:.1f} nats on {nll['n']} test images")
            axes.axhline(published, color=colour, linestyle="--", linewidth=1, label=f"published, 3 280 epochs: {published}")
    axes.set(xlabel="epoch", ylabel="nats an image", ylim=(82, 125))
    axes.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(out / "curve.png")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*map(pathlib.Path, sys.argv[1:]))

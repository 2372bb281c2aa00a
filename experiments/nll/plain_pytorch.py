#!/usr/bin/env python3
"""The runs of digits.toml and mnist.toml in plain PyTorch, to be compared with.

    pip install torch==2.15.0 numpy==2.4.6
    python experiments/nll/plain_pytorch.py --epochs 12 --draws 1                 # a VAE on the digits that ship
    python experiments/nll/plain_pytorch.py --epochs 12 --draws 50                # IWAE with 50 draws
    python experiments/nll/plain_pytorch.py --mnist FOLDER --epochs 100 --burda   # FOLDER holds MNIST's four idx files

Written from the equations of Burda, Grosse and Salakhutdinov (2016), appendix C for the network; nothing of this project is in it.
Training images are binarised anew in each epoch, test images once. Each epoch is a line of JSON, and the last line has the bound of
-ln P(x) of the first test images in nats, its standard error, and the seconds of a training step.
"""
import argparse
import gzip
import json
import math
import pathlib
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

CLASSES, TEST_OF_EACH = 10, 200


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mnist", type=pathlib.Path, help="folder of MNIST's idx files; the digits that ship where absent")
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--draws", type=int, default=1, help="codes of each image; 1 is the VAE with its rate in closed form")
    parser.add_argument("--batch", type=int, default=20)
    parser.add_argument("--rate", type=float, default=1e-3, help="step size of Adam")
    parser.add_argument("--epsilon", type=float, default=1e-4, help="epsilon of Adam")
    parser.add_argument("--burda", action="store_true", help="step sizes of the paper: 10^(-i / 7) in the i-th stage of 3^i epochs")
    parser.add_argument("--mean-bias", action="store_true", help="start the pixels' biases at the mean image, as the paper's code")
    parser.add_argument("--bound", type=int, default=500, help="draws of the bound that is measured")
    parser.add_argument("--images", type=int, default=500, help="test images that it is measured on")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


def idx(path):
    """The array of bytes of an idx file, packed or not."""
    data = path.read_bytes()
    data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    sizes = [int.from_bytes(data[4 + 4 * i:8 + 4 * i], "big") for i in range(data[3])]
    return np.frombuffer(data, np.uint8, offset=4 + 4 * len(sizes)).reshape(sizes)


def images(mnist):
    """Training and test images in [0, 1], [N, 784]."""
    if mnist:
        found = {part: next(p for p in mnist.iterdir() if p.name.startswith(f"{part}-images")) for part in ("train", "t10k")}
        train, test = idx(found["train"])[:50_000], idx(found["t10k"])
    else:
        folder = pathlib.Path(__file__).resolve().parents[2] / "datasets" / "digits"
        every, labels = (idx(folder / f"{name}-ubyte.gz") for name in ("images-idx3", "labels-idx1"))
        tests = np.zeros(len(labels), bool)
        for label in range(CLASSES):
            tests[np.flatnonzero(labels == label)[:TEST_OF_EACH]] = True
        train, test = every[~tests], every[tests]
    return [torch.tensor(part.reshape(len(part), -1), dtype=torch.float32) / 255 for part in (train, test)]


def glorot(inputs, outputs):
    layer = nn.Linear(inputs, outputs)
    nn.init.xavier_uniform_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


class Model(nn.Module):
    """784-200-200-50 and back, tanh units."""

    def __init__(self, pixels=784, width=200, code=50):
        super().__init__()
        self.encoder = nn.Sequential(glorot(pixels, width), nn.Tanh(), glorot(width, width), nn.Tanh())
        self.mean, self.log_var = glorot(width, code), glorot(width, code)
        self.decoder = nn.Sequential(glorot(code, width), nn.Tanh(), glorot(width, width), nn.Tanh(), glorot(width, pixels))

    def head(self, x):
        hidden = self.encoder(x)
        return self.mean(hidden), self.log_var(hidden)

    def log_weights(self, x, draws):
        """ln p(x|z) + ln p(z) - ln q(z|x) of so many draws of z for each image, [draws, N]."""
        mean, log_var = self.head(x)
        noise = torch.randn(draws, *mean.shape)
        z = mean + (log_var / 2).exp() * noise
        log_likelihood = -F.binary_cross_entropy_with_logits(self.decoder(z), x.expand(draws, *x.shape), reduction="none").sum(-1)
        # The constants of both Gaussians cancel.
        return log_likelihood - 0.5 * z.square().sum(-1) + 0.5 * (noise.square() + log_var).sum(-1)

    def negative_bound(self, x, draws):
        """Its expectation is what training minimises, in nats an image: the negative evidence bound of one draw, or of several."""
        if draws > 1:
            return math.log(draws) - self.log_weights(x, draws).logsumexp(0).mean()
        mean, log_var = self.head(x)
        logits = self.decoder(mean + (log_var / 2).exp() * torch.randn_like(mean))
        distortion = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1)
        rate = 0.5 * (mean.square() + log_var.exp() - 1 - log_var).sum(-1)
        return (distortion + rate).mean()


def share_of_rate(epoch, burda):
    stage, end = 0, 1
    while burda and epoch >= end:
        stage += 1
        end += 3**stage
    return 10 ** (-stage / 7)


def main(a):
    torch.manual_seed(a.seed)
    torch.set_num_threads(a.threads)
    train, test = images(a.mnist)
    model = Model()
    if a.mean_bias:
        mean = train.mean(0).clamp(0.001, 0.999)
        model.decoder[-1].bias.data.copy_((mean / (1 - mean)).log())
    optimiser = torch.optim.Adam(model.parameters(), a.rate, betas=(0.9, 0.999), eps=a.epsilon)
    steps, seconds = 0, 0.0
    for epoch in range(a.epochs):
        for group in optimiser.param_groups:
            group["lr"] = a.rate * share_of_rate(epoch, a.burda)
        begun, losses = time.perf_counter(), []
        for rows in torch.randperm(len(train)).split(a.batch):
            if len(rows) < a.batch:
                break
            loss = model.negative_bound(torch.bernoulli(train[rows]), a.draws)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
        seconds += time.perf_counter() - begun
        steps += len(losses)
        print(json.dumps({"epoch": epoch + 1, "steps": steps, "loss": sum(losses) / len(losses), "seconds": seconds}), flush=True)
    binary = torch.bernoulli(test[:a.images])
    with torch.no_grad():
        nats = np.array([(math.log(a.bound) - model.log_weights(x[None], a.bound).logsumexp(0)).item() for x in binary])
        mean, log_var = model.head(binary)
        rate = 0.5 * (mean.square() + log_var.exp() - 1 - log_var).sum(-1).mean().item()
    print(json.dumps({
        "draws": a.draws, "epochs": a.epochs, "steps": steps, "seed": a.seed, "bound": a.bound, "images": len(nats),
        "nll": nats.mean(), "error": nats.std(ddof=1) / math.sqrt(len(nats)), "rate": rate,
        "seconds_a_step": seconds / steps, "threads": a.threads, "torch": torch.__version__,
    }), flush=True)


if __name__ == "__main__":
    main(arguments())

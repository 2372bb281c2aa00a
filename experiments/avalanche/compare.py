#!/usr/bin/env python3
"""Generative replay of Avalanche and of vimae on the same five tasks: compare.py RUNS SEEDS prints one JSON row a run.

RUNS holds what `cargo xtask train experiments/avalanche/ours.toml --out RUNS` trained. Avalanche trains here: with its VAE as it is, with
the standard deviation of its codes corrected, and besides with replayed images by the number of earlier tasks, an option of its plugin.
"""
import json
import pathlib
import sys
import time

import torch
from safetensors.torch import load_file

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "python"))
import avalanche
import vimae
from avalanche.benchmarks import nc_benchmark
from avalanche.models import MlpVAE
from avalanche.training.plugins import EvaluationPlugin, GenerativeReplayPlugin
from avalanche.training.supervised import VAETraining

import measures

BATCH, EPOCHS, CODE = 100, 20, 8
# Its decoder ends in these, so that it learns images that were normalised by them.
MEAN, STD = 0.1307, 0.3081


class Corrected(MlpVAE):
    """The same with the standard deviation that belongs to the log-variance of the loss."""

    def sampling(self, mean, logvar):
        return mean + torch.exp(0.5 * logvar) * torch.randn_like(mean)


class Peer:
    """Avalanche's network as images in [0, 1] see it."""

    def __init__(self, network):
        self.network = network.eval()

    def encode(self, images):
        return self.network.calc_mean(self.network.encoder((images - MEAN) / STD))

    def decode(self, codes):
        return self.network.decoder(codes) * STD + MEAN

    def sample(self, count):
        return self.network.generate(count) * STD + MEAN


class Ours:
    """vimae's network with the weights after a task."""

    def __init__(self, run, weights):
        self.model = vimae.from_pretrained(run)
        own = {name: tensor for name, tensor in load_file(weights).items() if name.startswith(("encoder.", "decoder."))}
        self.model.load_state_dict(own)
        self.decode, self.sample = self.model.decode, lambda count: self.model.sample(count, seed=0)

    def encode(self, images):
        return self.model.encode(images).mean


class Labelled(torch.utils.data.Dataset):
    """Normalised images and labels in the form of torchvision's data sets."""

    def __init__(self, images, labels):
        self.images, self.targets = (images - MEAN) / STD, labels.tolist()

    def __len__(self):
        return len(self.targets)

    def __getitem__(self, place):
        return self.images[place], self.targets[place]


def stream(train, test):
    return nc_benchmark(Labelled(*train), Labelled(*test), measures.TASKS, task_labels=False, shuffle=False, fixed_class_order=list(range(10)))


def peer(kind, growing, seed, benchmark, judge, test):
    torch.manual_seed(seed)
    network = kind((1, 28, 28), nhid=CODE)
    optimizer = torch.optim.Adam(network.parameters(), 1e-3, betas=(0.5, 0.999))
    learner = VAETraining(
        model=network, optimizer=optimizer, train_mb_size=BATCH, train_epochs=EPOCHS, device="cpu",
        plugins=[GenerativeReplayPlugin(increasing_replay_size=growing)], evaluator=EvaluationPlugin(loggers=[]),
    )
    rows, seconds = [], []
    for seen, experience in enumerate(benchmark.train_stream, 1):
        network.train()
        began = time.perf_counter()
        learner.train(experience)
        seconds.append(time.perf_counter() - began)
        rows.append(measures.after(Peer(network), seen, judge, test))
    # The head that classifies takes no part in the VAE.
    unused = sum(p.numel() for p in network.classification.parameters())
    return rows, seconds, learner.clock.train_iterations, sum(p.numel() for p in network.parameters()) - unused


def ours(folder, judge, test):
    record = json.loads((folder / "record.json").read_text())
    tasks = record["lifelong"]["tasks"]
    rows = [measures.after(Ours(folder, folder / f"tasks/{n}/model.safetensors"), n, judge, test) for n in range(1, len(tasks) + 1)]
    return rows, [task["seconds"] for task in tasks], record


def say(name, seed, rows, seconds, steps, parameters, judge):
    row = {"method": name, "seed": seed, "steps": steps, "parameters": parameters, "judge_accuracy": judge.accuracy, **measures.summary(rows)}
    print(json.dumps({**row, "seconds": [round(s, 2) for s in seconds], "tasks": rows}), flush=True)


def main(runs, seeds):
    torch.set_num_threads(1)
    train, test = measures.digits()
    judge = measures.Judge(train, test)
    print(f"avalanche {avalanche.__version__}, torch {torch.__version__}, judge right on {judge.accuracy:.2f} %", file=sys.stderr)
    for path in sorted(pathlib.Path(runs).glob("**/record.json")):
        rows, seconds, record = ours(path.parent, judge, test)
        say(f"vimae {record['spec']['method']}", record["spec"]["seed"], rows, seconds, record["steps"], record["parameters"], judge)
    benchmark = stream(train, test)
    for name, kind, growing in [("avalanche as it is", MlpVAE, False), ("avalanche corrected", Corrected, False), ("avalanche corrected, growing", Corrected, True)]:
        for seed in range(seeds):
            say(name, seed, *peer(kind, growing, seed, benchmark, judge, test), judge)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

"""The networks, each with the names and shapes of the weights that vimae writes."""

import math

import torch
from torch import nn
from torch.nn import functional as F

from .layers import SameConv2d, SameConvTranspose2d


class Encoder(nn.Module):
    """Features of images, then linear layers to the code: a mean and, for a Gaussian head, a log-variance."""

    def code_layers(self, net, inputs):
        self.mean = nn.Linear(inputs, net["code"])
        self.log_var = nn.Linear(inputs, net["code"]) if net["head"] == "gaussian" else None

    def forward(self, x):
        features = self.features(x)
        return self.mean(features), None if self.log_var is None else self.log_var(features)


class ConvEncoder(Encoder):
    """Four convolutions of stride 2, each with batch norm and ReLU."""

    def __init__(self, net):
        super().__init__()
        width, kernel = net["settings"]["width"], net["settings"]["kernel"]
        channels, height, columns = net["channels"], net["height"], net["width"]
        for i in range(4):
            filters = width << i
            self.add_module(f"conv{i}", SameConv2d(channels, filters, kernel, stride=2))
            self.add_module(f"bn{i}", nn.BatchNorm2d(filters, eps=1e-5, momentum=0.1))
            channels, height, columns = filters, -(-height // 2), -(-columns // 2)
        self.code_layers(net, channels * height * columns)

    def features(self, x):
        for i in range(4):
            x = F.relu(self.get_submodule(f"bn{i}")(self.get_submodule(f"conv{i}")(x)))
        return x.flatten(1)


class ConvDecoder(nn.Module):
    """A linear layer with ReLU, transposed convolutions of stride 2 with batch norm and ReLU, and one of stride 1."""

    def __init__(self, net):
        super().__init__()
        settings = net["settings"]
        self.doublings = settings["doublings"]
        channels = settings["width"] << 3
        self.start = (channels, net["height"] >> self.doublings, net["width"] >> self.doublings)
        self.fc = nn.Linear(net["code"], math.prod(self.start))
        for i in range(self.doublings):
            filters = max(1, channels // 2)
            self.add_module(f"deconv{i}", SameConvTranspose2d(channels, filters, settings["kernel"], stride=2))
            self.add_module(f"bn{i}", nn.BatchNorm2d(filters, eps=1e-5, momentum=0.1))
            channels = filters
        self.out = SameConvTranspose2d(channels, net["outputs"] * net["channels"], settings["kernel"], stride=1)

    def forward(self, z):
        x = F.relu(self.fc(z)).view(-1, *self.start)
        for i in range(self.doublings):
            x = F.relu(self.get_submodule(f"bn{i}")(self.get_submodule(f"deconv{i}")(x)))
        return self.out(x)


class MlpEncoder(Encoder):
    """Fully connected layers with ReLU, or with tanh units."""

    def __init__(self, net):
        super().__init__()
        width, self.layers = net["settings"]["width"], net["settings"]["layers"]
        self.units = UNITS[net["architecture"]]
        inputs = net["channels"] * net["height"] * net["width"]
        for i in range(self.layers):
            self.add_module(f"fc{i}", nn.Linear(inputs if i == 0 else width, width))
        self.code_layers(net, width)

    def features(self, x):
        x = x.flatten(1)
        for i in range(self.layers):
            x = self.units(self.get_submodule(f"fc{i}")(x))
        return x


class MlpDecoder(nn.Module):
    """Fully connected layers with ReLU, or with tanh units, and one to the images."""

    def __init__(self, net):
        super().__init__()
        width, self.layers = net["settings"]["width"], net["settings"]["layers"]
        self.units = UNITS[net["architecture"]]
        self.shape = (net["outputs"] * net["channels"], net["height"], net["width"])
        for i in range(self.layers):
            self.add_module(f"fc{i}", nn.Linear(net["code"] if i == 0 else width, width))
        self.out = nn.Linear(width, math.prod(self.shape))

    def forward(self, z):
        for i in range(self.layers):
            z = self.units(self.get_submodule(f"fc{i}")(z))
        return self.out(z).view(-1, *self.shape)


UNITS = {"mlp": F.relu, "iwae_mlp": torch.tanh}


ARCHITECTURES = {"iwae_mlp": (MlpEncoder, MlpDecoder), "mlp": (MlpEncoder, MlpDecoder), "wae_conv": (ConvEncoder, ConvDecoder)}


def build(net):
    """Encoder and decoder of the network that `config.json` describes."""
    if net["architecture"] not in ARCHITECTURES:
        raise ValueError(f"no network {net['architecture']!r} here; there are {', '.join(ARCHITECTURES)}")
    encoder, decoder = ARCHITECTURES[net["architecture"]]
    return encoder(net), decoder(net)

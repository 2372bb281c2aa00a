"""A published vimae model in PyTorch, without vimae.

Builds the network that `config.json` describes as an ordinary `torch.nn.Module`, loads `model.safetensors` into it
by name, and puts images through it.

    pip install numpy safetensors torch
    cargo xtask hub pull OWNER/NAME --out model      (or download the files in any other way)
    python examples/load_in_python.py model --images images.npy --out reconstructions.npy

`images.npy` holds float32 images `[N, C, H, W]` in the interval that `config.json` names: `unit` is [0, 1],
`symmetric` is [-1, 1]. Without `--images`, images decoded from draws of a standard normal code are written.

`--save FILE` writes the module's own `state_dict` as safetensors: a file that vimae loads, with names and shapes as
they are. `--initialise SEED` starts from random weights instead of the published ones, for a module to train here.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional as F


def same_padding(size, kernel, stride):
    """Zeros before and after `size` values, so that a strided convolution gives ceil(size / stride): TensorFlow's SAME."""
    outputs = -(-size // stride)
    total = max((outputs - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


class SameConv2d(nn.Conv2d):
    """A convolution with TensorFlow's SAME padding, which may put one zero more behind than before."""

    def forward(self, x):
        (kernel, _), (stride, _) = self.kernel_size, self.stride
        top, bottom = same_padding(x.shape[2], kernel, stride)
        left, right = same_padding(x.shape[3], kernel, stride)
        return F.conv2d(F.pad(x, (left, right, top, bottom)), self.weight, self.bias, self.stride)


class SameConvTranspose2d(nn.ConvTranspose2d):
    """The transpose of that convolution: images grow by the stride."""

    def forward(self, x):
        (kernel, _), (stride, _) = self.kernel_size, self.stride
        height, width = x.shape[2] * stride, x.shape[3] * stride
        top, _ = same_padding(height, kernel, stride)
        left, _ = same_padding(width, kernel, stride)
        y = F.conv_transpose2d(x, self.weight, None, self.stride)
        y = F.pad(y, (0, max(0, left + width - y.shape[3]), 0, max(0, top + height - y.shape[2])))
        return y[:, :, top : top + height, left : left + width] + self.bias.view(1, -1, 1, 1)


class ConvEncoder(nn.Module):
    """Four convolutions of stride 2, each with batch norm and ReLU, then linear layers to the code."""

    def __init__(self, net):
        super().__init__()
        width, kernel = net["settings"]["width"], net["settings"]["kernel"]
        channels, height, columns = net["channels"], net["height"], net["width"]
        for i in range(4):
            filters = width << i
            self.add_module(f"conv{i}", SameConv2d(channels, filters, kernel, stride=2))
            self.add_module(f"bn{i}", nn.BatchNorm2d(filters, eps=1e-5, momentum=0.1))
            channels, height, columns = filters, -(-height // 2), -(-columns // 2)
        code_layers(self, net, channels * height * columns)

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
        self.fc = nn.Linear(net["code"], int(np.prod(self.start)))
        for i in range(self.doublings):
            filters = max(1, channels // 2)
            self.add_module(f"deconv{i}", SameConvTranspose2d(channels, filters, settings["kernel"], stride=2))
            self.add_module(f"bn{i}", nn.BatchNorm2d(filters, eps=1e-5, momentum=0.1))
            channels = filters
        self.out = SameConvTranspose2d(channels, net["channels"], settings["kernel"], stride=1)

    def forward(self, z):
        x = F.relu(self.fc(z)).view(-1, *self.start)
        for i in range(self.doublings):
            x = F.relu(self.get_submodule(f"bn{i}")(self.get_submodule(f"deconv{i}")(x)))
        return self.out(x)


class MlpEncoder(nn.Module):
    """Fully connected layers with ReLU, then linear layers to the code."""

    def __init__(self, net):
        super().__init__()
        width, self.layers = net["settings"]["width"], net["settings"]["layers"]
        inputs = net["channels"] * net["height"] * net["width"]
        for i in range(self.layers):
            self.add_module(f"fc{i}", nn.Linear(inputs if i == 0 else width, width))
        code_layers(self, net, width)

    def features(self, x):
        x = x.flatten(1)
        for i in range(self.layers):
            x = F.relu(self.get_submodule(f"fc{i}")(x))
        return x


class MlpDecoder(nn.Module):
    """Fully connected layers with ReLU, and one to the images."""

    def __init__(self, net):
        super().__init__()
        width, self.layers = net["settings"]["width"], net["settings"]["layers"]
        self.shape = (net["channels"], net["height"], net["width"])
        for i in range(self.layers):
            self.add_module(f"fc{i}", nn.Linear(net["code"] if i == 0 else width, width))
        self.out = nn.Linear(width, int(np.prod(self.shape)))

    def forward(self, z):
        for i in range(self.layers):
            z = F.relu(self.get_submodule(f"fc{i}")(z))
        return self.out(z).view(-1, *self.shape)


def code_layers(encoder, net, inputs):
    """The last layers of an encoder: a mean and, for a Gaussian head, a log-variance."""
    encoder.mean = nn.Linear(inputs, net["code"])
    if net["head"] == "gaussian":
        encoder.log_var = nn.Linear(inputs, net["code"])


ARCHITECTURES = {"wae_conv": (ConvEncoder, ConvDecoder), "mlp": (MlpEncoder, MlpDecoder)}


class AutoEncoder(nn.Module):
    """The network of a published run. Its `state_dict` has the names of `model.safetensors`."""

    def __init__(self, net):
        super().__init__()
        if net["architecture"] not in ARCHITECTURES:
            raise SystemExit(f"no network {net['architecture']!r} here; there are {', '.join(ARCHITECTURES)}")
        encoder, decoder = ARCHITECTURES[net["architecture"]]
        self.encoder, self.decoder = encoder(net), decoder(net)
        self.last = {"unit": torch.sigmoid, "symmetric": torch.tanh}[net["range"]]

    def encode(self, images):
        """The code `[N, d]` of images `[N, C, H, W]`: the mean, where the encoder is random."""
        return self.encoder.mean(self.encoder.features(images))

    def decode(self, code):
        """Images `[N, C, H, W]` of codes `[N, d]`."""
        return self.last(self.decoder(code))

    def forward(self, images):
        return self.decode(self.encode(images))


def load(folder):
    """The network of a published run with its weights, ready for use."""
    config = json.loads((folder / "config.json").read_text())
    if config["format"] > 1:
        raise SystemExit(f"{folder}/config.json: format {config['format']} is newer than 1, which this example reads")
    model = AutoEncoder(config["network"])
    weights = load_file(folder / "model.safetensors")
    # A prior or a critic that was learnt has tensors of its own.
    model.load_state_dict({name: tensor for name, tensor in weights.items() if name.startswith(("encoder.", "decoder."))})
    return model.eval(), config


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="the folder with config.json and model.safetensors")
    parser.add_argument("--images", type=Path, help="images to reconstruct, .npy")
    parser.add_argument("--out", type=Path, help="where the images go, .npy")
    parser.add_argument("--save", type=Path, help="write the module's state_dict as safetensors")
    parser.add_argument("--initialise", type=int, metavar="SEED", help="random weights instead of the published ones")
    arguments = parser.parse_args()

    torch.manual_seed(0 if arguments.initialise is None else arguments.initialise)
    model, config = load(arguments.folder)
    if arguments.initialise is not None:
        model = AutoEncoder(config["network"]).eval()
    if arguments.save:
        save_file(model.state_dict(), arguments.save)
    with torch.no_grad():
        if arguments.images:
            images = model(torch.from_numpy(np.load(arguments.images).astype(np.float32)))
        else:
            images = model.decode(torch.randn(16, config["network"]["code"]))
    print(f"{config['method']} on {config['dataset']}: {tuple(images.shape)}, {images.min():.3f} to {images.max():.3f}")
    if arguments.out:
        np.save(arguments.out, images.numpy())


if __name__ == "__main__":
    main()

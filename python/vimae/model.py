"""A trained autoencoder: codes, images, reconstructions, samples from its own prior."""

from typing import NamedTuple, Optional

import torch
from safetensors.torch import load_file
from torch import nn

from . import likelihoods, networks, priors
from .files import Files


class Code(NamedTuple):
    """What an encoder gives: `mean` `[N, d]` and, where it is random, `log_var` `[N, d]`."""

    mean: torch.Tensor
    log_var: Optional[torch.Tensor]

    def sample(self, generator=None):
        """A draw of the code: the mean itself, where the encoder is not random."""
        if self.log_var is None:
            return self.mean
        noise = torch.randn(self.mean.shape, generator=generator, dtype=self.mean.dtype).to(self.mean.device)
        return self.mean + (0.5 * self.log_var).exp() * noise


class Model(nn.Module):
    """The network of a run. Its `state_dict` has the names of `model.safetensors`."""

    def __init__(self, config, prior=None):
        super().__init__()
        self.config, self.prior = config, prior
        net = config["network"]
        self.encoder, self.decoder = networks.build(net)
        self.range = {"unit": (0.0, 1.0), "symmetric": (-1.0, 1.0)}[net["range"]]

    def _tensor(self, values, what):
        """`values`, a tensor or an array; floats in the network's precision, an array where the network is."""
        like = next(self.parameters())
        if not isinstance(values, torch.Tensor):
            try:
                values = torch.as_tensor(values, device=like.device)
            except (TypeError, ValueError, RuntimeError) as problem:
                raise TypeError(f"{what} of type {type(values).__name__}; a tensor or an array is taken: {problem}") from problem
        return values.to(like.dtype) if values.is_floating_point() else values

    def encode(self, images):
        """The codes of images `[N, C, H, W]`, a tensor or an array: floats in `range`, or bytes; TypeError for others.

        Bytes get two levels, below 128 and from there on, where the model was trained on binary pixels; floats are taken as they are.
        ValueError for another shape, and for a noise of another program.
        """
        images = self._tensor(images, "images")
        network = self.config["network"]
        expected = (network["channels"], network["height"], network["width"])
        if tuple(images.shape[1:]) != expected:
            raise ValueError(f"images of shape {tuple(images.shape)}; this model takes [N, {', '.join(map(str, expected))}]")
        if images.dtype == torch.uint8:
            low, high = self.range
            if self.config["dataset"]["settings"].get("binarise", "none") != "none":
                images = (images >= 128).to(torch.uint8) * 255
            images = images.to(torch.float32) * ((high - low) / 255) + low
        elif not images.is_floating_point():
            raise TypeError(f"images of {images.dtype}; floats in {self.range} are taken, or bytes (uint8)")
        mean, log_var = self.encoder(images)
        name, settings = self.config["noise"]["name"], self.config["noise"]["settings"]
        if name == "gaussian_fixed":
            log_var = torch.full_like(mean, settings["std"]).log() * 2
        elif name == "gaussian_head_bounded":
            log_var = log_var.clamp(settings["floor"], settings["ceiling"])
        elif name not in ("gaussian_head", "none") and not name.startswith("pixel_"):
            raise ValueError(f"no encoder noise {name!r} here, and what it makes of codes is not known; decode and sample need none")
        return Code(mean, log_var)

    def decode(self, codes):
        """Images `[N, C, H, W]` in `range` of codes `[N, d]`, a tensor or an array: the means of the likelihood.

        ValueError for another shape, TypeError for what is no floats.
        """
        net = self.config["network"]
        codes = self._tensor(codes, "codes")
        if codes.ndim != 2 or codes.shape[1] != net["code"]:
            raise ValueError(f"codes of shape {tuple(codes.shape)}; this model takes [N, {net['code']}]")
        if not codes.is_floating_point():
            raise TypeError(f"codes of {codes.dtype}; floats are taken")
        return likelihoods.mean(self.config["likelihood"], self.decoder(codes), net["outputs"], net["squashed"], *self.range)

    def reconstruct(self, images):
        """The images that the mean codes of images decode to."""
        return self.decode(self.encode(images).mean)

    forward = reconstruct

    @torch.no_grad()
    def sample(self, count, seed=None):
        """`count` new images, decoded from draws of the run's own prior; the same for the same seed. ValueError as `sample_codes`."""
        return self.decode(self.sample_codes(count, seed))

    @torch.no_grad()
    def sample_codes(self, count, seed=None):
        """`count` codes drawn from the run's own prior. ValueError where the prior cannot be had here."""
        if self.prior is None:
            raise ValueError("the model has no prior; load it with from_pretrained")
        generator = torch.Generator()
        generator.seed() if seed is None else generator.manual_seed(seed)
        like = next(self.parameters())
        return self.prior.sample(count, self.config["network"]["code"], generator).to(like.dtype).to(like.device)


def from_pretrained(place):
    """The model of a finished run, in evaluation mode.

    `place` is the run's directory, the directory of a published one, or `owner/name` (`owner/name@revision`) on the Hub.
    """
    files = Files(place)
    model = Model(files.config, priors.build(files))
    weights = load_file(files.path("model.safetensors", files.config["weights_sha256"]))
    # A prior or a critic that was learnt has tensors of its own.
    own = {name: tensor for name, tensor in weights.items() if name.startswith(("encoder.", "decoder."))}
    # What PyTorch counts beside batch norm's statistics is not kept; nothing depends on it.
    missing, unknown = model.load_state_dict(own, strict=False)
    wrong = [name for name in missing if not name.endswith("num_batches_tracked")] + unknown
    if wrong:
        raise ValueError(f"{files.place}: model.safetensors does not fit the network: {', '.join(wrong)}")
    return model.eval()

#!/usr/bin/env python3
"""Losses and gradients of pythae 0.1.2 for the test tests/reference/reference_pythae.rs: losses.py, which writes pythae.safetensors
and pythae.json beside that test.

Each model runs as it comes, forward and backward, in double precision on its own default networks; what it draws is recorded.
The weights are saved by pythae itself, and go through carry_over.py.
"""
import json, pathlib, tempfile

import torch
from pythae.models import VAE, BetaVAE, INFOVAE_MMD, WAE_MMD, BetaVAEConfig, INFOVAE_MMD_Config, VAEConfig, WAE_MMD_Config
from safetensors.torch import save_file

from carry_over import NAMES, carry_over

OUT = pathlib.Path(__file__).parents[3] / "tests/reference"
IMAGE, CODE, COUNT = (1, 3, 3), 2, 6
SIZES = dict(input_dim=IMAGE, latent_dim=CODE)
MMD = dict(kernel_bandwidth=1.5)

# pythae's model and settings, and what gives the same loss here.
CASES = [
    (VAE, VAEConfig(**SIZES), "vae", {"recon_weight": 0.5}, None, {}),
    (BetaVAE, BetaVAEConfig(beta=4.0, **SIZES), "vae", {"recon_weight": 0.5, "beta": 4}, None, {}),
    (BetaVAE, BetaVAEConfig(beta=0.25, **SIZES), "vae", {"recon_weight": 0.5, "beta": 0.25}, None, {}),
    (INFOVAE_MMD, INFOVAE_MMD_Config(**SIZES), "info_vae", {"recon_weight": 0.5, "alpha": 1, "lambda": 0.001}, "mmd_imq", {}),
    (INFOVAE_MMD, INFOVAE_MMD_Config(alpha=0.7, lbd=10.0, **MMD, **SIZES), "info_vae", {"recon_weight": 0.5, "alpha": 0.3, "lambda": 10}, "mmd_imq", {"variance": 2.25}),
    (INFOVAE_MMD, INFOVAE_MMD_Config(alpha=0.7, lbd=10.0, scales=None, **MMD, **SIZES), "info_vae", {"recon_weight": 0.5, "alpha": 0.3, "lambda": 10}, "mmd_imq_single", {"variance": 2.25}),
    (INFOVAE_MMD, INFOVAE_MMD_Config(alpha=-2.0, lbd=20.0, kernel_choice="rbf", **MMD, **SIZES), "info_vae", {"recon_weight": 0.5, "alpha": 3, "lambda": 20}, "mmd_rbf", {"width": "fixed", "scale": 2.25}),
    (WAE_MMD, WAE_MMD_Config(**SIZES), "vimae_n", {"recon_weight": 1, "lambda": 0.03}, "mmd_imq", {}),
    (WAE_MMD, WAE_MMD_Config(reg_weight=100.0, reconstruction_loss_scale=0.05, kernel_bandwidth=2.0, **SIZES), "vimae_n", {"recon_weight": 0.05, "lambda": 100}, "mmd_imq", {"variance": 4}),
    (WAE_MMD, WAE_MMD_Config(reg_weight=10.0, scales=[0.5], **SIZES), "vimae_n", {"recon_weight": 1, "lambda": 10}, "mmd_imq_single", {"scale": 0.5}),
    (WAE_MMD, WAE_MMD_Config(reg_weight=10.0, kernel_choice="rbf", **MMD, **SIZES), "vimae_n", {"recon_weight": 1, "lambda": 10}, "mmd_rbf", {"width": "fixed", "scale": 2.25}),
]


def main():
    torch.manual_seed(7)
    images, noise, prior = torch.rand(COUNT, *IMAGE), torch.randn(COUNT, CODE), torch.randn(COUNT, CODE)
    tensors = {"images": images, "noise": noise, "prior": prior}
    base = VAE(VAEConfig(**SIZES))
    with tempfile.TemporaryDirectory() as folder:
        base.save(folder)
        weights, _ = carry_over(folder)
    tensors |= weights
    draws, cases = torch.randn_like, []
    for model, config, objective, settings, divergence, divergence_settings in CASES:
        model = model(config)
        model.load_state_dict(base.state_dict(), strict=False)
        model.double()
        # The first draw is the code's noise, where there is one; the next is that of the prior.
        queue = [prior] if isinstance(model, WAE_MMD) else [noise, prior]
        torch.randn_like = lambda like, **_: queue.pop(0).to(like.dtype)
        output = model({"data": images.double()})
        output.loss.backward()
        torch.randn_like = draws
        gradients = {}
        for name, parameter in model.named_parameters():
            layer, _, end = name.rpartition(".")
            flat = parameter.grad.flatten()
            gradients[f"{NAMES[layer]}.{end}"] = {"norm": flat.norm().item(), "first": flat[:6].tolist(), "last": flat[-3:].tolist()}
        changed = {k: v for k, v in config.to_dict().items() if k in ("beta", "alpha", "lbd", "kernel_choice", "kernel_bandwidth", "scales", "reg_weight", "reconstruction_loss_scale")}
        cases.append({
            "pythae": model.model_name, "config": changed, "objective": objective, "settings": settings, "noise": "none" if isinstance(model, WAE_MMD) else "gaussian_head",
            "divergence": divergence, "divergence_settings": divergence_settings, "loss": output.loss.item(), "gradients": gradients,
        })
        print(f"{model.model_name:12} {objective:9} {settings} {divergence} {divergence_settings}: {output.loss.item()}")
    found = {**base.encoder(images), **base.decoder(prior)}
    outputs = {name: found[name].flatten().tolist() for name in ["embedding", "log_covariance", "reconstruction"]}
    save_file(tensors, OUT / "pythae.safetensors")
    (OUT / "pythae.json").write_text('{"outputs": ' + json.dumps(outputs) + ',\n"cases": [\n' + ",\n".join(json.dumps(case) for case in cases) + "\n]}\n")


if __name__ == "__main__":
    main()

#!/bin/bash
# pythae 0.1.2: MIWAE, and the encoder's loss of PIWAE, take number_gradient_estimates and number_samples for one another. The importance
# weights are normalised over the gradient estimates and the mean is taken over the samples. One estimate of 10 samples is therefore no
# importance weighting at all: it trains as a VAE does, however many samples are asked for; 10 estimates of one sample train as IWAE with 10.
# Seen (same weights, same noise), loss: VAE 0.7514, IWAE of 10 samples 0.7057; MIWAE and PIWAE 0.7514 with one estimate of 10 samples, 0.7057
# with 10 estimates of one; the gradients by the encoder's weights are those of VAE and IWAE too.
# Exit 0: as described here; 1: it has changed; 2: it cannot be set up. Needs python3 and the registry (some gigabytes, torch); no argument.
set -u
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT
cd "$T" || exit 2
python3 -m venv v > /dev/null && v/bin/pip install -q pythae==0.1.2 torch==2.15.0 "numpy<2.5" || exit 2
v/bin/python -W ignore - <<'P'
import sys
import torch
from pythae.models import IWAE, MIWAE, PIWAE, IWAEConfig, MIWAEConfig, PIWAEConfig

shape = {"input_dim": (1, 4, 4), "latent_dim": 2}
torch.manual_seed(0)
images, weights = torch.rand(8, 1, 4, 4), IWAE(IWAEConfig(**shape)).state_dict()


def loss_and_slope(model, images=images, name="loss"):
    """The loss, and its gradient by the encoder's weights; every model has the same weights and draws the same noise."""
    model.load_state_dict(weights)
    torch.manual_seed(1)
    loss = model({"data": images})[name]
    loss.backward()
    return loss.item(), torch.cat([w.grad.flatten() for w in model.encoder.parameters()])


def same(a, b):
    return abs(a[0] - b[0]) < 1e-4 and (a[1] - b[1]).norm() < 1e-3 * b[1].norm()


# Importance weighting of one sample is the VAE's loss, here the mean over 10 copies of each image.
vae = loss_and_slope(IWAE(IWAEConfig(number_samples=1, **shape)), images.repeat_interleave(10, 0))
iwae = loss_and_slope(IWAE(IWAEConfig(number_samples=10, **shape)))
print(f"pythae 0.1.2: VAE {vae[0]:.4f}, IWAE of 10 samples {iwae[0]:.4f}")
swapped = not same(vae, iwae)
for model, config, name in [(MIWAE, MIWAEConfig, "loss"), (PIWAE, PIWAEConfig, "encoder_loss")]:
    for estimates, samples, found_instead in [(1, 10, vae), (10, 1, iwae)]:
        found = loss_and_slope(model(config(number_gradient_estimates=estimates, number_samples=samples, **shape)), name=name)
        print(f"{model.__name__}, {name}: estimates {estimates}, samples {samples}: {found[0]:.4f}, encoder's gradient that of {'VAE' if same(found, vae) else 'IWAE' if same(found, iwae) else 'neither'}")
        swapped &= same(found, found_instead)
sys.exit(0 if swapped else 1)
P

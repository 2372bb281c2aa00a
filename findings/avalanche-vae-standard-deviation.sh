#!/bin/bash
# avalanche-lib 0.6.0: MlpVAE draws codes with a standard deviation of exp(logvar) / 2, while VAE_loss takes logvar for the logarithm of
# the variance, whose standard deviation is exp(logvar / 2). They agree at logvar = -2 ln 2 alone. At logvar = 0, where the loss's rate is 0
# for a mean of 0, codes have the deviation 1/2; the narrower the code, the further its noise is below what the rate charges for.
# Seen: logvar 0: 0.50 for 1; -2: 0.068 for 0.368; -4: 0.0091 for 0.135.
# Exit 0: as described here; 1: it has changed; 2: it cannot be set up. Needs python3 and the registry (some gigabytes, torch); no argument.
set -u
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT
cd "$T" || exit 2
python3 -m venv v > /dev/null && v/bin/pip install -q avalanche-lib==0.6.0 torch==2.15.0 torchvision==0.29.2 || exit 2
v/bin/python -W ignore - <<'P'
import math, sys
import torch
from avalanche.models.generator import MlpVAE, VAE_loss

torch.manual_seed(0)
network = MlpVAE((1, 28, 28), nhid=1)
nothing, zeros = torch.zeros(1), torch.zeros(200_000, 1)
wrong = []
for logvar in [0.0, -2.0, -4.0]:
    deviation = float(network.sampling(zeros, zeros + logvar).std())
    expected = math.exp(logvar / 2)
    rate = float(VAE_loss(nothing, (nothing, torch.zeros(1), torch.tensor([logvar]))))
    # KL(N(0, s^2) || N(0, 1)) of the deviation that was meant, and of the one that is drawn.
    kl = lambda s: (s * s - 1) / 2 - math.log(s)
    print(f"logvar {logvar}: drawn deviation {deviation:.4f}, of the loss {expected:.4f}; rate {rate:.3f} nats, of the drawn codes {kl(deviation):.3f}")
    meant, drawn = abs(rate - kl(expected)) < 1e-4, abs(deviation / (math.exp(logvar) / 2) - 1) < 0.02
    wrong.append(meant and drawn)
sys.exit(0 if all(wrong) else 1)
P

#!/bin/bash
# pythae 0.1.2: the MS-SSIM of MSSSIM_VAE, of L scales, takes the last scale's similarity L - 1 times instead of once: it multiplies it into
# the contrast term of each other scale before their product. The weights then no longer add up to 1, and brightness, which the last scale
# alone compares, weighs up to four times too much. With one scale, that is below 4 pixels, the product is empty and the loss always 0.
# (Taking (x + 1) / 2 of every term is another deviation from the definition, of which the code tells; it is left in here.)
# Seen (noise against half its brightness), loss: 3 x 3 pixels 0 for 0.179; 8 x 8 0.193 for 0.130; 28 x 28 0.134 for 0.105; 64 x 64 0.176 for
# 0.108; 4 x 4, of two scales, is right.
# Exit 0: as described here; 1: it has changed; 2: it cannot be set up. Needs python3 and the registry (some gigabytes, torch); no argument.
set -u
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT
cd "$T" || exit 2
python3 -m venv v > /dev/null && v/bin/pip install -q pythae==0.1.2 torch==2.15.0 "numpy<2.5" || exit 2
v/bin/python -W ignore - <<'P'
import math, sys
import torch
from torch.nn.functional import avg_pool2d
from pythae.models.msssim_vae.msssim_vae_utils import MSSSIM

torch.manual_seed(0)
measure = MSSSIM()
# The weights that pythae takes for images of these sides.
weights = {3: [1.0], 4: [0.3222, 0.6778], 8: [0.4558, 0.1633, 0.3809], 28: [0.3117, 0.3384, 0.2675, 0.0824], 64: [0.0448, 0.2856, 0.3001, 0.2363, 0.1333]}
as_described = True
for side, exponents in weights.items():
    image = torch.rand(1, 1, side, side)
    darker = image / 2
    a, b, similarities, contrasts = image, darker, [], []
    for _ in exponents:
        similarity, contrast = (float(v + 1) / 2 for v in measure.ssim(a, b))
        similarities.append(similarity), contrasts.append(contrast)
        a, b = (avg_pool2d(v, 2) if v.shape[-1] > 1 else v for v in (a, b))
    others = math.prod(c**w for c, w in zip(contrasts[:-1], exponents))
    last = similarities[-1] ** exponents[-1]
    found, defined, repeated = float(measure(image, darker)), 1 - others * last, 1 - others * last ** (len(exponents) - 1)
    print(f"pythae 0.1.2, {side} x {side}, {len(exponents)} scales: loss {found:.4f}, as it is defined {defined:.4f}, with the last scale {len(exponents) - 1} times {repeated:.4f}")
    as_described &= abs(found - repeated) < 1e-5 and (len(exponents) == 2 or abs(found - defined) > 0.01)
sys.exit(0 if as_described else 1)
P

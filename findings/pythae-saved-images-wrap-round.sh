#!/bin/bash
# pythae 0.1.2: the PNG files that a sampler writes (sample with output_dir) take 255 times each value as a byte without a limit. Values
# outside [0, 1], as a decoder without a last sigmoid has them, wrap round: a little brighter than white becomes black, a little darker than
# black becomes white. Nothing is said, and the tensor that sample returns is right.
# Seen: -0.01, 0, 0.5, 1, 1.01, 1.5 -> 254, 0, 127, 255, 1, 126.
# Exit 0: as described here; 1: it has changed; 2: it cannot be set up. Needs python3 and the registry (some gigabytes, torch); no argument.
set -u
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT
cd "$T" || exit 2
python3 -m venv v > /dev/null && v/bin/pip install -q pythae==0.1.2 torch==2.15.0 "numpy<2.5" || exit 2
v/bin/python - <<'P'
import sys
import torch
from PIL import Image
from pythae.models import AE, AEConfig
from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder
from pythae.samplers import NormalSampler

values = [-0.01, 0.0, 0.5, 1.0, 1.01, 1.5]


class Decoder(BaseDecoder):
    """Without a last sigmoid: its images go a little beyond black and white."""

    def forward(self, codes):
        return ModelOutput(reconstruction=torch.tensor(values).repeat(len(codes), 1).reshape(-1, 1, 1, len(values)))


sampler = NormalSampler(AE(AEConfig(input_dim=(1, 1, len(values)), latent_dim=2), decoder=Decoder()))
returned = sampler.sample(1, output_dir="images").flatten().tolist()
image = Image.open("images/00000000.png")
written = [image.getpixel((x, 0))[0] for x in range(len(values))]
clipped = [int(255 * min(max(v, 0), 1)) for v in values]
print(f"pythae 0.1.2: values {[round(v, 2) for v in returned]} are written as {written}; within black and white they are {clipped}")
sys.exit(0 if written == [int(255 * v) % 256 for v in values] != clipped else 1)
P

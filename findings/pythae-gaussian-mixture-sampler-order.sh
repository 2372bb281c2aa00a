#!/bin/bash
# pythae 0.1.2 with scikit-learn 1.9.1: the images of GaussianMixtureSampler.sample come sorted by the mixture's component, batch by batch.
# scikit-learn's GaussianMixture.sample draws how many of each component and returns them component after component; the sampler decodes them
# in that order. The first images of a batch (500 by default) are then of few components: a grid of the first 25, or a measure over the first
# part, sees a piece of the distribution, although each draw should be independent of its place.
# Seen (4 clusters, 4 components): the first 20 of 100 images all of one cluster, and 3 changes of cluster between neighbours, for about 74 of 99.
# Exit 0: as described here; 1: it has changed; 2: it cannot be set up. Needs python3 and the registry (some gigabytes, torch); no argument.
set -u
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT
cd "$T" || exit 2
python3 -m venv v > /dev/null && v/bin/pip install -q pythae==0.1.2 scikit-learn==1.9.1 torch==2.15.0 "numpy<2.5" || exit 2
v/bin/python -W ignore - <<'P'
import sys
import numpy as np
import torch
from pythae.models import AE, AEConfig
from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseEncoder
from pythae.samplers import GaussianMixtureSampler, GaussianMixtureSamplerConfig


class Encoder(BaseEncoder):
    def forward(self, images):
        return ModelOutput(embedding=images.flatten(1))


class Decoder(BaseDecoder):
    def forward(self, codes):
        return ModelOutput(reconstruction=codes.reshape(-1, 1, 2, 2))


# Images of 2 x 2 with one bright pixel, which are their own codes: four clusters, told apart by that pixel.
np.random.seed(0), torch.manual_seed(0)
images = (torch.eye(4).repeat(50, 1) + 0.02 * torch.randn(200, 4)).clamp(0, 1).reshape(-1, 1, 2, 2)
sampler = GaussianMixtureSampler(AE(AEConfig(input_dim=(1, 2, 2), latent_dim=4), Encoder(), Decoder()), GaussianMixtureSamplerConfig(n_components=4))
sampler.fit(images)
as_described = True
for batch in [500, 50]:
    clusters = sampler.sample(100, batch_size=batch).flatten(1).argmax(1).numpy()
    changes = (clusters[1:] != clusters[:-1]).sum()
    counts = np.bincount(clusters, minlength=4)
    print(f"pythae 0.1.2, 100 images by batches of {batch}: clusters of {counts} images, {changes} changes between neighbours; the first 20: {clusters[:20]}")
    as_described &= all(counts > 10) and changes == (3 if batch == 500 else 7)
sys.exit(0 if as_described else 1)
P

#!/usr/bin/env python3
"""Carries the weights of pythae's default networks over to safetensors: carry_over.py FOLDER OUT.safetensors, where FOLDER
holds the model.pt and model_config.json that pythae 0.1.2 saved.

The default networks are one hidden layer of 512 on either side: `mlp` with layers = 1 and width = 512 here, pixels in [0, 1].
Custom networks are pickled beside model.pt; they have no counterpart, and are refused. Needs torch and safetensors, not pythae.
"""
import json, pathlib, sys

import torch
from safetensors.torch import save_file

NAMES = {
    "encoder.layers.0.0": "encoder.fc0",
    "encoder.embedding": "encoder.mean",
    "encoder.log_var": "encoder.log_var",
    "decoder.layers.0.0": "decoder.fc0",
    "decoder.layers.1.0": "decoder.out",
}


def carry_over(folder):
    folder = pathlib.Path(folder)
    config = json.loads((folder / "model_config.json").read_text())
    if not (config["uses_default_encoder"] and config["uses_default_decoder"]):
        sys.exit(f"{folder}: the encoder or decoder is custom; only pythae's default networks have a counterpart")
    saved = torch.load(folder / "model.pt", map_location="cpu", weights_only=True)["model_state_dict"]
    tensors = {}
    for name, tensor in saved.items():
        layer, _, end = name.rpartition(".")
        if layer not in NAMES:
            sys.exit(f"{folder}/model.pt: {name} belongs to no default network")
        tensors[f"{NAMES[layer]}.{end}"] = tensor.contiguous()
    return tensors, config


if __name__ == "__main__":
    tensors, config = carry_over(sys.argv[1])
    save_file(tensors, sys.argv[2])
    print(f"{config['name']}: images of {config['input_dim']}, a code of {config['latent_dim']}, {len(tensors)} tensors to {sys.argv[2]}")

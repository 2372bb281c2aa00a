#!/usr/bin/env python3
"""Writes resize.json: what Pillow, PyTorch and torch-fidelity 0.4.0 make of images given by a rule. `python resize.py`, beside this file.

Byte c, y, x of a image is (37 y + 91 x + 53 c + 5 ((x y) mod 17) + (x y) // 7) mod 256. every 29th row and column is
kept, of what a network sees: [299, 299, 3].
"""
import json
import pathlib

import numpy as np
import torch
from PIL import Image
from torch_fidelity.interpolate_compat_tensorflow import interpolate_bilinear_2d_like_tensorflow1x

cases = []
for channels, height, width in [(3, 32, 32), (1, 28, 28), (3, 411, 640), (3, 299, 120), (3, 5, 1000)]:
    c, y, x = np.meshgrid(np.arange(channels), np.arange(height), np.arange(width), indexing="ij")
    bytes_ = ((37 * y + 91 * x + 53 * c + 5 * ((x * y) % 17) + (x * y) // 7) % 256).astype(np.uint8)
    rgb = np.repeat(bytes_, 3 // channels, axis=0)
    legacy = 2 * torch.nn.functional.interpolate(torch.tensor(rgb)[None].float() / 255, size=(299, 299), mode="bilinear", align_corners=False)[0] - 1
    tensorflow = (interpolate_bilinear_2d_like_tensorflow1x(torch.tensor(rgb)[None].float(), size=(299, 299), align_corners=False)[0] - 128) / 128
    clean = [np.asarray(Image.fromarray(p.astype(np.float32), mode="F").resize((299, 299), Image.BICUBIC)).clip(0, 255) for p in rgb]
    quantised = [np.asarray(Image.fromarray(p).resize((299, 299), Image.BICUBIC)).astype(np.float32) for p in rgb]
    keep = lambda planes: [round(float(v), 6) for v in np.stack(planes).transpose(1, 2, 0)[::29, ::29].flatten()]
    cases.append({"shape": [channels, height, width], "legacy": keep(legacy.numpy()), "tensorflow": keep(tensorflow.numpy()),
                  "clean": keep([(p - 128) / 128 for p in clean]), "clean_bytes": keep([(p - 128) / 128 for p in quantised])})
(pathlib.Path(__file__).parent / "resize.json").write_text(json.dumps(cases, separators=(",", ":")) + "\n")

#!/usr/bin/env python3
"""Decoding and resizing of the same images by each tool: images.py DIR, where run.sh put the inputs and what this project made of
them; writes images.json."""
import io, os, sys, warnings

import numpy as np
import torch
import torchvision
from PIL import Image
from safetensors.numpy import load_file
from torch.nn.functional import interpolate
from torchvision.transforms import functional as transforms

from inputs import DEEP
from rows import Rows

warnings.filterwarnings("ignore")


def raw(path, like):
    """What this project's decoder wrote of a file."""
    return np.fromfile(f"{path}.raw", np.uint8).astype(int).reshape(like.shape)


def to_299(rows, inputs, ours):
    from cleanfid.resize import build_resizer
    from torch_fidelity.interpolate_compat_tensorflow import interpolate_bilinear_2d_like_tensorflow1x
    for name in ["photograph", "32x32"]:
        image = inputs[f"image.{name}"]
        floats = torch.tensor(image)[None].float()
        whole = image.transpose(1, 2, 0)
        seen = {
            ("pytorch-fid", "InceptionV3(resize_input=True)"): 255 * interpolate(floats / 255, (299, 299), mode="bilinear", align_corners=False)[0].permute(1, 2, 0).numpy(),
            ("clean-fid", 'mode="legacy_pytorch"'): build_resizer("legacy_pytorch")(whole),
            ("clean-fid", 'mode="clean"'): build_resizer("clean")(whole),
            ("torch-fidelity", "inception-v3-compat"): interpolate_bilinear_2d_like_tensorflow1x(floats, (299, 299), align_corners=False)[0].permute(1, 2, 0).numpy(),
            ("torchmetrics", "antialias=True, its default"): interpolate(floats, (299, 299), mode="bilinear", align_corners=False, antialias=True)[0].permute(1, 2, 0).numpy(),
        }
        for (who, setting), theirs in seen.items():
            # legacy scales by 2 x / 255 - 1, the others by (x - 128) / 128.
            levels = {mode: np.abs((ours[f"image.{name}.{mode}"] + 1) * (127.5 if mode == "legacy" else 128) - theirs) for mode in ["legacy", "tensorflow", "clean", "clean_bytes"]}
            apart = {mode: round(float(found.max()), 3) for mode, found in levels.items()}
            nearest = min(apart, key=apart.get)
            rows.add("to 299 x 299", name, who, f"{setting}: largest difference from --resize {nearest}, the nearest, levels", apart[nearest], all=str(apart))


def jpeg(rows, *_):
    for path in open(f"{folder}/decode.list").read().split():
        given = os.path.basename(path)
        pillow = np.asarray(Image.open(path).convert("RGB")).astype(int)
        rows.add("JPEG", given, "vimae", "largest difference from Pillow's", int(np.abs(raw(path, pillow) - pillow).max()))
        theirs = torchvision.io.decode_jpeg(torch.tensor(np.fromfile(path, np.uint8))).permute(1, 2, 0).numpy().astype(int)
        rows.add("JPEG", given, "torchvision", "io.decode_jpeg: largest difference from Pillow's", int(np.abs(theirs - pillow).max()))


def lanczos(rows, *_):
    for path in open(f"{folder}/resize.list").read().split():
        image = Image.open(path)
        given = f"{os.path.basename(path)}, 400 x 400 to 64 x 64"
        pillow = np.asarray(image.resize((64, 64), Image.LANCZOS)).astype(int)
        difference = raw(path, pillow) - pillow
        rows.add("Lanczos", given, "vimae", "largest difference from Pillow's LANCZOS", int(np.abs(difference).max()), equal=float((difference == 0).mean()))
        tensor = torch.tensor(np.asarray(image)).permute(2, 0, 1)
        for mode in ["bilinear", "bicubic"]:
            kind = {"bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC}[mode]
            theirs = transforms.resize(tensor, [64, 64], transforms.InterpolationMode(mode), antialias=True).permute(1, 2, 0).numpy().astype(int)
            rows.add("Lanczos", given, "torchvision", f"resize of a tensor, {mode}: largest difference from Pillow's {mode}", int(np.abs(theirs - np.asarray(image.resize((64, 64), kind))).max()))
        plain = interpolate(tensor[None].float(), (64, 64), mode="bilinear", align_corners=False)[0].permute(1, 2, 0).numpy()
        rows.add("Lanczos", given, "torch", "interpolate, bilinear as it comes: largest difference from Pillow's bilinear", float(np.abs(plain - np.asarray(image.resize((64, 64), Image.BILINEAR))).max()))


def grayscale(rows, *_):
    image = Image.open(f"{folder}/china.png")
    pillow = np.asarray(image.convert("L")).astype(int)
    theirs = transforms.rgb_to_grayscale(torch.tensor(np.asarray(image)).permute(2, 0, 1))[0].numpy().astype(int)
    rows.add("grayscale", "china.png", "torchvision", "rgb_to_grayscale: largest difference from Pillow's", int(np.abs(theirs - pillow).max()), mean=float((theirs - pillow).mean()))


def deep(rows, *_):
    for kind in ["gray", "gray_alpha", "rgb", "rgba"]:
        path = f"{folder}/deep-{kind}.png"
        given = f"PNG, {kind}: {DEEP[0].tolist()}"
        first = lambda array: np.asarray(array).reshape(10, -1)[:, 0].astype(int).tolist()
        for setting, ending in [("default, high_byte", "raw"), ("clipped", "clipped")]:
            rows.add("16 bits", given, "vimae", setting, first(np.fromfile(f"{path}.{ending}", np.uint8)))
        image = Image.open(path)
        rows.add("16 bits", given, "Pillow", f'opened as {image.mode}, convert("RGB"), as pytorch-fid, clean-fid and ImageFolder do', first(image.convert("RGB")))
        rows.add("16 bits", given, "torchvision", f"to_tensor of that image, {transforms.to_tensor(image).dtype}", transforms.to_tensor(image).reshape(-1, 10)[0].tolist())
        found = torchvision.io.decode_image(torch.tensor(np.fromfile(path, np.uint8)))
        rows.add("16 bits", given, "torchvision", f"io.decode_image, {found.dtype}", found.reshape(-1, 10)[0].tolist())
    path = f"{folder}/deep-gray.tiff"
    for setting, ending in [("default, high_byte", "raw"), ("clipped", "clipped")]:
        rows.add("16 bits", "TIFF, gray, the same", "vimae", setting, np.fromfile(f"{path}.{ending}", np.uint8).tolist())
    rows.add("16 bits", "TIFF, gray, the same", "Pillow", 'convert("RGB")', np.asarray(Image.open(path).convert("RGB"))[0, :, 0].tolist())


if __name__ == "__main__":
    folder = sys.argv[1]
    rows = Rows("images", ["pillow", "torchvision", "torch", "clean-fid", "torch-fidelity", "torchmetrics", "numpy"], folder)
    given, made = load_file(f"{folder}/inputs.safetensors"), load_file(f"{folder}/ours.safetensors")
    for part in [to_299, jpeg, lanczos, grayscale, deep]:
        part(rows, given, made)
    rows.write()

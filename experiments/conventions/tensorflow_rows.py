#!/usr/bin/env python3
"""What TensorFlow makes of the same images, draws and convolutions: tensorflow_rows.py DIR, where run.sh put the inputs and what this
project made of them; writes tensorflow.json. Needs an environment of its own (requirements-tensorflow.txt)."""
import os, sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf
from PIL import Image
from safetensors.numpy import load_file

from inputs import DEEP
from rows import Rows


def same(rows, inputs, ours):
    for size, kernel in [(7, 4), (7, 5), (8, 4), (32, 5)]:
        name = f"same.{size}.{kernel}"
        x, w = inputs[f"{name}.x"].transpose(0, 2, 3, 1), inputs[f"{name}.w"].transpose(2, 3, 1, 0)
        theirs = tf.nn.conv2d(x, w, 2, "SAME").numpy().transpose(0, 3, 1, 2)
        given = f"{size} x {size}, kernel {kernel}, stride 2"
        rows.add("SAME padding", given, "tensorflow", "conv2d, SAME: size of the result", theirs.shape[-1])
        rows.add("SAME padding", given, "vimae", "conv2d_same: largest difference from tensorflow's", np.abs(ours[name] - theirs).max() if ours[name].shape == theirs.shape else "another shape")


def truncated(rows, *_):
    given = "100000 draws, standard deviation 0.01"
    for setting, draw in [("random.truncated_normal", lambda: tf.random.truncated_normal([100_000], stddev=0.01, seed=1)),
                          ("initializers.VarianceScaling with truncated_normal", lambda: tf.keras.initializers.VarianceScaling(1e-4 * 1000, "fan_in", "truncated_normal", seed=1)((1000, 100)))]:
        draws = draw().numpy()
        rows.add("truncated normal", given, "tensorflow", f"{setting}: largest over 0.01", np.abs(draws).max() / 0.01)
        rows.add("truncated normal", given, "tensorflow", f"{setting}: their standard deviation over 0.01", draws.std() / 0.01)


def jpeg(rows, *_):
    for path in open(f"{folder}/decode.list").read().split():
        given, bytes_ = os.path.basename(path), open(path, "rb").read()
        pillow = np.asarray(Image.open(path).convert("RGB")).astype(int)
        for setting in ["", "INTEGER_FAST", "INTEGER_ACCURATE"]:
            difference = tf.io.decode_jpeg(bytes_, 3, dct_method=setting).numpy().astype(int) - pillow
            name = "decode_jpeg" + (f', dct_method="{setting}"' if setting else ", as it comes")
            rows.add("JPEG", given, "tensorflow", f"{name}: largest difference from Pillow's", int(np.abs(difference).max()), mean=np.abs(difference).mean())


def resize(rows, inputs, ours):
    for name in ["photograph", "32x32"]:
        image = inputs[f"image.{name}"].transpose(1, 2, 0).astype(np.float32)
        for setting, theirs in [("compat.v1.image.resize_bilinear", tf.compat.v1.image.resize_bilinear(image[None], (299, 299))[0]),
                                ("image.resize", tf.image.resize(image, (299, 299)))]:
            for mode, levels in [("tensorflow", 128), ("legacy", 127.5)]:
                mine = (ours[f"image.{name}.{mode}"] + 1) * levels
                rows.add("to 299 x 299", name, "tensorflow", f"{setting}: largest difference from --resize {mode}, levels", np.abs(mine - theirs.numpy()).max())


def grayscale(rows, *_):
    photo = np.asarray(Image.open(f"{folder}/china.png"))
    pillow = np.asarray(Image.fromarray(photo).convert("L")).astype(int)
    difference = tf.image.rgb_to_grayscale(photo)[..., 0].numpy().astype(int) - pillow
    rows.add("grayscale", "china.png", "tensorflow", "rgb_to_grayscale: largest difference from Pillow's", int(np.abs(difference).max()), mean=difference.mean())


def deep(rows, *_):
    for kind in ["gray", "gray_alpha", "rgb"]:
        bytes_ = open(f"{folder}/deep-{kind}.png", "rb").read()
        found = tf.io.decode_png(bytes_).numpy()[0, :, 0].tolist()
        rows.add("16 bits", f"PNG, {kind}: {DEEP[0].tolist()}", "tensorflow", "decode_png, as it comes (uint8)", found)


if __name__ == "__main__":
    folder = sys.argv[1]
    rows = Rows("tensorflow", ["tensorflow_cpu", "numpy", "pillow"], folder)
    given, made = load_file(f"{folder}/inputs.safetensors"), load_file(f"{folder}/ours.safetensors")
    for part in [same, truncated, jpeg, resize, grayscale, deep]:
        part(rows, given, made)
    rows.write()

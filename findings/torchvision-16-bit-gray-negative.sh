#!/bin/bash
# torchvision 0.29.2 with Pillow 13.0.0: to_tensor of a grayscale PNG of 16 bits gives int16 in which every sample above 32767 is negative,
# and divides nothing by 255 or 65535. Its own io.decode_image gives the samples as uint16; ImageFolder, which converts to RGB first, has them
# cut off at 255. Three readings of one file within one package.
# Seen: 300, 32767, 32768, 65535 -> 300, 32767, -32768, -1 by to_tensor; as they are by decode_image; 255, 255, 255, 255 by ImageFolder.
# Exit 0: as described here; 1: it has changed; 2: it cannot be set up. Needs python3, the registry and some gigabytes for torch; no argument.
set -u
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT
cd "$T" || exit 2
python3 -m venv v > /dev/null && v/bin/pip install -q torchvision==0.29.2 torch==2.15.0 pillow==13.0.0 numpy || exit 2
v/bin/python - <<'P'
import os, sys
import numpy as np
from PIL import Image
from torchvision.datasets import ImageFolder
from torchvision.io import decode_image
from torchvision.transforms.functional import to_tensor

samples = [300, 32767, 32768, 65535]
os.makedirs("data/class")
Image.fromarray(np.array([samples], np.uint16)).save("data/class/0.png")
tensor = to_tensor(Image.open("data/class/0.png"))
decoded = decode_image("data/class/0.png")
folder = ImageFolder("data")[0][0]
readings = tensor.flatten().tolist(), decoded.flatten().tolist(), np.asarray(folder)[0, :, 0].tolist()
print(f"torchvision 0.29.2: {samples} -> to_tensor {readings[0]} ({tensor.dtype}), decode_image {readings[1]} ({decoded.dtype}), ImageFolder {readings[2]}")
sys.exit(0 if readings == ([300, 32767, -32768, -1], samples, [255] * 4) else 1)
P

"""Images to codes by PyTorch's encoder in evaluation mode, timed: `encode.py RUN IMAGES.npy`; one JSON line.

IMAGES.npy holds bytes `[N, H, W, C]`. A pass takes them from bytes in memory to codes in memory, without a gradient; the fastest
of the batch sizes and memory layouts tried is what counts.
"""

import argparse
import json
import statistics
import time

import numpy as np
import torch

import vimae

parser = argparse.ArgumentParser()
parser.add_argument("run")
parser.add_argument("images")
parser.add_argument("--passes", type=int, default=5)
parser.add_argument("--threads", type=int, default=2)
arguments = parser.parse_args()

torch.set_num_threads(arguments.threads)
images = torch.from_numpy(np.load(arguments.images)).permute(0, 3, 1, 2).contiguous()
results = []
for layout in (torch.contiguous_format, torch.channels_last):
    model = vimae.from_pretrained(arguments.run).to(memory_format=layout)
    for batch in (100, 200, 500, 1000):
        seconds = []
        for one in range(arguments.passes + 1):
            started = time.perf_counter()
            with torch.inference_mode():
                parts = images.split(batch)
                codes = torch.cat([model.encode(part.contiguous(memory_format=layout)).mean for part in parts])
            if one > 0:
                seconds.append(time.perf_counter() - started)
        assert len(codes) == len(images)
        results.append((statistics.median(seconds), str(layout).split(".")[-1], batch, seconds))
median, layout, batch, seconds = min(results)
print(
    json.dumps(
        {
            "system": f"torch {torch.__version__}",
            "threads": arguments.threads,
            "images": len(images),
            "layout": layout,
            "batch": batch,
            "seconds": seconds,
            "images_per_second": len(images) / median,
        }
    )
)

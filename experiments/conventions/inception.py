#!/usr/bin/env python3
"""FIDs of the same image files by whole tools, on the same network: inception.py DIR XTASK, where run.sh put the inputs and XTASK
is this project's command; writes inception.json.

The network's weights are random, for there is no download here; its batch norms take the statistics of the images, so that its
features vary as they should. What is compared is resizing, scaling and the distance, not the meaning of the number. Each
tool runs as it comes, except that it is handed the weights.
"""
import json, pathlib, subprocess, sys, warnings

import numpy as np
import torch
from PIL import Image

from rows import Rows

warnings.filterwarnings("ignore")
torch.set_num_threads(1)


def untrained():
    import pytorch_fid.inception as inception
    torch.manual_seed(0)
    net = inception._inception_v3(num_classes=1008, aux_logits=False, weights=None)
    blocks = {"Mixed_5b": inception.FIDInceptionA(192, 32), "Mixed_5c": inception.FIDInceptionA(256, 64), "Mixed_5d": inception.FIDInceptionA(288, 64)}
    blocks |= {name: inception.FIDInceptionC(768, width) for name, width in [("Mixed_6b", 128), ("Mixed_6c", 160), ("Mixed_6d", 160), ("Mixed_6e", 192)]}
    blocks |= {"Mixed_7b": inception.FIDInceptionE_1(1280), "Mixed_7c": inception.FIDInceptionE_2(2048)}
    for name, block in blocks.items():
        setattr(net, name, block)
    return net


def calibrated(images):
    """The state of a random network whose batch norms have the statistics of `images`, scaled to [-1, 1] at 299 x 299."""
    net = untrained().train()
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    with torch.no_grad():
        net(images)
    return {name: tensor for name, tensor in net.state_dict().items()}


def main(folder, xtask):
    import pytorch_fid.fid_score, pytorch_fid.inception, torch_fidelity
    from cleanfid import fid as cleanfid
    from torchmetrics.image.fid import FrechetInceptionDistance
    folder = pathlib.Path(folder)
    real, generated = (folder / "crops" / name for name in ["china", "flower"])
    sets = [torch.tensor(np.stack([np.asarray(Image.open(path)) for path in sorted(place.glob("*.png"))])).permute(0, 3, 1, 2) for place in [real, generated]]
    some = torch.cat([images[:12] for images in sets]).float() / 127.5 - 1
    weights = folder / "inception.pth"
    torch.save(calibrated(torch.nn.functional.interpolate(some, (299, 299), mode="bilinear")), weights)
    state = torch.load(weights)
    rows = Rows("inception", ["pytorch-fid", "clean-fid", "torch-fidelity", "torchmetrics", "torch", "scipy", "pillow"])
    given = "40 and 40 crops of 64 x 64, random weights"

    def ours(setting, *options):
        command = [xtask, "fid", real, generated, "--weights", weights, "--no-infinity", "--no-cache", "--json", *options]
        found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["numbers"]
        value = next(number for number in found if number["metric"] == "fid")
        rows.add("FID by whole tools", given, "vimae", setting, value["value"])

    for mode in ["legacy", "tensorflow", "clean", "clean_bytes"]:
        ours(f"--resize {mode}{', the default' if mode == 'legacy' else ''}", "--resize", mode)

    pytorch_fid.inception.load_state_dict_from_url = lambda *_, **__: state
    value = pytorch_fid.fid_score.calculate_fid_given_paths([str(real), str(generated)], 20, "cpu", 2048, 0)
    rows.add("FID by whole tools", given, "pytorch-fid", "as it comes", value)

    found = torch_fidelity.calculate_metrics(input1=str(real), input2=str(generated), fid=True, cuda=False, batch_size=20, verbose=False, cache=False, feature_extractor_weights_path=str(weights))
    rows.add("FID by whole tools", given, "torch-fidelity", "as it comes", found["frechet_inception_distance"])

    for setting, antialias in [("as it comes: antialias=True", True), ("antialias=False", False)]:
        metric = FrechetInceptionDistance(feature_extractor_weights_path=str(weights), antialias=antialias)
        for images, is_real in zip(sets, [True, False]):
            for part in images.split(20):
                metric.update(part, real=is_real)
        rows.add("FID by whole tools", given, "torchmetrics", setting, metric.compute().item())

    # clean-fid's own network is a file to download; in its place stands pytorch-fid's, with the scaling that clean-fid's holds.
    net = pytorch_fid.inception.InceptionV3([3], resize_input=False, normalize_input=False).eval()
    features = lambda batch: net((batch - 128) / 128)[0][..., 0, 0]
    for mode in ["clean", "legacy_pytorch"]:
        value = cleanfid.compute_fid(str(real), str(generated), mode=mode, num_workers=0, batch_size=20, device=torch.device("cpu"), custom_feat_extractor=features, verbose=False, use_dataparallel=False)
        rows.add("FID by whole tools", given, "clean-fid", f'mode="{mode}"{", its default" if mode == "clean" else ""}', value)
    rows.write()


if __name__ == "__main__":
    main(*sys.argv[1:])

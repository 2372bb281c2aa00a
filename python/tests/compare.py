"""What a run gives in PyTorch for given images and codes: `compare.py RUN GIVEN.safetensors OUT.safetensors`.

The tests of the Rust code call it and compare. `--initialise SEED` takes random weights and saves them under `weights.`.
"""

import argparse
import json
import shutil
import tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

import vimae

SAMPLES = 20_000

parser = argparse.ArgumentParser()
parser.add_argument("run")
parser.add_argument("given")
parser.add_argument("out")
parser.add_argument("--initialise", type=int)
arguments = parser.parse_args()

model = vimae.from_pretrained(arguments.run)
more = {}
if arguments.initialise is not None:
    torch.manual_seed(arguments.initialise)
    model = vimae.Model(model.config, model.prior).eval()
    more = {f"weights.{name}": tensor for name, tensor in model.state_dict().items()}
given = load_file(arguments.given)
with torch.no_grad():
    code = model.encode(given["images"])
    out = {
        "mean": code.mean,
        "decoded": model.decode(given["codes"]),
        "reconstructed": model.reconstruct(given["images"]),
        "mean_of_bytes": model.encode(given["bytes"]).mean,
        "log_density": model.prior.log_density(given["codes"]).float(),
        "codes": model.sample_codes(SAMPLES, seed=1),
        "samples": model.sample(5, seed=2),
    }
    if code.log_var is not None:
        out["log_var"] = code.log_var
assert torch.equal(model.sample(5, seed=2), out["samples"]), "the same seed gives the same images"
assert not torch.equal(model.sample(5, seed=3), out["samples"])
if torch.cuda.is_available():
    there = model.prior.log_density(given["codes"].cuda())
    assert there.is_cuda and torch.allclose(there.cpu(), model.prior.log_density(given["codes"]))
foreign = vimae.Model({**model.config, "noise": {"name": "of_another_program", "settings": {}}}).eval()
try:
    foreign.encode(given["images"])
    raise AssertionError("codes of a noise that is not known here")
except ValueError as problem:
    assert "of_another_program" in str(problem), problem
with torch.no_grad():
    arrays = {name: tensor.numpy().astype("float64") for name, tensor in given.items() if tensor.is_floating_point()}
    assert torch.allclose(model.encode(arrays["images"]).mean, out["mean"], atol=1e-5)
    assert torch.allclose(model.encode(given["bytes"].numpy()).mean, out["mean_of_bytes"], atol=1e-5)
    assert torch.allclose(model.decode(arrays["codes"]), out["decoded"], atol=1e-5)
count, size = given["codes"].shape
for ask, error, words in (
    (lambda: model.encode("images"), TypeError, "images of type str; a tensor or an array is taken"),
    (lambda: model.encode(given["bytes"].int()), TypeError, "images of torch.int32"),
    (lambda: model.encode(given["images"][:, :, 1:]), ValueError, "images of shape"),
    (lambda: model.decode(given["codes"][:, 1:]), ValueError, f"codes of shape {(count, size - 1)}; this model takes [N, {size}]"),
    (lambda: model.decode(given["codes"][0]), ValueError, f"codes of shape ({size},)"),
):
    try:
        ask()
        raise AssertionError(words)
    except error as problem:
        assert words in str(problem), problem
# Without the prior's numbers there is still a model.
with tempfile.TemporaryDirectory() as folder:
    copy = Path(shutil.copytree(arguments.run, folder, dirs_exist_ok=True)) / "config.json"
    config = json.loads(copy.read_text(encoding="utf-8"))
    del config["prior"]["density"]
    copy.write_text(json.dumps(config), encoding="utf-8")
    bare = vimae.from_pretrained(folder)
with torch.no_grad():
    assert torch.equal(bare.encode(given["images"]).mean, vimae.from_pretrained(arguments.run).encode(given["images"]).mean)
for ask in (lambda: bare.sample(1), lambda: bare.prior.log_density(given["codes"])):
    try:
        ask()
        raise AssertionError("a prior without numbers")
    except ValueError as problem:
        assert config["prior"]["name"] in str(problem), problem
save_file({name: tensor.contiguous() for name, tensor in {**out, **more}.items()}, arguments.out)

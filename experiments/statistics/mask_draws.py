"""How far accuracy under masks depends on the draw of the masks: a run's value beside scikit-learn's over many draws.

    python experiments/statistics/mask_draws.py XTASK RUN OUT.json [--share 0.2] [--masks 20] [--labels 10]

RUN is a finished run on the digits. Codes come from `xtask encode`; labels, masks and support vector machines from NumPy and
scikit-learn (`pip install numpy==2.4.6 scikit-learn==1.9.1`). Protocol: svm.inductive(kernel=rbf,labels=1000,noise=test).
"""

import argparse
import gzip
import json
import pathlib
import subprocess
import tempfile

import numpy
from sklearn import __version__ as sklearn_version
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import SVC

DIGITS = pathlib.Path(__file__).resolve().parents[2] / "datasets/digits"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("xtask")
    parser.add_argument("run", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--share", type=float, default=0.2)
    parser.add_argument("--masks", type=int, default=20)
    parser.add_argument("--labels", type=int, default=10)
    return parser.parse_args()


def images(given, test_codes, folder):
    """The test images as bytes [N, 28, 28, 1]: those of the file that have the codes of the test split."""
    pixels = numpy.frombuffer(gzip.open(DIGITS / "images-idx3-ubyte.gz").read()[16:], numpy.uint8).reshape(-1, 28, 28, 1)
    numpy.save(folder / "all.npy", pixels)
    codes, _ = encode(given.xtask, given.run, folder / "all.npy", folder)
    place = {code.round(4).tobytes(): i for i, code in enumerate(codes)}
    return pixels[[place[code.round(4).tobytes()] for code in test_codes]]


def encode(xtask, run, what, folder):
    out = folder / "codes.npz"
    subprocess.run([xtask, "encode", run, what, "--out", out, "--overwrite"], check=True, stdout=subprocess.DEVNULL)
    with numpy.load(out) as codes:
        return codes["mean"].astype(numpy.float64), codes["label"] if "label" in codes else None


def accuracy(codes, labels, test_codes, test_labels, random, scale_codes):
    """Percent of test codes that machines tell from 1 000 class-balanced labelled ones, on the scale of these and `scale_codes`."""
    chosen = numpy.concatenate([random.permutation(numpy.flatnonzero(labels == c))[:100] for c in range(10)])
    both = numpy.concatenate([codes[chosen], scale_codes])
    shift, scale = both.mean(0), both.std(0)
    machine = OneVsRestClassifier(SVC(C=1.0, gamma=1.0 / codes.shape[1]))
    machine.fit((codes[chosen] - shift) / scale, labels[chosen])
    return 100.0 * float((machine.predict((test_codes - shift) / scale) == test_labels).mean())


def main():
    given = arguments()
    record = json.loads((given.run / "record.json").read_text())
    metric = f"accuracy.mask_{given.share}".replace(".", "_").replace("accuracy_", "accuracy.")
    wanted = "svm.inductive(kernel=rbf,labels=1000,noise=test,code=mean)"
    ours = next(m for m in record["measurements"] if m["metric"] == metric and m["protocol"] == wanted)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        codes, labels = encode(given.xtask, given.run, "digits:train", folder)
        test_codes, test_labels = encode(given.xtask, given.run, "digits:test", folder)
        pixels = images(given, test_codes, folder)
        # The protocol fits once, to the scale of the clean test codes; the other way is what a script by hand would do.
        scales = {"clean": numpy.zeros((given.masks, given.labels)), "masked": numpy.zeros((given.masks, given.labels))}
        for mask in range(given.masks):
            kept = numpy.random.default_rng(mask).random(pixels.shape) >= given.share
            numpy.save(folder / "masked.npy", pixels * kept)
            masked, _ = encode(given.xtask, given.run, folder / "masked.npy", folder)
            for draw in range(given.labels):
                for scale, of in (("clean", test_codes), ("masked", masked)):
                    random = numpy.random.default_rng([1, draw])
                    scales[scale][mask, draw] = accuracy(codes, labels, masked, test_labels, random, of)
    def told(table):
        means = table.mean(1)
        return {
            "mean": float(table.mean()),
            "deviation_over_masks": float(means.std(ddof=1)),
            "deviation_over_labels": float(table.mean(0).std(ddof=1)),
            "deviation_of_a_draw_of_both": float(table.std(ddof=1)),
            "least": float(table.min()),
            "most": float(table.max()),
            "table": table.round(3).tolist(),
        }

    result = {
        "method": record["spec"]["method"],
        "metric": metric,
        "protocol": wanted,
        "ours": {"value": ours["value"], "standard_error": ours["standard_error"], "varies": ours.get("varies", [])},
        "scikit_learn": sklearn_version,
        "scale_of_clean_codes": told(scales["clean"]),
        "scale_of_masked_codes": told(scales["masked"]),
    }
    given.out.write_text(json.dumps(result, indent=1) + "\n")
    for name, value in result.items():
        print(name, {k: v for k, v in value.items() if k != "table"} if isinstance(value, dict) else value)


main()

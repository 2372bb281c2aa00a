"""Makes the pickles of this folder: python pickles.py LABEL [protocols], once with each version of NumPy.

LABEL.pN.pickle: a batch laid out like CIFAR-10's, of four images of 2 x 2 in colour, in protocol N.
marker.pN.pickle: a pickle that makes a file called `a-pickle-was-run` in the folder of whoever runs it.
"""

import pickle
import sys

import numpy as np


class Marker:
    """Runs the harmless call that says so."""

    def __reduce__(self):
        return open, ("a-pickle-was-run", "w")


class Plain:
    """An object of a class: made by an opcode of its own."""


def batch(labels):
    data = (np.arange(48) * 5).astype("uint8").reshape(4, 12)
    return {"batch_label": "training batch 1 of 5", "labels": labels, "data": data, "filenames": ["a.png", "b.png", "a.png", "d.png"]}


label = sys.argv[1]
for protocol in range(2, 6):
    values = {"list": [3, 0, 9, 1], "array": np.array([3, 0, 9, 1]), "scalars": list(np.array([3, 0, 9, 1]))}
    for form, labels in values.items():
        if form != "list" and protocol in (3, 5):
            continue
        content = batch(labels)
        if form == "array":
            content = {key.encode(): value for key, value in content.items()}
            content[b"data"] = np.asfortranarray(content[b"data"])
        with open(f"{label}-{form}.p{protocol}.pickle", "wb") as file:
            pickle.dump(content, file, protocol)
    if label == "numpy2":
        with open(f"marker.p{protocol}.pickle", "wb") as file:
            pickle.dump({"data": Marker(), "labels": [1]}, file, protocol)
        with open(f"object.p{protocol}.pickle", "wb") as file:
            pickle.dump({"data": Plain(), "labels": [1]}, file, protocol)

#!/usr/bin/env python3
"""Writes the two small PyTorch files that the reader's tests read: `python pth.py`, beside this file."""
import pathlib

import torch

here = pathlib.Path(__file__).parent
weight = torch.arange(6, dtype=torch.float32).reshape(2, 3)
content = {"a.weight": weight, "a.bias": weight.view(-1)[1:3], "n": torch.tensor(7)}
torch.save(content, here / "zipped.pth")
torch.save(content, here / "plain.pth", _use_new_zipfile_serialization=False)

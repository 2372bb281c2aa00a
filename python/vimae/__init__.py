"""Autoencoders that vimae trained, in PyTorch.

    model = vimae.from_pretrained("owner/name")  # or the directory of a run
    images = model.sample(16, seed=0)
    codes = model.encode(images).mean
"""

from .model import Code, Model, from_pretrained

__all__ = ["Code", "Model", "from_pretrained"]
__version__ = "0.1.1"

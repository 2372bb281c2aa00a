"""Where the files of a run are: in its directory, or on the Hugging Face Hub."""

import hashlib
import json
from pathlib import Path

FORMAT = 1
"""The form of `config.json` that is known here."""


class Files:
    """The files of a finished run, each checked against the digest it was published with, where that is known."""

    def __init__(self, place):
        place = str(place)
        folder = Path(place)
        if folder.is_dir():
            self.place, self._find = place, folder.joinpath
        # A branch may have slashes of its own.
        elif place.partition("@")[0].count("/") == 1 and not place.startswith((".", "/")):
            self.place, self._find = place, _on_the_hub(place)
        else:
            raise FileNotFoundError(f"{place}: neither the directory of a run nor owner/name on the Hub")
        path = self._find("config.json")
        if not Path(path).is_file():
            raise FileNotFoundError(f"{place} holds no config.json: it is not the directory of a finished run")
        self.config = json.loads(Path(path).read_text(encoding="utf-8"))
        if self.config.get("format") != FORMAT:
            raise ValueError(f"{path}: format {self.config.get('format')}, where {FORMAT} is read; install the version that fits")

    def path(self, name, sha256=None):
        """The file called `name`."""
        if Path(name).name != name:
            raise ValueError(f"{self.place}: config.json names the file {name!r}; a file lies in the directory itself")
        path = Path(self._find(name))
        expected = self.config.get("files", {}).get(name, {}).get("sha256", sha256)
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if expected is not None and found != expected:
            raise ValueError(f"{path}: SHA-256 is {found}, config.json beside it says {expected}")
        return path


def _on_the_hub(place):
    try:
        from huggingface_hub import hf_hub_download
    except ImportError:
        problem = "loading from the Hub needs huggingface_hub (pip install 'vimae[hub]'); or `cargo xtask hub pull` and give the directory"
        raise ImportError(f"{place} is no directory, and {problem}") from None
    repo, _, revision = place.partition("@")
    return lambda name: hf_hub_download(repo, name, revision=revision or None)

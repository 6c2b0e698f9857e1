"""Check the weights file behind FID and KID (present, the right one, safe to read), and read it.

Where in the flow: repro.runs.load refuses a run with unusable `fid_weights` before anything starts;
repro.quality.inception puts the weights into torch-fidelity's network. `python -m
data_prep.download inception` fetches the file, and nothing else downloads it. torch-fidelity itself
reads such a file with a full unpickler, which can run code in a doctored file; here PyTorch's
restricted unpickler reads it.

Alone: `read_weights(Path(FILE))`.
"""

import hashlib
import importlib.util
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from repro.specs.validation import SpecError

if TYPE_CHECKING:  # the Snakefile checks only whether the file exists
    from torch import Tensor

FILE = "weights-inception-2015-12-05-6726825d.pth"
PUBLISHED = "6726825d"  # first digits of the published file's sha256, as in its name
WHERE = f"{FILE}, attached to release v0.2.0 of torch-fidelity (GitHub: toshas/torch-fidelity)"
# torch.hub's convention: NAME-<first digits of the sha256>.pth
PROMISE = re.compile(r"-([0-9a-f]{8,64})\.[^.]+$")
INSTALL = 'pip install ".[fid]" in the checkout'


@dataclass(frozen=True)
class InceptionWeights:
    """Tensors by name, read and checked, and the sha256 of the file they came from."""

    file: Path
    sha256: str
    tensors: "dict[str, Tensor]"

    @property
    def words(self) -> str:
        """Identifies the weights, for a protocol."""
        published = "" if self.sha256.startswith(PUBLISHED) else ", not the published ones"
        return f"weights sha256 {self.sha256[:8]}…{published}"


def require_weights(path: Path) -> None:
    """Raise SpecError unless torch-fidelity is installed and `path` has the sha256 in its name."""
    _require_file(path)
    if PROMISE.search(path.name):
        _require_promised(path, hashlib.sha256(path.read_bytes()).hexdigest())


def read_weights(path: Path) -> InceptionWeights:
    """The weights in `path`. Raises SpecError naming the file, what was found and what to do."""
    import torch

    _require_file(path)
    content = path.read_bytes()  # once: the hashed bytes are the bytes read
    sha256 = hashlib.sha256(content).hexdigest()
    _require_promised(path, sha256)
    try:
        found = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception:  # torch raises many kinds, whose messages advise to trust the file
        raise SpecError(
            f"{path}: cannot be read as weights: it is damaged, of another format, or holds more "
            f"than tensors and is not opened for safety; expected {WHERE}"
        ) from None
    pairs = found.items() if isinstance(found, dict) else [(None, None)]
    if not all(isinstance(k, str) and isinstance(v, torch.Tensor) for k, v in pairs):
        raise SpecError(
            f"{path}: holds a {type(found).__name__}, expected tensors by name: {WHERE}"
        )
    broken = [name for name, values in found.items() if not bool(torch.isfinite(values).all())]
    if broken:
        raise SpecError(f"{path}: '{broken[0]}' holds NaN or infinity; expected {WHERE}")
    return InceptionWeights(path, sha256, dict(found))


def _require_file(path: Path) -> None:
    if importlib.util.find_spec("torch_fidelity") is None:
        raise SpecError(
            f"FID and KID need the package torch-fidelity, which is optional: {INSTALL}"
        )
    if not path.is_file():
        found = "a folder" if path.is_dir() else "no such file"
        raise SpecError(
            f"{path}: {found}; expected the InceptionV3 weights of FID and KID: {WHERE}. "
            "python -m repro download inception --raw RAW fetches the file into the folder RAW"
        )


def _require_promised(path: Path, sha256: str) -> None:
    promise = PROMISE.search(path.name)
    if promise and not sha256.startswith(promise[1]):
        raise SpecError(
            f"{path}: by its name the sha256 begins with {promise[1]}, but it is {sha256}; the "
            "download is incomplete or the file was changed: fetch it again"
        )

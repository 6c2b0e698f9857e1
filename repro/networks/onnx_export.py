"""A trained generator as an ONNX file, for programs and languages without PyTorch.

    dcgan export MODEL --onnx generator.onnx

Inputs: z (n, z_dim) float32, drawn as spec.json says, and for a model with labels also labels (n,)
int64. Output: images (n, channels, size, size) float32 in [-1, 1], or in [0, 1] for a network that
ends in a sigmoid. The file is whole: weights and frozen batch statistics are in it. Before it gets
its name, ONNX Runtime draws pictures with it, which may differ from PyTorch's by one grey level of
255 at most. Needs the packages of the extra `onnx`.

Where in the flow: after a training (repro.networks.model_folder). The page to play with has a
smaller format of its own (repro.networks.export).
"""

import contextlib
import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch

from repro.artefacts.whole_file import atomic_write
from repro.command_line import file_to_write, new_parser
from repro.data.images import to_uint8
from repro.errors import UnusableError
from repro.networks.model_folder import ModelFolder

PACKAGES = "onnx onnxruntime onnxscript"
TRACED, TRIED = 2, 5  # numbers of pictures; they differ so that the file serves any number
GREY_LEVELS = 1  # largest difference of a pixel that we accept


def export_onnx(model: ModelFolder, path: Path) -> int:
    """Write the generator of `model` to `path`; returns the largest difference in grey levels.

    Raises UnusableError where a package is missing, or where ONNX Runtime's pictures differ by more
    than one grey level; then nothing is written.
    """
    _require_packages()
    G = model.generator()
    arguments = _arguments(model, TRACED)
    any_number = {0: torch.export.Dim("n")}
    with atomic_write(path) as temporary:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the exporter, about its own future
            torch.onnx.export(
                G,
                tuple(arguments.values()),
                temporary,
                input_names=list(arguments),
                output_names=["images"],
                dynamic_shapes=(any_number,) * len(arguments),
                external_data=False,
                verbose=False,
            )
        difference = _difference(model, temporary)
        if difference > GREY_LEVELS:
            raise UnusableError(
                f"{path}: ONNX Runtime's pictures differ from PyTorch's by {difference} grey "
                f"levels, expected {GREY_LEVELS} at most; nothing was written"
            )
    return difference


def _arguments(model: ModelFolder, n: int) -> dict[str, torch.Tensor]:
    """Inputs by name: z (n, z_dim) and, for a model with labels, labels (n,)."""
    z = {"z": model.latents(n, seed=0, purpose="ONNX export")}
    labels = model.even_labels(n)
    return z if labels is None else z | {"labels": labels}


@torch.no_grad()
def _difference(model: ModelFolder, path: Path) -> int:
    """Largest difference of a pixel between ONNX Runtime's pictures and PyTorch's."""
    import onnxruntime

    G, arguments = model.generator(), _arguments(model, TRIED)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    feed = {name: values.numpy() for name, values in arguments.items()}
    (found,) = session.run(None, feed)
    pictures: list[np.ndarray[Any, Any]] = [
        to_uint8(images, low=G.pixel_low).astype(int)
        for images in (torch.from_numpy(found), G(*arguments.values()))
    ]
    return int(np.abs(pictures[0] - pictures[1]).max())


def _require_packages() -> None:
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise UnusableError(
            f"the package '{error.name}' is missing: python -m pip install {PACKAGES}"
        ) from None


def main(argv: list[str] | None = None) -> None:
    parser = new_parser("export", __doc__)
    parser.add_argument("model", type=Path, help="folder of a trained model")
    parser.add_argument("--onnx", type=file_to_write, required=True, help="file to write")
    given = parser.parse_args(argv)
    difference = export_onnx(ModelFolder.open(given.model), given.onnx)
    size = given.onnx.stat().st_size / 1e6
    print(f"{given.onnx}: {size:.1f} MB; pictures differ from PyTorch's by {difference} of 255")

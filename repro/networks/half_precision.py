"""A model folder at half the size, for storing or sharing: weights rounded to float16.

Where in the flow: after training, for a model that is to be published. The new folder is read like
any other (repro.networks.model_folder), which converts the weights back to float32. Small tensors
(gains, biases and batch statistics) keep their precision. The effect of the rounding is measured on
pictures that the generator draws, printed, and stored in the folder as rounding.json.

`python -m repro half MODEL_FOLDER --out FOLDER --only discriminator`
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

from repro.artefacts.step_folder import step_folder
from repro.artefacts.whole_file import write_json
from repro.command_line import new_parser
from repro.networks.model_card import CARD_FILE, use_section
from repro.networks.model_folder import (
    DISCRIMINATOR_FILE,
    GENERATOR_FILES,
    CheckpointError,
    ModelFolder,
    Which,
    draw,
    write_weights,
)

FILES: dict[Which, str] = {
    "generator": GENERATOR_FILES["final"],
    "discriminator": DISCRIMINATOR_FILE,
}
PICTURES = 256  # drawn to measure the effect of the rounding


def write_half(model: ModelFolder, out: Path, *, only: Which | None = None) -> dict[str, float]:
    """Write G and D of `model` (or one of them) to the folder `out`; returns the differences.

    pixels: largest difference of a pixel value, in grey levels of 255; features: root mean square
    difference of D's maps over their standard deviation, in the layer where it is largest. Raises
    CheckpointError for weights beyond float16's 65,504, and the errors of step_folder.
    """
    kept: list[Which] = [only] if only else ["generator", "discriminator"]
    with step_folder(out, inputs={"model": model.folder}, spec={"kept": list(kept)}) as folder:
        for name in ("spec.json", "log.jsonl", "health.json", CARD_FILE):
            if (model.folder / name).is_file():
                shutil.copyfile(model.folder / name, folder / name)
        if (folder / CARD_FILE).is_file():
            _say_what_is_kept(folder / CARD_FILE, model, kept)
        for which in kept:
            _round(model.folder / FILES[which], folder / FILES[which])
        measured = _measured(model, ModelFolder.open(folder), kept)
        write_json(folder / "rounding.json", measured)
    return measured


def _say_what_is_kept(card: Path, model: ModelFolder, kept: list[Which]) -> None:
    """Replace the card's section on use by that of the networks kept."""
    text = card.read_text(encoding="utf-8")
    words = f"The folder holds the {' and the '.join(kept)}, in float16.\n\n"
    use = use_section(model.description, kept) + words
    card.write_text(re.sub(r"## Use\n.*?(?=## |\Z)", lambda _: use, text, flags=re.S), "utf-8")


def _round(source: Path, target: Path) -> None:
    """Round matrices and kernels in a file of weights to float16; vectors and counts are kept."""
    rounded = {}
    for name, values in load_file(source).items():
        rounded[name] = values.half() if values.ndim > 1 else values
        if not torch.isfinite(rounded[name]).all():
            raise CheckpointError(f"{source}: '{name}' has values that float16 cannot hold")
    write_weights(rounded, target)


@torch.no_grad()
def _measured(model: ModelFolder, half: ModelFolder, kept: list[Which]) -> dict[str, float]:
    """Differences due to rounding, on pictures that G draws from the same z and labels."""
    z = model.latents(PICTURES, seed=0, purpose="half precision, pictures")
    labels = model.even_labels(PICTURES)
    G, measured = model.generator(), {}
    if "generator" in kept:
        pictures = [draw(one, z, labels).astype(int) for one in (G, half.generator())]
        measured["pixels"] = float(np.abs(pictures[0] - pictures[1]).max())
    if "discriminator" in kept and model.spec.network.kind == "convolutional":
        images = G(z)
        pairs = zip(_maps(model, images), _maps(half, images), strict=True)
        measured["features"] = max(
            float((a - b).square().mean().sqrt() / a.std()) for a, b in pairs
        )
    return measured


def _maps(model: ModelFolder, images: Tensor) -> Iterator[Tensor]:
    """The maps of every layer of the discriminator."""
    yield from model.discriminator().features(images)


def main(argv: list[str] | None = None) -> None:
    parser = new_parser("half", __doc__)
    parser.add_argument("model", type=Path, help="results/<run>/models/<model>")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--only", choices=sorted(FILES), help="only one of the networks")
    given = parser.parse_args(argv)
    measured = write_half(ModelFolder.open(given.model), given.out, only=given.only)
    for path in sorted(given.out.glob("*.safetensors")):
        print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
    if "pixels" in measured:
        print(f"pictures differ by at most {measured['pixels']:.0f} of 255 grey levels")
    if "features" in measured:
        print(
            f"D's maps differ by {measured['features']:.1g} standard deviations (root mean square)"
        )

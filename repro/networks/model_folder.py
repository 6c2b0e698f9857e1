"""The model folder, which a training writes and every experiment reads.

Its files:
  generator.safetensors, early_generator.safetensors, discriminator.safetensors   weights and
      frozen batch statistics; snapshots/: networks stored during training (G after minibatch n:
      step_NNNNNNNN.safetensors, D: discriminator_step_NNNNNNNN.safetensors);
      spec.json: network, training, seed, counts; log.jsonl: the curves;
      training_rows.npy: the rows of the dataset it saw; health.json: troubles by name.
Where in the flow: repro.train.model_writer writes the folder, `ModelFolder.open` reads it, and
`draw` makes pictures with its generator. The states from which a training resumes are elsewhere
(repro.train.resume_state).

`python -m repro model MODEL_FOLDER` describes a model folder.
"""

import json
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from repro import rng
from repro.command_line import new_parser
from repro.data.images import to_uint8
from repro.errors import ExpectedError, UnusableError
from repro.networks.build import build_convolutional, build_generator
from repro.networks.dcgan import Discriminator, GeneratorNetwork, freeze_statistics
from repro.specs.model import ModelSpec
from repro.specs.network import NetworkSpec
from repro.specs.validation import validated

Snapshot = Literal["early", "final"]
Which = Literal["generator", "discriminator"]
GENERATOR_FILES: dict[Snapshot, str] = {
    "early": "early_generator.safetensors",
    "final": "generator.safetensors",
}
DISCRIMINATOR_FILE = "discriminator.safetensors"
UNTRAINED_LATENTS = 256  # with which an untrained generator's statistics are frozen
TOGETHER = 128  # pictures that `draw` makes at once
SNAPSHOT_PREFIX: dict[Which, str] = {"generator": "step_", "discriminator": "discriminator_step_"}


def snapshot_file(step: int, which: Which = "generator") -> str:
    """Relative path of G or D after `step` minibatches in a state or model folder."""
    return f"snapshots/{SNAPSHOT_PREFIX[which]}{step:08d}.safetensors"


class CheckpointError(ExpectedError, RuntimeError):
    """A state or model that cannot be written or read; the message names the file."""


class ModelFolder:
    """A trained model on disk. Its networks are frozen, in eval mode, without gradients."""

    def __init__(self, folder: Path, description: dict[str, Any]) -> None:
        self.folder = folder
        self.description = description
        self.spec = validated(ModelSpec, description["spec"], where=str(folder / "spec.json"))
        self.seed = int(description["seed"])

    @classmethod
    def open(cls, folder: Path) -> "ModelFolder":
        """Open a model; raises CheckpointError when `folder` is not a finished model."""
        path = folder / "spec.json"
        if not path.is_file():
            raise CheckpointError(f"{folder} is not a trained model (no spec.json); train it first")
        try:
            description = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise CheckpointError(f"{path}: not JSON ({error}); train the model again") from None
        if not isinstance(description, dict) or not {"spec", "seed"} <= description.keys():
            raise CheckpointError(f"{path}: no spec and seed of a training; train the model again")
        return cls(folder, description)

    def generator(self, snapshot: Snapshot | int = "final") -> GeneratorNetwork:
        """G at the end, at the early snapshot (paper Fig 2), or after a minibatch of `snapshots`.

        Its statistics are frozen. Raises CheckpointError where it was not stored.
        """
        G = build_generator(self.spec.network, seed=self.seed)
        _load(G, self.generator_file(snapshot))
        return G.eval().requires_grad_(False)

    def generator_file(self, snapshot: Snapshot | int = "final") -> Path:
        """Path of that generator's weights, if they were stored."""
        if isinstance(snapshot, int):
            last = snapshot == self.description["minibatches"]
            return self.folder / (GENERATOR_FILES["final"] if last else snapshot_file(snapshot))
        return self.folder / GENERATOR_FILES[snapshot]

    def snapshots(self, which: Which = "generator") -> list[int]:
        """Minibatches after which G (or D) was stored, ascending; the last ends the training."""
        prefix = SNAPSHOT_PREFIX[which]
        kept = self.folder.glob(f"snapshots/{prefix}*.safetensors")
        steps = {int(path.stem.removeprefix(prefix)) for path in kept}
        return sorted(steps | {int(self.description["minibatches"])})

    def discriminator(self, after: int | None = None) -> Discriminator:
        """D at the end, or after a minibatch of `snapshots("discriminator")`.

        Its statistics are frozen on its own real training images. Raises CheckpointError where it
        was not stored, or for a D that is not the paper's convolutional one.
        """
        last = after is None or after == self.description["minibatches"]
        file = DISCRIMINATOR_FILE if last else snapshot_file(int(after or 0), "discriminator")
        D = self.random_discriminator(self.seed)
        _load(D, self.folder / file)
        return D.eval()

    def random_discriminator(self, seed: int) -> Discriminator:
        """D's architecture with initial weights; its statistics are not frozen yet."""
        try:
            return build_convolutional(self.spec.network, seed=seed).requires_grad_(False)
        except UnusableError as error:
            raise CheckpointError(f"{self.folder}: {error}") from None

    def untrained_generator(self, seed: int) -> GeneratorNetwork:
        """The control: G's architecture with initial weights, its statistics frozen on latents.

        A G that takes labels gets each of them equally often.
        """
        G = build_generator(self.spec.network, seed=seed).requires_grad_(False)
        z = self.latents(UNTRAINED_LATENTS, seed=seed, purpose="statistics of an untrained G")
        freeze_statistics(G, [(z, self.even_labels(UNTRAINED_LATENTS))])
        return G

    def latents(self, n: int, *, seed: int, purpose: str, index: int = 0) -> Tensor:
        """n latent vectors (n, z_dim) in the distribution the model was trained with."""
        return draw_latents(self.spec.network, n, seed=seed, purpose=purpose, index=index)

    def even_labels(self, n: int) -> Tensor | None:
        """n labels (n,) int64 in turn, each equally often; None for a model without classes."""
        classes = self.spec.network.classes
        return torch.arange(n) % classes if classes else None

    def training_rows(self) -> np.ndarray:
        """Rows (N,) int64 of the dataset on which it was trained.

        Raises CheckpointError for a model from before they were stored.
        """
        path = self.folder / "training_rows.npy"
        if not path.is_file():
            raise CheckpointError(f"{path} is missing: train the model again, which writes it")
        return np.load(path)

    def log(self) -> pd.DataFrame:
        """The curves: one row per log window, by minibatch `step`."""
        return read_log(self.folder / "log.jsonl")


def draw_latents(
    network: NetworkSpec, n: int, *, seed: int, purpose: str, index: int = 0
) -> Tensor:
    """n latent vectors (n, z_dim) float32 from the distribution in a network's spec."""
    return rng.latents(
        n,
        network.z_dim,
        seed=seed,
        purpose=purpose,
        index=index,
        distribution=network.z_distribution,
    )


@torch.no_grad()
def draw(G: GeneratorNetwork, z: Tensor, labels: Tensor | None = None) -> np.ndarray:
    """Pictures of z (N, z_dim) as uint8 (N, H, W, C).

    labels (N,) int64 in 0 .. classes - 1 for a G that takes them. Those of a frozen G are the same
    in any batch but for rounding: on some processors a matrix product's rows depend on their
    number, and single pixels change by one grey level.
    """
    device = next(G.parameters()).device
    parts = []
    for start in range(0, len(z), TOGETHER):
        chosen = slice(start, start + TOGETHER)
        y = None if labels is None else labels[chosen].to(device)
        parts.append(to_uint8(G(z[chosen].to(device), y), low=G.pixel_low))
    return np.concatenate(parts)


def save_network(network: nn.Module, path: Path) -> None:
    """Write weights and buffers as safetensors."""
    # plain contiguous tensors: the file must not depend on the memory format in use
    write_weights({k: v.detach().cpu().contiguous() for k, v in network.state_dict().items()}, path)


def write_weights(tensors: dict[str, Tensor], path: Path) -> None:
    """Write safetensors with the permissions of any new file; their save_file gives the owner's."""
    path.write_bytes(save(tensors))


def _load(network: nn.Module, path: Path) -> None:
    try:
        network.load_state_dict(load_file(path))
    except (OSError, SafetensorError, RuntimeError) as error:
        raise CheckpointError(
            f"{path} does not hold the network that its spec.json describes: {error}; "
            "train the model again"
        ) from error


def read_log(path: Path) -> pd.DataFrame:
    """log.jsonl as a table with one row per line, NaN where a line has no value for a column.

    Raises CheckpointError for a damaged log.
    """
    try:
        return pd.read_json(path, lines=True)
    except ValueError as error:
        raise CheckpointError(
            f"{path}: not one JSON object per line ({error}); train the model again"
        ) from None


def main(argv: list[str] | None = None) -> None:
    parser = new_parser("model", __doc__)
    parser.add_argument("folder", type=Path, help="results/<run>/models/<model>")
    model = ModelFolder.open(parser.parse_args(argv).folder)
    print(json.dumps(model.description, indent=1))
    last = model.log().ffill().tail(1)  # the last value of every column
    print(last.T.to_string(header=False) if len(last) else "the log is empty")

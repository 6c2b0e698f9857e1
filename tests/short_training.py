"""A whole training on the CPU in a test's own folder, for tests of what a training leaves."""

from pathlib import Path

from repro.specs.model import ModelSpec
from repro.train.loop import train


def train_in(folder: Path, spec: ModelSpec, data: Path, *, seed: int = 1) -> Path:
    """Train `spec` with the states in `folder`/state; returns the model, `folder`/model."""
    train(
        spec=spec,
        data=data,
        dedup=None,
        state_folder=folder / "state",
        out=folder / "model",
        seed=seed,
        device="cpu",
    )
    return folder / "model"

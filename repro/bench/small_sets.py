"""Recipes for small folders of pictures, each trained for equal processor time.

A fifth of each dataset is held out. Every recipe (a preset) is trained on the rest by every seed,
for the same seconds of processor time, whatever the number of its minibatches. Measured on samples
of the generator that it would store:

    distance    to the held-out images: kernel distance in features of untrained discriminators
                (repro.quality.kernel_distance), 0 for images of the same kind
    diversity   of the samples over that of the real images (repro.train.monitor)
    copies      share of samples nearer to a training image than all but 1 % of the training images
                are to another, in features of one of them; 0.01 for new images of the same kind
    sharpness   of the samples over that of the real images

Next to them stands what the same measures give for real images: half of the held-out ones against
the other half. Runs alone: python -m repro bench small_sets --data PREPARED --presets small_folder
"""

import argparse
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from repro.command_line import above_zero
from repro.data.store import ImageStore
from repro.figures.drawing import grid, save_picture
from repro.figures.style import Style
from repro.networks.build import build_convolutional
from repro.networks.dcgan import freeze_statistics
from repro.networks.discriminator_inputs import freeze_on
from repro.networks.model_folder import draw
from repro.quality.feature_spaces import scaled_features
from repro.quality.kernel_distance import polynomial_mmd, sharpness
from repro.quality.neighbours import nearest_rows
from repro.rng import shuffled
from repro.specs.model import ModelSpec
from repro.specs.network import NetworkSpec
from repro.specs.presets import PresetSpec, find_preset
from repro.train.minibatches import Images
from repro.train.model_writer import latent_batches
from repro.train.monitor import diversity
from repro.train.trainer import Trainer

HELD_OUT = 0.2
SAMPLES = 500
JUDGES = 3  # untrained discriminators over which the distance is averaged
QUANTILE = 0.01
SHEET = 8


@dataclass(frozen=True)
class Result:
    """What one training reached; distances are multiplied by 1,000."""

    distance: float
    diversity: float
    copies: float
    sharpness: float
    minibatches: int = 0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="prepared datasets")
    parser.add_argument("--presets", nargs="+", default=["small_folder"], help="names of recipes")
    parser.add_argument("--minutes", type=above_zero, default=5.0, help="processor time a training")
    parser.add_argument("--sheets", type=Path, help="folder for a sheet of samples per training")


def run(given: argparse.Namespace) -> dict[str, Any]:
    """The record: a case for each dataset and recipe, its results by training."""
    presets = {name: find_preset(name).spec for name in given.presets}
    cases = []
    for folder in given.data:
        split = Split.of(ImageStore.open(folder))
        judge = Judge(split)
        cases.append({"data": folder.name, "recipe": "real images", **asdict(judge.real())})
        print(cases[-1], flush=True)
        for name, preset in presets.items():
            for seed in range(1, given.repeats + 1):
                samples, done = trained_samples(
                    split, preset, seed=seed, seconds=60 * given.minutes
                )
                found = judge.of(samples, minibatches=done)
                cases.append({"data": folder.name, "recipe": name, "seed": seed, **asdict(found)})
                print(cases[-1], flush=True)
                if given.sheets:
                    given.sheets.mkdir(parents=True, exist_ok=True)
                    sheet = grid(samples[: SHEET**2], SHEET)
                    save_picture(
                        given.sheets / f"{folder.name}_{name}_{seed}.png", sheet, style=Style()
                    )
    return {"unit": "see the module's docstring", "minutes": given.minutes, "cases": cases}


@dataclass(frozen=True)
class Split:
    """A dataset with its rows for training and those held out."""

    store: ImageStore
    training: np.ndarray
    held_out: np.ndarray

    @classmethod
    def of(cls, store: ImageStore) -> "Split":
        order = shuffled(len(store), seed=42, purpose="small sets, held-out images")
        aside = int(len(store) * HELD_OUT)
        return cls(store, np.sort(order[aside:]), np.sort(order[:aside]))

    def images(self, rows: np.ndarray) -> np.ndarray:
        """(n, H, W, C) uint8."""
        return np.asarray(self.store.images[rows])


def trained_samples(
    split: Split, preset: PresetSpec, *, seed: int, seconds: float
) -> tuple[np.ndarray, int]:
    """Samples (SAMPLES, H, W, C) after `seconds` of processor time, and the minibatches done."""
    size, channels = split.store.images.shape[1], split.store.images.shape[3]
    network = preset.network.model_copy(update={"image_size": size, "channels": channels})
    # no end in sight: the time ends it
    training = preset.training.model_copy(update={"epochs": 1e6, "precision": "auto"})
    spec = ModelSpec(data="", network=network, training=training)
    device = torch.device("cpu")
    images = Images(split.store, split.training, device, low=network.pixel_low)
    trainer = Trainer(spec=spec, images=images, seed=seed, device=device)
    start, done = time.process_time(), 0
    while time.process_time() - start < seconds:
        trainer.step(done)
        done += 1
    trainer.check_finite()
    G = trainer.kept_g
    freeze_statistics(G, latent_batches(trainer))
    return draw(G, trainer.latents(SAMPLES, purpose="small sets, samples")), done


class Judge:
    """Measures samples against the held-out and the training images of one split."""

    def __init__(self, split: Split) -> None:
        self.training = split.images(split.training)
        self.held_out = split.images(split.held_out)
        size, channels = self.training.shape[1], self.training.shape[3]
        network = NetworkSpec(image_size=size, channels=channels, ndf=32)
        untrained = [build_convolutional(network, seed=seed) for seed in range(JUDGES)]
        judges = [freeze_on(D.requires_grad_(False), self.training) for D in untrained]
        self.spaces = [scaled_features(D, self.training) for D in judges]
        self.known = self.spaces[0](self.training)
        own = np.arange(len(self.known))
        distances, _ = nearest_rows(self.known, self.known, k=1, exclude=own)
        self.near = float(np.quantile(distances[:, 0], QUANTILE))

    def of(self, images: np.ndarray, *, minibatches: int = 0) -> Result:
        """Measures of generated images (n, H, W, C) uint8."""
        return self._measured(images, self.held_out, minibatches)

    def real(self) -> Result:
        """What real images get: one half of the held-out ones, judged by the other."""
        half = len(self.held_out) // 2
        return self._measured(self.held_out[:half], self.held_out[half:], 0)

    def _measured(self, images: np.ndarray, held_out: np.ndarray, minibatches: int) -> Result:
        found = [polynomial_mmd(space(images), space(held_out)) for space in self.spaces]
        distances, _ = nearest_rows(self.spaces[0](images), self.known, k=1)
        return Result(
            distance=round(1000 * float(np.mean(found)), 1),
            diversity=round(float(diversity(images) / diversity(self.training)), 3),
            copies=round(float((distances[:, 0] < self.near).mean()), 4),
            sharpness=round(float(_sharp(images) / _sharp(self.training)), 3),
            minibatches=minibatches,
        )


def _sharp(images: np.ndarray) -> float:
    return float(np.median(sharpness(images)))

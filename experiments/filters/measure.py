"""Fig 5 (paper §6.2): what the last convolution of D responds to, trained and untrained.

Reads the bedroom model and its images; writes guided gradients and image patches of the strongest
responses, and measures how selective the channels are. Alone:
python -m experiments.filters.measure --spec S.json --input bedrooms.model=DIR
    --input bedrooms.data=DIR --seed 42 --out DIR
"""

from pathlib import Path

import numpy as np
import torch

from experiments.contract import Inputs, Measurement, measure_command
from experiments.filters.options import Options
from repro.guided import (
    crop_field,
    field_of,
    gradients_as_grey,
    guided_gradient,
    likeness,
    peaks,
    selectivity,
    top_images,
)
from repro.images import to_tensor
from repro.intervals import bootstrap_difference, bootstrap_mean
from repro.networks import Discriminator
from repro.quality import frozen_on
from repro.random import shuffled
from repro.store import save_arrays

GREY = 128
QUANTITIES = {  # name -> what it is, unit
    "selectivity": (
        "(mean of the strongest peaks - mean of all peaks) / sd of all peaks, before activation",
        "sd",
    ),
    "gradient_likeness": (
        "mean cosine between the guided gradients of a channel's strongest units",
        "",
    ),
}


class Responses:
    """One network's strongest responses over the pool."""

    def __init__(self, network: Discriminator, images: np.ndarray, options: Options) -> None:
        self.network, self.images, self.options = network, images, options
        self.field = field_of(network)
        self.peaks = peaks(network, images)
        self.top = top_images(self.peaks.value, options.top)  # (channels, top)
        self.selectivity = selectivity(self.peaks.value, options.top)  # (channels,)

    def gradient(self, channel: int, images: np.ndarray) -> np.ndarray:
        """Guided gradients of a channel's strongest units: images (n,) -> float32 (n, H, W, C)."""
        made = guided_gradient(
            self.network,
            to_tensor(self.images[images]),
            channels=torch.full((len(images),), channel),
            rows=torch.from_numpy(self.peaks.row[images, channel]),
            columns=torch.from_numpy(self.peaks.column[images, channel]),
        )
        return made.permute(0, 2, 3, 1).numpy()

    def tiles(self, channel: int) -> tuple[np.ndarray, np.ndarray]:
        """Guided gradients and patches of the images shown, uint8 (shown, size, size, C) each."""
        images = self.top[channel][: self.options.shown]
        gradients = self.crops(self.gradient(channel, images), images, channel, fill=0)
        patches = self.crops(self.images[images], images, channel, fill=GREY)
        return gradients_as_grey(gradients), patches  # one scale per channel, as in Fig 5

    def crops(
        self,
        pictures: np.ndarray,
        images: np.ndarray,
        channel: int,
        *,
        fill: float,
        centred: bool = True,
    ) -> np.ndarray:
        """Receptive fields of a channel's strongest units, (n, size, size, C)."""
        rows, columns = self.peaks.row[images, channel], self.peaks.column[images, channel]
        tiles = [
            crop_field(picture, self.field, row=row, column=column, fill=fill, centred=centred)
            for picture, row, column in zip(pictures, rows, columns, strict=True)
        ]
        return np.stack(tiles)

    def likenesses(self) -> np.ndarray:
        """Likeness of the guided gradients of each channel's top images, (compared,)."""
        made = []
        for channel, images in enumerate(self.top[: self.options.compared]):
            gradients = self.gradient(channel, images)
            tiles = self.crops(gradients, images, channel, fill=0, centred=False)
            made.append(likeness(tiles))
        return np.array(made)


def measure(inputs: Inputs, options: Options, seed: int, out: Path) -> list[Measurement]:
    """Strongest responses of both networks on one pool of real images."""
    store, model = inputs.dataset("bedrooms.data"), inputs.model("bedrooms.model")
    rows = shuffled(len(store), seed=seed, purpose="filters, pool of images")[: options.pool]
    images = np.asarray(store.images[np.sort(rows)])
    untrained = frozen_on(model.random_discriminator(options.untrained_seed), images)
    sides = {
        "random": Responses(untrained, images, options),
        "trained": Responses(model.discriminator(), images, options),
    }
    arrays = {}
    for name, side in sides.items():
        channels = range(min(options.channels, len(side.top)))
        gradients, patches = zip(*(side.tiles(channel) for channel in channels), strict=True)
        arrays[f"gradients_{name}"] = np.stack(gradients)  # (channels, shown, size, size, C)
        arrays[f"patches_{name}"] = np.stack(patches)
        arrays[f"selectivity_{name}"] = side.selectivity
    save_arrays(out / "arrays.npz", **arrays)
    values = {
        name: {"selectivity": side.selectivity, "gradient_likeness": side.likenesses()}
        for name, side in sides.items()
    }
    pool = f"mean over channels; {len(images):,} real images, one response an image at most"
    return [
        one
        for name, (what, unit) in QUANTITIES.items()
        for one in _compared(
            name,
            {side: values[side][name] for side in sides},
            unit=unit,
            seed=seed,
            protocol=f"{what}; {options.top} strongest images a channel; {pool}",
        )
    ]


def _compared(
    name: str, values: dict[str, np.ndarray], *, unit: str, seed: int, protocol: str
) -> list[Measurement]:
    """Both means over channels and their difference, each with its bootstrap interval."""
    intervals = {
        side: bootstrap_mean(v, seed=seed, purpose=f"filters, {name} {side}")
        for side, v in values.items()
    }
    means = {side: float(v.mean()) for side, v in values.items()}
    means["trained_minus_random"] = means["trained"] - means["random"]
    intervals["trained_minus_random"] = bootstrap_difference(
        values["trained"], values["random"], seed=seed, purpose=f"filters, {name}"
    )
    return [
        Measurement(
            name=f"{name}_{side}",
            value=means[side],
            low=intervals[side][0],
            high=intervals[side][1],
            n=len(values["trained"]),
            spread="95 % bootstrap interval over the channels of one trained and one random D",
            unit=unit,
            protocol=protocol,
        )
        for side in means
    ]


if __name__ == "__main__":
    measure_command(measure, Options)

"""One network's strongest responses over a pool of images: their places and their gradients.

Part of measure.py, which creates one for the trained D and one for each untrained one. Alone:
`Responses(network, images, top=10, compared=128).selectivity`.
"""

import numpy as np
import torch

from repro.data.images import to_tensor
from repro.internals.edge_histograms import edges, shapes
from repro.internals.guided_backprop import (
    crop_field,
    field_of,
    gradients_as_grey,
    guided_gradient,
    likeness,
    peaks,
    selectivity,
    top_images,
)
from repro.networks.dcgan import Discriminator
from repro.rng import shuffled

GREY = 128
BRIGHTEST = 0.998  # gradients beyond this quantile of a channel's are shown as black or white


class Responses:
    """Strongest responses of D's last layer over images (N, H, W, C) uint8.

    top: strongest images kept per channel; compared: among the first of the channels, whose
    gradients and patches are measured. part (i, n): only every n-th channel from the i-th on is
    measured, so that n networks share the channels; (0, 1): all.
    """

    def __init__(
        self,
        network: Discriminator,
        images: np.ndarray,
        *,
        top: int,
        compared: int,
        part: tuple[int, int] = (0, 1),
    ) -> None:
        self.network, self.images = network, images
        self.field = field_of(network)
        self.peaks = peaks(network, images)
        self.top = top_images(self.peaks.value, top)  # (channels, top)
        self.measured = range(part[0], len(self.top), part[1])
        self.selectivity = selectivity(self.strongest, top)  # (measured,)
        self._compared = range(part[0], min(compared, len(self.top)), part[1])

    @property
    def strongest(self) -> np.ndarray:
        """The peak of each image and channel measured, (N, measured)."""
        return self.peaks.value[:, self.measured]

    @property
    def concentration(self) -> np.ndarray:
        """Mean concentration of each channel's maps over its top images, (measured,)."""
        of_top = np.take_along_axis(self.peaks.concentration, self.top.T, axis=0)
        return of_top.mean(axis=0)[self.measured]  # NaN for a channel whose maps do not vary

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

    def tiles(self, channel: int, *, shown: int) -> tuple[np.ndarray, np.ndarray]:
        """Guided gradients and patches of the strongest images, each (shown, size, size, C)."""
        images = self.top[channel][:shown]
        gradients = self.crops(self.gradient(channel, images), images, channel, fill=0)
        patches = self.crops(self.images[images], images, channel, fill=GREY)
        # one scale per channel, as in Fig 5
        return gradients_as_grey(gradients, brightest=BRIGHTEST), patches

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
        return np.array([self._likeness(channel, self.top[channel]) for channel in self._compared])

    def any_likenesses(self, *, seed: int) -> np.ndarray:
        """The same for equally many random images among those with a response, (compared,).

        This is what a channel's gradients share whatever the image. NaN where the channel responds
        to fewer than two (an inactive unit has no guided gradient).
        """
        made = []
        for channel in self._compared:
            order = shuffled(
                len(self.images), seed=seed, purpose="filters, any images", index=channel
            )
            active = order[self.peaks.value[order, channel] > 0][: len(self.top[channel])]
            made.append(self._likeness(channel, active) if len(active) > 1 else np.nan)
        return np.array(made)

    def shape_excesses(self, *, seed: int) -> np.ndarray:
        """How much more alike the shapes in a channel's top patches are than in random ones.

        Returns (compared,). Random patches come from equally many random images, at the places of
        their own strongest responses of that channel.
        """
        found, made = edges(self.images), []
        for channel in self._compared:
            top = self.top[channel]
            order = shuffled(
                len(self.images), seed=seed, purpose="filters, any patches", index=channel
            )
            alike = [
                likeness(
                    shapes(
                        found, self.field, images=images,
                        rows=self.peaks.row[images, channel],
                        columns=self.peaks.column[images, channel],
                    )
                )
                for images in (top, order[: len(top)])
            ]  # fmt: skip
            made.append(alike[0] - alike[1])
        return np.array(made)

    def _likeness(self, channel: int, images: np.ndarray) -> float:
        gradients = self.gradient(channel, images)
        return likeness(self.crops(gradients, images, channel, fill=0, centred=False))

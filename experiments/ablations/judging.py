"""What is measured of one training: its samples against held-out images, and what its D has learnt.

Part of measure.py. All trainings of a recipe are judged alike: distances in features of several
discriminators of the recipe with initial weights; features of each trained discriminator by a
linear classifier that has to tell from them whether a synthetic room has a window. Alone:
`Judge(recipe, held_out, trained_on, seed=42).distance(samples)`.
"""

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import RidgeClassifierCV
from sklearn.metrics import balanced_accuracy_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from data_prep.generated.drawing.scene import THINGS
from experiments.drawn_rooms import draw_rooms
from repro.networks.dcgan import Discriminator
from repro.networks.model_folder import ModelFolder
from repro.quality.feature_spaces import described, untrained_spaces
from repro.quality.kernel_distance import convolution_features, joined_mmd
from repro.train.monitor import diversity

UNTRAINED_NETWORKS = "ablations, untrained networks"  # the stream of their weights
DIVERSE = 256  # images in a diversity, as in the training's monitor
VISIBLE = 0.01  # share of the picture from which a window counts


class Judge:
    """Judges samples (N, H, W, C) uint8 by held-out images; others: real images for the scale."""

    def __init__(
        self, recipe: ModelFolder, held_out: np.ndarray, others: np.ndarray, *, seed: int
    ) -> None:
        both = np.concatenate([held_out, others])
        self._spaces = untrained_spaces(recipe, both, seed=seed, purpose=UNTRAINED_NETWORKS)
        self._wanted = described(held_out, self._spaces)
        self._diversity = diversity(held_out[:DIVERSE])

    def distance(self, images: np.ndarray) -> tuple[float, np.ndarray]:
        """Kernel distance to the held-out images, and without each of the networks (W,)."""
        return joined_mmd(described(images, self._spaces), self._wanted)

    def diversity(self, images: np.ndarray) -> float:
        """Diversity relative to that of the held-out images."""
        return diversity(images[:DIVERSE]) / self._diversity


@dataclass(frozen=True)
class WindowRooms:
    """Synthetic rooms (N, size, size, 3) uint8, and whether each has a window, bool (N,)."""

    pictures: np.ndarray
    has_window: np.ndarray

    @classmethod
    def drawn(cls, count: int, *, size: int, seed: int) -> "WindowRooms":
        """`count` rooms, cropped and scaled like prepared images, from a stream of their own."""
        rooms = draw_rooms(count, size=size, cells=size, seed=seed, purpose="ablations, rooms")
        windows = rooms.cover[:, THINGS.index("window")]
        return cls(rooms.pictures, windows.mean(axis=(1, 2)) >= VISIBLE)

    @property
    def usable(self) -> bool:
        """Whether there are rooms with and without a window to learn from and to be tested on."""
        half = len(self.has_window) // 2
        parts = self.has_window[:half], self.has_window[half:]
        return all(part.any() and not part.all() for part in parts)

    def accuracy(self, D: Discriminator) -> float:
        """Share of rooms right, in percent, rooms with and without a window counting alike.

        A ridge classifier on D's features (all layers at 4x4, standardised) learns from the first
        half of the rooms and is tested on the second. 50 is chance. D has frozen statistics.
        """
        features = convolution_features(D, self.pictures)
        half = len(features) // 2
        classifier = make_pipeline(
            StandardScaler(), RidgeClassifierCV(np.logspace(1, 5, 5), class_weight="balanced")
        )
        classifier.fit(features[:half], self.has_window[:half])
        predicted = classifier.predict(features[half:])
        return 100 * float(balanced_accuracy_score(self.has_window[half:], predicted))

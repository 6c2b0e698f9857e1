"""Spaces in which images are compared: all convolution layers of a discriminator, equally weighted.

Where in the flow: experiments/samples, bedroom_samples, latent_walk, ablations and memorisation
measure distances there. Features of a D with initial weights cannot favour a model, but one such D
is one draw: on 500 synthetic rooms the density of the same samples lay between 0.30 and 0.67 in ten
of them. So several are drawn (`untrained_spaces`), and distances are taken in all of them together
(`joined`).

Alone: `joined(untrained_spaces(model, images, seed=42, purpose="test"))(images)`.
"""

from collections.abc import Callable, Sequence

import numpy as np

from repro.devices import chosen_device
from repro.networks.dcgan import Discriminator
from repro.networks.discriminator_inputs import freeze_on
from repro.networks.model_folder import ModelFolder
from repro.quality.kernel_distance import convolution_features
from repro.rng import weights_seed

Describe = Callable[[np.ndarray], np.ndarray]  # (n, H, W, C) uint8 -> (n, F), compared by distance
NETWORKS = 5  # with initial weights
UNTRAINED = f"features of {NETWORKS} untrained discriminators, joined"  # in a protocol


def untrained_networks(
    model: ModelFolder, images: np.ndarray, *, seed: int, purpose: str
) -> list[Discriminator]:
    """NETWORKS D's of the model's architecture with initial weights, frozen on (n, H, W, C) uint8.

    purpose names the draws. Raises CheckpointError for a D without convolutions.
    """
    device = chosen_device("auto")
    seeds = [weights_seed(seed, purpose, index) for index in range(NETWORKS)]
    return [freeze_on(model.random_discriminator(one).to(device), images) for one in seeds]


def untrained_spaces(
    model: ModelFolder, images: np.ndarray, *, seed: int, purpose: str
) -> list[Describe]:
    """The features of each of the `untrained_networks`, scaled by the same images."""
    networks = untrained_networks(model, images, seed=seed, purpose=purpose)
    return [scaled_features(D, images) for D in networks]


def scaled_features(
    network: Discriminator, images: np.ndarray, *, root_mean_square: bool = False
) -> Describe:
    """A function that describes images by all convolution layers of D at 4x4, equally weighted.

    network: in eval mode, with frozen statistics; it is moved to the best device. Each feature has
    mean 0 and variance 1 on `images` (n, H, W, C) uint8; a feature that is constant there counts as
    0. root_mean_square: variance 1/F, so that the distance of two images is the root mean square
    over their F features.
    """
    network.to(chosen_device("auto"))
    known = convolution_features(network, images)
    mean, deviation = known.mean(axis=0), known.std(axis=0)
    scale = 1 / np.where(deviation > 1e-8, deviation, np.inf)
    if root_mean_square:
        scale = scale / np.sqrt(len(mean))

    def describe(others: np.ndarray) -> np.ndarray:
        return ((convolution_features(network, others) - mean) * scale).astype(np.float32)

    return describe


def described(images: np.ndarray, spaces: Sequence[Describe]) -> list[np.ndarray]:
    """Images (n, H, W, C) uint8 in each of the spaces, (n, F) float32."""
    return [describe(images) for describe in spaces]


def joined(spaces: Sequence[Describe]) -> Describe:
    """The features of all spaces side by side: squared distances are the sum of theirs."""
    return lambda images: np.concatenate(described(images, spaces), axis=1)

"""Tell whether a picture is one face or several superimposed, and whether it is sharp enough.

Where in the flow: experiments/face_arithmetic (Fig 7) and turn_vector (Fig 8), paper §6.3.2. An
attribute classifier finds the smile in a blend of aligned faces as well as in a face, so success
alone cannot tell arithmetic in latent space from arithmetic on pixels. `train_blend_judge` learns
to tell planted blends of *real* images from single ones; `RealismLimits` tells which pictures are
as realistic as most plain samples of the same generator.

Single images and blends are both blurred and changed in contrast before training, so that neither
blur nor low contrast indicates a blend.

Alone: `blend_scores(train_blend_judge(images, seed=1, purpose="p"), pictures)`.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import torch

from repro.data.images import to_tensor
from repro.errors import UnusableError
from repro.internals.attribute_classifier import AttributeNetwork, raw_answers, train_attributes
from repro.networks.dcgan import Discriminator
from repro.rng import generator

WEIGHTS: dict[str, tuple[float, ...]] = {
    "mean of two": (1 / 2, 1 / 2),
    "mean of three": (1 / 3, 1 / 3, 1 / 3),
    "a - b + c": (1, -1, 1),
    "sum of means of three": (*(1 / 3,) * 3, *(-1 / 3,) * 3, *(1 / 3,) * 3),
}
TRAINED = ("mean of two", "mean of three", "a - b + c")
SUM = "sum of means of three"  # the type of the pixel control
COVERED = 0.95  # share of plain samples within the limits of blend score, and of sharpness
BLURS = (0.5, 2.0)  # sigma in pixels of a 64-pixel picture, drawn uniformly, for half of them
CONTRASTS = (0.7, 1.3)  # factor about the picture's mean, drawn uniformly


def blended(images: np.ndarray, kind: str, *, count: int, seed: int, purpose: str) -> np.ndarray:
    """`count` blends of random images (N, H, W, C) uint8, clipped, uint8.

    kind: one of WEIGHTS. The members of a blend are distinct. Raises ValueError where N is less
    than the number of members.
    """
    weights = WEIGHTS[kind]
    if len(images) < len(weights):
        raise UnusableError(
            f"a blend '{kind}' needs {len(weights)} images, found {len(images)}; give more"
        )
    draws = generator(seed, f"{purpose}, {kind}")
    made = np.empty((count, *images.shape[1:]), np.uint8)
    for row in made:
        members = draws.choice(len(images), len(weights), replace=False)
        summed = np.tensordot(
            np.array(weights, np.float32), images[members].astype(np.float32), axes=1
        )
        row[:] = np.rint(summed).clip(0, 255)
    return made


def roughened(images: np.ndarray, *, seed: int, purpose: str) -> np.ndarray:
    """Images (N, H, W, C) uint8, each with another contrast, and every other one blurred."""
    draws = generator(seed, purpose)
    sigmas = draws.uniform(*BLURS, len(images)) * images.shape[1] / 64
    factors = draws.uniform(*CONTRASTS, (len(images), 1, 1, 1)).astype(np.float32)
    pictures = images.astype(np.float32)
    for number in range(1, len(images), 2):
        soft = cv2.GaussianBlur(pictures[number], (0, 0), sigmas[number])
        pictures[number] = soft.reshape(images.shape[1:])  # OpenCV drops a single channel
    means = pictures.mean(axis=(1, 2, 3), keepdims=True)
    changed: np.ndarray = np.rint((pictures - means) * factors + means).clip(0, 255)
    return changed.astype(np.uint8)


def planted_blends(
    images: np.ndarray, *, seed: int, purpose: str, kinds: tuple[str, ...] = TRAINED
) -> np.ndarray:
    """One blend per image, of `kinds` in equal parts, none roughened."""
    share = -(-len(images) // len(kinds))
    parts = [blended(images, k, count=share, seed=seed, purpose=purpose) for k in kinds]
    return np.concatenate(parts)[: len(images)]


def train_blend_judge(
    images: np.ndarray,
    *,
    seed: int,
    purpose: str,
    epochs: int = 8,
    kinds: tuple[str, ...] = TRAINED,
) -> AttributeNetwork:
    """Learn to tell blends of images (N, H, W, C) uint8, of `kinds`, from the images themselves.

    N is at least the number of members of the largest blend.
    """
    mixed = planted_blends(images, seed=seed, purpose=f"{purpose}, members", kinds=kinds)
    pictures = np.concatenate(
        [
            roughened(images, seed=seed, purpose=f"{purpose}, single"),
            roughened(mixed, seed=seed, purpose=f"{purpose}, blends"),
        ]
    )
    truth = np.arange(len(pictures)) >= len(images)
    return train_attributes(pictures, truth[:, None], seed=seed, purpose=purpose, epochs=epochs)


def blend_scores(judge: AttributeNetwork, images: np.ndarray) -> np.ndarray:
    """Logits (N,) float64 of "this is a blend": above 0, a blend is more likely."""
    return raw_answers(judge, images)[0][:, 0].astype(np.float64)


def discriminator_scores(D: Discriminator, images: np.ndarray, *, batch: int = 128) -> np.ndarray:
    """Logits (N,) float64 of a frozen D, positive for real, of images (N, H, W, C) uint8."""
    device, parts = next(D.parameters()).device, []
    with torch.no_grad():
        for start in range(0, len(images), batch):
            pixels = to_tensor(images[start : start + batch]).to(device)
            parts.append(D(pixels).cpu().numpy())
    return np.concatenate(parts).astype(np.float64)


@dataclass(frozen=True)
class RealismLimits:
    """Ranges of blend score and sharpness that cover most plain samples of a generator."""

    highest_blend_score: float
    lowest_sharpness: float
    highest_sharpness: float

    @classmethod
    def around(cls, blend_scores: np.ndarray, sharpnesses: np.ndarray) -> "RealismLimits":
        """Fit the limits to plain samples.

        COVERED of the samples are below the blend score, and the same share between the two
        sharpnesses, with equal parts outside on either side.
        """
        low, high = np.quantile(sharpnesses, [0.5 - COVERED / 2, 0.5 + COVERED / 2])
        return cls(float(np.quantile(blend_scores, COVERED)), float(low), float(high))

    def admit(self, blend_scores: np.ndarray, sharpnesses: np.ndarray) -> np.ndarray:
        """Which pictures are within all three limits: bool (N,)."""
        within = (sharpnesses >= self.lowest_sharpness) & (sharpnesses <= self.highest_sharpness)
        admitted: np.ndarray = within & (blend_scores <= self.highest_blend_score)
        return admitted

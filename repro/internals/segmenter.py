"""A small per-pixel classifier: which pixels of a picture belong to the thing it has learnt.

Where in the flow: experiments/forgetting_windows (Fig 6, paper §6.3.1) trains two of them on
synthetic rooms, whose windows are known: one proposes boxes on samples of G, the other judges what
remains of the windows. Samples are blurred, noisy and odd in colour, so training pictures are
randomly blurred, recoloured and made noisy.

Pictures above 32 pixels are halved to 32 for it, and its output is enlarged again.

It may learn several things at once (experiments/latent_walk).

Alone: `train_segmenter(images, cover, seed=1, purpose="judge")`, then `predict(network, images)`.
"""

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from repro.data.images import halved_to, to_tensor
from repro.internals.attribute_classifier import SIDE, initialise_weights
from repro.progress import tracked
from repro.rng import shuffled, torch_generator

WIDTHS = (16, 24, 32)  # maps at the full, half and quarter side
LEARNING_RATE = 4e-3


class Segmenter(nn.Module):
    """An encoder and decoder of three scales with one logit per pixel for each of some things."""

    def __init__(self, *, channels: int = 3, things: int = 1) -> None:
        super().__init__()
        fine, middle, coarse = WIDTHS
        self.fine = _block(channels, fine)
        self.middle = nn.Sequential(_block(fine, middle, stride=2), _block(middle, middle))
        self.coarse = nn.Sequential(_block(middle, coarse, stride=2), _block(coarse, coarse))
        self.up_middle = _block(coarse + middle, middle)
        self.up_fine = _block(middle + fine, fine)
        self.answer = nn.Conv2d(fine, things, 1)
        assert self.answer.bias is not None
        nn.init.constant_(self.answer.bias, -2.0)  # most pixels do not belong to the thing

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, side, side) in [-1, 1] -> logits (N, things, side, side)."""
        x = x.contiguous(memory_format=torch.channels_last)  # half the time on a CPU (measured)
        fine = self.fine(x)
        middle = self.middle(fine)
        up = _enlarged(self.coarse(middle), like=middle)
        up = self.up_middle(torch.cat([up, middle], dim=1))
        up = self.up_fine(torch.cat([_enlarged(up, like=fine), fine], dim=1))
        logits: Tensor = self.answer(up)
        return logits


def _block(before: int, after: int, *, stride: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(before, after, 3, stride=stride, padding=1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(after), nn.ReLU())


def _enlarged(x: Tensor, *, like: Tensor) -> Tensor:
    return F.interpolate(x, size=like.shape[2:], mode="nearest")


def working_side(size: int) -> int:
    """Side at which pictures of `size` pixels are classified: halved until at most 32."""
    while size > SIDE:
        size //= 2
    return size


def train_segmenter(
    images: np.ndarray,
    cover: np.ndarray,
    *,
    seed: int,
    purpose: str,
    epochs: int = 8,
    batch: int = 32,
) -> Segmenter:
    """Train on pictures (N, H, W, C) uint8; returns it in eval mode, on CPU.

    cover (N, s, s) in [0, 1], s = working_side(H): the share of each pixel that belongs to the
    thing; (N, K, s, s) for K things, which may overlap. Every batch is degraded anew (`degraded`)
    and half of the pictures are mirrored. Equal arguments give equal networks. Raises ValueError
    where cover does not fit the pictures.
    """
    x, y = to_tensor(halved_to(images, SIDE)), torch.from_numpy(cover.astype(np.float32))
    y = y[:, None] if y.ndim == 3 else y
    if y.ndim != 4 or (len(y), *y.shape[2:]) != (len(x), *x.shape[2:]):
        raise ValueError(f"cover {cover.shape} does not fit pictures scaled to {tuple(x.shape)}")
    network = Segmenter(channels=x.shape[1], things=y.shape[1]).to(
        memory_format=torch.channels_last
    )
    initialise_weights(network, seed=seed, purpose=purpose)
    optimiser = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE, weight_decay=1e-3)
    batches = max(len(x) // batch, 1)  # a last incomplete batch is dropped
    schedule = torch.optim.lr_scheduler.LinearLR(
        optimiser, 1.0, 0.02, total_iters=max(epochs * batches, 1)
    )
    network.train()
    for epoch in tracked(range(epochs), "training of a segmenter", unit="passes"):
        order = torch.from_numpy(shuffled(len(x), seed=seed, purpose=purpose, index=epoch))
        for number, rows in enumerate(order.split(batch)[:batches]):
            source = torch_generator(seed, f"{purpose}, degraded", epoch * batches + number)
            pictures, wanted = degraded(x[rows], source), y[rows]
            mirrored = torch.rand(len(rows), generator=source) < 0.5
            pictures[mirrored] = pictures[mirrored].flip(-1)
            wanted = torch.where(mirrored[:, None, None, None], wanted.flip(-1), wanted)
            loss = F.binary_cross_entropy_with_logits(network(pictures), wanted)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return network.eval()


def degraded(x: Tensor, source: torch.Generator) -> Tensor:
    """Pictures (N, C, s, s) in [-1, 1], each blurred, recoloured and made noisy at random.

    Colours: saturation 0.2 to 2.5 times, contrast 0.5 to 1.6 times, brightness +-0.35, each
    channel +-0.15. Blur: any mixture of the picture and its blur by a sigma of about 1.4 pixels.
    Noise: of single pixels (sd up to 0.2) and of patches of 4x4 (sd up to 0.25). Results are
    clipped to [-1, 1].
    """
    count, channels, height, width = x.shape

    def drawn(low: float, high: float, *shape: int) -> Tensor:
        return torch.rand(count, *shape, generator=source) * (high - low) + low

    grey = x.mean(dim=1, keepdim=True)
    x = grey + (x - grey) * drawn(0.2, 2.5, 1, 1, 1)
    middle = x.mean(dim=(1, 2, 3), keepdim=True)
    x = middle + (x - middle) * drawn(0.5, 1.6, 1, 1, 1)
    x = x + drawn(-0.35, 0.35, 1, 1, 1) + drawn(-0.15, 0.15, channels, 1, 1)
    patches = torch.randn(count, channels, -(-height // 4), -(-width // 4), generator=source)
    patches = F.interpolate(patches, size=(height, width), mode="bilinear", align_corners=False)
    x = x + patches * drawn(0, 0.25, 1, 1, 1)
    x = x + torch.randn(x.shape, generator=source) * drawn(0, 0.2, 1, 1, 1)
    x = x + (_blurred(x) - x) * drawn(0, 1, 1, 1, 1)
    return x.clamp(-1, 1)


def _blurred(x: Tensor) -> Tensor:
    """A binomial filter of seven taps in each direction (variance 1.5), edges repeated."""
    taps = torch.tensor([1.0, 6.0, 15.0, 20.0, 15.0, 6.0, 1.0]) / 64
    channels = x.shape[1]
    kernel = torch.outer(taps, taps).expand(channels, 1, 7, 7)
    return F.conv2d(F.pad(x, (3, 3, 3, 3), mode="replicate"), kernel, groups=channels)


def predict(network: Segmenter, images: np.ndarray, *, batch: int = 64) -> np.ndarray:
    """Which pixels belong to the thing, bool (N, H, W), in pictures (N, H, W, C) uint8.

    (N, K, H, W) where it has learnt K things, more than one. The logits are enlarged linearly to
    the pictures' size before thresholding at 0.
    """
    masks = []
    with torch.no_grad():
        for start in range(0, len(images), batch):
            part = images[start : start + batch]
            logits = network(to_tensor(halved_to(part, SIDE)))
            if logits.shape[2:] != part.shape[1:3]:
                logits = F.interpolate(
                    logits, size=part.shape[1:3], mode="bilinear", align_corners=False
                )
            masks.append((logits > 0).numpy())
    found = np.concatenate(masks)
    return found[:, 0] if found.shape[1] == 1 else found


def mask_boxes(mask: np.ndarray, *, least: int) -> np.ndarray:
    """Bounding boxes (n, 4) in [0, 1] of the connected parts of a mask (H, W), in reading order.

    Parts of fewer than `least` pixels are skipped; pixels that touch at a corner are connected.
    """
    height, width = mask.shape
    count, _, parts, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    boxes = []
    for x, y, across, down, area in parts[1:count]:
        if area >= least:
            boxes.append([x / width, y / height, (x + across) / width, (y + down) / height])
    boxes.sort(key=lambda box: (box[1], box[0]))
    return np.array(boxes, np.float64).reshape(-1, 4)


def without_specks(masks: np.ndarray, *, least: int) -> np.ndarray:
    """Masks (N, H, W) without their connected parts of fewer than `least` pixels."""
    cleaned = np.zeros_like(masks)
    for number, mask in enumerate(masks):
        _, places, parts, _ = cv2.connectedComponentsWithStats(
            mask.astype(np.uint8), connectivity=8
        )
        large = parts[:, cv2.CC_STAT_AREA] >= least
        large[0] = False
        cleaned[number] = large[places]
    return cleaned


def grown(masks: np.ndarray, margin: int) -> np.ndarray:
    """Masks (N, H, W) grown by `margin` pixels in every direction, corners too."""
    kernel = np.ones((2 * margin + 1, 2 * margin + 1), np.uint8)
    return np.stack([cv2.dilate(mask.astype(np.uint8), kernel) > 0 for mask in masks])


def intersection_over_union(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """For each pair in two stacks of masks (N, H, W): (N,) in [0, 1], NaN where both are empty."""
    both = (one & other).sum(axis=(1, 2))
    either = (one | other).sum(axis=(1, 2))
    return np.divide(both, either, out=np.full(len(one), np.nan), where=either > 0)

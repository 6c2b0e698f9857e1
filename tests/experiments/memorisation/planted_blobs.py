"""Soft pictures and noisy copies of them, planted by the tests of memorisation."""

import numpy as np

IMAGES = 600  # on which the planted models say that they were trained


def pictures(n: int, seed: int) -> np.ndarray:
    """Four soft blobs of random colour and place on a random ground, with fine noise."""
    source = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(np.arange(16), np.arange(16), indexing="ij"), axis=-1)
    centres = source.uniform(0, 16, (n, 4, 2))
    squared = np.square(grid[None, :, :, None] - centres[:, None, None]).sum(axis=4)
    colours = source.uniform(-80, 80, (n, 4, 3))
    made = np.exp(-squared / 12) @ colours[:, None] + source.uniform(80, 170, (n, 1, 1, 3))
    return (made + source.normal(0, 6, made.shape)).clip(0, 255).astype(np.uint8)


def noisy(images: np.ndarray, seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, 5, images.shape)
    return (images + noise).clip(0, 255).astype(np.uint8)

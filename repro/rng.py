"""Every random draw as a pure function of (seed, purpose, index).

Nothing in the project keeps a running random state. A shuffle, a batch of latents or a dropout mask
is requested by name and step, so that a run stopped at step 4,711 and resumed makes the same draws
as an uninterrupted one, and two experiments never disturb each other's draws.

The key is hashed with BLAKE2b to 128 bits; NumPy's Philox and PyTorch's generator are seeded from
it. Alone: `latents(1, 100, seed=42, purpose="train z", index=0)`.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:  # PyTorch takes seconds to load and half of the callers draw with NumPy
    import torch
    from torch import Tensor

Distribution = Literal["uniform", "normal"]


def stream_key(seed: int, purpose: str, index: int = 0) -> int:
    """128-bit key of a stream; equal arguments give equal keys on every machine and version."""
    text = f"{seed}\x00{purpose}\x00{index}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=16).digest(), "little")


def generator(seed: int, purpose: str, index: int = 0) -> np.random.Generator:
    """NumPy generator (Philox) of the stream (seed, purpose, index)."""
    return np.random.Generator(np.random.Philox(key=stream_key(seed, purpose, index)))


def weights_seed(seed: int, purpose: str, index: int = 0) -> int:
    """Seed, below 2**31, of the initial weights of the untrained network `purpose` names."""
    return int(generator(seed, purpose, index).integers(2**31))


def torch_generator(seed: int, purpose: str, index: int = 0) -> torch.Generator:
    """PyTorch CPU generator of the stream (seed, purpose, index)."""
    import torch

    made = torch.Generator(device="cpu")
    made.manual_seed(stream_key(seed, purpose, index) & (2**63 - 1))
    return made


def latents(
    n: int,
    dim: int,
    *,
    seed: int,
    purpose: str,
    index: int = 0,
    distribution: Distribution = "uniform",
) -> Tensor:
    """Latent vectors z, shape (n, dim), float32.

    "uniform" is U(-1, 1), from the authors' scripts (the paper says uniform and gives no range);
    "normal" is N(0, 1), from the Torch port and the released SVHN model.
    """
    import torch

    source = torch_generator(seed, purpose, index)
    if distribution == "uniform":
        return torch.rand(n, dim, generator=source) * 2 - 1
    return torch.randn(n, dim, generator=source)


def shuffled(n: int, *, seed: int, purpose: str, index: int = 0) -> np.ndarray:
    """Permutation of range(n), int64; `index` is the epoch."""
    return generator(seed, purpose, index).permutation(n)

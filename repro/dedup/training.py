"""Train the autoencoder hash of repro.dedup.autoencoder on a dataset (paper §4.1.1).

Where in the flow: `data_prep.dedup` and the tool `repro.dedup` call `train_by`. Paper: fitted on
32x32 pictures, de-noising, dropout-regularised. It states neither type nor level of noise, nor
where dropout acts, nor loss, optimiser or length of training. We use masking noise, dropout on the
code, linear output, squared error and Adam. The corruption "views" is another reading: the input is
a view of the picture (repro/dedup/views.py), and a penalty makes the units agree on both, which is
a departure. experiments/LOG.md lists what was tried.

Alone: `train_autoencoder(HashInputs(images), seed=42, steps=1000)`.
"""

from collections.abc import Collection, Iterator
from itertools import count, islice
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from repro.dedup.autoencoder import BLOCK, SIDE, Autoencoder, HashInputs, Scaling
from repro.dedup.options import Options
from repro.dedup.views import VIEW_KINDS, views_of
from repro.errors import UnusableError
from repro.progress import tracked
from repro.rng import generator, shuffled, torch_generator

POOL_BLOCKS = 32  # blocks shuffled together: 8,192 images, 25 MB

Corruption = Literal["masking", "gaussian", "views"]


def train_by(
    options: Options, inputs: HashInputs, *, seed: int
) -> tuple[Autoencoder, dict[str, Any]]:
    """Train as the options say; returns the network, and its settings with the last error."""
    settings = options.training(len(inputs))
    network, error = train_autoencoder(inputs, seed=seed, **settings)
    return network, {**settings, "error": round(error, 6)}


def train_autoencoder(
    inputs: HashInputs,
    *,
    seed: int,
    steps: int,
    batch: int = 128,
    learning_rate: float = 1e-3,
    scaling: Scaling = "image",
    corruption: Corruption = "masking",
    noise: float = 0.8,
    code_dropout: float = 0.5,
    agreement: float = 0.4,
    view_kinds: Collection[str] = VIEW_KINDS,
) -> tuple[Autoencoder, float]:
    """Train on minibatches streamed from `inputs`; returns the network and its last error.

    noise: share of inputs set to 0, the mean (masking), or standard deviation of the added noise in
    units of the scaled input (gaussian); views have none. code_dropout: share of dropped code
    units. agreement: with views, weight of the mean squared difference of a unit before the ReLU
    between a picture and its view, in units of its variance over the minibatch. view_kinds: kinds
    of views. Noise, views and dropout of a step are functions of (seed, step). The step size falls
    linearly to 0 over the second half. The error is the mean squared error over the last tenth of
    the steps, in units of the scaled input's variance. Raises ValueError for less than one step or
    an empty dataset.
    """
    if steps < 1 or len(inputs) < 1:
        raise UnusableError(f"need steps and images, found {steps} steps and {len(inputs)} images")
    network = Autoencoder(scaling=scaling, seed=seed)
    if scaling == "dataset":
        network.fit_scaling(next(_pools(inputs, seed=seed)))
    optimiser = torch.optim.Adam(network.parameters(), lr=learning_rate)
    errors = []
    batches = islice(minibatches(inputs, batch=batch, seed=seed), steps)
    turns = tracked(batches, "training of the hash", unit="minibatches", total=steps)
    for step, pictures in enumerate(turns):
        clean = network.inputs(pictures)  # (batch, 3072)
        source = torch_generator(seed, "autoencoder, noise and dropout", step)
        if corruption == "views":
            views = views_of(pictures, source=source, kinds=view_kinds)
            before = network.encoder(network.scaled(views.reshape(clean.shape)))
        else:
            before = network.encoder(_noisy(clean, corruption, noise, source=source))
        error = _error(network, before, clean, code_dropout=code_dropout, source=source)
        loss = error
        if corruption == "views":
            loss = error + agreement * _disagreement(before, network.encoder(clean))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.param_groups[0]["lr"] = learning_rate * min(1.0, 2 * (1 - step / steps))
        optimiser.step()
        errors.append(error.item())
    return network.eval(), float(np.mean(errors[-max(1, steps // 10) :]))


def _error(
    network: Autoencoder,
    before: Tensor,
    clean: Tensor,
    *,
    code_dropout: float,
    source: torch.Generator,
) -> Tensor:
    """Mean squared error of the output for pre-activations (N, 128) against inputs (N, 3072)."""
    code = F.relu(before)
    kept = torch.rand(code.shape, generator=source) >= code_dropout
    return F.mse_loss(network.decoder(code * kept / (1 - code_dropout)), clean)


def _noisy(
    clean: Tensor, corruption: Corruption, noise: float, *, source: torch.Generator
) -> Tensor:
    if corruption == "gaussian":
        return clean + noise * torch.randn(clean.shape, generator=source)
    return clean * (torch.rand(clean.shape, generator=source) >= noise)


def _disagreement(a: Tensor, b: Tensor) -> Tensor:
    """Mean over units of the mean squared difference of a and b (N, 128), by the variance of b."""
    variance = b.var(dim=0, correction=0) + 1e-6
    return ((a - b).square().mean(dim=0) / variance).mean()


def minibatches(inputs: HashInputs, *, batch: int, seed: int) -> Iterator[np.ndarray]:
    """Endless minibatches (batch, 32, 32, 3) uint8; every pass shows every image once.

    Blocks of neighbouring rows are read in random order and shuffled in pools of 8,192 images:
    disks read sequentially, memory stays bounded, and a smaller dataset is shuffled as a whole.
    """
    waiting = np.empty((0, SIDE, SIDE, 3), np.uint8)
    for pool in _pools(inputs, seed=seed):
        waiting = np.concatenate([waiting, pool])
        whole = len(waiting) - len(waiting) % batch
        for start in range(0, whole, batch):
            yield waiting[start : start + batch]
        waiting = waiting[whole:]


def _pools(inputs: HashInputs, *, seed: int) -> Iterator[np.ndarray]:
    blocks = -(-len(inputs) // BLOCK)
    for number in count():
        order = shuffled(blocks, seed=seed, purpose="autoencoder, order of blocks", index=number)
        draw = generator(seed, "autoencoder, order within pools", number)
        for start in range(0, blocks, POOL_BLOCKS):
            chosen = order[start : start + POOL_BLOCKS]
            pool = np.concatenate([inputs.rows(b * BLOCK, (b + 1) * BLOCK) for b in chosen])
            yield pool[draw.permutation(len(pool))]

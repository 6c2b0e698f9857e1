"""A small classifier of labelled attributes ("man", "smiling", "glasses"), and their expressions.

Where in the flow: experiments/face_arithmetic (Fig 7) chooses its exemplars by rule and judges its
results with classifiers trained here on labelled *real* images; experiments/turn_vector (Fig 8)
reads the pose from pictures with the same network, trained on numbers instead. They are independent
of the GAN's networks. The run's options define an attribute by an expression over the label fields
of the dataset, such as "age >= 50".

Alone: `train_attributes(images, truth, seed=1, purpose="judge")`, then `predict(network, images)`.
"""

import itertools
import operator
import re
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from repro.data.images import halved_to, to_tensor
from repro.errors import UnusableError
from repro.progress import tracked
from repro.rng import shuffled, torch_generator

SIDE = 32  # pixels: larger images are halved to at most this
EMBEDDING = 64  # units of the layer before the outputs
BATCH, LEARNING_RATE = 64, 2e-3  # of training
OPERATORS: dict[str, Callable[[np.ndarray, float], np.ndarray]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
_CONDITION = re.compile(r"\s*([A-Za-z_]\w*)\s*(==|!=|<=|>=|<|>)\s*(-?\d+(?:\.\d+)?)\s*")


class Condition(NamedTuple):
    """One comparison of a label field with a number."""

    field: str
    operator: str
    number: float


def parse_condition(text: str) -> Condition:
    """Read "field operator number", e.g. "age >= 50". Raises ValueError on anything else."""
    match = _CONDITION.fullmatch(text)
    if match is None:
        raise UnusableError(
            f"attribute expression {text!r} is not 'field operator number' with an operator among "
            f"{' '.join(OPERATORS)}; write for instance 'smiling == 1' or 'age >= 50'"
        )
    return Condition(match[1], match[2], float(match[3]))


def truth_table(expressions: dict[str, str], label: Callable[[str], np.ndarray]) -> np.ndarray:
    """Which rows have which attribute: bool (N, A), columns in the order of `expressions`.

    label: returns the dataset's values of a field (`ImageStore.label`, whose error lists the
    fields). Raises ValueError where an attribute holds for no row or for every row.
    """
    columns = []
    for name, text in expressions.items():
        condition = parse_condition(text)
        values = np.asarray(label(condition.field))
        holds = OPERATORS[condition.operator](values, condition.number)
        if not 0 < holds.sum() < len(holds):
            raise UnusableError(
                f"attribute '{name}' ({text}) holds for {holds.sum()} of {len(holds)} images, "
                f"whose '{condition.field}' lies in {values.min():g}..{values.max():g}; both kinds "
                "are needed to learn it: change the expression"
            )
        columns.append(holds)
    return np.stack(columns, axis=1)


class AttributeNetwork(nn.Module):
    """Three strided convolutions, one hidden layer, one logit per attribute."""

    def __init__(self, *, side: int, channels: int, attributes: int) -> None:
        super().__init__()
        widths = (channels, 24, 48, 96)
        layers: list[nn.Module] = []
        for before, after in itertools.pairwise(widths):
            layers += [nn.Conv2d(before, after, 3, stride=2, padding=1, bias=False)]
            layers += [nn.BatchNorm2d(after), nn.ReLU()]
            side = (side + 1) // 2
        self.convolutions = nn.Sequential(*layers, nn.Flatten())
        self.hidden = nn.Linear(widths[-1] * side * side, EMBEDDING)
        self.answers = nn.Linear(EMBEDDING, attributes)
        for layer in (self.hidden, self.answers):
            nn.init.zeros_(layer.bias)

    def embed(self, x: Tensor) -> Tensor:
        """(N, C, side, side) in [-1, 1] -> (N, 64), the input of the output layer."""
        return F.relu(self.hidden(self.convolutions(x)))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, side, side) in [-1, 1] -> logits (N, A)."""
        return self.answers(self.embed(x))


def train_attributes(
    images: np.ndarray,
    truth: np.ndarray,
    *,
    seed: int,
    purpose: str,
    epochs: int = 10,
) -> AttributeNetwork:
    """Train on images (N, H, W, C) uint8 with truth (N, A) bool; returns it in eval mode, on CPU.

    Both values of an attribute have equal weight in the loss however rare one is, so that the
    answer "no glasses" does not win by frequency. Equal arguments give equal networks.
    """
    share = torch.from_numpy(truth.astype(np.float32)).mean(dim=0).clamp(0.01, 0.99)
    weight_present, weight_absent = 0.5 / share, 0.5 / (1 - share)

    def loss(answers: Tensor, y: Tensor) -> Tensor:
        weights = torch.where(y > 0.5, weight_present, weight_absent)
        return F.binary_cross_entropy_with_logits(answers, y, weights)

    return _trained(images, truth, loss, seed=seed, purpose=purpose, epochs=epochs)


class ValueReader(NamedTuple):
    """Reads numbers from a picture: outputs times spread plus mean are in the labels' units."""

    network: AttributeNetwork
    mean: np.ndarray  # (K,)
    spread: np.ndarray  # (K,) standard deviations of the labels


def train_values(
    images: np.ndarray,
    values: np.ndarray,
    *,
    seed: int,
    purpose: str,
    epochs: int = 10,
) -> ValueReader:
    """Learn to read label values (N, K), such as a pose, from images (N, H, W, C) uint8.

    The loss is the squared error of the standardised values; otherwise as `train_attributes`. A
    label of 0 or 1 works as well and is read as a number near them. Raises ValueError for a
    constant column.
    """
    values = np.asarray(values, np.float64)
    mean, spread = values.mean(axis=0), values.std(axis=0)
    if not np.all(spread > 0):
        columns = np.flatnonzero(~(spread > 0)).tolist()
        raise UnusableError(
            f"train_values: columns {columns} hold one value only: nothing to learn"
        )
    wanted = (values - mean) / spread
    network = _trained(images, wanted, F.mse_loss, seed=seed, purpose=purpose, epochs=epochs)
    return ValueReader(network, mean, spread)


def _trained(
    images: np.ndarray,
    wanted: np.ndarray,
    loss: Callable[[Tensor, Tensor], Tensor],
    *,
    seed: int,
    purpose: str,
    epochs: int,
) -> AttributeNetwork:
    """A network whose outputs (N, A) are trained towards `wanted` with `loss`."""
    x = to_tensor(halved_to(images, SIDE))
    y = torch.from_numpy(wanted.astype(np.float32))
    network = AttributeNetwork(side=x.shape[2], channels=x.shape[1], attributes=y.shape[1])
    initialise_weights(network, seed=seed, purpose=purpose)
    optimiser = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.02, total_iters=epochs)
    network.train()
    for epoch in tracked(range(epochs), "training of a classifier", unit="passes"):
        order = torch.from_numpy(shuffled(len(x), seed=seed, purpose=purpose, index=epoch))
        for rows in order.split(BATCH):
            if len(rows) < 2:  # batch statistics of a single image are undefined
                continue
            cost = loss(network(x[rows]), y[rows])
            optimiser.zero_grad()
            cost.backward()
            optimiser.step()
        schedule.step()
    return network.eval()


def initialise_weights(network: nn.Module, *, seed: int, purpose: str) -> None:
    """Draw all kernels and matrices by He's rule; biases and batch normalisation stay."""
    source = torch_generator(seed, f"{purpose}, initial weights")
    for parameter in network.parameters():
        if parameter.dim() > 1:
            nn.init.kaiming_normal_(parameter, nonlinearity="relu", generator=source)


def predict(
    network: AttributeNetwork, images: np.ndarray, *, batch: int = 500
) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities (N, A) and embeddings (N, 64), float32, of images (N, H, W, C) uint8."""
    logits, embeddings = raw_answers(network, images, batch=batch)
    return torch.sigmoid(torch.from_numpy(logits)).numpy(), embeddings


def predict_values(reader: ValueReader, images: np.ndarray) -> np.ndarray:
    """Values (N, K) float64 read from images (N, H, W, C) uint8, in the labels' units."""
    return raw_answers(reader.network, images)[0] * reader.spread + reader.mean


def raw_answers(
    network: AttributeNetwork, images: np.ndarray, *, batch: int = 500
) -> tuple[np.ndarray, np.ndarray]:
    """Logits (N, A) and embeddings (N, 64), float32, of images (N, H, W, C) uint8."""
    logits, embeddings = [], []
    with torch.no_grad():
        for start in range(0, len(images), batch):
            pixels = halved_to(images[start : start + batch], SIDE)
            embedded = network.embed(to_tensor(pixels))
            embeddings.append(embedded.numpy())
            logits.append(network.answers(embedded).numpy())
    return np.concatenate(logits), np.concatenate(embeddings)

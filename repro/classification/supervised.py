"""The supervised control of Table 2: D's architecture trained on a few labels (paper §5.2).

"Supervised CNN with the same architecture": the convolution layers of D as in its spec, and in
place of the sigmoid unit one linear layer with one output per class. It is trained from scratch
with cross-entropy on the 1,000 labelled images that the SVM on D's features gets; of 64 random
trials (repro.classification.random_search) the one with the lowest validation error wins. The
paper's 28.87 % is that *validation* error, next to a test error of 22.48 % for DCGAN; here
`predict` on the test images gives the chosen network's test error as well. The paper does not
specify head, optimiser, ranges and stopping: we use Adam without augmentation, and a trial's
network is that of the pass with its lowest validation error.

    trial = draw_trial(1, 0)                                                   # and 63 others
    result = train_trial(
        network, trial, few, validation, classes=10, seed=1, epochs=100, evaluate_every=5
    )
    classifier = restored(network, best_state);  predict(classifier, test_images)

Batch normalisation as in repro.networks.dcgan: it uses the minibatch's own statistics while
training; for evaluation they are frozen on the labelled training images. It knows no paths.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from repro.classification.few_labels import LabelledImages
from repro.classification.random_search import Trial, TrialResult
from repro.data.images import spread, to_tensor
from repro.devices import use
from repro.errors import UnusableError
from repro.networks.build import undrawn_convolutional
from repro.networks.dcgan import Discriminator, freeze_statistics, initialise
from repro.networks.discriminator_inputs import check_size
from repro.progress import tracked
from repro.rng import shuffled, stream_key
from repro.specs.network import NetworkSpec

STATISTICS_BATCH = 128  # images, as in repro.networks.discriminator_inputs.freeze_on
# Images evaluated together: on a processor 128 are nearly twice as fast as 1,024 (measured).
CPU_BATCH, GPU_BATCH = 128, 1024


class Classifier(nn.Module):
    """Images (N, C, H, W) in [-1, 1] -> logits (N, classes); biases only in BN.

    It takes over D's layers.
    """

    def __init__(self, D: Discriminator, *, classes: int) -> None:
        super().__init__()
        self.trunk = nn.Sequential(*D.layers)
        self.head = nn.Linear(D.head.in_features, classes, bias=False)

    def units(self, x: Tensor) -> Tensor:
        """D's last maps, flattened: the input of D's sigmoid unit, (N, units)."""
        return self.trunk(x).flatten(1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.units(x))


def train_trial(
    network: NetworkSpec,
    trial: Trial,
    training: LabelledImages,
    validation: LabelledImages,
    *,
    classes: int,
    seed: int,
    epochs: int,
    evaluate_every: int,
    device: torch.device | str = "cpu",
) -> TrialResult:
    """Train for `epochs` passes; evaluate after every `evaluate_every` and after the last.

    Labels are in 0 .. classes - 1. A loss that is not finite ends the trial and is recorded, not
    raised. Raises ValueError for a network without convolutions, images of another size, other
    labels, or no pass.
    """
    if epochs < 1 or evaluate_every < 1:
        raise ValueError(
            f"epochs is {epochs} and evaluate_every {evaluate_every}; both must be at least 1"
        )
    for part in (training, validation):
        _require_labels(part, classes)
    where = use(torch.device(device))
    run = _Run(network, trial, training, classes=classes, seed=seed, device=where)
    held_out = _on_device(validation.images, network, run.device)
    passes: list[int] = []
    errors: list[float] = []
    losses: list[float] = []
    state: dict[str, Tensor] = {}
    for number in tracked(range(1, epochs + 1), "supervised training", unit="passes"):
        loss = run.one_pass(number)
        if not np.isfinite(loss):
            return TrialResult(trial, tuple(passes), tuple(errors), tuple(losses), number)
        if number % evaluate_every and number < epochs:
            continue
        run.freeze()
        error = float((_predicted(run.classifier, held_out) != validation.labels).mean())
        if not errors or error < min(errors):
            state = _copied(run.classifier)
        passes.append(number)
        errors.append(error)
        losses.append(loss)
    return TrialResult(trial, tuple(passes), tuple(errors), tuple(losses), None, state)


def predict(classifier: Classifier, images: np.ndarray) -> np.ndarray:
    """Labels (N,) int64 of images (N, H, W, C) uint8. Batch statistics must be frozen.

    A label depends only on its own image. Raises ValueError for a classifier in training mode.
    """
    if classifier.training:
        raise ValueError("the classifier is in training mode: freeze its batch statistics first")
    device = next(classifier.parameters()).device
    parts = [
        _predicted(classifier, _scaled(images[start : start + GPU_BATCH], device))
        for start in range(0, len(images), GPU_BATCH)
    ]
    return np.concatenate(parts) if parts else np.empty(0, np.int64)


def restored(
    network: NetworkSpec, state: dict[str, Tensor], *, device: torch.device | str = "cpu"
) -> Classifier:
    """The classifier of a TrialResult's `state`, frozen, in eval mode."""
    classifier = _undrawn(network, classes=len(state["head.weight"]))
    classifier.load_state_dict(state)
    return _placed(classifier, torch.device(device)).eval().requires_grad_(False)


class _Run:
    """A classifier in training: weights, optimiser, training images on the device."""

    def __init__(
        self,
        network: NetworkSpec,
        trial: Trial,
        training: LabelledImages,
        *,
        classes: int,
        seed: int,
        device: torch.device,
    ) -> None:
        self.trial, self.seed, self.device = trial, seed, device
        self.purpose = f"random search, trial {trial.index}"
        classifier = _undrawn(network, classes=classes)
        self.x = _on_device(training.images, network, device)
        self.y = torch.from_numpy(training.labels.astype(np.int64)).to(device)
        initialise(
            classifier,
            sd=trial.init_sd,
            init=trial.init,
            seed=seed,
            purpose=f"{self.purpose}, weights",
        )
        self.classifier = _placed(classifier, device)
        self.adam = torch.optim.Adam(
            self.classifier.parameters(), lr=trial.learning_rate, weight_decay=trial.l2, fused=True
        )

    def one_pass(self, number: int) -> float:
        """Train on every image once; returns the mean loss of the minibatches.

        Minibatches are of nearly equal size, as near to the trial's as the number of images allows.
        """
        self.classifier.train()
        dropped = torch.Generator(self.device)
        key = stream_key(self.seed, f"{self.purpose}, dropout", number)
        dropped.manual_seed(key & (2**63 - 1))
        order = shuffled(
            len(self.x), seed=self.seed, purpose=f"{self.purpose}, order", index=number
        )
        count = max(1, round(len(order) / self.trial.batch))
        rows = torch.from_numpy(order).to(self.device)
        total = torch.zeros((), device=self.device)
        for part in rows.tensor_split(count):
            loss = F.cross_entropy(self._logits(self.x[part], dropped), self.y[part])
            self.adam.zero_grad()
            loss.backward()
            self.adam.step()
            total += loss.detach()
        return float(total) / count

    def _logits(self, x: Tensor, dropped: torch.Generator) -> Tensor:
        units = self.classifier.units(x)
        share = self.trial.dropout
        if share > 0:
            kept = torch.rand(units.shape, generator=dropped, device=self.device) >= share
            units = units * kept / (1 - share)
        return self.classifier.head(units)

    @torch.no_grad()
    def freeze(self) -> None:
        """Freeze statistics of the training images (repro.networks.dcgan), in eval mode."""
        batches = (self.x[rows] for rows in spread(len(self.x), STATISTICS_BATCH))
        freeze_statistics(self.classifier.trunk, batches)
        self.classifier.eval()


@torch.no_grad()
def _predicted(classifier: Classifier, x: Tensor) -> np.ndarray:
    """Labels (N,) int64 of images (N, C, H, W) in [-1, 1] on the classifier's device."""
    parts = x.split(GPU_BATCH if x.is_cuda else CPU_BATCH)
    return torch.cat([classifier(part).argmax(1) for part in parts]).cpu().numpy()


def _require_labels(part: LabelledImages, classes: int) -> None:
    """Raise ValueError unless each of at least 2 images has a label in 0 .. classes - 1."""
    if len(part.images) != len(part.labels) or len(part.labels) < 2:
        raise ValueError(
            f"found {len(part.images)} images and {len(part.labels)} labels; expected one label "
            "for each of at least 2 images"
        )
    low, high = int(part.labels.min()), int(part.labels.max())
    if low < 0 or high >= classes:
        raise UnusableError(
            f"labels lie in {low} .. {high}, expected 0 .. {classes - 1}; give `classes`"
        )


def _undrawn(network: NetworkSpec, *, classes: int) -> Classifier:
    return Classifier(undrawn_convolutional(network), classes=classes)


def _placed(classifier: Classifier, device: torch.device) -> Classifier:
    return classifier.to(device).to(memory_format=torch.channels_last)


def _on_device(images: np.ndarray, network: NetworkSpec, device: torch.device) -> Tensor:
    check_size(network, images)
    return _scaled(images, device)


def _scaled(images: np.ndarray, device: torch.device) -> Tensor:
    return to_tensor(np.asarray(images)).to(device).contiguous(memory_format=torch.channels_last)


def _copied(classifier: Classifier) -> dict[str, Tensor]:
    """Copies of weights and frozen statistics on the CPU."""
    return {
        name: value.detach().to("cpu", copy=True).contiguous()
        for name, value in classifier.state_dict().items()
    }

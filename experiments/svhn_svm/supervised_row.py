"""The supervised row of Table 2: D's architecture trained on the labels alone, best of 64 trials.

Part of measure.py; repro.classification.supervised trains. Finished trials are kept, so that a
killed search resumes with the trial it was in. All trials get the same labelled images; the one
with the lowest validation error is tested, once. Alone: `random_search(network, trials,
training, validation, ...)`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from experiments.svhn_svm.data import Split
from repro.artefacts.finished_parts import FinishedParts
from repro.classification.random_search import Trial, TrialResult
from repro.classification.supervised import predict, restored, train_trial
from repro.progress import tracked
from repro.specs.network import NetworkSpec

STATE = "state_"  # prefix of the names of weights, among a trial's arrays


@dataclass(frozen=True)
class Search:
    """All trials: their settings, and the validation error of each, 1 where its loss diverged.

    best: the best one's error, pass and weights (`_as_arrays`).
    """

    trials: Sequence[Trial]
    errors: np.ndarray  # (trials,)
    best_pass: np.ndarray  # (trials,) int64; 0 where it failed
    best: dict[str, np.ndarray]

    @property
    def chosen(self) -> int:
        """Index of the trial with the lowest validation error; the first on a tie."""
        return int(self.errors.argmin())

    @property
    def failed(self) -> bool:
        """Whether the loss of every trial diverged, so that there is no network to test."""
        return not self.best_pass.any()


def random_search(
    network: NetworkSpec,
    trials: Sequence[Trial],
    training: Split,
    validation: Split,
    *,
    epochs: int,
    evaluate_every: int,
    seed: int,
    device: torch.device,
    finished: FinishedParts,
) -> Search | None:
    """Train each trial on the few training images; None where there is no trial.

    Validation errors are taken every `evaluate_every` of the `epochs`; finished trials come from
    `finished`. Every digit must occur among the training images.
    """
    if not trials:
        return None
    classes = int(training.labels.max()) + 1

    def trained(trial: Trial) -> dict[str, np.ndarray]:
        result = train_trial(
            network,
            trial,
            training,
            validation,
            classes=classes,
            seed=seed,
            epochs=epochs,
            evaluate_every=evaluate_every,
            device=device,
        )
        print(
            f"trial {trial.index}: validation error {result.error:.4f} after pass "
            f"{result.best_pass}",
            flush=True,
        )
        return _as_arrays(result)

    errors: list[float] = []
    passes: list[int] = []
    best: dict[str, np.ndarray] = {}
    for trial in tracked(trials, "supervised trials", unit="trials"):
        arrays = finished.part(f"trial_{trial.index:03d}", partial(trained, trial))
        if not errors or float(arrays["error"]) < min(errors):
            best = arrays
        errors.append(float(arrays["error"]))
        passes.append(int(arrays["best_pass"]))
    return Search(trials, np.array(errors), np.array(passes), best)


def _as_arrays(result: TrialResult) -> dict[str, np.ndarray]:
    """A trial's error, best pass (0: it failed) and the weights of that pass, for storage."""
    weights = {f"{STATE}{name}": value.numpy() for name, value in result.state.items()}
    return {
        "error": np.array(result.error),
        "best_pass": np.array(result.best_pass or 0),
        **weights,
    }


def search_hits(
    network: NetworkSpec, search: Search | None, test: Split, *, device: torch.device
) -> np.ndarray | None:
    """(T,) bool: test images that the chosen trial's network labels correctly.

    None without a search, or where the loss of every trial diverged.
    """
    if search is None or search.failed:
        return None
    state = {
        name.removeprefix(STATE): torch.from_numpy(values)
        for name, values in search.best.items()
        if name.startswith(STATE)
    }
    classifier = restored(network, state, device=device)
    return predict(classifier, test.images) == test.labels

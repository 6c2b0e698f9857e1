"""The supervised row of Table 2: D's architecture trained on the labels alone, best of 64 trials.

Part of measure.py; repro.classification.supervised trains. Finished trials are kept, so that a
search that was killed goes on with the trial it was in. All trials get the same labelled images,
those of test draw 0; the one with the lowest validation error is tested, once.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from experiments.svhn_svm.data import Split
from experiments.svhn_svm.options import Options
from repro.artefacts.finished_parts import KeptWork
from repro.classification.random_search import Trial, draw_trial
from repro.classification.supervised import Labelled, predict, restored, train_trial
from repro.devices import chosen_device
from repro.specs.network import NetworkSpec

STATE = "state_"  # before the names of weights, among a trial's arrays


@dataclass(frozen=True)
class Search:
    """All trials: their settings, and the validation error of each, 1 where its loss ran away.

    best: what `_trial` leaves of the best one.
    """

    trials: list[Trial]
    errors: np.ndarray  # (trials,)
    best_pass: np.ndarray  # (trials,) int64; 0 where it failed
    best: dict[str, np.ndarray]

    @property
    def chosen(self) -> int:
        return int(self.errors.argmin())


def random_search(
    network: NetworkSpec,
    training: Split,
    validation: Split,
    options: Options,
    seed: int,
    kept: KeptWork,
) -> Search | None:
    """None where no trial is asked for."""
    if options.trials == 0:
        return None
    rows = training.drawn(options, seed, 0)
    classes = int(training.labels.max()) + 1
    labelled = Labelled(training.images[rows], training.labels[rows], classes)
    held_out = Labelled(validation.images, validation.labels, classes)
    trials = [draw_trial(seed, index, options.search) for index in range(options.trials)]
    errors: list[float] = []
    passes: list[int] = []
    best: dict[str, np.ndarray] = {}
    for trial in trials:
        work = partial(_trial, network, trial, labelled, held_out, options, seed)
        arrays = kept.part(f"trial_{trial.index:03d}", work)
        if not errors or float(arrays["error"]) < min(errors):
            best = arrays
        errors.append(float(arrays["error"]))
        passes.append(int(arrays["best_pass"]))
    return Search(trials, np.array(errors), np.array(passes), best)


def _trial(
    network: NetworkSpec,
    trial: Trial,
    labelled: Labelled,
    held_out: Labelled,
    options: Options,
    seed: int,
) -> dict[str, np.ndarray]:
    result = train_trial(
        network,
        trial,
        labelled,
        held_out,
        seed=seed,
        epochs=options.trial_epochs,
        evaluate_every=options.evaluate_every,
        device=chosen_device(options.device),
    )
    print(
        f"trial {trial.index}: validation error {result.error:.4f} after pass {result.best_pass}",
        flush=True,
    )
    weights = {f"{STATE}{name}": value.numpy() for name, value in result.state.items()}
    return {
        "error": np.array(result.error),
        "best_pass": np.array(result.best_pass or 0),
        **weights,
    }


def searched_right(
    network: NetworkSpec, search: Search, test: Split, options: Options
) -> np.ndarray:
    """(T,) bool: test images that the chosen trial's network labels rightly.

    Where every trial failed: none.
    """
    state = {
        name.removeprefix(STATE): torch.from_numpy(values)
        for name, values in search.best.items()
        if name.startswith(STATE)
    }
    if not state:
        return np.zeros(len(test.labels), bool)
    classifier = restored(network, state, device=chosen_device(options.device))
    return predict(classifier, test.images) == test.labels

"""From each test digit's nearest reference to the numbers of Table 3, with their intervals.

Part of measure.py; pure functions of arrays. Errors are in percent. Two spreads are kept apart: the
interval of an error is over test digits, that of a difference over trainings where there are
several, and the spread over trainings is its own number. Alone:
`measurements(real, real_all, of_models, labels, few=50_000, seed=42)`.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np

from repro.claims.constructors import (
    estimate_over,
    mean_over,
    share_of_networks_over,
    single_number,
    student_over,
)
from repro.claims.intervals import welch
from repro.claims.measurement import Measurement

MODELS = {
    "dcgan": "samples of the conditional DCGAN",
    "gan": "samples of the fully connected GAN",
}
UNTRAINED = "_untrained"  # suffix of the control's numbers
CLASSIFIER = "1-NN, Euclidean, raw pixels"


@dataclass(frozen=True)
class NearestReferences:
    """The nearest reference of each of T test digits, at C numbers of references.

    counts (C,); predicted (C, T): its label; distances (C, T): Euclidean, pixels in [0, 1].
    """

    counts: np.ndarray
    predicted: np.ndarray
    distances: np.ndarray

    def wrong(self, labels: np.ndarray) -> np.ndarray:
        """(C, T) bool, with the true labels (T,)."""
        return self.predicted != labels


def count_name(count: int) -> str:
    """50000 -> "50k", 1000000 -> "1m", 1500 -> "1500": the suffix of a measurement's name."""
    for size, letter in ((1_000_000, "m"), (1_000, "k")):
        if count % size == 0:
            return f"{count // size}{letter}"
    return str(count)


def error_arrays(
    found: dict[str, list[NearestReferences]], labels: np.ndarray, *, few: int
) -> dict[str, np.ndarray]:
    """Arrays that the figures need: counts (C,), predicted and distances (R, C, T) of each row.

    found: by row one NearestReferences per training; few: the count of Table 3's first column.
    """
    arrays = {"labels": labels, "few": np.array(few)}
    for row, trainings in found.items():
        arrays[f"{row}_counts"] = trainings[0].counts
        arrays[f"{row}_predicted"] = np.stack([one.predicted for one in trainings]).astype(np.uint8)
        distances = np.stack([one.distances for one in trainings])
        arrays[f"{row}_distances"] = distances.astype(np.float32)
    return arrays


def measurements(
    real: NearestReferences,
    real_all: NearestReferences,
    of_models: dict[str, list[NearestReferences]],
    labels: np.ndarray,
    *,
    few: int,
    seed: int,
    untrained: dict[str, list[NearestReferences]] | None = None,
) -> list[Measurement]:
    """All numbers of the experiment.

    real: with the training digits as references; real_all: with the validation digits as well;
    of_models: by row one NearestReferences per training; labels (T,): of the test digits; few: the
    count of the table's first column, one of the counts; untrained: by row one for each network
    with initial weights.
    """
    made = _of_real(real, real_all, labels, seed=seed)
    wrong = {"real": real.wrong(labels)[None]}  # (R, C, T)
    for row, trainings in of_models.items():
        each = np.stack([one.wrong(labels) for one in trainings])  # (R, C, T)
        wrong[row] = each
        nearer = np.stack([one.distances < real.distances[0] for one in trainings])
        for place, count in enumerate(trainings[0].counts):
            made += _of_model(row, int(count), each[:, place], nearer[:, place], seed=seed)
    counts = of_models["dcgan"][0].counts.tolist()
    columns = {"few": counts.index(few), "many": len(counts) - 1}
    trained = {row: len(trainings) for row, trainings in of_models.items()}
    made += _differences(wrong, columns, trained=trained, seed=seed)
    if untrained:
        control = {"real": wrong["real"]}
        for row, networks in untrained.items():
            control[row] = np.stack([one.wrong(labels) for one in networks])
            for place, count in enumerate(counts):
                made.append(
                    _share(
                        f"error_{row}_{count_name(count)}{UNTRAINED}",
                        control[row][:, place],
                        f"{CLASSIFIER}; references: {count:,} {MODELS[row]} before training",
                        seed=seed,
                        networks="untrained networks",
                    )
                )
        made += _differences(control, columns, trained=trained, seed=seed, of=UNTRAINED)
    return made


def _differences(
    wrong: dict[str, np.ndarray],
    columns: dict[str, int],
    *,
    trained: dict[str, int],
    seed: int,
    of: str = "",
) -> list[Measurement]:
    """The comparisons of Table 3. wrong: by row (R, C, T) bool; of: suffix of the names.

    trained: trainings by row. Where there is one, intervals are over digits, those of several
    untrained networks too: a claim and its control have intervals over the same unit.
    """
    networks, of_one, of_each = "trained networks", "one training", "one training"
    if of == UNTRAINED:
        networks, of_one = "untrained networks", "one untrained network"
        of_each = f"{of_one} of each kind"
    several = trained["dcgan"] > 1
    difference = partial(_difference, several=several, seed=seed, networks=networks, of_one=of_one)
    both = several and trained["gan"] > 1
    made = []
    for name, place in columns.items():
        dcgan = wrong["dcgan"][:, place]
        gan = wrong["gan"][:, place]
        gap = f"gan_minus_dcgan_{name}{of}"
        made += difference(gap, gan, dcgan, several=both, of_one=of_each)
        real = wrong["real"][:, 0]
        made += difference(f"real_minus_dcgan_{name}{of}", real, dcgan, fixed=True)
    few, many = (wrong["dcgan"][:, place] for place in columns.values())
    return made + difference(f"dcgan_few_minus_many{of}", few, many, paired=True)


def _of_real(
    real: NearestReferences, real_all: NearestReferences, labels: np.ndarray, *, seed: int
) -> list[Measurement]:
    protocol = f"{CLASSIFIER}; references: {real.counts[0]:,} real training digits"
    return [
        _share("error_real", real.wrong(labels), protocol, seed=seed),
        _known("error_real_known", real, labels),
        _known("error_real_all_known", real_all, labels),
    ]


def _known(name: str, found: NearestReferences, labels: np.ndarray) -> Measurement:
    """The error with real digits as a fixed number of MNIST, not as an estimate from a sample."""
    return single_number(
        name,
        100 * float(found.wrong(labels).mean()),
        n=len(labels),
        why="the same digits give the same number everywhere",
        unit="%",
        protocol=f"{CLASSIFIER}; references: {found.counts[0]:,} real digits, none for the test",
    )


def _of_model(
    row: str, count: int, wrong: np.ndarray, nearer: np.ndarray, *, seed: int
) -> list[Measurement]:
    """One row at one count.

    wrong, nearer (R, T) bool: digits misclassified; digits nearer to a sample than to a training
    digit.
    """
    suffix = f"{row}_{count_name(count)}"
    references = f"{count:,} {MODELS[row]}, equally many of each class"
    made = [
        _share(f"error_{suffix}", wrong, f"{CLASSIFIER}; references: {references}", seed=seed),
        _share(
            f"nearer_{suffix}",
            nearer,
            "share of test digits whose nearest reference is nearer than their nearest real "
            f"training digit; references: {references}",
            seed=seed,
        ),
    ]
    if len(wrong) > 1:
        made.append(
            single_number(
                f"sd_over_trainings_{suffix}",
                float(100 * wrong.mean(axis=1).std(ddof=1)),
                n=len(wrong),
                why="it is a spread",
                unit="percentage points",
                protocol="standard deviation, over networks trained from different seeds, of the "
                f"error; references: {references}",
            )
        )
    return made


def _share(
    name: str,
    chosen: np.ndarray,
    protocol: str,
    *,
    seed: int,
    networks: str = "trained networks",
) -> Measurement:
    """Share of (R, T) bool in percent."""
    return share_of_networks_over(
        name,
        chosen,
        over="test digits",
        networks=networks,
        seed=seed,
        purpose=f"mnist neighbours, {name}",
        protocol=protocol,
    )


def _difference(
    name: str,
    first: np.ndarray,
    second: np.ndarray,
    *,
    several: bool,
    seed: int,
    paired: bool = False,
    fixed: bool = False,
    networks: str = "trained networks",
    of_one: str = "one training",
) -> list[Measurement]:
    """Difference of two errors in percentage points; first, second (R, T) bool, digits wrong.

    several: the interval is over networks, and a second number has the interval over digits; else
    it is over digits, within the networks given. paired: both come from the same networks; fixed:
    the first are against the real digits, made by no network; networks, of_one: what they are, in
    words, where there are several and where there is one.
    """
    protocol = (
        f"{name.replace('_', ' ')}: difference of the errors in percentage points; few and many "
        "are the two columns of the table"
    )
    one, other = (100 * wrong.mean(axis=1) for wrong in (first, second))  # (R,)
    trainings = max(len(one), len(other))
    over = of_one if trainings == 1 else f"the mean of these {networks}"
    digits = mean_over(
        f"{name}_over_digits" if several else name,
        100 * (first.mean(axis=0) - second.mean(axis=0)),
        seed=seed,
        purpose=f"mnist neighbours, {name}",
        over=f"test digits (paired), within {over}",
        by="bootstrap",
        protocol=protocol,
        unit="percentage points",
    )
    if not several:
        return [digits]
    if paired or fixed:
        units = networks + (" (paired)" if paired else "")
        return [
            student_over(
                name, one - other, over=units, protocol=protocol, unit="percentage points"
            ),
            digits,
        ]
    return [
        estimate_over(
            name,
            float(one.mean() - other.mean()),
            welch(one, other),
            over=f"{len(one)} and {len(other)} {networks}",
            by="Welch interval",
            n=min(len(one), len(other)),
            protocol=protocol,
            unit="percentage points",
        ),
        digits,
    ]

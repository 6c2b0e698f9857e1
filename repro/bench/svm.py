"""The L2-SVM next to LinearSVC where that fits, and at Table 1's size, where it does not.

Both get features of the discriminator of Table 1 with random weights (28,672 per picture) of
synthetic pictures of ten classes: a class is a mixture of three wavelengths and directions, in
random colours and places, with noise. `--features` and `--labels` (.npy) replace them.

1. `--few` of them: ours, to a relative duality gap of 1e-3, and scikit-learn's LinearSVC (dual, its
   tolerance lowered tenfold until its objective is within 1e-3 of ours or below it) at C = 1e-3, in
   turn. ours and reference are seconds; ratio is the factor by which ours is faster.
2. All `--images` of them, streamed to a memory map: ours along `--cs`, each fit from the previous
   one, to the same gap: seconds, iterations and gap of each C, and the peak memory of the process,
   including 5.7 GB for X at the paper's size. LinearSVC would need 40 GB there.

Runs alone: python -m repro bench svm [--images 50000] [--cs 1e-4,1e-3] [--device cuda]
"""

import argparse
import tempfile
import time
import warnings
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from sklearn.svm import LinearSVC

from repro.artefacts.provenance import peak_memory_mb
from repro.bench.alternation import alternate
from repro.bench.features import network
from repro.classification.discriminator_features import discriminator_features
from repro.classification.svm import L2SVC
from repro.command_line import add_device, at_least_one, natural
from repro.devices import chosen_device, describe_device
from repro.networks.discriminator_inputs import freeze_on
from repro.rng import generator

GAP, FEW_C = 1e-3, 1e-3
TARGET_GB, TARGET_SECONDS = 8.0, 600.0  # at 50,000 x 28,672 on two cores, for each C
CLASSES, SIDE, WAVES = 10, 32, 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--images", type=natural, default=50_000, help="rows of the large case; 0: none"
    )
    parser.add_argument("--few", type=natural, default=2_000, help="rows for LinearSVC; 0: none")
    parser.add_argument(
        "--cs", type=_ascending, default="1e-5,1e-4,1e-3,1e-2", help="values of C, ascending"
    )
    parser.add_argument("--ndf", type=at_least_one, default=128, help="width of D")
    parser.add_argument(
        "--features", type=Path, help=".npy file (N, F) instead of synthetic pictures"
    )
    parser.add_argument("--labels", type=Path, help=".npy file (N,) of the labels that go with it")
    add_device(parser)


def _ascending(text: str) -> list[float]:
    """Values of C from the text of `--cs`."""
    try:
        values = [float(word) for word in text.split(",")]
    except ValueError:
        values = []
    if not values or values[0] <= 0 or values != sorted(values):
        raise argparse.ArgumentTypeError(f"found '{text}', expected ascending numbers above 0")
    return values


def run(given: argparse.Namespace) -> dict[str, Any]:
    """The record: a case next to LinearSVC, and a large case."""
    torch.set_num_threads(given.threads)
    device = chosen_device(given.device)
    cases = []
    with tempfile.TemporaryDirectory() as folder:
        X, y = _data(given, Path(folder), device)
        large = {"case": "large", **_large(X, y, given, device)} if given.images else None
        if given.few:
            few = _beside_linear_svc(np.array(X[: given.few]), y[: given.few], given, device)
            cases.append({"case": "beside LinearSVC", **few})
    return {
        "unit": "seconds",
        "n": given.images,
        "device": describe_device(device),
        "relative_gap": GAP,
        "features": X.shape[1],
        "cases": [*cases, large] if large else cases,
    }


def made_pictures(count: int, *, start: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Pictures (count, 32, 32, 3) uint8 and classes (count,) from number `start` on."""
    draw = generator(0, "bench svm: pictures", start)
    classes = generator(0, "bench svm: classes").uniform(0.15, 1.2, (CLASSES, WAVES, 2))
    y = draw.integers(0, CLASSES, count)
    row, column = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    frequency = (classes[y] * draw.uniform(0.9, 1.1, (count, 1, 1))).astype(np.float32)
    phase = draw.uniform(0, 2 * np.pi, (count, WAVES)).astype(np.float32)
    images = np.zeros((count, SIDE, SIDE, 3), np.float32)
    for wave in range(WAVES):
        angle = frequency[:, wave, 0, None, None] * row + frequency[:, wave, 1, None, None] * column
        colour = draw.normal(0, 45, (count, 1, 1, 3)).astype(np.float32)
        images += np.sin(angle + phase[:, wave, None, None])[..., None] * colour
    images += draw.normal(0, 30, images.shape).astype(np.float32) + 127
    return images.clip(0, 255).astype(np.uint8), y


def _data(
    given: argparse.Namespace, folder: Path, device: torch.device
) -> tuple[np.ndarray, np.ndarray]:
    """Features (N, F), mapped from disk, and labels (N,)."""
    if given.features is not None:
        return np.load(given.features, mmap_mode="r"), np.load(given.labels)
    count, block = max(given.images, given.few), 5_000
    parts = [made_pictures(min(block, count - s), start=s) for s in range(0, count, block)]
    images = np.concatenate([one for one, _ in parts])
    D = network(ndf=given.ndf).to(device)
    freeze_on(D, images[:1024])
    start = time.perf_counter()
    X = discriminator_features(D, images, out=folder / "features.npy")
    print(f"features of {count} images: {time.perf_counter() - start:.0f} s", flush=True)
    return X, np.concatenate([one for _, one in parts])


def _large(
    X: np.ndarray, y: np.ndarray, given: argparse.Namespace, device: torch.device
) -> dict[str, Any]:
    Cs = given.cs
    fits, start = [], time.perf_counter()
    for fitted in L2SVC(tol=GAP, device=device.type).path(X, y, Cs):
        now = time.perf_counter()
        gap = float((fitted.gap_ / fitted.objective_).max())
        fits.append(
            {
                "C": fitted.C,
                "seconds": round(now - start, 1),
                "iterations": fitted.n_iter_,
                "relative_gap": float(f"{gap:.2g}"),
            }
        )
        print(f"C = {fitted.C:g}: {fits[-1]}", flush=True)
        start = time.perf_counter()
    return {
        "rows": len(X),
        "fits": fits,
        "most_seconds": max(one["seconds"] for one in fits),
        "target_seconds": TARGET_SECONDS,
        "peak_gb": round(peak_memory_mb() / 1000, 2),
        "target_gb": TARGET_GB,
    }


def _beside_linear_svc(
    X: np.ndarray, y: np.ndarray, given: argparse.Namespace, device: torch.device
) -> dict[str, Any]:
    """Seconds of both to about the same objective, in turn; equal predictions on X."""
    ours = L2SVC(C=FEW_C, tol=GAP, device=device.type)
    best = float(ours.fit(X, y).objective_.sum())
    tolerance = _tolerance_that_suffices(X, y, best=best)
    reference = LinearSVC(C=FEW_C, dual=True, tol=tolerance, max_iter=100_000)

    def fit(machine: L2SVC | LinearSVC) -> int:
        machine.fit(X, y)
        return len(X)

    ways = {"ours": partial(fit, ours), "reference": partial(fit, reference)}
    runs = alternate(ways, repeats=given.repeats)
    medians = {name: median(one.seconds) for name, one in runs.items()}
    return {
        **{name: round(one, 3) for name, one in medians.items()},
        "ratio": round(medians["reference"] / medians["ours"], 2),
        "rows": len(X),
        "C": FEW_C,
        "objective": round(float(ours.objective_.sum()), 6),
        "reference_objective": round(objective(reference, X, y), 6),
        "equal_predictions": float((ours.predict(X) == reference.predict(X)).mean()),
    }


def _tolerance_that_suffices(X: np.ndarray, y: np.ndarray, *, best: float) -> float:
    for tolerance in (1e-1, 1e-2, 1e-3, 1e-4):
        machine = LinearSVC(C=FEW_C, dual=True, tol=tolerance, max_iter=100_000)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if objective(machine.fit(X, y), X, y) <= best * (1 + GAP):
                break
    return tolerance


def objective(machine: LinearSVC, X: np.ndarray, y: np.ndarray) -> float:
    """Sum over the classes of the objective of both (repro.classification.svm_solver)."""
    targets = np.where(y[:, None] == machine.classes_, 1.0, -1.0)
    violation = np.maximum(0, 1 - targets * (X @ machine.coef_.T + machine.intercept_))
    weights = 0.5 * (machine.coef_**2).sum() + 0.5 * (machine.intercept_**2).sum()
    return float(weights + machine.C * (violation**2).sum())

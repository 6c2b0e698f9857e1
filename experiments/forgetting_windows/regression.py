"""The regression that finds window maps, at one layer, and how well it knows windows.

Part of measure.py: cells of the samples in, weights of the maps and their measurements out.
"""

import numpy as np
from scipy.stats import rankdata

from repro.claims.constructors import estimate_over, mean_over, range_over, single_number
from repro.claims.intervals import Ends, bootstrap_of
from repro.claims.measurement import Measurement
from repro.internals.drop_maps import Cells, held_out_scores, labelled_cells, map_weights
from repro.rng import generator

OVER = "samples of one model"
DRAWS = 500  # resamplings for the area under the curve


def regression_measurements(
    cells: Cells, weights: np.ndarray, *, strength: float, folds: int, suffix: str, seed: int
) -> list[Measurement]:
    """Maps of positive weight, and what the regression says of samples it was not fitted on."""
    maps, positive = len(weights), int((weights > 0).sum())
    standardised = map_weights(cells, C=strength, standardise=True)
    about = f"of {maps} maps; logistic regression, C = {strength:g}, {_cells(cells)}"
    scores = held_out_scores(
        cells, C=strength, folds=folds, seed=seed, purpose=f"forgetting windows, folds{suffix}"
    )
    return [
        _plain(
            f"positive_maps{suffix}", positive, maps, f"maps of positive weight {about}", "maps"
        ),
        _plain(
            f"positive_share{suffix}", positive / maps, maps, f"maps of positive weight {about}"
        ),
        _plain(
            f"same_sign_standardised{suffix}",
            float(((weights > 0) == (standardised > 0)).mean()),
            maps,
            "maps on which a regression on standardised activations decides alike",
        ),
        *_accuracy(cells, scores, suffix, seed=seed, folds=folds),
    ]


def refitted_weights(
    maps: np.ndarray,
    boxes: list[np.ndarray],
    *,
    refits: int,
    strength: float,
    negatives: float,
    seed: int,
    purpose: str,
) -> list[np.ndarray]:
    """Weights (maps,) fitted anew on samples drawn with replacement and on other cells outside.

    maps (N, maps, side, side), boxes: N arrays (n, 4). A draw that cannot be fitted is left out.
    """
    made = []
    for number in range(refits):
        own = f"{purpose}, refit {number}"
        rows = generator(seed, own).integers(0, len(maps), len(maps))
        cells = labelled_cells(
            maps[rows],
            [boxes[row] for row in rows],
            negatives=negatives,
            seed=seed,
            purpose=f"{own}, negatives",
        )
        if cells.usable:
            made.append(map_weights(cells, C=strength))
    return made


def refit_measurements(
    weights: np.ndarray, refitted: list[np.ndarray], left: list[float], *, suffix: str
) -> list[Measurement]:
    """How much the maps chosen, and the window area left, owe to the samples that were marked.

    refitted: other weights; left: for each, window area after over before.
    """
    same = [float(((weights > 0) == (other > 0)).mean()) for other in refitted]
    words = {
        "same_sign_refitted": (same, "maps whose weight keeps its sign in another fit"),
        "window_area_left_positive_refitted": (
            left,
            "window area after over before, dropped: the maps of positive weight of another fit",
        ),
    }
    return [
        range_over(
            f"{name}{suffix}",
            values,
            of="fits on resampled samples, other cells outside",
            protocol=f"{protocol}; mean over fits",
        )
        for name, (values, protocol) in words.items()
        if values
    ]


def _cells(cells: Cells) -> str:
    inside = int(cells.inside.sum())
    return f"{inside} cells inside boxes, {len(cells.inside) - inside} outside"


def _plain(name: str, value: float, n: int, protocol: str, unit: str = "") -> Measurement:
    return single_number(name, value, n=n, why="a single number", protocol=protocol, unit=unit)


def _accuracy(
    cells: Cells, scores: np.ndarray, suffix: str, *, seed: int, folds: int
) -> list[Measurement]:
    """Accuracy by sample, and area under the curve over all cells, both by cross-validation."""
    told = ~np.isnan(scores)
    right = (scores > 0) == cells.inside
    samples = np.unique(cells.sample[told])
    if len(samples) < 2:
        return []
    by_sample = np.array([right[told & (cells.sample == one)].mean() for one in samples])
    protocol = f"cells of samples left out of the fit, {folds}-fold by sample; {_cells(cells)}"
    accuracy = mean_over(
        f"regression_accuracy{suffix}",
        by_sample,
        seed=seed,
        purpose=f"forgetting windows, regression accuracy{suffix}",
        over=OVER,
        protocol=f"mean over samples of the share judged rightly, {protocol}",
    )
    auc = estimate_over(
        f"regression_auc{suffix}",
        area_under_curve(cells.inside[told], scores[told]),
        _auc_interval(cells, scores, samples, suffix, seed=seed),
        over=OVER,
        by="bootstrap interval",
        n=len(samples),
        protocol=f"area under the ROC curve, {protocol}",
    )
    return [accuracy, auc]


def area_under_curve(inside: np.ndarray, scores: np.ndarray) -> float:
    """Probability that a cell inside a box scores higher than one outside, ties counting half.

    inside (M,) bool, scores (M,); both kinds must be there. By ranks (Mann and Whitney), a tenth
    of scikit-learn's time, which matters to the resampling.
    """
    positive = int(inside.sum())
    above = rankdata(scores)[inside].sum() - positive * (positive + 1) / 2
    return float(above / (positive * (len(inside) - positive)))


def _auc_interval(
    cells: Cells, scores: np.ndarray, samples: np.ndarray, suffix: str, *, seed: int
) -> Ends:
    """Whole samples are resampled; draws in which one kind is missing are left out."""
    rows = [np.flatnonzero((cells.sample == one) & ~np.isnan(scores)) for one in samples]

    def area(drawn: np.ndarray) -> float:
        chosen = np.concatenate([rows[k] for k in drawn])
        both = 0 < cells.inside[chosen].sum() < len(chosen)
        return area_under_curve(cells.inside[chosen], scores[chosen]) if both else np.nan

    purpose = f"forgetting windows, regression auc{suffix}"
    return bootstrap_of(area, len(rows), seed=seed, purpose=purpose, draws=DRAWS)

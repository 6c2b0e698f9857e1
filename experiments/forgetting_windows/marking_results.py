"""The numbers behind Fig 6: the judge, the boxes, and the maps found with them.

Part of measure.py; results.py measures the effect of dropping these maps.
"""

import numpy as np

from experiments.forgetting_windows.marking import Marked
from experiments.forgetting_windows.regression import WindowRegression
from repro.claims.constructors import mean_over, share_over, single_number
from repro.claims.measurement import Measurement
from repro.internals.segmenter import intersection_over_union

OVER_ROOMS = "synthetic rooms that neither segmenter was trained on"
OVER_MARKED = "samples of one model"


def judge_numbers(found: np.ndarray, truth: np.ndarray, *, seed: int) -> list[Measurement]:
    """How well the judge knows windows: masks (N, H, W) bool of test rooms, its own and the true.

    Measures overlap in rooms with a window, and how many rooms without one have one by its
    judgement.
    """
    has = truth.any(axis=(1, 2))
    protocol = "intersection over union of window pixels, rooms with a window; as drawn; boxes are "
    protocol += "the truth, so slanted or half hidden windows keep it below 1"
    made = []
    if has.any():
        overlap = intersection_over_union(found, truth)[has]
        made.append(_mean("judge_iou", overlap, over=OVER_ROOMS, protocol=protocol, seed=seed))
    if not has.all():
        alarms = found[~has].sum(axis=(1, 2)) > 0
        protocol = "rooms without a window in which the judge finds one"
        made.append(share_over("judge_false_alarms", alarms, over=OVER_ROOMS, protocol=protocol))
    return made


def box_numbers(marked: Marked, judged: np.ndarray, *, seed: int) -> list[Measurement]:
    """How many boxes the regression gets, and how the judge and further people agree with them.

    judged: the judge's window pixels on the samples, bool (N, H, W).
    """
    marks, side = marked.marks, judged.shape[1]
    looked, masks = int(marks.looked.sum()), marks.masks(side)
    without = sum(len(own) == 0 for own in marks.boxes) - int((~marks.looked).sum())
    by = f"{marks.by}, who started from {marks.start}" if marks.start else marks.by
    count = single_number(
        "windows_marked",
        float(sum(map(len, marks.boxes))),
        n=looked,
        why="a count of all boxes",
        unit="boxes",
        protocol=f"boxes in all on {looked} samples, by {by}; {without} samples have none "
        "(paper: 52 on 150, by hand)",
    )
    pairs = {"judge": (judged, marks.looked, f"judge against boxes by {marks.by}")}
    for number, other in enumerate(marked.others, start=2):
        words = f"boxes by {other.by} against those by {marks.by}"
        pairs[f"person_{number}"] = (other.masks(side), marks.looked & other.looked, words)
    overlaps = []
    for who, (theirs, both_looked, words) in pairs.items():
        overlap = intersection_over_union(theirs, masks)[both_looked]
        overlap = overlap[~np.isnan(overlap)]  # of samples on which either has a window
        if len(overlap):
            protocol = f"intersection over union of window pixels, {words}, on samples where "
            protocol += "either has a window"
            name = f"{who}_iou_with_boxes"
            overlaps.append(_mean(name, overlap, over=OVER_MARKED, protocol=protocol, seed=seed))
    return [count, *overlaps]


def _mean(name: str, values: np.ndarray, *, over: str, protocol: str, seed: int) -> Measurement:
    purpose = f"forgetting windows, {name}"
    return mean_over(name, values, over=over, seed=seed, purpose=purpose, protocol=protocol)


def window_maps(regression: WindowRegression, *, suffix: str) -> Measurement:
    """How many maps respond to windows."""
    weights = regression.weights
    return single_number(
        f"positive_maps{suffix}",
        int((weights > 0).sum()),
        n=len(weights),
        why="a count of the maps of one regression",
        unit="maps",
        protocol=f"maps of positive weight of {len(weights)} maps; logistic regression, "
        f"C = {regression.strength:g}, {_cells(regression)}",
    )


def _cells(regression: WindowRegression) -> str:
    inside = regression.cells.inside
    return f"{int(inside.sum())} cells inside boxes, {int((~inside).sum())} outside"


def regression_accuracy(regression: WindowRegression, *, folds: int) -> list[Measurement]:
    """How well it classifies cells of samples outside its fit; nothing where there are too few."""
    by_sample = regression.held_out_accuracies(folds=folds)
    if len(by_sample) < 2:
        return []
    return [
        mean_over(
            "regression_accuracy",
            by_sample,
            seed=regression.seed,
            purpose="forgetting windows, regression accuracy",
            over=OVER_MARKED,
            protocol="mean over samples of the share labelled correctly, cells of samples left out "
            f"of the fit, {folds}-fold by sample; {_cells(regression)}",
        )
    ]

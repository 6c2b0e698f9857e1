"""Who proposes window boxes and who judges what is left, and how well the judge knows windows.

Part of measure.py. Proposing and judging by one segmenter would reward what pleases it by the same
flaws, so two are trained on different rooms from different starts, and the judge is tested on
rooms that neither has seen: as they are drawn, and degraded as samples are.
"""

import numpy as np

from experiments.forgetting_windows.outcome import ratio_measurement
from experiments.forgetting_windows.rooms import Rooms, draw_rooms
from repro.claims.constructors import mean_over, share_over
from repro.claims.measurement import Measurement
from repro.data.images import to_tensor, to_uint8
from repro.internals.attribute_classifier import at_classifier_size
from repro.internals.drop_maps import box_cover
from repro.internals.segmenter import (
    Segmenter,
    degraded,
    intersection_over_union,
    mask_boxes,
    predict,
    train_segmenter,
    without_specks,
)
from repro.rng import torch_generator

OVER_ROOMS = "rooms drawn by program that neither segmenter was trained on"


class Segmenters:
    """The proposer of boxes and the judge of window area."""

    def __init__(
        self, *, rooms: int, test_rooms: int, size: int, epochs: int, least: float, seed: int
    ) -> None:
        """Draws 2 * rooms + test_rooms rooms of `size` pixels and trains both.

        least: smallest connected part that counts as a window, as a share of the picture.
        """
        drawn = draw_rooms(2 * rooms + test_rooms, size=size, seed=seed)
        self.least = max(1, round(least * size * size))  # pixels

        def trained(part: Rooms, role: str) -> Segmenter:
            purpose = f"forgetting windows, {role}"
            return train_segmenter(
                part.pictures, part.cover(), seed=seed, purpose=purpose, epochs=epochs
            )

        self.proposer = trained(drawn.part(0, rooms), "proposer")
        self.judge = trained(drawn.part(rooms, 2 * rooms), "judge")
        self.test = drawn.part(2 * rooms, 2 * rooms + test_rooms)

    def proposed(self, pictures: np.ndarray) -> list[np.ndarray]:
        """Window boxes (n, 4) in [0, 1] for each of the pictures (N, H, W, 3) uint8."""
        return [mask_boxes(mask, least=self.least) for mask in predict(self.proposer, pictures)]

    def windows(self, pictures: np.ndarray) -> np.ndarray:
        """The judge's window pixels, bool (N, H, W), parts too small for a window left out."""
        return without_specks(predict(self.judge, pictures), least=self.least)

    def accuracies(self, *, seed: int) -> list[Measurement]:
        """How well the judge knows the windows of test rooms, plain and degraded."""
        truth = self.test.masks()
        found = self.windows(self.test.pictures)
        source = torch_generator(seed, "forgetting windows, degraded test rooms")
        tensor = to_tensor(at_classifier_size(self.test.pictures))
        worse = predict(self.judge, to_uint8(degraded(tensor, source)))
        small = self.test.cover() > 0.5
        both = (found & truth).sum(axis=(1, 2))
        bounded = "boxes are the truth, so slanted or half hidden windows keep it below 1"
        return [
            *_overlap("judge_iou", found, truth, seed=seed, protocol=f"as drawn; {bounded}"),
            *_overlap(
                "judge_iou_degraded",
                worse,
                small,
                seed=seed,
                protocol="blurred, recoloured and noisy as while training, at its own side of "
                f"{small.shape[1]} pixels; {bounded}",
            ),
            *ratio_measurement(
                "judge_precision",
                both,
                found.sum(axis=(1, 2)),
                seed=seed,
                over=OVER_ROOMS,
                protocol="pixels the judge calls window that lie in a window's box",
            ),
            *ratio_measurement(
                "judge_recall",
                both,
                truth.sum(axis=(1, 2)),
                seed=seed,
                over=OVER_ROOMS,
                protocol="pixels of windows' boxes that the judge calls window",
            ),
            *_shares(_any(found), _any(truth)),
        ]


def _any(masks: np.ndarray) -> np.ndarray:
    return np.asarray(masks.any(axis=(1, 2)))


def _overlap(
    name: str, found: np.ndarray, truth: np.ndarray, *, seed: int, protocol: str
) -> list[Measurement]:
    """Mean intersection over union over rooms in which there is a window; nothing without any."""
    own = intersection_over_union(found, truth)[_any(truth)]
    if len(own) == 0:
        return []
    return [
        mean_over(
            name,
            own,
            seed=seed,
            purpose=f"forgetting windows, {name}",
            over=OVER_ROOMS,
            protocol=f"intersection over union of window pixels, rooms with a window; {protocol}",
        )
    ]


def _shares(found: np.ndarray, there: np.ndarray) -> list[Measurement]:
    """Rooms with a window in which the judge finds one, and rooms without in which it does."""
    made = []
    for name, rows, which in (
        ("judge_finds_windows", there, "with"),
        ("judge_false_alarms", ~there, "without"),
    ):
        if rows.any():
            protocol = f"rooms {which} a window in which the judge finds one"
            made.append(share_over(name, found[rows], over=OVER_ROOMS, protocol=protocol))
    return made


def agreement(
    name: str,
    masks: np.ndarray,
    boxes: list[np.ndarray],
    looked: np.ndarray,
    *,
    seed: int,
    protocol: str,
) -> list[Measurement]:
    """Overlap of masks (N, H, W) with boxes on the samples looked at, (N,) bool.

    Samples on which neither has a window say nothing and are left out.
    """
    own = np.stack([box_cover(one, masks.shape[1]) > 0.5 for one in boxes])
    overlap = intersection_over_union(masks, own)[looked]
    overlap = overlap[~np.isnan(overlap)]
    if len(overlap) == 0:
        return []
    return [
        mean_over(
            name,
            overlap,
            seed=seed,
            purpose=f"forgetting windows, {name}",
            over="samples of one model",
            protocol=f"intersection over union of window pixels, {protocol}, on samples where "
            "either has a window",
        )
    ]

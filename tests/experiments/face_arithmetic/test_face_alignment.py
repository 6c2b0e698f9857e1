"""Fig 7: pixel sums are judged where faces are not aligned, where they overlap untidily."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from claims_alone import alone

from data_prep.generated import faces
from experiments.face_arithmetic.alignment import (
    ALIGNED,
    CLAIMED,
    NOT_TESTED,
    PLACED,
    why_not_tested,
    without_alignment_claims,
)
from repro.claims.card import read_card
from repro.claims.constructors import estimate_over
from repro.claims.ground import Ground
from repro.claims.verdict import Verdict, judge
from repro.data.store import ImageStore
from repro.quality.kernel_distance import sharpness

MISALIGNED = faces.Options(shift=8, scale=0.15, tilt=15)


def glasses(options: faces.Options) -> np.ndarray:
    """Synthetic faces with glasses, (40, 96, 96, 3)."""
    drawn = [faces.portrait(5, index, options) for index in range(80)]
    return np.stack([picture for picture, labels in drawn if labels["glasses"]])


@pytest.fixture
def stores(make_dataset: Callable[..., Path]) -> dict[str, ImageStore]:
    """Pictures without places, with one place for all, and with a place each."""
    images = np.zeros((6, 8, 8, 3), np.uint8)
    same, each = np.full(6, 1.0), np.linspace(-15, 15, 6)
    return {
        "unlabelled": ImageStore.open(make_dataset(images, name="unlabelled")),
        "aligned": ImageStore.open(make_dataset(images, name="aligned", scale=same)),
        "tilted": ImageStore.open(make_dataset(images, name="tilted", scale=same, tilt=each)),
    }


def test_labels_or_the_run_file_say_that_faces_are_not_aligned(
    stores: dict[str, ImageStore],
) -> None:
    found = {name: why_not_tested(one, misaligned=False) for name, one in stores.items()}
    assert found == {"unlabelled": NOT_TESTED, "aligned": NOT_TESTED, "tilted": ""}
    assert why_not_tested(stores["unlabelled"], misaligned=True) == ""
    assert PLACED == faces.PLACED  # the labels of synthetic faces


@pytest.mark.parametrize("why", ["", NOT_TESTED])
def test_claims_on_pixel_sums_have_no_verdict_where_faces_are_aligned(
    repository: Path, why: str
) -> None:
    card = read_card(repository / "experiments/face_arithmetic/experiment.yaml")
    of_pixels = [claim for claim in card.claims if "pixel" in claim.measurement]
    assert {claim.measurement for claim in of_pixels} == set(CLAIMED)
    made = [
        estimate_over(name, 0.5, (0.4, 0.6), over="trials", by="bootstrap", n=9, protocol="")
        for name in (*CLAIMED, "success_three_exemplars_minus_one_exemplar")
    ]
    kept = {one.name: one for one in without_alignment_claims(made, why=why)}
    assert kept["success_three_exemplars_minus_one_exemplar"].value == 0.5
    for claim in of_pixels:
        verdict = judge(alone(claim), kept[claim.measurement], ground=Ground.SYNTHETIC)
        assert verdict.verdict == (Verdict.NOT_RUN if why else Verdict.HOLDS_SYNTHETIC)
        if why:
            assert verdict.reason == NOT_TESTED
            assert kept[ALIGNED + claim.measurement].value == 0.5
        else:
            assert ALIGNED + claim.measurement not in kept


@pytest.mark.slow
def test_glasses_lie_on_each_other_where_faces_are_aligned_and_are_fog_where_they_are_not() -> None:
    """The mean of all faces keeps the edges that they share in the same place."""
    kept = {}
    for name, options in {"aligned": faces.ALIGNED, "misaligned": MISALIGNED}.items():
        middle = glasses(options)[:, 24:80, 24:72]
        mean = middle.mean(axis=0, keepdims=True)
        kept[name] = float(sharpness(mean).mean() / sharpness(middle).mean())
    assert kept["aligned"] > 0.35
    assert kept["misaligned"] < 0.25

"""Memorisation compared with held-out images, and with a model trained without de-duplication."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from planted_blobs import IMAGES, noisy, pictures
from untrained_model import write_model

from experiments.contract import Inputs, write_measurements
from experiments.memorisation import study as module
from experiments.memorisation.figure import figure
from experiments.memorisation.measure import measure
from experiments.memorisation.options import DistanceChoices, Multiverse, Options
from experiments.memorisation.tables import MODELS
from repro.claims.card import read_card
from repro.claims.ground import Ground
from repro.claims.measurement import Measurement
from repro.claims.multiverse import read_multiverse, stability
from repro.claims.verdict import Verdict, judge
from repro.figures.style import Style
from repro.networks.model_folder import CheckpointError
from repro.specs.validation import SpecError

OPTIONS = Options(samples=200, shown=12, real=300)


def measured(folders: dict[str, Path], out: Path) -> dict[str, Measurement]:
    found = measure(Inputs(folders), OPTIONS, 7, out)
    write_measurements(out, found)
    return {m.name: m for m in found}


@pytest.mark.slow
def test_held_out_images_are_as_far_as_leave_one_out_says(
    folders: dict[str, Path], verdict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "draw", lambda G, z, labels: pictures(200, 1)[: len(z)])
    new = measured(folders, tmp_path)
    assert verdict(new, "not_nearer_than_held_out") == Verdict.REPRODUCED
    for space in ("pixels", "features"):
        one = new[f"nearer_probability_{space}_held_out"]
        assert one.low < 0.5 < one.high
    assert new["held_out_seen"].value == 0
    assert new["held_out_seen"].n == 250
    copies = noisy(pictures(IMAGES, 0)[:200], 1)
    monkeypatch.setattr(module, "draw", lambda G, z, labels: copies[: len(z)])
    found = measured(folders, tmp_path)
    assert verdict(found, "not_nearer_than_held_out") == Verdict.NOT
    assert found["suspicious_share_features_held_out"].value == 1


def test_held_out_images_that_were_trained_on_are_told(
    folders: dict[str, Path], make_dataset, tmp_path: Path
) -> None:
    mixed = np.concatenate([pictures(100, 9), pictures(IMAGES, 0)[:50]])
    folders["bedrooms.validation"] = make_dataset(mixed, name="mixed")
    found = measured(folders, tmp_path)
    assert found["held_out_seen"].value == pytest.approx(50 / 150)
    folders["bedrooms.validation"] = make_dataset(np.zeros((5, 32, 32, 3), np.uint8), name="big")
    with pytest.raises(SpecError, match=r"images \(32, 32, 3\), but .* trained on"):
        measured(folders, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("copied", [0, 60])
def test_a_model_that_copies_more_without_deduplication_is_told(
    folders: dict[str, Path], verdict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    copied: int,
) -> None:  # fmt: skip
    """Both see the same z; of 200 samples `copied` are copies where duplicates were left in."""
    folders["bedrooms.baseline"] = write_model(tmp_path / "baseline", seed=2)
    np.save(folders["bedrooms.baseline"] / "training_rows.npy", np.arange(IMAGES))
    np.save(folders["bedrooms.model"] / "training_rows.npy", np.arange(IMAGES - 50))
    fresh, worse = pictures(200, 1), pictures(200, 1)
    worse[:copied] = noisy(pictures(IMAGES, 0)[:copied], 4)
    seen = []

    def planted(G: object, z: torch.Tensor, labels: object) -> np.ndarray:
        seen.append(z.numpy())
        return (fresh, worse)[len(seen) - 1]

    monkeypatch.setattr(module, "draw", planted)
    found = measured(folders, tmp_path)
    np.testing.assert_array_equal(*seen)
    for space in ("pixels", "features"):
        lessened = found[f"suspicious_share_lessened_{space}"]
        apart = (
            found[f"suspicious_share_{space}_without_dedup"].value
            - found[f"suspicious_share_{space}"].value
        )
        assert lessened.value == pytest.approx(apart)
        assert lessened.value == pytest.approx(copied / 200, abs=0.02)
        lessened = found[f"nearer_probability_lessened_{space}"]
        apart = (
            found[f"nearer_probability_{space}_without_dedup"].value
            - found[f"nearer_probability_{space}"].value
        )
        assert lessened.value == pytest.approx(apart)
    known = verdict(found, "deduplication_lessens_copying")
    assert known == (Verdict.REPRODUCED if copied else Verdict.NOT_RUN)
    assert bool(found["copying_lessened"].no_value_because) == (not copied)
    if not copied:
        return
    figure(tmp_path, tmp_path, Style())
    table = pd.read_csv(tmp_path / "table_memorisation.csv")
    of = table["samples of"]
    assert sum(of == "trained without de-duplication") == sum(of == "the model") > 3
    shown = table[table["copies found"].notna()]
    assert set(shown["against"]) == {"training images blurred alike"}
    names = [f"copies_found_{one}{model}" for model in MODELS for one in ("pixels", "features")]
    assert list(shown["copies found"]) == [found[name].value for name in names]


def test_models_that_take_another_z_cannot_be_paired(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    folders["bedrooms.baseline"] = baseline = write_model(tmp_path / "baseline", seed=2)
    content = json.loads((baseline / "spec.json").read_text())
    content["spec"]["network"]["z_dim"] = 9
    (baseline / "spec.json").write_text(json.dumps(content))
    with pytest.raises(CheckpointError, match=r"takes z of 9 numbers.*the same network"):
        measured(folders, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("copies", [True, False])
def test_the_verdict_under_other_choices_of_space_and_real_images(
    folders: dict[str, Path],
    repository: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    copies: bool,
) -> None:
    """Copies are nearer in every space, new pictures in none; numbers known otherwise agree."""
    planted = noisy(pictures(IMAGES, 0)[:200], 4) if copies else pictures(200, 1)
    monkeypatch.setattr(module, "draw", lambda G, z, labels: planted[: len(z)])
    card = read_card(repository / "experiments/memorisation/experiment.yaml")
    claim = next(one for one in card.claims if one.id == "not_nearer_than_real")
    given = DistanceChoices.model_validate(card.free_choices[claim.id])
    options = OPTIONS.model_copy(update={"multiverse": Multiverse(not_nearer_than_real=given)})
    found = {m.name: m for m in measure(Inputs(folders), options, 7, tmp_path)}
    universes = read_multiverse(tmp_path)[claim.id]
    # noisy copies are as sharp as real images, and no real image has a partner: three spaces alone
    count = 2 if copies else 5
    assert len(universes.others) == count
    control = found[claim.control]
    own = judge(claim, found[claim.measurement], ground=Ground.PAPER, control=control)
    assert own.verdict == (Verdict.NOT if copies else Verdict.REPRODUCED)
    stable = stability(own, universes, ground=Ground.PAPER)
    assert stable is not None
    assert stable.stays == count
    by_choice = {
        (one.choices["space"], one.choices["blur_matched"], one.choices["with_partners"]): one
        for one in universes.others
    }
    for choices, name in {
        ("pixels", True, False): "pixels_blur_matched",
        ("pixels", False, False): "pixels",
        ("features", False, False): "features",
    }.items():
        if copies and not choices[1]:
            continue
        one = by_choice[choices]
        assert one.measurement.hull == found[f"nearer_probability_{name}"].hull, choices
        if choices[1]:
            assert one.control is not None
            assert one.control.hull == found[f"nearer_probability_{name}_copied"].hull

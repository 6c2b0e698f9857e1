"""Figs 10 and 11: samples of the true source are real and varied, others and patchwork are not."""

import json
from pathlib import Path

import numpy as np
import pytest
from recorded_again import record_again
from untrained_model import write_model

from experiments.contract import Inputs, run_measure
from experiments.samples.figure import figure
from experiments.samples.kinds import patched, pictures
from experiments.samples.measure import measure
from experiments.samples.options import DensityChoices, Multiverse, Options
from repro.claims.card import read_card
from repro.claims.measurement import read_measurements
from repro.claims.multiverse import read_multiverse
from repro.data.store import ImageStore
from repro.figures.style import Style
from repro.internals.realism import discriminator_scores
from repro.networks.model_folder import ModelFolder, draw

OPTIONS = Options(rows=2, columns=3, sorted_side=3, images=150)
N = 300


@pytest.fixture
def models(tmp_path: Path) -> dict[str, Path]:
    made = {}
    for name, seed in (("faces", 1), ("objects", 5)):
        made[name] = write_model(tmp_path / name, seed=seed)
        np.save(made[name] / "training_rows.npy", np.arange(N))
        record_again(made[name])
    return made


def drawn_by(folder: Path, *, alike: bool = False) -> np.ndarray:
    model = ModelFolder.open(folder)
    pictures = draw(model.generator(), model.latents(N, seed=99, purpose="stand-in"))
    return np.tile(pictures[:1], (N, 1, 1, 1)) if alike else pictures


def found(models: dict[str, Path], out: Path, **data: Path):
    folders = {f"{role}.model": models[role] for role in data}
    folders |= {f"{role}.data": path for role, path in data.items()}
    return {m.name: m for m in measure(Inputs(folders), OPTIONS, 7, out)}


def test_the_true_source_passes_and_its_controls_do_not(
    models: dict[str, Path], make_dataset, tmp_path: Path
) -> None:
    numbers = found(models, tmp_path, faces=make_dataset(drawn_by(models["faces"])))
    assert {name.split("_")[1] for name in numbers} == {"faces"}
    for quantity in ("realism", "coverage"):
        assert numbers[f"{quantity}_faces"].low > 0.5
        assert numbers[f"{quantity}_faces_real"].low > 0.5
        assert numbers[f"{quantity}_faces_untrained"].high < 0.5
        assert numbers[f"{quantity}_faces_patched"].high < 0.5
    assert numbers["coverage_faces_real"].value == pytest.approx(1 - 2**-5, abs=0.05)
    # diversity tells samples from nothing but the untrained generator
    assert 0.9 < numbers["diversity_faces"].value < 1.1
    assert numbers["diversity_faces_patched"].value > 0.9


def test_every_part_has_images_of_all_classes(
    models: dict[str, Path], make_dataset, tmp_path: Path
) -> None:
    """In a dataset that is sorted by class, five classes of one grey each."""
    images = np.empty((N, 16, 16, 3), np.uint8)
    images[:] = np.repeat(np.arange(5), N // 5)[:, None, None, None]
    folder = ModelFolder.open(models["faces"])
    store = ImageStore.open(make_dataset(images))
    given = {"role": "faces", "patches": 4, "seed": 7}
    reference, kinds = pictures(folder, store, count=150, **given)
    for real in (reference, kinds["real"]):
        assert len(real) == 150
        for part in np.array_split(real, OPTIONS.parts):
            assert len(np.unique(part)) == 5


@pytest.mark.slow
def test_another_source_fails(models: dict[str, Path], make_dataset, tmp_path: Path) -> None:
    numbers = found(models, tmp_path, faces=make_dataset(drawn_by(models["objects"])))
    assert numbers["realism_faces"].high < 0.5
    assert numbers["coverage_faces"].high < 0.5
    assert numbers["realism_faces_real"].low > 0.5


@pytest.mark.slow
@pytest.mark.parametrize(("source", "real"), [("faces", True), ("objects", False)])
def test_realism_stays_under_other_choices(
    models: dict[str, Path], make_dataset, tmp_path: Path, source: str, real: bool
) -> None:
    """Samples of the true source hold in every space, those of another in none."""
    spaces = ["untrained_features", "features", "pixels"]
    given = DensityChoices(neighbours=[3, 5, 1000], space=spaces)  # there are not 1,000 images
    options = OPTIONS.model_copy(update={"multiverse": Multiverse(faces_realistic=given)})
    data = make_dataset(drawn_by(models[source]))
    inputs = Inputs({"faces.model": models["faces"], "faces.data": data})
    measure(inputs, options, 7, tmp_path)
    universes = read_multiverse(tmp_path)
    assert set(universes) == {"faces_realistic"}
    others = universes["faces_realistic"].others
    assert len(others) == 5
    for one in others:
        low, high = one.measurement.hull
        assert low > 0.5 if real else high < 0.5, one.choices
        assert one.control.hull[1] < 0.5, one.choices
    # the same as with three neighbours from the start
    three = OPTIONS.model_copy(update={"neighbours": 3})
    numbers = {m.name: m for m in measure(inputs, three, 7, tmp_path)}
    of_three = next(
        one for one in others if one.choices == {"neighbours": 3, "space": "untrained_features"}
    )
    assert of_three.measurement == numbers["realism_faces"].model_copy(
        update={"protocol": of_three.measurement.protocol}
    )
    assert of_three.control.hull == numbers["realism_faces_untrained"].hull


def test_patchwork_takes_every_patch_of_every_image_once() -> None:
    images = np.arange(4, dtype=np.uint8)[:, None, None, None] * np.ones((1, 10, 8, 3), np.uint8)
    made = patched(images, patches=4, seed=1, purpose="test")
    assert np.array_equal(np.sort(made, axis=0), images)
    assert not np.array_equal(made, images)
    corners = made[:, ::9, ::7, 0].reshape(4, -1)
    assert any(len(set(own)) > 1 for own in corners.tolist())


@pytest.mark.slow
def test_sheets_and_files_are_those_of_the_card_and_the_same_twice(
    models: dict[str, Path], make_dataset, tmp_path: Path, repository: Path
) -> None:
    folders = {f"{role}.model": path for role, path in models.items()}
    folders |= {f"{r}.data": make_dataset(drawn_by(p), name=f"d-{r}") for r, p in models.items()}
    for name in ("once", "again"):
        run_measure(measure, OPTIONS, folders=folders, seed=7, out=tmp_path / name)
    once, again = (
        json.loads((tmp_path / name / "provenance.json").read_text())["outputs"]
        for name in ("once", "again")
    )
    assert once == again
    sheets, faces = np.load(tmp_path / "once" / "sheets.npz"), ModelFolder.open(models["faces"])
    z = faces.latents(6, seed=7, purpose="samples, faces, sheet")
    assert np.array_equal(sheets["faces"], draw(faces.generator(), z))
    D = ModelFolder.open(models["objects"]).discriminator()
    assert np.all(np.diff(discriminator_scores(D, sheets["by_score"])) <= 0)
    card = read_card(repository / "experiments/samples/experiment.yaml")
    numbers = read_measurements(tmp_path / "once")
    own = [claim for claim in card.claims if claim.roles != ["bedrooms"]]
    assert {name for c in own for name in (c.measurement, c.control)} <= numbers.keys()
    (tmp_path / "figures").mkdir()
    figure(tmp_path / "once", tmp_path / "figures", Style())
    assert {p.name for p in (tmp_path / "figures").iterdir()} == set(card.captions)

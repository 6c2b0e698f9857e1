"""Fig 5: tiles show the places of strongest responses; planted detectors differ from noise."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score
from untrained_model import write_model

from experiments.contract import Inputs, run_measure
from experiments.filters.classes import class_auc, class_share
from experiments.filters.figure import figure
from experiments.filters.measure import measure
from experiments.filters.options import Options
from experiments.filters.responses import Responses
from experiments.filters.things import untrained_seed
from repro.claims.card import read_card
from repro.claims.measurement import Measurement, read_measurements
from repro.figures.style import Style
from repro.networks.dcgan import Discriminator
from repro.networks.discriminator_inputs import freeze_on
from repro.networks.model_folder import DISCRIMINATOR_FILE, ModelFolder, save_network
from repro.specs.validation import SpecError

OPTIONS = Options(pool=60, top=4, channels=3, shown=2, labelled=90)
CLASS_MEASURES = ("class_share", "class_auc")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_model(tmp_path / "model", image_size=32)


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    """Grey noise; ten of the pictures hold a red square at (8..16, 16..24)."""
    pictures = np.random.default_rng(0).integers(100, 156, (80, 32, 32, 3)).astype(np.uint8)
    pictures[30:40, 8:16, 16:24] = (255, 0, 0)
    return pictures


@pytest.fixture(scope="module")
def coloured() -> tuple[np.ndarray, np.ndarray]:
    """Noise with a square anywhere, red in class 0, green in class 1, blue in class 2."""
    source = np.random.default_rng(1)
    pictures = source.integers(100, 156, (90, 32, 32, 3)).astype(np.uint8)
    labels = np.arange(90) % 3
    for picture, label in zip(pictures, labels, strict=True):
        row, column = source.integers(0, 24, 2)
        picture[row : row + 8, column : column + 8] = 255 * (np.arange(3) == label)
    return pictures, labels.astype(np.uint8)


def plant_detector(D: Discriminator, *, channel: int, colour: int, against: int) -> None:
    """This channel of every layer takes one colour minus another; the others stay random."""
    for number, block in enumerate(D.layers):
        block.conv.weight.data[channel] = 0
        if number == 0:
            block.conv.weight.data[channel, colour] = 0.04
            block.conv.weight.data[channel, against] = -0.04
        else:
            block.conv.weight.data[channel, channel] = 0.04


def test_a_planted_detector_is_found_selective_and_in_the_right_place(
    model: Path, images: np.ndarray
) -> None:
    D = ModelFolder.open(model).random_discriminator(3)
    plant_detector(D, channel=0, colour=0, against=1)
    side = Responses(freeze_on(D, images), images, top=10, compared=128)
    assert set(side.top[0]) == set(range(30, 40))
    assert side.selectivity[0] > side.selectivity[1:].max()
    gradients, patches = side.tiles(0, shown=10)
    size = side.field.size
    assert patches.shape == gradients.shape == (10, size, size, 3)
    red = (patches == (255, 0, 0)).all(axis=3).sum(axis=(1, 2))
    assert red.tolist() == [64] * 10  # every tile contains the whole square
    gradient = gradients.astype(int) - 128
    assert gradient[..., 0].sum() > 0 > gradient[..., 1].sum()
    alike = side.likenesses()
    assert alike[0] > 0.5  # always the same square
    assert alike[0] > alike[1:].max()
    assert not gradient[..., 2].any()


def test_likeness_of_any_images_takes_away_what_owes_nothing_to_the_image(
    model: Path, images: np.ndarray
) -> None:
    """Among equal images the strongest are no more alike than any; else they may be."""
    folder = ModelFolder.open(model)
    same = np.repeat(images[30:31], 40, axis=0)
    side = Responses(freeze_on(folder.random_discriminator(3), images), same, top=10, compared=128)
    excess = side.likenesses() - side.any_likenesses(seed=7)
    active = ~np.isnan(excess)
    assert active.any()
    np.testing.assert_allclose(excess[active], 0, atol=1e-5)
    np.testing.assert_allclose(side.shape_excesses(seed=7), 0, atol=1e-5)
    # a detector of red finds its square in the top images and noise in the others
    D = folder.random_discriminator(3)
    plant_detector(D, channel=0, colour=0, against=1)
    D.layers[-1].norm.bias.data[0] = 5  # so that it responds to all images
    side = Responses(freeze_on(D, images), images, top=10, compared=128)
    assert side.likenesses()[0] - side.any_likenesses(seed=7)[0] > 0.2


def test_a_channel_that_finds_one_shape_is_told_from_one_that_does_not(
    model: Path, images: np.ndarray
) -> None:
    """Ten red bars at the same place: all upright, or each in another direction."""
    down, right = np.indices((32, 32)) - 16
    excesses = []
    for turn in (0, np.pi / 10):
        pictures = np.random.default_rng(0).integers(100, 156, images.shape).astype(np.uint8)
        for n in range(10):
            along = np.cos(n * turn) * down + np.sin(n * turn) * right
            across = np.cos(n * turn) * right - np.sin(n * turn) * down
            pictures[30 + n, (np.abs(along) < 8) & (np.abs(across) < 2)] = (255, 0, 0)
        D = ModelFolder.open(model).random_discriminator(3)
        plant_detector(D, channel=0, colour=0, against=1)
        side = Responses(freeze_on(D, pictures), pictures, top=10, compared=128)
        assert set(side.top[0]) == set(range(30, 40))
        excesses.append(side.shape_excesses(seed=7)[0])
    assert excesses[0] > 0.3
    assert excesses[1] < excesses[0] - 0.05  # all have their edges in the middle, of noise


def test_equal_networks_do_not_differ(model: Path, images: np.ndarray) -> None:
    """D's own initial weights against themselves: the difference is 0 to rounding."""
    folder = ModelFolder.open(model)
    D = folder.random_discriminator(1)
    one, other = (Responses(freeze_on(D, images), images, top=4, compared=128) for _ in range(2))
    assert np.array_equal(one.selectivity, other.selectivity)
    assert np.array_equal(one.concentration, other.concentration)
    assert np.array_equal(one.likenesses(), other.likenesses())
    assert np.array_equal(one.shape_excesses(seed=7), other.shape_excesses(seed=7))
    assert (np.abs(one.likenesses()) <= 1).all()


def test_class_measures_against_scipy_and_scikit_learn() -> None:
    source = np.random.default_rng(0)
    labels = source.integers(0, 4, 150)
    value = source.normal(size=(150, 3))
    value[:, 1] += labels == 2
    value = np.round(value, 1)  # with ties
    shares, areas = class_share(value, labels), class_auc(value, labels)
    for channel in range(3):
        groups = [value[labels == label, channel] for label in range(4)]
        assert shares[channel] == pytest.approx(stats.kruskal(*groups).statistic / 149)
        best = max(roc_auc_score(labels == label, value[:, channel]) for label in range(4))
        assert areas[channel] == pytest.approx(best)
    np.testing.assert_allclose(class_share(np.exp(value), labels), shares)  # any rising function
    assert np.isnan(class_share(np.ones((150, 1)), labels)).all()
    with pytest.raises(ValueError, match="1 class among"):
        class_share(value, np.zeros(150))


def test_labels_that_say_nothing_give_what_the_docstring_says() -> None:
    source = np.random.default_rng(0)
    shares = class_share(source.normal(size=(200, 3000)), np.arange(200) % 5)
    assert shares.mean() == pytest.approx(4 / 199, rel=0.05)


@pytest.fixture
def labelled(
    model: Path, images: np.ndarray, coloured: tuple[np.ndarray, np.ndarray], make_dataset
) -> dict[str, Path]:
    pictures, labels = coloured
    return {
        "bedrooms.model": model,
        "bedrooms.data": make_dataset(images),
        "objects.model": model,
        "cifar10.data": make_dataset(pictures, name="objects", **{"class": labels}),
    }


def measured(
    folders: dict[str, Path], out: Path, options: Options = OPTIONS
) -> dict[str, Measurement]:
    return {m.name: m for m in measure(Inputs(folders), options, 7, out)}


@pytest.mark.slow
def test_class_specific_channels_are_told_from_others(
    labelled: dict[str, Path], model: Path, images: np.ndarray, tmp_path: Path
) -> None:
    D = ModelFolder.open(model).random_discriminator(5)
    before = measured(labelled, tmp_path)
    for channel in range(4):
        plant_detector(D, channel=channel, colour=channel % 3, against=(channel + 1) % 3)
    save_network(freeze_on(D, images), model / DISCRIMINATOR_FILE)
    found = measured(labelled, tmp_path)
    for name in CLASS_MEASURES:
        assert found[f"{name}_trained"].value > before[f"{name}_trained"].high
        assert found[f"{name}_trained"].value > found[f"{name}_permuted"].value
        assert found[f"{name}_random"].value == before[f"{name}_random"].value
    values = np.load(tmp_path / "arrays.npz")["class_share_trained"]
    assert values[:4].min() > 0.5
    assert found["class_share_permuted"].value == pytest.approx(2 / 89, abs=0.03)


@pytest.mark.slow
def test_the_pool_is_without_near_duplicates(
    model: Path, images: np.ndarray, make_dataset, tmp_path: Path
) -> None:
    """The pictures with the red square are removed, so no patch shows one."""
    keep = np.ones(80, bool)
    keep[30:40] = False
    (tmp_path / "dedup").mkdir()
    np.save(tmp_path / "dedup" / "keep.npy", keep)
    folders = {"bedrooms.model": model, "bedrooms.data": make_dataset(images)}
    options = Options(pool=80, top=70, shown=70, channels=1)

    def squares(found: dict[str, Path]) -> tuple[int, str]:
        numbers = measured(found, tmp_path, options)
        patches = np.load(tmp_path / "arrays.npz")["patches_trained"]
        red = (patches == (255, 0, 0)).all(axis=-1).any(axis=(2, 3))
        return int(red.sum()), numbers["selectivity_trained"].protocol

    removed, words = squares(folders | {"bedrooms.dedup": tmp_path / "dedup"})
    assert removed == 0
    assert "70 real images without near-duplicates" in words
    every, words = squares(folders)
    assert every > 0
    assert "80 real images," in words
    np.save(tmp_path / "dedup" / "keep.npy", keep[:-1])
    with pytest.raises(SpecError, match=r"expected bool \(80,\).*give the de-duplication of that"):
        measured(folders | {"bedrooms.dedup": tmp_path / "dedup"}, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("classes", [True, False])
def test_run_is_repeatable_and_files_are_those_of_the_card(
    labelled: dict[str, Path], tmp_path: Path, repository: Path, classes: bool
) -> None:
    folders = {k: v for k, v in labelled.items() if classes or k.startswith("bedrooms")}
    for name in ("once", "again"):
        run_measure(measure, OPTIONS, folders=folders, seed=7, out=tmp_path / name)
    hashes = [
        json.loads((tmp_path / name / "provenance.json").read_text())["outputs"]
        for name in ("once", "again")
    ]
    assert hashes[0] == hashes[1]
    found = read_measurements(tmp_path / "once")
    for name in ("selectivity", "gradient_likeness", "concentration"):
        difference = found[f"{name}_trained"].value - found[f"{name}_random"].value
        assert found[f"{name}_trained_minus_random"].value == pytest.approx(difference)
    card = read_card(repository / "experiments/filters/experiment.yaml")
    wanted = {c.measurement for c in card.claims}
    if not classes:
        wanted.remove("class_share_trained_minus_random")
        assert not any(name.startswith("class") for name in found)
    assert wanted <= found.keys()
    (tmp_path / "figures").mkdir()
    figure(tmp_path / "once", tmp_path / "figures", Style())
    assert {p.name for p in (tmp_path / "figures").iterdir()} == set(card.captions)


@pytest.mark.slow
def test_labelled_images_that_do_not_fit_are_refused(
    labelled: dict[str, Path], make_dataset: Callable[..., Path], tmp_path: Path
) -> None:
    small = np.zeros((30, 16, 16, 3), np.uint8)
    labels = np.zeros(30, np.uint8)
    folders = labelled | {"cifar10.data": make_dataset(small, name="small", **{"class": labels})}
    with pytest.raises(
        SpecError, match=r"images \(16, 16, 3\), but .* was trained on \(32, 32, 3\)"
    ):
        measured(folders, tmp_path)
    one = np.zeros((30, 32, 32, 3), np.uint8)
    folders = labelled | {"cifar10.data": make_dataset(one, name="one", **{"class": labels})}
    with pytest.raises(SpecError, match="1 class among the 30 labels"):
        measured(folders, tmp_path)


def test_networks_that_share_the_channels(model: Path, images: np.ndarray) -> None:
    """Each measures every third channel as if alone, and together they measure each once."""
    D = freeze_on(ModelFolder.open(model).random_discriminator(1), images)
    whole = Responses(D, images, top=4, compared=8)
    parts = [Responses(D, images, top=4, compared=8, part=(i, 3)) for i in range(3)]
    of_parts = sorted(channel for part in parts for channel in part.measured)
    assert of_parts == list(range(len(whole.selectivity)))
    for number, part in enumerate(parts):
        for of_part, of_whole in [
            (part.selectivity, whole.selectivity),
            (part.concentration, whole.concentration),
            (part.strongest.T, whole.strongest.T),
            (part.likenesses(), whole.likenesses()),
            (part.any_likenesses(seed=7), whole.any_likenesses(seed=7)),
            (part.shape_excesses(seed=7), whole.shape_excesses(seed=7)),
        ]:
            assert np.array_equal(of_part, of_whole[number::3], equal_nan=True)


@pytest.mark.slow
def test_every_untrained_network_counts_and_none_changes_the_trained_side(
    model: Path,
    images: np.ndarray,
    make_dataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two networks give neither the numbers of the first alone nor those of the second."""
    folders = {"bedrooms.model": model, "bedrooms.data": make_dataset(images)}
    trained, random = [], []
    for controls, first in ((1, 0), (1, 1), (2, 0)):
        monkeypatch.setattr(
            "experiments.filters.measure.untrained_seed",
            lambda seed, number, first=first: untrained_seed(seed, first + number),
        )
        options = OPTIONS.model_copy(update={"controls": controls})
        found = measured(folders, tmp_path, options)
        assert "2 networks" in found["selectivity_random"].protocol or controls == 1
        trained.append(found["selectivity_trained"].value)
        random.append(found["selectivity_random"].value)
    assert trained[0] == trained[1] == trained[2]
    assert random[0] != random[1]
    assert random[2] not in random[:2]
    assert min(random[:2]) - 0.3 < random[2] < max(random[:2]) + 0.3

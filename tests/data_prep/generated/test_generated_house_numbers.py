"""Generated house numbers: SVHN's layout, class shares, and what does not reveal the class."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.io
from sklearn.metrics import balanced_accuracy_score
from sklearn.svm import LinearSVC

from data_prep import svhn
from data_prep.generated import house_numbers
from data_prep.generated.drawing import house_wall, parallel
from data_prep.generated.drawing.numerals import (
    HEIGHT,
    SIZE,
    TYPEFACES,
    draw_lettering,
    draw_view,
    glyph,
    number_masks,
)
from repro.rng import generator

OPTIONS = house_numbers.Options(train_count=40, test_count=20)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("house_numbers")
    house_numbers.write(folder, OPTIONS, 7, workers=1)
    return folder


@pytest.fixture(scope="module")
def drawn() -> tuple[np.ndarray, np.ndarray]:
    """Digits (1000,) and training pictures (1000, 32, 32, 3)."""
    pairs = [house_numbers.train_picture(7, index) for index in range(1000)]
    digits, pictures = zip(*pairs, strict=True)
    return np.array(digits), np.array(pictures)


def test_files_have_svhns_layout(world: Path) -> None:
    assert sorted(path.name for path in world.iterdir()) == ["test_32x32.mat", "train_32x32.mat"]
    for split, count, picture_of in (
        ("train", 40, house_numbers.train_picture),
        ("test", 20, house_numbers.test_picture),
    ):
        stored = scipy.io.loadmat(world / f"{split}_32x32.mat")
        assert stored["X"].shape == (32, 32, 3, count)
        assert stored["y"].shape == (count, 1)
        assert stored["X"].dtype == stored["y"].dtype == np.uint8
        assert 0 not in stored["y"]
        for index in range(count):
            digit, picture = picture_of(7, index)
            np.testing.assert_array_equal(stored["X"][..., index], picture)
            assert stored["y"][index, 0] == (10 if digit == 0 else digit)


@pytest.mark.slow
def test_the_source_svhn_reads_them(world: Path) -> None:
    for split, count, picture_of in (
        ("train", 40, house_numbers.train_picture),
        ("test", 20, house_numbers.test_picture),
    ):
        records = list(svhn.records(world, svhn.Options(split=split)))
        assert len(records) == svhn.count(world, svhn.Options(split=split)) == count
        for index in range(count):
            digit, picture = picture_of(7, index)
            assert records[index].labels["class"] == digit
            np.testing.assert_array_equal(records[index].payload, picture)


@pytest.mark.slow
def test_same_seed_same_bytes_at_any_time_and_number_of_processes(
    tmp_path: Path, world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrays = {"X": np.zeros((2, 2), np.uint8)}
    scipy.io.savemat(tmp_path / "now.mat", arrays, do_compression=True)
    monkeypatch.setattr(time, "asctime", lambda *_: "Thu Nov 19 2015")
    scipy.io.savemat(tmp_path / "then.mat", arrays, do_compression=True)
    assert (tmp_path / "now.mat").read_bytes() != (tmp_path / "then.mat").read_bytes()

    monkeypatch.setattr(parallel, "WORTH_A_POOL", 1)
    (tmp_path / "again").mkdir()
    house_numbers.write(tmp_path / "again", OPTIONS, 7, workers=2)
    for path in world.iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()


def test_a_longer_set_starts_alike_and_another_seed_does_not(tmp_path: Path, world: Path) -> None:
    longer = house_numbers.Options(train_count=60, test_count=20)
    house_numbers.write(tmp_path, longer, 7, workers=1)
    first, second = (scipy.io.loadmat(at / "train_32x32.mat")["X"] for at in (world, tmp_path))
    np.testing.assert_array_equal(second[..., :40], first)
    assert (tmp_path / "test_32x32.mat").read_bytes() == (world / "test_32x32.mat").read_bytes()
    assert (house_numbers.draw(8, 3) != house_numbers.draw(7, 3)).any()


def test_training_and_test_pictures_are_different_draws() -> None:
    pairs = (
        (house_numbers.train_picture(7, i), house_numbers.test_picture(7, i)) for i in range(99)
    )
    assert all((train[1] != test[1]).mean() > 0.5 for train, test in pairs)


def test_shares_of_the_digits_are_svhns_in_every_thousand() -> None:
    """SVHN's training set, percent: 1 19, 2 14, 3 12, 4 10, 5 9, 6 8, 7 8, 8 7, 9 6, 0 7."""
    assert house_numbers.SHARES == (7, 19, 14, 12, 10, 9, 8, 8, 7, 6)
    for split in ("train", "test"):
        digits = np.array([house_numbers.digit_of(7, index, split=split) for index in range(3000)])
        assert np.bincount(digits).tolist() == [30 * share for share in house_numbers.SHARES]
        one = np.eye(10, dtype=int)[digits]
        windows = np.cumsum(one, 0)[999:] - np.cumsum(one, 0)[:2001] + one[:2001]
        assert windows.min() >= 40
        runs = digits[:100], digits[100:200]
        assert (runs[0] != runs[1]).any()  # each hundred in an order of its own


@pytest.mark.parametrize("typeface", TYPEFACES)
def test_every_typeface_has_ten_different_digits(typeface: str) -> None:
    shapes = [glyph(typeface, digit) for digit in range(10)]
    square = np.stack([np.resize(_widened(shape), (HEIGHT, HEIGHT)) for shape in shapes]) / 255.0
    apart = np.abs(square[:, None] - square[None]).mean((2, 3))
    assert apart[~np.eye(10, dtype=bool)].min() > 0.04
    for shape in shapes:
        assert shape.shape[0] == HEIGHT
        assert 15 < shape.shape[1] <= HEIGHT
        assert 0.1 < (shape > 127).mean() < 0.9


def _widened(shape: np.ndarray) -> np.ndarray:
    columns = np.arange(HEIGHT) * shape.shape[1] // HEIGHT
    return shape[:, columns]


def test_the_labelled_digit_lies_in_the_middle_whichever_it_is() -> None:
    """Its box, seen straight on and without neighbours, is centred and equally high."""
    straight = np.array([[0.4, 0, 16 - 0.4 * 144], [0, 0.4, 16 - 0.4 * 72], [0, 0, 1]])
    for number, typeface in enumerate(TYPEFACES):
        lettering = draw_lettering(generator(1, "lettering", number))
        plain = replace(
            lettering, typeface=typeface, before=(), after=(), bends=np.zeros((2, 2, 2), np.float32)
        )
        for digit in range(10):
            digits, _ = number_masks(digit, plain, straight)
            for axis in (0, 1):
                (inside,) = np.nonzero(digits.max(axis) > 0.2)
                assert inside.mean() == pytest.approx((SIZE - 1) / 2, abs=0.6)
            assert len(inside) == pytest.approx(0.4 * (HEIGHT + plain.weight), abs=1.5)


def test_neighbours_stand_beside_the_digit_in_most_pictures() -> None:
    beside = 0
    for index in range(200):
        rng = generator(7, "neighbours", index)
        lettering, view = draw_lettering(rng), draw_view(rng)
        alone = replace(lettering, before=(), after=())
        number, digit = (number_masks(8, given, view)[0] for given in (lettering, alone))
        others = number - digit
        assert others.min() > -0.01
        if others.max() > 0.5:
            beside += 1
            assert others[12:20, 14:18].max() < 0.5  # the middle belongs to the labelled digit
    assert 100 < beside < 180


def test_nothing_but_the_shape_depends_on_the_digit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wall, colours, light, noise: outside the digits all ten pictures are the same."""

    def pictures() -> list[bytes]:
        return [
            house_wall.draw_house_number(digit, generator(7, "one wall", index)).tobytes()
            for index in range(20)
            for digit in (1, 8)
        ]

    assert len(set(pictures())) == 40
    plates = house_wall.number_masks

    def without_digits(digit: int, *given: object) -> tuple[np.ndarray, np.ndarray]:
        return np.zeros((SIZE, SIZE), np.float32), plates(digit, *given)[1]

    monkeypatch.setattr(house_wall, "number_masks", without_digits)
    walls = pictures()
    assert walls[::2] == walls[1::2]
    assert len(set(walls)) == 20


@pytest.mark.slow
def test_colour_does_not_tell_the_digit(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    digits, pictures = drawn

    def found(given: np.ndarray) -> float:
        values = np.concatenate([given.mean((1, 2)), given.std((1, 2))], 1) / 255
        svm = LinearSVC(C=1.0, class_weight="balanced").fit(values[:700], digits[:700])
        return float(balanced_accuracy_score(digits[700:], svm.predict(values[700:])))

    assert found(pictures) < 0.17  # chance is 0.1
    tinted = pictures + 0.0
    tinted[..., 0] += 15.0 * digits[:, None, None]
    tinted[..., 1] += 90.0 * (digits[:, None, None] % 3)
    assert found(tinted) > 0.3  # such a tint would be detected


@pytest.mark.slow
def test_pixels_tell_the_digit_badly(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    digits, pictures = drawn
    flat = pictures.reshape(len(pictures), -1) / 127.5 - 1.0
    svm = LinearSVC(C=1e-4).fit(flat[:700], digits[:700])
    assert 0.22 < svm.score(flat[700:], digits[700:]) < 0.5  # always answering 1 gives 0.19


def test_pictures_are_light_on_dark_and_dark_on_light_with_varied_contrast() -> None:
    differences = []
    for index in range(300):
        paint = house_wall.draw_paint(generator(7, "paints", index))
        differences.append(float((paint.digits - paint.behind) @ house_wall.LUMA))
    assert 0.55 < (np.array(differences) > 0).mean() < 0.77
    sizes = np.abs(differences)
    assert sizes.min() > 0.1199
    assert np.quantile(sizes, 0.1) < 0.2 < 0.45 < np.quantile(sizes, 0.9)

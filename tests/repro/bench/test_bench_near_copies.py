"""repro/bench/near_copies.py: what is counted as found and as wrong, on codes made by hand."""

import multiprocessing
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from repro.bench import near_copies
from repro.bench.near_copies import FAMILIES, Photos, Score, run
from repro.dedup.perturbations import EVERYDAY, MAKERS, perturbations
from repro.dedup.views import VIEW_KINDS


def write_photos(folder: Path, count: int) -> Path:
    folder.mkdir()
    for number in range(count):
        coarse = np.random.default_rng(number).integers(0, 256, (5, 7, 3), dtype=np.uint8)
        photo = Image.fromarray(coarse).resize((150, 110), Image.Resampling.BICUBIC)
        photo.save(folder / f"{number:03d}.png")
    return folder


def options(folder: Path, **more: object) -> Namespace:
    given = {"photos": folder, "images": 30, "originals": 4, "seed": 1, "presentations": 640}
    return Namespace(
        **given | {"threads": 1, "workers": 1, "list_wrong": None, "agreement": 0.4} | more
    )


def numbered(pictures: np.ndarray) -> np.ndarray:
    """Code of 64 bits: the number that the test has put into the first pixel."""
    codes = np.zeros((len(pictures), 8), np.uint8)
    codes[:, 0] = pictures[:, 0, 0, 0]
    return codes


class ByHand:
    """Six photos with codes of known distances; two have copies."""

    def __init__(self) -> None:
        self.names = [f"{n}.png" for n in range(6)]
        self.rows = np.array([0, 3])
        self.perturbations = [*EVERYDAY, ("crop", 0.1)]
        self.images = self.pictures([0b0, 0b11, 0b11110000, 0b1111, 0b1111, 0b11001100])
        values = [[0b0, 0b1111]] * 8 + [[0b1, 0b11111111]] + [[0b111, 0b1111]]
        self.copies = np.stack([self.pictures(value) for value in values])

    @staticmethod
    def pictures(values: list[int]) -> np.ndarray:
        made = np.zeros((len(values), 32, 32, 3), np.uint8)
        made[:, 0, 0, 0] = values
        return made


def test_shares_found_and_pairs_wrong() -> None:
    score = Score(ByHand(), {"": numbered})  # type: ignore[arg-type]
    everyday, rest = slice(9), slice(9, None)
    found = [score.found(d, everyday) for d in (0, 1, 4)]
    assert found == pytest.approx([16 / 18, 17 / 18, 1])
    assert [score.found(d, rest) for d in (0, 3)] == [0.5, 1.0]
    assert [score.wrong(d) for d in (0, 2, 4)] == [1, 4, 11]  # worked out by hand
    hits = 16 / 18 * 6 * near_copies.COPY_SHARE
    assert score.precision(0, everyday) == pytest.approx(hits / (hits + 1))
    assert score.allowed() is None
    assert score.record()["by_kind"]["grey 1"] == [0.0, 100.0, 100.0]


def test_a_kind_is_scored_by_its_own_network() -> None:
    def constant(pictures: np.ndarray) -> np.ndarray:
        return np.zeros((len(pictures), 8), np.uint8)

    score = Score(ByHand(), {"": numbered, "grey": constant})  # type: ignore[arg-type]
    assert score.found(0, slice(8, 9)) == 1
    assert score.wrong(0) == (1 + 15) / 2  # the mean over both networks


def test_each_view_is_held_out_with_the_copies_of_its_family() -> None:
    held_out = [kind for views, _ in FAMILIES.values() for kind in views]
    assert sorted(held_out) == sorted(VIEW_KINDS)
    scored = {kind for kind, _ in [*EVERYDAY, *perturbations(), *perturbations(fresh=True)]}
    for views, kinds in FAMILIES.values():
        assert set(kinds) <= set(MAKERS)
        assert set(views) & scored <= set(kinds)  # a kind never scores a network that knows it


def test_copies_come_from_photos_spread_over_the_folder(tmp_path: Path) -> None:
    folder = write_photos(tmp_path / "photos", 9)
    (folder / "notes.txt").write_text("no photo")
    photos = Photos(folder, images=100, originals=3, seed=1)
    assert photos.rows.tolist() == [0, 4, 8]
    assert photos.copies.shape == (len(photos.perturbations), 3, 32, 32, 3)
    grey = photos.copies[photos.perturbations.index(("grey", 1))]
    assert np.ptp(grey.astype(int), axis=3).max() <= 4
    assert all(kind != "mirror" for kind, _ in photos.perturbations)
    with pytest.raises(ValueError, match="1 readable photos"):
        Photos(write_photos(tmp_path / "one", 1), images=5, originals=1, seed=1)


@pytest.mark.slow
def test_the_whole_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With six of the copies besides those of every day: each kind left out is a training."""

    def some(*, fresh: bool) -> list[tuple[str, float]]:
        return perturbations(fresh=fresh)[::8][:3]

    monkeypatch.setattr(near_copies, "perturbations", some)
    ready = multiprocessing.get_context("forkserver")  # which imports nothing again
    monkeypatch.setattr(near_copies.multiprocessing, "get_context", lambda _: ready)
    folder = write_photos(tmp_path / "photos", 30)
    Image.open(folder / "003.png").save(folder / "x.png")
    record = run(options(folder, images=31, list_wrong=tmp_path / "wrong.txt"))
    cases = {case["case"]: case for case in record["cases"]}
    dae = ["dae, masking", "dae, views", "dae, views, one out", "dae, views, family out"]
    assert list(cases)[-4:] == dae
    assert cases["phash"]["wrong"]["0"] == 1  # the same picture twice
    assert "phash\t003.png\tx.png" in (tmp_path / "wrong.txt").read_text().splitlines()
    assert cases["phash"]["bits"] == 64
    assert all(0 <= case["everyday"]["8"] <= 100 for case in cases.values())
    assert len(capsys.readouterr().out.splitlines()) == len(cases)

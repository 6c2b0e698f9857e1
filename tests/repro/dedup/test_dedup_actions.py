"""python -m repro dedup with --against, --keep, --link, --move-to: what is found, what is done."""

import csv
import errno
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from odd_files import picture
from PIL import Image, ImageFilter

from repro.artefacts import whole_file
from repro.data.cells import name_in
from repro.dedup import set_aside
from repro.dedup.folder import deduplicate
from repro.dedup.options import Options

ODD = "😀 a\nb.png"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Six pictures; number 2 once more, smaller, and number 4 under an odd name."""
    folder = tmp_path / "photos"
    (folder / "sub").mkdir(parents=True)
    for number in range(6):
        picture(number).save(folder / f"p{number}.png")
    picture(2).resize((90, 66)).save(folder / "sub/small.png")
    picture(4).resize((120, 88)).save(folder / ODD)
    return folder


@pytest.fixture
def training(tmp_path: Path) -> Path:
    """Other pictures, and copies of numbers 1 and 4; number 70 is there twice."""
    folder = tmp_path / "training"
    folder.mkdir()
    for number in (1, 60, 61, 70):
        picture(number).save(folder / f"t{number}.jpg", quality=90)
    picture(70).save(folder / "again.png")
    picture(4).save(folder / "t4.bmp")
    return folder


def pairs(out: Path) -> set[tuple[str, str]]:
    with (out / "pairs.csv").open(newline="", encoding="utf-8") as stream:
        return {(name_in(row["key"]), name_in(row["against"])) for row in csv.DictReader(stream)}


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_copies_between_two_folders(
    photos: Path, training: Path, run: Callable[..., int | str | None],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    before = names(photos) | names(training)
    words = ["photos", "--against", "training", "--out", "out", "--method", "phash"]
    assert run(*words, "--delete-list", "list", "--null", "--link", "clean") == 0
    found = {("p1.png", "t1.jpg"), ("p4.png", "t4.bmp"), (ODD, "t4.bmp")}
    assert pairs(Path("out")) == found
    told = capsys.readouterr().out
    assert "3 of them (37.5%) are also among the 6 images of training" in told
    assert {path.name for path in Path("out").iterdir()} == {
        "pairs.csv", "pairs.json", "pairs.html", "skipped.csv", "skipped_against.csv",
        "summary.json", "provenance.json",
    }  # fmt: skip
    listed = Path("list").read_bytes().decode().split("\0")[:-1]
    assert set(listed) == {str(photos.resolve() / key) for key, _ in found}
    assert names(Path("clean")) == names(photos) - {key for key, _ in found}
    assert names(photos) | names(training) == before
    # the other way round: number 70 is twice in one folder, which is no concern here
    assert run("training", "--against", "photos", "--out", "out", "--method", "phash") == 0
    assert {key for key, _ in pairs(Path("out"))} == {"t1.jpg", "t4.bmp"}


@pytest.mark.slow
def test_an_autoencoder_of_the_larger_folder_codes_both(tmp_path: Path) -> None:
    for name, numbers in (("few", (3, 50)), ("many", range(30))):
        (tmp_path / name).mkdir()
        for number in numbers:
            picture(number).save(tmp_path / name / f"{number}.png")
    found = deduplicate(
        tmp_path / "few",
        tmp_path / "out",
        against=tmp_path / "many",
        method="dae",
        options=Options(presentations=640),
    )
    assert pairs(tmp_path / "out") == {("3.png", "3.png")}
    assert found.kept == ["50.png"]
    assert found.summary["training"]["steps"] > 0
    assert (tmp_path / "out/autoencoder.safetensors").is_file()


def test_a_twin_behind_a_link_saves_its_copy(
    photos: Path, training: Path, run: Callable[..., int | str | None]
) -> None:
    """training/t1.jpg leads to the photo itself: without the photo there is none."""
    (training / "t1.jpg").unlink()
    (training / "t1.png").symlink_to(photos / "p1.png")
    words = ["photos", "--against", "training", "--out", "out", "--method", "phash"]
    assert run(*words, "--delete-list", "list", "--null") == 0
    assert ("p1.png", "t1.png") in pairs(Path("out"))
    assert b"p1.png" not in Path("list").read_bytes()
    message = str(run("photos", "--against", "photos/sub", "--out", "out"))
    assert "give two separate folders" in message


@pytest.mark.parametrize("keep", ["newest", "sharpest"])
def test_which_picture_stays(keep: str, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    photo = picture(3).resize((900, 660), Image.Resampling.LANCZOS)
    detail = Image.effect_noise((900, 660), 60).convert("RGB")
    photo = Image.blend(photo, detail, 0.25)
    photo.resize((600, 440)).save(folder / "a first.png")
    photo.filter(ImageFilter.GaussianBlur(4)).save(folder / "b largest.png", compress_level=0)
    photo.resize((500, 366)).save(folder / "c newest.png")
    photo.save(folder / "d sharpest.jpg", quality=95)
    for path in folder.iterdir():
        os.utime(path, (10**9, 10**9 + ("newest" in path.name)))
    found = deduplicate(folder, tmp_path / "out", method="phash", keep=keep)
    kept = {"largest": "b largest.png", "first": "a first.png", "newest": "c newest.png"}
    assert found.kept == [kept.get(keep, "d sharpest.jpg")]


def test_moved_away_and_back(photos: Path, run: Callable[..., int | str | None]) -> None:
    before = {name: (photos / name).read_bytes() for name in names(photos)}
    for count in (2, 0):  # the second time nothing is left to move
        assert run("photos", "--out", "out", "--move-to", "aside") == 0
        summary = json.loads(Path("out/summary.json").read_text())
        assert summary["removed"] == count
        assert names(Path("aside")) == {"sub/small.png", ODD}
    for name in names(Path("aside")):
        (Path("aside") / name).rename(photos / name)
    assert {name: (photos / name).read_bytes() for name in names(photos)} == before


def test_ctrl_c_while_moving(
    photos: Path, run: Callable[..., int | str | None], monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    real, calls = set_aside.move_file, []

    def interrupted(source: str, place: str) -> None:
        if calls:
            raise KeyboardInterrupt
        calls.append(source)
        real(source, place)

    monkeypatch.setattr(set_aside, "move_file", interrupted)
    assert run("photos", "--out", "out", "--move-to", "aside") == 130
    assert "stopped: 1 of 2 images were moved" in capsys.readouterr().err
    monkeypatch.setattr(set_aside, "move_file", real)
    assert run("photos", "--out", "out", "--move-to", "aside") == 0
    assert names(Path("aside")) == {"sub/small.png", ODD}
    assert len(names(photos)) == 6


def test_a_full_disk_leaves_the_older_result(
    photos: Path, run: Callable[..., int | str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("photos", "--out", "out") == 0
    before = {path.name: path.read_bytes() for path in Path("out").iterdir()}
    real = whole_file.Path.replace

    def full(self: Path, target: Path) -> Path:
        if self.name.startswith(".groups.html"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self))
        return real(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(whole_file.Path, "replace", full)
        message = str(run("photos", "--out", "out"))
    assert "is full" in message
    assert "\n" not in message
    assert {path.name: path.read_bytes() for path in Path("out").iterdir()} == before
    assert not list(Path("out").parent.glob(".out*"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--link", "photos/links"], "is inside photos, or contains it"),
        (["--move-to", "out/aside"], "is inside out, or contains it"),
        (["--link", "a", "--move-to", "a/b"], "is inside a, or contains it"),
        (["--link", "training"], "is no link to an image of photos"),
        (["--move-to", "training/t60.jpg"], "is a file"),
        (["--against", "nowhere"], "nowhere"),
        (["--against", "training", "--move-to", "training/x"], "is inside training"),
    ],
)
def test_refused_before_anything_is_done(
    words: list[str], message: str, photos: Path, training: Path,
    run: Callable[..., int | str | None],
) -> None:  # fmt: skip
    before = names(photos) | names(training)
    found = str(run("photos", "--out", "out", *words))
    assert message in found
    assert "\n" not in found
    assert not Path("out").exists()
    assert names(photos) | names(training) == before


def test_words_that_do_not_go_together(
    photos: Path, training: Path, run: Callable[..., int | str | None],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    words = ["photos", "--out", "out", "--against", "training", "--keep", "first"]
    assert run(*words) == 2
    assert "--keep is for groups" in capsys.readouterr().err
    assert run("photos", "--out", "out", "--keep", "best") == 2


def test_three_photos_and_none(photos: Path, run: Callable[..., int | str | None]) -> None:
    for path in [*photos.glob("p[3-5].png"), photos / ODD, photos / "sub/small.png"]:
        path.unlink()
    assert run("photos", "--out", "out") == 0
    assert json.loads(Path("out/groups.json").read_text()) == {"groups": []}
    assert "groups.html" in os.listdir("out")
    Path("empty").mkdir()
    assert "no readable image" in str(run("empty", "--out", "out2"))
    assert "no readable image" in str(run("photos", "--against", "empty", "--out", "out2"))
    assert not Path("out2").exists()

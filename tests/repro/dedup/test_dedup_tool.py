"""python -m repro dedup: each odd file in its place, pairs, reasons, refusals, clean exits.

Longer than 300 lines: all tests run the one command on the same small folder.
"""

import csv
import hashlib
import json
import os
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import lmdb
import numpy as np
import pytest
from odd_files import picture, write_odd_files
from PIL import Image

from repro.data.raw_images import SourceError
from repro.dedup import thumbnails
from repro.dedup.folder import deduplicate
from repro.dedup.options import Options
from repro.dedup.removal import DegenerateCodeError

QUICK = Options(presentations=6400)
NOT_REPEATED = {"provenance.json"}  # holds the date


def groups(out: Path) -> list[list[tuple[str, bool]]]:
    """Groups as lists of (key, kept), in the order of the file."""
    found: dict[str, list[tuple[str, bool]]] = {}
    with (out / "groups.csv").open(newline="", errors="surrogateescape") as stream:
        for row in csv.DictReader(stream):
            found.setdefault(row["group"], []).append((row["key"], row["kept"] == "1"))
    return list(found.values())


def skipped(out: Path) -> dict[str, str]:
    with (out / "skipped.csv").open(newline="", errors="surrogateescape") as stream:
        return {row["key"]: row["reason"] for row in csv.DictReader(stream)}


def state(folder: Path) -> dict[str, tuple[int, int, str]]:
    """Mode, time of change and content (or target) of everything below a folder."""
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        content = os.readlink(path) if path.is_symlink() else ""
        if path.is_file() and not path.is_symlink() and os.access(path, os.R_OK):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
        found[str(path)] = (status.st_mode, status.st_mtime_ns, content)
    return found


def contents(out: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in out.iterdir() if p.name not in NOT_REPEATED}


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """30 pictures, number 5 once more, better compressed, and number 7 twice more, grey."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(30):
        picture(number).save(folder / f"p{number:02d}.png")
    picture(5).save(folder / "q5.png", compress_level=9)
    for name in ("q7.png", "r7.png"):
        picture(7).convert("L").save(folder / name)
    return folder


@pytest.mark.slow
def test_one_of_everything(tmp_path: Path, warm: Path, repository: Path) -> None:
    root, elsewhere = tmp_path / "odd 'files", tmp_path / "elsewhere"
    root.mkdir()
    elsewhere.mkdir()
    truth = write_odd_files(root, elsewhere=elsewhere)
    before = state(root) | state(elsewhere)
    out = tmp_path / "found"
    words = [root, "--out", out, "--method", "phash", "--radius", "4", "--null"]
    words += ["--delete-list", out / "list"]
    command = [str(warm), "-m", "repro.dedup", *map(str, words)]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    assert skipped(out) == truth.skipped
    summary = json.loads((out / "summary.json").read_text())
    assert summary["skipped"] == dict(Counter(truth.skipped.values()))
    assert summary["count"] == 2 * len(truth.pairs) + len(truth.alone)
    pairs = [tuple(sorted(pair)) for pair in truth.pairs.values()]  # the first of two alike
    expected = {frozenset(pair) for pair in pairs}
    assert {frozenset(key for key, _ in group) for group in groups(out)} == expected
    assert summary["removed"] == len(truth.pairs) == 20
    kept = {key for group in groups(out) for key, kept in group if kept}
    large = {pair: max(pair, key=lambda name: (root / name).stat().st_size) for pair in pairs}
    small = {pair: next(name for name in pair if name != large[pair]) for pair in pairs}
    assert kept == set(large.values())  # all have as many pixels
    listed = (out / "list").read_bytes().split(b"\0")
    paths = {os.fsencode(root / name) for name in small.values()}
    assert listed[-1] == b""
    assert sorted(listed[:-1]) == sorted(paths)
    assert "20 are near-duplicates" in done.stdout
    assert "names 20 of them; no image was touched" in done.stdout
    assert state(root) | state(elsewhere) == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["elsewhere", "found", root.name]
    # equality of pixels: exactly what was stored without loss, in one name or format or another
    lossy = {"turned jpeg", "cmyk", "webp", "progressive"}
    deduplicate(root, tmp_path / "equal", method="pixels")
    exact = {frozenset(pair) for kind, pair in truth.pairs.items() if kind not in lossy}
    assert {frozenset(key for key, _ in group) for group in groups(tmp_path / "equal")} == exact


def test_an_animation_goes_only_for_one_of_equal_bytes(
    tmp_path: Path, run: Callable[..., int | str | None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Only its first frame was compared, so nobody knows whether a still holds all of it."""
    photos = tmp_path / "photos"
    photos.mkdir()
    picture(1).save(photos / "b still.png", compress_level=0)  # the largest file is kept
    frames = {"duration": 100, "save_all": True, "lossless": True}
    picture(1).save(photos / "animated.webp", append_images=[picture(2)], **frames)
    picture(3).save(photos / "c.webp", append_images=[picture(4)], **frames)
    (photos / "copy of c.webp").write_bytes((photos / "c.webp").read_bytes())
    words = ["photos", "--out", "found", "--method", "phash", "--radius", "0"]
    assert run(*words, "--delete-list", "list.txt") == 0
    assert groups(tmp_path / "found") == [
        [("b still.png", True), ("animated.webp", False)],
        [("c.webp", True), ("copy of c.webp", False)],
    ]
    assert (tmp_path / "list.txt").read_text() == f"{photos.resolve()}/copy of c.webp\n"
    told = capsys.readouterr().out
    assert "of 3 that hold several pictures (animations, bursts, pages) only the first" in told
    assert "1 more are not in it: they hold several pictures" in told
    assert json.loads((tmp_path / "found/summary.json").read_text())["several_pictures"] == 3
    page = (tmp_path / "found/groups.html").read_text()
    assert page.count("an animation, burst or pages") == 1


@pytest.mark.slow
def test_trained_on_the_folder_itself_and_the_same_bytes_again(
    photos: Path, tmp_path: Path
) -> None:
    found = deduplicate(photos, tmp_path / "a", method="dae", options=QUICK, workers=1)
    deduplicate(photos, tmp_path / "b", method="dae", options=QUICK, workers=3)
    assert groups(tmp_path / "a")[0] == [("p05.png", True), ("q5.png", False)]
    assert found.summary["training"]["steps"] == 50
    assert found.summary["code_health"]["effective_bits"] > 8
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert "pictures" not in {path.name for path in (tmp_path / "a").iterdir()}
    deduplicate(photos, tmp_path / "c", method="dae", options=QUICK, seed=7)
    network = "autoencoder.safetensors"
    assert contents(tmp_path / "a")[network] != contents(tmp_path / "c")[network]
    # its network works for another folder, of any size, and is copied along
    few = tmp_path / "few"
    few.mkdir()
    for name in ("p04.png", "p05.png", "q5.png"):
        (few / name).write_bytes((photos / name).read_bytes())
    model = tmp_path / "a" / network
    again = deduplicate(few, tmp_path / "d", method="dae", model=model)
    assert groups(tmp_path / "d") == [[("p05.png", True), ("q5.png", False)]]
    assert contents(tmp_path / "d")[network] == contents(tmp_path / "a")[network]
    assert again.summary["training"] == {"model": network}


@pytest.mark.parametrize("method", ["ahash", "dhash", "phash", "whash"])
def test_hashes_that_need_no_training(method: str, photos: Path, tmp_path: Path) -> None:
    radius = Options(radius=2)
    deduplicate(photos, tmp_path / "out", method=method, options=radius)
    assert groups(tmp_path / "out") == [
        [("p05.png", True), ("q5.png", False)],
        [("p07.png", True), ("q7.png", False), ("r7.png", False)],
    ]


def test_pixels_are_compared_whole(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    picture(1).save(folder / "a.jpg", quality=60)
    Image.open(folder / "a.jpg").save(folder / "b.png")  # the decoded JPEG
    changed = np.array(Image.open(folder / "b.png"))
    changed[0, 0, 0] ^= 1  # far outside the centre square
    Image.fromarray(changed).save(folder / "c.png")
    for name, size in (("d", (60, 20)), ("e", (20, 60)), ("f", (60, 20))):
        Image.new("RGB", size, "white").save(folder / f"{name}.png")  # same bytes, other shape
    deduplicate(folder, tmp_path / "out", method="pixels")
    assert groups(tmp_path / "out") == [
        [("b.png", True), ("a.jpg", False)],  # the larger file
        [("d.png", True), ("f.png", False)],  # of two alike the first
    ]


def test_flat_pictures_and_large_groups_are_told_and_not_listed(
    photos: Path, run: Callable[..., int | str | None], capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("s0.png", "s1.png"):
        Image.new("RGB", (50, 40), (9, 90, 200)).save(photos / name)
    words = ["photos", "--out", "out", "--method", "phash", "--delete-list", "list.txt"]
    assert run(*words, "--option", "max_group=2") == 0
    # those of group 7 are three
    assert Path("list.txt").read_text() == f"{photos.resolve()}/q5.png\n"
    warnings = capsys.readouterr().err
    assert "1 groups over max_group, 3 images, kept" in warnings
    assert "2 pictures without contrast, kept" in warnings


@pytest.mark.slow
def test_an_lmdb_gives_what_its_files_give(
    photos: Path, tmp_path: Path, run: Callable[..., int | str | None]
) -> None:
    (photos / "notes.txt").write_text("no picture")
    with (
        lmdb.open(str(tmp_path / "db"), map_size=2**24) as database,
        database.begin(write=True) as transaction,
    ):
        for path in photos.iterdir():
            transaction.put(path.name.encode(), path.read_bytes())
    for number, path in enumerate((photos, tmp_path / "db", tmp_path / "db/data.mdb")):
        out = f"out{number}"
        assert run(path, "--out", out, "--method", "phash", "--delete-list", f"{out}/list") == 0
    assert groups(Path("out0"))[0] == [("p05.png", True), ("q5.png", False)]
    first, second = (contents(Path(out)) for out in ("out1", "out2"))
    assert {name for name in first if first[name] != second[name]} <= {"groups.html"}  # its title
    assert (Path("out1") / "list").read_text() == "q5.png\nq7.png\nr7.png\n"
    assert skipped(Path("out1")) == {"notes.txt": "not_an_image"}
    names = {"skipped.csv", "summary.json"}
    a, b = contents(Path("out0")), contents(Path("out1"))
    assert {name: a[name] for name in names} == {name: b[name] for name in names}
    assert groups(Path("out0")) == groups(Path("out1"))
    refused = run(tmp_path / "db", "--out", "dates", "--method", "phash", "--keep", "newest")
    assert "an LMDB has no dates, which --keep newest needs" in str(refused)


def test_too_few_to_train_on(photos: Path, run: Callable[..., int | str | None]) -> None:
    for path in sorted(photos.iterdir())[19:]:
        path.unlink()
    message = run("photos", "--out", "out", "--method", "dae")
    assert "error: 19 readable images" in str(message)
    assert "--method phash" in str(message)
    assert not Path("out").exists()
    assert run("photos", "--out", "out", "--method", "phash") == 0


@pytest.mark.slow
def test_a_degenerate_code_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "ramp"
    folder.mkdir()
    a, b = (np.asarray(picture(n), float) for n in (1, 2))
    for n, share in enumerate(np.linspace(0, 1, 40)):
        Image.fromarray(((1 - share) * a + share * b).astype(np.uint8)).save(folder / f"{n}.png")
    with pytest.raises(DegenerateCodeError, match=r"ramp: .* --method phash") as caught:
        deduplicate(folder, tmp_path / "out", method="dae", options=Options(presentations=1280))
    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["ramp"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--radius", "-1"], "--radius: found '-1', expected a whole number from 0"),
        (["--radius", "33"], "'radius'"),
        (["--option", "nois=0.5"], "did you mean 'noise'"),
        (["--option", "noise"], "expected name=value"),
        (["--option", "noise=loud"], "'noise'"),
        (["--method", "phash", "--option", "noise=0.5"], "phash does not use noise"),
        (["--method", "pixels", "--radius", "1"], "pixels does not use radius"),
        (["--method", "phash", "--autoencoder", "x"], "--autoencoder is for --method dae"),
        (["--method", "sha1"], "invalid choice"),
        (["--workers", "0"], "a whole number from 1"),
        (["--null"], "--null is for --delete-list"),
    ],
)
def test_wrong_command_lines(
    words: list[str],
    message: str,
    run: Callable[..., int | str | None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("photos", "--out", "out", *words) == 2
    assert message in capsys.readouterr().err


def test_nothing_of_the_users_is_replaced(
    photos: Path, run: Callable[..., int | str | None]
) -> None:
    tmp_path = photos.parent
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "letter.txt").write_text("dear")
    (tmp_path / "link").symlink_to(photos, target_is_directory=True)
    phash = ("--method", "phash")
    for out in (photos, photos / "found", tmp_path / "link/found", tmp_path, "."):
        assert "choose another --out" in str(run("photos", "--out", out, *phash))
    assert "choose another --out" in str(run("link", "--out", photos / "found", *phash))
    assert "files of other origin" in str(run("photos", "--out", "mine", *phash))
    assert "is a file" in str(run("photos", "--out", mine / "letter.txt", *phash))
    image = photos / "p00.png"
    before = state(photos) | state(mine)
    (tmp_path / "notes.txt").write_text("dear")
    assert "expected a folder of images or an LMDB database" in str(
        run("notes.txt", "--out", "out", *phash)
    )
    words = "found one picture (png); give the folder that holds it"
    assert words in str(run(image, "--out", "out", *phash))
    assert "is an image" in str(run("photos", "--out", "out", "--delete-list", image, *phash))
    assert "no folder" in str(run("photos", "--out", "out", "--delete-list", "no/list", *phash))
    assert state(photos) | state(mine) == before
    assert not (tmp_path / "out").exists()
    for _ in range(2):  # an earlier result is
        assert run("photos", "--out", "out", *phash, "--delete-list", "out/list") == 0
    photos.rename(tmp_path / "out/photos")
    assert "or contains it" in str(run("out/photos", "--out", "out", *phash))
    assert len(list((tmp_path / "out/photos").iterdir())) == 33


@pytest.mark.parametrize("path", ["nowhere", "empty", "texts", "texts/a.txt"])
def test_nothing_to_read(path: str, tmp_path: Path, run: Callable[..., int | str | None]) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts/a.txt").write_text("no picture")
    message = str(run(path, "--out", "out", "--method", "phash"))
    assert message.startswith("error: ")
    assert path in message
    assert "\n" not in message
    assert not (tmp_path / "out").exists()
    with pytest.raises((SourceError, ValueError)):
        deduplicate(tmp_path / path, tmp_path / "out", method="phash")


def test_stopped_by_hand(
    photos: Path,
    run: Callable[..., int | str | None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("photos", "--out", "out", "--method", "phash") == 0
    before = state(Path("out"))

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(thumbnails.StoreWriter, "append", interrupted)
    assert run("photos", "--out", "out", "--method", "phash") == 130
    assert "stopped: out is unchanged" in capsys.readouterr().err
    assert state(Path("out")) == before
    assert sorted(path.name for path in photos.parent.iterdir()) == ["out", "photos"]

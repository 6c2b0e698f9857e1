"""repro/dedup/set_aside.py: nothing is lost, whatever ends it and whenever it is started again."""

import errno
import os
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from repro.dedup import set_aside
from repro.dedup.delete_list import Going
from repro.dedup.set_aside import Moved, link_kept, move_copies, refuse_target
from repro.errors import UnusableError

NAMES = ["a.jpg", "sub/b c.jpg", "sub/line\nbreak.jpg", "😀/é.jpg", "-rf", "\udcff.jpg"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Files that would go, each with other bytes, and one that stays."""
    for number, name in enumerate([*NAMES, "kept.jpg"]):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes([number]) * 100)
        os.utime(path, (1_000_000, 1_000_000 + number))
    return tmp_path / "photos"


def going(root: Path) -> Going:
    """What is still there and would go."""
    copies = [(name, "kept.jpg") for name in NAMES if (root / name).exists()]
    return Going(root=os.path.realpath(root), copies=copies, twins=os.path.realpath(root))


def contents(*folders: Path) -> Counter[bytes]:
    """How often each content exists, temporary files aside."""
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return Counter(path.read_bytes() for path in files if not path.name.endswith(".partial"))


def other_file_system(*_: object, **__: object) -> None:
    raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))


@pytest.mark.parametrize("other_disk", [False, True])
def test_names_times_and_bytes_are_unchanged(
    root: Path, tmp_path: Path, other_disk: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if other_disk:
        monkeypatch.setattr(os, "link", other_file_system)
    before = {name: ((root / name).read_bytes(), (root / name).stat().st_mtime) for name in NAMES}
    assert move_copies(going(root), tmp_path / "aside") == Moved(len(NAMES), {})
    moved = {name: tmp_path / "aside" / name for name in NAMES}
    assert {n: (p.read_bytes(), p.stat().st_mtime) for n, p in moved.items()} == before
    assert [path.name for path in root.rglob("*") if path.is_file()] == ["kept.jpg"]
    assert sum(path.is_file() for path in (tmp_path / "aside").rglob("*")) == len(NAMES)


@pytest.mark.parametrize("call", ["link", "unlink", "rename", "makedirs"])
@pytest.mark.parametrize("other_disk", [False, True])
@pytest.mark.parametrize("after", [False, True])
def test_killed_at_any_step_and_started_again(
    root: Path,
    tmp_path: Path,
    call: str,
    other_disk: bool,
    after: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """At each moment every content is whole somewhere; at the end each is there once."""
    aside, expected = tmp_path / "aside", contents(root)
    if other_disk:
        monkeypatch.setattr(os, "link", other_file_system)
    messages: set[str] = set()
    for number in range(len(NAMES) + 2):
        real, count = getattr(os, call), 0

        def killed(
            *given: object, real: Callable[..., object] = real, most: int = number, **named: object
        ) -> object:
            nonlocal count
            count += 1
            if count > most:
                if after:
                    real(*given, **named)
                raise KeyboardInterrupt
            return real(*given, **named)

        with monkeypatch.context() as patch:
            patch.setattr(os, call, killed)
            try:
                move_copies(going(root), aside)
            except KeyboardInterrupt as stopped:
                messages.add(str(stopped).partition(":")[0])
        assert set(contents(root, aside)) == set(expected)
    move_copies(going(root), aside)
    assert messages <= {"stopped"}
    assert contents(root, aside) == expected
    assert [path.name for path in root.rglob("*") if path.is_file()] == ["kept.jpg"]
    assert not list(aside.rglob("*.partial"))


def test_a_name_that_is_taken_stops_everything_before_it_begins(root: Path, tmp_path: Path) -> None:
    aside = tmp_path / "aside"
    (aside / "sub").mkdir(parents=True)
    (aside / "sub/b c.jpg").write_text("mine")
    with pytest.raises(UnusableError, match=r"sub/b c\.jpg: exists already .* nothing was moved"):
        move_copies(going(root), aside)
    assert (aside / "sub/b c.jpg").read_text() == "mine"
    assert len([path for path in root.rglob("*") if path.is_file()]) == len(NAMES) + 1
    (aside / "sub/b c.jpg").unlink()
    (aside / "sub/b c.jpg").symlink_to(root / "sub/b c.jpg")  # the same bytes, through a link
    with pytest.raises(UnusableError, match="nothing was moved"):
        move_copies(going(root), aside)
    (aside / "sub/b c.jpg").unlink()
    shutil.copy(root / "sub/b c.jpg", aside / "sub/b c.jpg")  # a copy as a kill leaves it
    assert move_copies(going(root), aside).moved == len(NAMES)


@pytest.mark.parametrize("other_disk", [False, True])
def test_a_folder_that_cannot_be_written_stays_as_it_is(
    root: Path, tmp_path: Path, other_disk: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if other_disk:
        monkeypatch.setattr(os, "link", other_file_system)
    real = os.unlink

    def read_only(path: str, **named: object) -> None:
        if str(path).startswith(str(root)):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)
        real(path)

    monkeypatch.setattr(os, "unlink", read_only)
    before = contents(root)
    with pytest.raises(UnusableError, match=r"Read-only file system.*; 0 of 6 images were moved"):
        move_copies(going(root), tmp_path / "aside")
    assert contents(root) == before
    assert not contents(tmp_path / "aside")


def test_a_full_disk_says_how_far_it_came(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", other_file_system)
    real, before = shutil.copy2, contents(root)

    def full(source: str, place: str, **named: object) -> None:
        if len(contents(tmp_path / "aside")) == 2:
            Path(place).write_bytes(b"half")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), place)
        real(source, place, **named)

    monkeypatch.setattr(set_aside.shutil, "copy2", full)
    with pytest.raises(UnusableError, match=r"disk.* is full.*2 of 6 images were moved"):
        move_copies(going(root), tmp_path / "aside")
    monkeypatch.setattr(set_aside.shutil, "copy2", real)
    assert contents(root, tmp_path / "aside") == before
    assert not list((tmp_path / "aside").rglob("*.partial"))
    assert move_copies(going(root), tmp_path / "aside").moved == 4


def test_a_copy_that_differs_is_not_trusted(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", other_file_system)
    monkeypatch.setattr(
        set_aside.shutil, "copy2", lambda source, place, **_: Path(place).write_bytes(b"damaged")
    )
    before = contents(root)
    with pytest.raises(UnusableError, match="the copy differs"):
        move_copies(going(root), tmp_path / "aside")
    assert contents(root) == before
    assert not contents(tmp_path / "aside")


def test_linked_files_stay(root: Path, tmp_path: Path) -> None:
    (root / "z link").symlink_to("a.jpg")
    found = Going(
        root=os.path.realpath(root),
        copies=[("z link", "kept.jpg"), ("a.jpg", "kept.jpg"), ("-rf", "z link")],
        twins=os.path.realpath(root),
        several={"a.jpg"},
    )
    assert move_copies(found, tmp_path / "aside") == Moved(moved=0, left_out={"linked": 3})


def test_links_lead_to_what_stays_and_a_second_run_replaces_them(
    root: Path, tmp_path: Path
) -> None:
    links = tmp_path / "links"
    for kept in (NAMES, NAMES[2:]):
        assert link_kept(root, kept, links) == len(kept)
        there = {str(path.relative_to(links)) for path in links.rglob("*") if path.is_symlink()}
        assert there == set(kept)
        for name in kept:
            assert os.readlink(links / name) == str(root / name)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["links", "photos"]


def test_a_folder_of_something_else_is_not_replaced(root: Path, tmp_path: Path) -> None:
    links = tmp_path / "links"
    link_kept(root, NAMES, links)
    (links / "sub/mine.txt").write_text("dear")
    with pytest.raises(UnusableError, match=r"mine\.txt: is no link to an image of .*photos"):
        link_kept(root, NAMES, links)
    (links / "sub/mine.txt").unlink()
    (links / "sub/mine.txt").symlink_to(tmp_path)  # nor a link to elsewhere
    with pytest.raises(UnusableError, match="not replaced"):
        link_kept(root, NAMES, links)
    assert (links / "a.jpg").exists()


@pytest.mark.parametrize("at", range(8))
def test_links_are_whole_or_absent(
    root: Path, tmp_path: Path, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    links = tmp_path / "links"
    link_kept(root, NAMES[:1], links)
    calls = 0

    def killed(self: Path, *given: object, real: Callable[..., object]) -> object:
        nonlocal calls
        calls += 1
        if calls > at:
            raise KeyboardInterrupt
        return real(self, *given)

    for name in ("symlink_to", "rename"):
        real = getattr(Path, name)
        monkeypatch.setattr(
            Path, name, lambda self, *given, real=real: killed(self, *given, real=real)
        )
    try:
        link_kept(root, NAMES, links)
    except KeyboardInterrupt:
        assert at < len(NAMES) + 2
    there = {str(p.relative_to(links)) for p in links.rglob("*") if p.is_symlink()}
    assert there in (set(NAMES), set(NAMES[:1]), set())
    monkeypatch.undo()
    link_kept(root, NAMES, links)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["links", "photos"]


@pytest.mark.parametrize("target", ["photos", "photos/new", ".", "file"])
def test_a_place_among_the_images_is_refused(root: Path, tmp_path: Path, target: str) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UnusableError, match=r"inside|contains|is a file"):
        refuse_target(tmp_path / target, others=[root])

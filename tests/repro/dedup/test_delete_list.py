"""repro/dedup/delete_list.py, repro/dedup/files_once.py: what is listed is never the last of its
kind."""

import os
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from repro.dedup.delete_list import Going, Listed, how_to_delete, write_delete_list
from repro.dedup.files_once import file_names, legible
from repro.dedup.removal import Removal, find_removal

KINDS = ("file", "hard", "link", "link out")


def removal_of(contents: list[bytes]) -> Removal:
    """Files of equal content are duplicates."""
    codes = np.array([[*text[:1].ljust(8)] for text in contents], np.uint8)
    return find_removal(codes, flat=np.zeros(len(codes), bool), max_group=50)


def going_of(keys: list[str], removal: Removal, *, root: str | None, several=()) -> Going:
    copies = [(keys[n], keys[removal.first[n]]) for n in np.flatnonzero(~removal.keep)]
    return Going(root=root, copies=copies, twins=root, several=several)


def listed(root: Path, file: Path, *, null: bool = True) -> tuple[list[str], Listed]:
    """The names written for the tree `root`, and the counts."""
    names = file_names(root)
    keys = [key for key in names.keys if key not in names.aside]
    removal = removal_of([(root / key).read_bytes() for key in keys])
    going = going_of(keys, removal, root=os.path.realpath(root), several=names.several)
    counts = write_delete_list(file, going, null=null)
    end = "\0" if null else "\n"
    return os.fsdecode(file.read_bytes()).split(end)[:-1], counts


@pytest.mark.slow
@given(
    st.lists(
        st.tuples(st.sampled_from(KINDS), st.sampled_from("ab"), st.sampled_from(["", "sub/"])),
        min_size=1,
        max_size=8,
    ),
    st.permutations(range(8)),
    st.booleans(),
)
@example([("link", "a", ""), ("file", "a", "")], [0, 1, 2, 3, 4, 5, 6, 7], False)
@example([("link out", "a", ""), ("file", "a", "")], [0, 1, 2, 3, 4, 5, 6, 7], True)
@example([("file", "a", ""), ("file", "a", "sub/"), ("link", "a", "")], list(range(8)), False)
def test_after_deletion_every_content_and_every_link_is_still_there(
    files: list[tuple[str, str, str]], order: list[int], linked_folder: bool
) -> None:
    with TemporaryDirectory() as scratch:
        root, outside = Path(scratch, "root"), Path(scratch, "outside")
        (root / "sub").mkdir(parents=True)
        outside.mkdir()
        for content in "ab":
            (outside / content).write_text(content)
        own: dict[str, Path] = {}
        for (kind, content, folder), place in zip(files, order, strict=False):
            path = root / f"{folder}{place}"
            target = own.get(content, outside / content)
            if kind == "link out":
                path.symlink_to(outside / content)
            elif kind == "link":
                path.symlink_to(target)
            elif kind == "hard" and content in own:
                os.link(target, path)
            else:
                path.write_text(content)
                own.setdefault(content, path)
        if linked_folder:
            (root / "0 linked").symlink_to(outside, target_is_directory=True)
        before = {path.name for path in outside.iterdir()}
        links = [path for path in root.rglob("*") if path.is_symlink()]
        for name in listed(root, Path(scratch, "list"))[0]:
            assert Path(name).is_relative_to(root.resolve())
            os.remove(name)
        assert {path.name for path in outside.iterdir()} == before
        assert all(link.exists() for link in links)
        still = [p.read_text() for p in root.rglob("*") if p.is_file() and not p.is_symlink()]
        assert set(still) == set(own)  # in the tree itself, not only behind a link


def test_plain_copies_are_listed_and_linked_ones_counted(tmp_path: Path) -> None:
    root = tmp_path / "tree"
    root.mkdir()
    for name in ("1", "2", "3", "4"):
        (root / name).write_text("a")
    (root / "0 link to 3").symlink_to("3")
    os.link(root / "4", root / "4 again")
    names, counts = listed(root, tmp_path / "list")
    assert names == [str(root / "2")]
    assert counts == Listed(named=1, left_out={"linked": 2}, line_breaks=0)
    aside = {"4 again": "same_file", "0 link to 3": "same_file"}
    assert (file_names(root).aside, file_names(root).several) == (aside, {"3", "4"})


def test_a_line_break_in_a_name_never_names_another_file(tmp_path: Path) -> None:
    root = tmp_path / "tree"
    root.mkdir()
    odd = ["b\nc", "d\re", " f ", "'g\"", "\udcff", "-rf", "é"]
    for name in ("a", *odd):
        (root / name).write_text("x")
    names, counts = listed(root, tmp_path / "list", null=False)
    safe = [name for name in odd if "\n" not in name and "\r" not in name]
    first = min("a", *odd)
    expected = {str(root / name) for name in ("a", *safe) if name != first}
    assert (set(names), counts.line_breaks) == (expected, 2)
    names, counts = listed(root, tmp_path / "list", null=True)
    assert set(names) == {str(root / name) for name in ("a", *odd) if name != first}
    assert counts.line_breaks == 0


@pytest.mark.parametrize("null", [False, True])
def test_the_command_that_is_told_deletes_what_is_listed(tmp_path: Path, null: bool) -> None:
    root, file = tmp_path / "tree", tmp_path / "the 'list'"
    root.mkdir()
    for name in ("a", " b 'c\".png", "-rf", "$HOME", "é"):
        (root / name).write_text("x")
    (root / "other").write_text("y")
    listed(root, file, null=null)
    command = how_to_delete(str(file), null=null)
    assert "xargs -d" not in command  # GNU's alone
    subprocess.run(command, shell=True, check=True)
    assert {path.name for path in root.iterdir()} == {" b 'c\".png", "other"}


def test_keys_of_an_lmdb_stand_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "list"
    keys = ["k1", "k 2", "k3"]
    removal = removal_of([b"x", b"x", b"y"])
    write_delete_list(file, going_of(keys, removal, root=None), null=False)
    assert file.read_text() == "k 2\n"


@given(st.text(st.characters(exclude_categories=())))
def test_legible_names_can_be_written_anywhere(name: str) -> None:
    shown = legible(name)
    shown.encode("utf-8")
    assert len(f"{shown}.".splitlines()) == 1
    assert legible(shown) == shown
    if name.isprintable():
        assert shown == name

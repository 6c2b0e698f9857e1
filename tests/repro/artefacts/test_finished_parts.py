"""Parts are computed once, and again where their file is damaged or belongs to other work."""

from pathlib import Path

import numpy as np
import pytest

from repro.artefacts.finished_parts import FinishedParts


class Counting:
    """A part to be made, and how often it was."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self) -> dict[str, np.ndarray]:
        self.made += 1
        return {"a": np.arange(3), "words": np.array(["x", "é"])}


def test_a_part_is_made_once_and_read_back(tmp_path: Path) -> None:
    make = Counting()
    for _ in range(3):
        found = FinishedParts(tmp_path / "new folder", identity="one").part("row", make)
        np.testing.assert_array_equal(found["a"], [0, 1, 2])
        assert found["words"].tolist() == ["x", "é"]
        assert set(found) == {"a", "words"}
    assert make.made == 1


def test_without_a_folder_nothing_is_kept(tmp_path: Path) -> None:
    make = Counting()
    for _ in range(2):
        FinishedParts(None, identity="one").part("row", make)
    assert make.made == 2


@pytest.mark.parametrize("damage", ["cut", "other", "empty"])
def test_damaged_or_other_parts_are_made_again(tmp_path: Path, damage: str, capsys) -> None:
    make = Counting()
    FinishedParts(tmp_path, identity="one").part("row", make)
    path = tmp_path / "row.npz"
    if damage != "other":
        path.write_bytes(path.read_bytes()[: 40 if damage == "cut" else 0])
    identity = "two" if damage == "other" else "one"
    found = FinishedParts(tmp_path, identity=identity).part("row", make)
    assert make.made == 2
    assert found["a"].tolist() == [0, 1, 2]
    assert "recomputed" in capsys.readouterr().out
    FinishedParts(tmp_path, identity=identity).part("row", make)
    assert make.made == 2


def test_a_part_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> dict[str, np.ndarray]:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        FinishedParts(tmp_path, identity="one").part("row", fail)
    assert list(tmp_path.iterdir()) == []

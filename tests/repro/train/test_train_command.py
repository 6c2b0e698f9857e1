"""python -m repro train: spec and command line agree on de-duplication, or nothing starts."""

import json
from pathlib import Path
from typing import Any

import pytest

from repro.train import __main__ as command


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the command hands to the training, which is not begun."""
    calls: list[dict[str, Any]] = []
    monkeypatch.setattr(command, "train", lambda **values: calls.append(values))
    return calls


def start(folder: Path, *words: str, deduplicated: bool) -> None:
    spec = {"model": {"data": "rooms", "deduplicated": deduplicated}, "seed": 3}
    (folder / "spec.json").write_text(json.dumps(spec))
    places = ["--data", "rooms", "--state", "state", "--out", "model"]
    command.main(["--spec", str(folder / "spec.json"), *places, *words])


@pytest.mark.parametrize(
    ("deduplicated", "words", "said"),
    [
        (True, [], "says deduplicated: true; give the de-duplication of rooms as --dedup DIR"),
        (False, ["--dedup", "hashed"], "--dedup hashed is given, but"),
    ],
)
def test_a_spec_and_a_command_line_that_disagree_are_refused(
    deduplicated: bool,
    words: list[str],
    said: str,
    trained: list[dict[str, Any]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as left:
        start(tmp_path, *words, deduplicated=deduplicated)
    assert left.value.code == 2
    found = capsys.readouterr().err
    assert said in found
    assert str(tmp_path / "spec.json") in found
    assert trained == []


@pytest.mark.parametrize(("deduplicated", "words"), [(True, ["--dedup", "hashed"]), (False, [])])
def test_those_that_agree_are_trained(
    deduplicated: bool, words: list[str], trained: list[dict[str, Any]], tmp_path: Path
) -> None:
    start(tmp_path, *words, deduplicated=deduplicated)
    assert [one["dedup"] for one in trained] == [Path("hashed") if deduplicated else None]

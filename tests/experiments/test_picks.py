"""Picks files: what is offered, what is read, and every refusal."""

import json
from pathlib import Path

import pytest
import torch
from untrained_model import write_model

from repro.internals.hand_picks import offered_latents, picked_rows, read_picks, samples_identity
from repro.networks.model_folder import ModelFolder
from repro.specs.validation import SpecError

CONCEPTS = {"a": [3, 1, 2], "b": [4], "c": [5, 10], "empty": []}


def written(tmp_path: Path, **change: object) -> Path:
    values = {"format": 1, "samples": "id", "author": " Jo ", "concepts": CONCEPTS, "sums": []}
    path = tmp_path / "picks.json"
    path.write_text(json.dumps(values | change), encoding="utf-8")
    return path


def test_what_a_file_says(tmp_path: Path) -> None:
    picks = read_picks(written(tmp_path, sums=["a - b + c = d"]), identity="id", offered=10)
    assert picked_rows(picks, "a").tolist() == [2, 0, 1]  # from 0, in the order of picking
    assert picks.sums == (("a", "b", "c", "d"),)
    assert picks.by == "picked by hand (Jo)"
    nameless = read_picks(written(tmp_path, author=""), identity="id", offered=10)
    assert nameless.by == "picked by hand (no name given)"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"samples": "other"}, "'samples' is 'other', picked among other samples .* 'id'"),
        ({"concepts": {"a": [1, 11]}}, r"'concepts\.a' names sample 11, expected 1 to 10"),
        ({"concepts": {"a": [0]}}, r"'concepts\.a' names sample 0, expected 1 to 10"),
        ({"concepts": {"a": [2, 2]}}, r"'concepts\.a' names sample 2 twice"),
        ({"concepts": {"a": ["2"]}}, r"'concepts\.a\.0'"),
        ({"concepts": {"a": [1.5]}}, r"'concepts\.a\.0'"),
        ({"sums": ["a minus b"]}, r"'sums\.0' is 'a minus b', expected 'A - B \+ C = D'"),
        (
            {"sums": ["a - b + c = d", "a - z + c = d"]},
            r"'sums\.1' needs the concept 'z', .* has a",
        ),
        ({"sums": ["a - empty + c = d"]}, "needs a picture of 'empty', found none"),
        ({"format": 2}, "'format'"),
        ({"comment": "x"}, "unknown key 'comment'"),
    ],
)
def test_wrong_files_are_refused(tmp_path: Path, change: dict, message: str) -> None:
    path = written(tmp_path, **change)
    with pytest.raises(SpecError, match=message) as caught:
        read_picks(path, identity="id", offered=10)
    assert str(path) in str(caught.value)


def test_a_concept_that_is_wanted_must_have_pictures(tmp_path: Path) -> None:
    picks = read_picks(written(tmp_path), identity="id", offered=10)
    for concept in ("empty", "left"):
        with pytest.raises(SpecError, match=rf"concepts\.{concept}.*with pictures: a, b, c"):
            picked_rows(picks, concept)


def test_missing_and_broken_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"no such file .*gone\.json"):
        read_picks(tmp_path / "gone.json", identity="id", offered=10)
    (tmp_path / "b.json").write_bytes(b"\xff{")
    with pytest.raises(SpecError, match=r"b\.json: not a JSON file"):
        read_picks(tmp_path / "b.json", identity="id", offered=10)
    (tmp_path / "c.json").write_text("[1]")
    with pytest.raises(SpecError, match=r"c\.json"):
        read_picks(tmp_path / "c.json", identity="id", offered=10)


def test_samples_are_known_by_generator_and_seed(tmp_path: Path) -> None:
    one, other = (
        ModelFolder.open(write_model(tmp_path / f"m{seed}", seed=seed)) for seed in (1, 2)
    )
    identities = {samples_identity(m, seed=s) for m in (one, other) for s in (7, 8)}
    assert len(identities) == 4
    assert samples_identity(one, seed=7) in identities
    few, more = (offered_latents(one, count, seed=7) for count in (5, 9))
    assert torch.equal(few, more[:5])
    assert not torch.equal(few[0], few[1])

"""One rule for all names, told with file, key and the nearest good name before anything else."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from repro.runs.load import load_run
from repro.specs.names import NAMED, is_name, nearest_name
from repro.specs.validation import SpecError

RUN: dict[str, Any] = {
    "title": "A run",
    "worlds": {"rooms": {"generator": "rooms"}},
    "datasets": {"bedrooms": {"source": "lsun", "world": "rooms"}},
    "models": {"bedrooms": {"data": "bedrooms"}},
    "roles": {"bedrooms": {"data": "bedrooms"}},
}
HOSTILE = {  # name -> the good name that is proposed for it
    "a$(touch X)": "a__touch_X_",
    "..": "my_KIND",
    "../../up": "_.._up",
    "/elsewhere/evil": "_elsewhere_evil",
    "{name}": "_name_",
    "{}": "my_KIND",
    "a\0b": "a_b",
    "x" * 260: "x" * 78,
    "a b": "a_b",
    "-rf": "rf",
    ".hidden": "hidden",
    "a\n": "a_",
    "rooms-1-of-8": "rooms-1-of-8_1",
    "": "my_KIND",
    "a\ud800": "a_",
}
GOOD = ["rooms", "Zimmer_2", "комнаты", "방", "a.b", "2nd", "ablation-kernel_4", "x" * 80]


def load(folder: Path, part: str, name: object, values: Any = None) -> None:
    own = {name: RUN[part].copy().popitem()[1] if values is None else values}
    text = yaml.safe_dump(RUN | {part: own}, allow_unicode=False)
    (folder / "small.yaml").write_text(text)
    load_run("small.yaml")


@pytest.mark.parametrize("part", NAMED)
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_refused_before_anything_is_written(
    part: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SpecError) as refused:
        load(tmp_path, part, name, "nonsense, which would be refused as well, but later")
    said = str(refused.value)
    assert said.startswith(f"small.yaml: '{part}")
    assert f"a {NAMED[part]}'s name is letters of any script" in said
    assert said.endswith(f"; e.g. {HOSTILE[name].replace('KIND', NAMED[part])}")
    assert [path.name for path in tmp_path.iterdir()] == ["small.yaml"]


@pytest.mark.parametrize("part", NAMED)
def test_and_so_they_are_behind_config(
    part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("small.yaml").write_text(yaml.safe_dump(RUN))
    with pytest.raises(SpecError, match=rf"^--config: '{part}"):
        load_run("small.yaml", {part: {next(iter(HOSTILE)): {}}})


@pytest.mark.parametrize(
    ("part", "name"),
    [
        *(("models", name) for name in (5, True, None, 2.5)),
        *((part, 5) for part in NAMED if part != "models"),
    ],
)
def test_names_are_text(
    part: str, name: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SpecError, match=rf"'{part}\.{name}': found {name}, which is not text"):
        load(tmp_path, part, name)


@pytest.mark.parametrize("name", ["data", "measure"])
def test_a_model_takes_no_folder_of_other_steps(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SpecError, match=rf"'models\.{name}': .* not data or measure; e.g. {name}_"):
        load(tmp_path, "models", name)


def test_one_name_composed_in_two_ways_is_one_folder_on_a_mac(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    two = dict.fromkeys(("café", "café"), RUN["datasets"]["bedrooms"])
    Path("small.yaml").write_text(yaml.safe_dump(RUN | {"datasets": two}))
    with pytest.raises(SpecError, match="is given twice, composed in two ways"):
        load_run("small.yaml")


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("part", ["worlds", "datasets"])
def test_good_names(part: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    only = {"title": "A run", "worlds": RUN["worlds"], "datasets": {}}
    only |= {part: {name: RUN[part].copy().popitem()[1]}}
    Path("small.yaml").write_text(yaml.safe_dump(only))
    assert list(getattr(load_run("small.yaml").spec, part)) == [name]


@given(st.text(max_size=120), st.sampled_from(list(NAMED.values())))
def test_what_is_proposed_is_good_and_what_is_good_is_proposed(name: str, kind: Any) -> None:
    proposed = nearest_name(name, kind)
    assert is_name(proposed, kind)
    if is_name(name, kind) and len(name.encode()) <= 78:
        assert proposed == name

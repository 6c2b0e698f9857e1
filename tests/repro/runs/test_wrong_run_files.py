"""Run files with mistakes: messages that name file (or --config), key and remedy, at once."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from repro.devices import chosen_device
from repro.runs.checks import missing_raw_data
from repro.runs.load import load_run
from repro.specs.validation import MOST_VALUES, SpecError, read_yaml

RUN: dict[str, Any] = {
    "title": "A run",
    "worlds": {"rooms": {"generator": "rooms", "options": {"count": 10}}},
    "datasets": {"rooms": {"source": "lsun", "world": "rooms", "dedup": {}}},
    "models": {"rooms": {"data": "rooms", "network": {"ngf": 8}, "training": {"batch": 16}}},
    "roles": {"bedrooms": {"data": "rooms", "model": "rooms"}},
    "ablations": {"model": {"data": "rooms"}, "changes": [{"training": {"l2": 0}}]},
    "scale": "tiny",
}
WRONG = [
    *(None, 5, -1, 2.5, float("inf"), float("nan"), True, "foo", "", [], ["a"], [{"a": 1}], {}),
    *({"a": 1}, {"a": {"b": 1}}, 10**30, "a\0b", "{x}", [[1]]),
]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def load(values: Any, **overrides: Any) -> None:
    Path("small.yaml").write_text(yaml.safe_dump(values))
    missing_raw_data(load_run("small.yaml", overrides))


def places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where there is a value, however deep."""
    inner = enumerate(value) if isinstance(value, list) else getattr(value, "items", tuple)()
    for key, one in inner:
        yield (*above, key)
        yield from places(one, (*above, key))


@pytest.mark.slow
@pytest.mark.parametrize("place", list(places(RUN)), ids=str)
def test_a_wrong_value_anywhere_is_told_in_words(place: tuple[Any, ...]) -> None:
    refused = 0
    for wrong in WRONG:
        values: Any = copy.deepcopy(RUN)
        inner = values
        for key in place[:-1]:
            inner = inner[key]
        inner[place[-1]] = wrong
        try:
            load(values)
        except SpecError as error:
            refused += str(error).startswith("small.yaml")
        else:
            refused += 1
    assert refused == len(WRONG)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"models": ["a"]}, r"'models': expected keys with values"),
        ({"models": {"rooms": {"data": "rooms", "training": "foo"}}}, r"'models\.rooms\.training'"),
        ({"roles": {"bedroom": {}}}, r"'roles\.bedroom': .*did you mean 'bedrooms'"),
        ({"models": {"rooms": {"data": "rooms", "trainings": 10**8}}}, r"trainings': .*1000"),
        ({"models": {"rooms": {"data": "rooms", "preset": "../demo"}}}, r"no preset '\.\./demo'"),
        ({"worlds": {"rooms": {"generator": "../prepare"}}}, r"no module '\.\./prepare'"),
        ({"datasets": {"rooms": {"source": "lsun", "raw": "a{b}"}}}, r"'datasets\.rooms\.raw': Sn"),
        (
            {"ablations": {"model": {"data": "rooms"}, "changes": [{"training": 5}]}},
            r"'ablations\.changes\[0\]\.training': .*found: 5",
        ),
        (
            {"ablations": {"model": {"data": "rooms", "network": "x"}, "changes": [{}]}},
            r"'ablations\.model\.network'",
        ),
        ({"models": {"rooms": {"data": "rooms", "training": {"epochs": float("inf")}}}}, "finite"),
    ],
)
def test_slips_of_the_pen(change: dict[str, Any], said: str) -> None:
    with pytest.raises(SpecError, match=rf"^small\.yaml: .*{said}"):
        load(RUN | change)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"models": 5}, r"--config: 'models': "),
        ({"trainings": 3}, r"--config: unknown key 'trainings'"),
        ({"models": {"rooms": {"training": {"batch": "x"}}}}, r"--config: 'models\.rooms\.train"),
        ({"models": {"new": {}}}, r"--config: 'models\.new\.data' is missing"),
        ({"scale": "huge"}, r"--config: 'scale': no such scale"),
        ({"image_size": 48}, r"--config: 'image_size': "),
        ({"image_size": 16, "models": {"rooms": {"preset": "mnist_conditional"}}}, r"--config"),
    ],
)
def test_mistakes_behind_config_are_not_blamed_on_the_file(given: Any, said: str) -> None:
    load(RUN)
    with pytest.raises(SpecError, match=rf"^(small\.yaml, with )?{said}"):
        load(RUN, **given)


def test_what_snakemake_hands_over_of_the_file_itself_is_the_file_s() -> None:
    wrong = RUN | {"scale": "huge"}
    with pytest.raises(SpecError, match=r"^small\.yaml: 'scale'"):
        load(wrong, **wrong)


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGED = "a: &a {x: 1}\n" + "".join(
    f"{name}: &{name} {{<<: [{', '.join([f'*{before}'] * 9)}]}}\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BOMB, f"stands for more than {MOST_VALUES} values"),
        (MERGED, f"stands for more than {MOST_VALUES} values"),
        ("a: &a [*a]", "the value at line 1 contains itself"),
        ("a: " + "[" * 1500 + "]" * 1500, "nested too deeply"),
        ("a: " + "[" * 200_000, "nested too deeply"),
        ("a: 2020-13-45", "not valid YAML"),
        ("[a]: 5", "not valid YAML"),
        ("a: !!python/object/apply:os.system [touch x]", "not valid YAML"),
        ("- a", "expected a mapping"),
        ("a: 1\na: 2", "is given twice"),
    ],
)
@pytest.mark.slow
def test_files_that_are_no_run_files(text: str, said: str) -> None:
    Path("odd.yaml").write_text(text)
    with pytest.raises(SpecError, match=rf"^odd\.yaml.*{said}"):
        read_yaml(Path("odd.yaml"))


def test_a_device_that_there_is_not() -> None:
    with pytest.raises(SpecError, match=r"device: found 'tpu'; .*allowed: auto, cpu, cuda, mps"):
        chosen_device("tpu")

"""Every number is stated through a constructor that asks for the units of its interval."""

import ast
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from repro.claims.constructors import (
    counted_share_over,
    deviation_around,
    difference_over,
    estimate_over,
    mean_over,
    range_over,
    ratio_over,
    share_of_networks_over,
    share_over,
    single_number,
    student_over,
)
from repro.claims.measurement import Measurement

VALUES = np.array([1.0, 2, 4, 8])
ALL = ("low", "value", "high")
DRAWN = {"seed": 1, "purpose": "test", "protocol": "p"}


def ends(made: Measurement) -> list[float | None]:
    return [getattr(made, name) for name in ALL]


def test_text_names_the_interval_and_its_units() -> None:
    """These texts stand in published measurements.json."""
    pair = np.stack([VALUES, VALUES])
    made = {
        "95 % bootstrap interval over test images": mean_over(
            "x", VALUES, over="test images", **DRAWN
        ),
        "95 % paired bootstrap over test images": mean_over(
            "x", VALUES, over="test images", by="paired bootstrap", **DRAWN
        ),
        "95 % Student interval over 4 trainings": student_over(
            "x", VALUES, over="trainings", protocol="p"
        ),
        "95 % Wilson interval over pairs": share_over("x", VALUES > 1, over="pairs", protocol="p"),
        "95 % bootstrap interval over channels": difference_over(
            "x", VALUES, VALUES, over="channels", **DRAWN
        ),
        "95 % bootstrap interval over segments": ratio_over(
            "x", VALUES, VALUES, over="segments", **DRAWN
        ),
        "95 % bootstrap interval over samples and sets": ratio_over(
            "x", pair, pair, over="samples and sets", **DRAWN
        ),
        "95 % interval (DeLong) over samples": estimate_over(
            "x", 0.5, (0.4, 0.6), over="samples", by="interval (DeLong)", n=4, protocol="p"
        ),
        "mean ± 1 sd over 4 draws of labels": deviation_around(
            "x", 1, 2, over="4 draws of labels", n=4, protocol="p"
        ),
        "range of 4 fits": range_over("x", list(VALUES), of="fits", protocol="p"),
        "none: a count": single_number("x", 3, n=4, why="a count", protocol="p"),
    }
    for words, one in made.items():
        assert (one.spread, one.n, one.name, one.protocol) == (words, 4, "x", "p")


def test_numbers_by_hand() -> None:
    of_mean = mean_over("x", VALUES, over="images", unit="%", **DRAWN)
    assert (of_mean.value, of_mean.unit) == (3.75, "%")
    assert 1 <= of_mean.low < 3.75 < of_mean.high <= 8
    half = 3.182446305 * np.sqrt(28.75 / 3 / 4)
    of_few = student_over("x", VALUES, over="trainings", protocol="p")
    assert ends(of_few) == pytest.approx([3.75 - half, 3.75, 3.75 + half])
    shares = share_over("x", np.arange(50) < 45, over="images", protocol="p")
    assert ends(shares) == pytest.approx([0.78640, 0.9, 0.95653], abs=2e-5)
    percent = counted_share_over("x", 45, 50, over="images", protocol="p", unit="%")
    assert ends(percent) == pytest.approx([78.640, 90, 95.653], abs=2e-3)
    assert (percent.unit, percent.n) == ("%", 50)
    apart = difference_over("x", VALUES, VALUES[:3] + 10, over="images", **DRAWN)
    assert (apart.value, apart.n) == (3.75 - 37 / 3, 3)
    assert ends(ratio_over("x", 3 * VALUES, VALUES, over="s", **DRAWN)) == pytest.approx([3] * 3)
    sets = np.stack([VALUES, 3 * VALUES])
    crossed = ratio_over("x", sets, VALUES[None], over="both", **DRAWN)
    assert ends(crossed) == pytest.approx([1, 2, 3])  # both sets the first, or both the second
    assert ends(deviation_around("x", 5, 2, over="draws", n=3, protocol="p")) == [3, 5, 7]
    assert ends(range_over("x", [1.0, 2.0, 6.0], of="fits", protocol="p")) == [1, 3, 6]
    assert ends(single_number("x", None, n=1, why="a count", protocol="p")) == [None] * 3


def test_share_of_networks_is_that_of_one_or_the_mean_of_several() -> None:
    hits = np.random.default_rng(0).random((3, 200)) < [[0.5], [0.6], [0.9]]
    given = {"over": "test images", "networks": "networks", **DRAWN}
    one = share_over("x", hits[0], over="test images", protocol="p", unit="%")
    assert share_of_networks_over("x", hits[:1], **given) == one
    mean = mean_over(
        "x",
        100 * hits.mean(axis=0),
        over="test images, mean of 3 networks",
        by="bootstrap",
        unit="%",
        **DRAWN,
    )
    several = share_of_networks_over("x", hits, **given)
    assert ends(several) == pytest.approx(ends(mean))
    assert several.model_dump(exclude=set(ALL)) == mean.model_dump(exclude=set(ALL))


@pytest.mark.parametrize(
    "make",
    [
        lambda: mean_over("x", VALUES, over="", **DRAWN),
        lambda: student_over("x", VALUES, over="", protocol="p"),
        lambda: share_over("x", VALUES > 1, over="", protocol="p"),
        lambda: share_of_networks_over("x", np.ones((2, 9)), over="", networks="n", **DRAWN),
        lambda: estimate_over("x", 1, (0, 2), over="images", by="", n=1, protocol="p"),
        lambda: deviation_around("x", 1, 2, over="", n=1, protocol="p"),
        lambda: range_over("x", [1.0], of="", protocol="p"),
        lambda: single_number("x", 1, n=1, why="", protocol="p"),
    ],
)
def test_no_interval_without_units_and_no_number_without_a_reason(
    make: Callable[[], Measurement],
) -> None:
    with pytest.raises(ValueError, match=r"x: .*(units|without an interval)"):
        make()


def direct_calls(root: Path) -> list[str]:
    """Places in experiments/ and repro/, outside repro/claims, that build a Measurement."""
    found = []
    for path in sorted([*root.glob("experiments/**/*.py"), *root.glob("repro/**/*.py")]):
        if path.is_relative_to(root / "repro" / "claims"):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {"Measurement"} | {
            alias.asname or alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
            if alias.name == "Measurement"
        }
        found += [f"{path.relative_to(root)}:{line}" for line in _lines_that_build(tree, names)]
    return found


def _lines_that_build(tree: ast.Module, names: set[str]) -> Iterator[int]:
    """Lines that call the class, give it another name, or hand it on for others to call."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and not _only_asks(node):
            given = [*node.args, *(keyword.value for keyword in node.keywords)]
            named = [one.value for one in given if isinstance(one, ast.Constant)]
            handed_on = any(_is_the_class(one, names) for one in given) or "Measurement" in named
            if _is_the_class(node.func, names) or handed_on:
                yield node.lineno
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr):
            if _is_the_class(node.value, names):
                yield node.lineno
        elif isinstance(node, ast.ClassDef) and any(_is_the_class(b, names) for b in node.bases):
            yield node.lineno


def _only_asks(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Name) and call.func.id == "isinstance"


def _is_the_class(value: ast.expr | None, names: set[str]) -> bool:
    """Measurement, measurement.Measurement, Measurement.model_construct and its kin."""
    if isinstance(value, ast.Attribute) and value.attr.startswith("model_"):
        value = value.value
    if isinstance(value, ast.Attribute):
        return value.attr in names
    return isinstance(value, ast.Name) and value.id in names


@pytest.mark.slow
def test_nothing_outside_claims_builds_a_measurement(repository: Path) -> None:
    assert direct_calls(repository) == []


@pytest.fixture(scope="module")
def copied(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A part of the modules, none of which builds one."""
    copy = tmp_path_factory.mktemp("copy")
    for folder in ("experiments/latent_walk", "repro/claims"):
        shutil.copytree(repository / folder, copy / folder)
    (copy / "repro/dedup").mkdir()
    assert direct_calls(copy) == []
    return copy


@pytest.mark.slow
@pytest.mark.parametrize(
    "planted",
    [
        "from repro.claims.measurement import Measurement\nMeasurement(name='x', value=1, n=1)\n",
        "from repro.claims.measurement import Measurement as M\nx = [M(name='x', value=1, n=1)]\n",
        "from repro.claims import measurement\nmeasurement.Measurement(name='x', value=1, n=1)\n",
        "from repro.claims.measurement import Measurement\nMeasurement.model_validate({})\n",
        "from repro.claims.measurement import Measurement\nM = Measurement\n",
        "from repro.claims.measurement import Measurement\nmake: type = Measurement\n",
        "from repro.claims.measurement import Measurement\nmade = list(map(Measurement, []))\n",
        "from repro.claims import measurement\nM = getattr(measurement, 'Measurement')\n",
        "from repro.claims.measurement import Measurement\nclass Mine(Measurement): pass\n",
    ],
)
@pytest.mark.parametrize("where", ["experiments/latent_walk/planted.py", "repro/dedup/planted.py"])
def test_a_planted_one_is_found(copied: Path, planted: str, where: str) -> None:
    (copied / where).write_text(planted)
    try:
        found = direct_calls(copied)
    finally:
        (copied / where).unlink()
    assert found == [f"{where}:2"]

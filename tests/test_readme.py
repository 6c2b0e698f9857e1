"""README.md: short, its numbers those of the published runs, its code and its links work."""

import importlib
import json
import re
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote

import pandas as pd
import pytest
import yaml
from untrained_model import write_model

from repro.report.compare import read_claims
from repro.runs.load import load_run
from repro.watch.closing import closing_text

FAILING = "Claims that fail here (first the claim, then what was measured)"
MOST_LINES, MOST_BYTES = 130, 600_000  # of the page; of a picture
ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "results/README.md", *sorted(ROOT.glob("docs/*.md"))]


@pytest.fixture(scope="module")
def readme() -> str:
    return (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def numbers() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "docs")
        return importlib.import_module("fill_numbers")


@pytest.mark.parametrize("run", ["demo", "two_cores"])
def test_the_readme_counts_what_the_published_runs_decide(run: str, readme: str) -> None:
    """The column of the run, against the words of its claims.csv counted here.

    Claims that have no card any more do not count.
    """
    cards = {path.parent.name: yaml.safe_load(path.read_text(encoding="utf-8"))
             for path in (ROOT / "experiments").glob("*/experiment.yaml")}  # fmt: skip
    todays = {(name, one["id"]) for name, card in cards.items() for one in card.get("claims", [])}
    rows = [
        row
        for row in read_claims(ROOT / "results/published" / run).to_dict("records")
        if (row["experiment"], row["id"]) in todays
    ]
    numbers, directions = (
        [str(row["verdict"]) for row in rows if (row["source"], row["kind"]) == ("paper", kind)]
        for kind in ("value", "direction")
    )
    tested = [one for one in directions if one not in ("not run", "not comparable")]
    hold = sum(one.startswith("holds ") or one == "reproduced" for one in tested)
    fail = sum(one.startswith("fails ") or one == "not reproduced" for one in tested)
    untrained = tested.count("not decided (control passes)")
    decided = sum(one in ("reproduced", "partly", "not reproduced") for one in numbers)
    (head,) = re.findall(rf"^\|  \|.*\[{run}\].*$", readme, re.M)
    column = head[: head.index(f"[{run}]")].count("|")
    cells = {line.split("|")[1].strip(): line.split("|")[column].strip()
             for line in readme.splitlines() if line.startswith("| ")}  # fmt: skip
    assert cells["the paper's numbers decided"] == f"{decided} of {len(numbers)}"
    bare = tested.count("not decided (no control)")
    counts = [hold, fail, untrained, bare, len(tested) - hold - fail - untrained - bare]
    shown, built = re.subn(r" \(3 by construction\)", "", cells["its directions tested"])
    assert built == 1  # the three claims of the paper on layers
    assert list(map(int, re.findall(r"\d+", shown))) == [len(tested), *filter(None, counts)]
    holding = [str(row["verdict"]).startswith(("holds ", "reproduced")) for row in rows]
    assert f"Of the {sum(holding)} claims that hold in the {run} run " in readme
    bare = sum(row["verdict"] == "not decided (no control)" for row in rows)
    assert (f"{bare} more pass their test, but no untrained network" in readme) == (bare > 0)


@pytest.mark.slow
def test_filled_numbers_are_those_of_the_published_runs(numbers: ModuleType) -> None:
    """Else: python docs/fill_numbers.py."""
    blocks = []
    for page in numbers.PAGES:
        text = page.read_text(encoding="utf-8")
        assert numbers.filled(text) == text
        blocks += re.findall(r"<!-- filled: ([a-z ]+) -->", text)
    assert sorted(blocks) == sorted(numbers.BLOCKS)


def test_every_name_in_the_table_of_all_numbers_was_measured(numbers: ModuleType) -> None:
    """A run without a number shows a dash, so that a misspelt name would go unnoticed."""
    for line in numbers.LINES:
        for run in numbers.RUNS:
            measured = numbers.measurements_of(run.name, line.experiment)
            own = line.by_run.get(run.name, ())
            assert not measured or set(own) <= set(measured), (run.name, line.words)
        found = [numbers.measurements_of(run.name, line.experiment) for run in numbers.RUNS]
        assert set(line.names) <= set().union(*found), line.words


def test_a_number_out_of_date_is_written_anew(numbers: ModuleType, readme: str) -> None:
    old = re.sub(r"\| \d+ of (\d+) \|", r"| 99 of \1 |", readme)
    assert old != readme
    assert numbers.filled(old) == readme


@pytest.fixture
def copied(numbers: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the numbers of results/published, from which the blocks are filled."""
    for path in (ROOT / "results/published").rglob("*"):
        if path.name in ("claims.csv", "measurements.json"):
            target = tmp_path / path.relative_to(ROOT / "results/published")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    monkeypatch.setattr(sys.modules["published_runs"], "PUBLISHED", tmp_path)
    return tmp_path


def edit(claims: Path, experiment: str, claim: str, **values: str) -> None:
    frame = pd.read_csv(claims, keep_default_na=False, dtype=str)
    chosen = (frame["experiment"] == experiment) & (frame["id"] == claim)
    assert chosen.sum() == 1
    for column, value in values.items():
        frame.loc[chosen, column] = value
    frame.to_csv(claims, index=False)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("verdict", "heading"),
    [
        ("fails on synthetic data", FAILING),
        ("fails on other data", FAILING),
        ("not reproduced", FAILING),
        ("holds on synthetic data", "Claims that hold"),
        ("reproduced", "Claims that hold"),
        ("undecided", "Open claims"),
        ("partly", "Open claims"),
        ("not decided (control passes)", "Claims that pass their test, as does their control "
         "(an untrained network, random maps)"),
        ("not decided (no control)", "Claims that pass their test, but no untrained network has "
         "been measured yet"),
        ("not run", ""),
    ],
)  # fmt: skip
def test_a_finding_stands_under_its_verdict(
    verdict: str, heading: str, numbers: ModuleType, copied: Path
) -> None:
    measured = {"verdict": verdict, "control": "random: 1"}
    edit(copied / "two_cores/claims.csv", "cifar10_svm", "beats_kmeans", **measured)
    above = ""
    for line in numbers.BLOCKS["findings"]().splitlines():
        above = line.strip("-*: ") if line.startswith("- **") else above
        if "K-means on CIFAR-10" in line:
            assert above == heading
            return
    assert not heading


def test_the_table_shows_amounts_and_whether_an_untrained_network_passes(
    numbers: ModuleType, copied: Path
) -> None:
    values = {"value": "-0.62", "low": "-1.01", "high": "0.21", "n": "10000", "paper": "p"}
    edit(copied / "two_cores/claims.csv", "mnist_neighbours", "as_good_as_real", **values)
    controls = json.loads((copied / "two_cores/mnist_neighbours/measurements.json").read_text())
    one = controls["real_minus_dcgan_few_untrained"]
    one |= {"value": 0.2, "low": -0.4, "high": 1.0}  # within the rule, above -0.5
    (copied / "two_cores/mnist_neighbours/measurements.json").write_text(json.dumps(controls))
    row = numbers.BLOCKS["five claims"]().splitlines()[-1]
    assert "| p | 0.6 [−0.2, 1.0] percentage points more; 10,000 test digits |" in row
    assert "passes too: 0.2 [−0.4, 1.0] percentage points less |" in row
    one |= {"low": -0.6}
    (copied / "two_cores/mnist_neighbours/measurements.json").write_text(json.dumps(controls))
    assert "| does not pass: 0.2 [" in numbers.BLOCKS["five claims"]().splitlines()[-1]


def test_the_versions_are_one() -> None:
    """Of the package, the citation file and the README's BibTeX."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == version
    assert f"version = {{{version}}}" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_five_lines_of_python_run(
    readme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (code,) = re.findall(r"^```python\n(.*?)^```$", readme, re.M | re.S)
    write_model(tmp_path / "results/published/demo/models/faces", image_size=64)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(compile(code, "README.md", "exec"), names)
    assert names["samples"].shape == (8, 64, 64, 3)
    assert names["samples"].dtype == "uint8"
    assert len([line for line in code.splitlines() if line]) <= 5


def test_the_last_lines_of_make_all_are_those_printed(
    readme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in ("report/index.html", "experiments/playable/figures/playable.html"):
        path = tmp_path / "results/demo" / file
        path.parent.mkdir(parents=True)
        path.touch()
    (tmp_path / "config").symlink_to(ROOT / "config")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VIRTUAL_ENV", "active")
    lines = closing_text(load_run("config/demo.yaml"), targets=[]).splitlines()
    lines.insert(3, "    source .venv/bin/activate")  # where none is active
    assert "\n".join(lines) in readme


def anchors(page: Path) -> set[str]:
    """As a code host makes them of headings: small letters, hyphens for spaces."""
    heads = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_and_pictures_lead_to_files(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    found = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'src="([^"]+)"', text)
    assert found
    for address in found:
        if address.startswith("https://arxiv.org/"):
            continue
        file, _, anchor = unquote(address).partition("#")
        target = page.parent / file if file else page
        assert target.exists(), address
        assert not anchor or anchor in anchors(target), address


def test_the_page_is_short_and_its_pictures_are_light(readme: str) -> None:
    assert len(readme.splitlines()) < MOST_LINES
    pictures = re.findall(r'src="([^"]+)"', readme)
    assert len(pictures) == 2
    assert all((ROOT / picture).stat().st_size < MOST_BYTES for picture in pictures)

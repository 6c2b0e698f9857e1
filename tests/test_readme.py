"""README.md: short, its numbers those of the published runs, its code and its links work."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote

import pytest
from untrained_model import write_model

from repro.claims.measurement import read_measurements
from repro.report.compare import read_claims
from repro.report.tally import in_one_line, tally
from repro.runs.load import load_run
from repro.watch.closing import closing_text

MOST_LINES, MOST_BYTES = 130, 600_000  # of the page; of a picture
ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "results/README.md", *sorted(ROOT.glob("docs/*.md"))]


@pytest.fixture(scope="module")
def readme() -> str:
    return (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def numbers() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fill_numbers", ROOT / "docs/fill_numbers.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("run", ["demo", "laptop"])
def test_the_readme_says_what_the_published_runs_decide(run: str, readme: str) -> None:
    rows = read_claims(ROOT / "results/published" / run).to_dict("records")
    assert in_one_line(rows) in readme.partition("<img")[0]  # first of all
    first = (ROOT / f"results/published/{run}/report.md").read_text(encoding="utf-8")
    assert len(tally(rows)) >= 4
    assert first.partition("\n")[0].endswith(" ".join(tally(rows)))


def test_filled_numbers_are_those_of_the_published_runs(numbers: ModuleType) -> None:
    """Else: python docs/fill_numbers.py."""
    blocks = []
    for page in numbers.PAGES:
        text = page.read_text(encoding="utf-8")
        assert numbers.filled(text) == text
        blocks += re.findall(r"<!-- filled: ([a-z ]+) -->", text)
    assert sorted(blocks) == sorted(numbers.BLOCKS)


def test_a_number_out_of_date_is_written_anew(numbers: ModuleType, readme: str) -> None:
    old = re.sub(r"(\d+) are decided", "99 are decided", readme)
    assert old != readme
    assert numbers.filled(old) == readme


@pytest.mark.parametrize(
    ("page", "run", "experiment", "measurement", "words"),
    [
        ("README.md", "laptop", "verify_authors", "cifar10_accuracy_4_layers", "reach {:.1f} %"),
        ("results/README.md", "laptop", "verify_authors", "cifar10_accuracy_4_layers",
         "reach {:.1f} % in the same chain"),
        ("results/README.md", "demo", "ablations", "distance_beta1_0.9", "training ({:.1f}"),
        ("results/README.md", "demo", "ablations", "distance_base", "the recipe {:.2f} ±"),
    ],
)  # fmt: skip
def test_numbers_in_sentences_are_those_of_the_published_runs(
    page: str, run: str, experiment: str, measurement: str, words: str
) -> None:
    found = read_measurements(ROOT / "results/published" / run / experiment)[measurement]
    text = " ".join((ROOT / page).read_text(encoding="utf-8").split())
    assert words.format(found.value) in text


def test_the_five_lines_of_python_run(
    readme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (code,) = re.findall(r"^```python\n(.*?)^```$", readme, re.M | re.S)
    write_model(tmp_path / "results/published/demo/models/faces", image_size=64)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(compile(code, "README.md", "exec"), names)
    assert names["faces"].shape == (8, 64, 64, 3)
    assert names["faces"].dtype == "uint8"
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
        file, _, anchor = unquote(address).partition("#")
        target = page.parent / file if file else page
        assert target.exists(), address
        assert not anchor or anchor in anchors(target), address


def test_the_page_is_short_and_its_pictures_are_light(readme: str) -> None:
    assert len(readme.splitlines()) < MOST_LINES
    pictures = re.findall(r'src="([^"]+)"', readme)
    assert len(pictures) == 2
    assert all((ROOT / picture).stat().st_size < MOST_BYTES for picture in pictures)

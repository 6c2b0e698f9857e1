"""repro/report/publish.py: what is kept of a run shows its pictures on a code host and is light."""

import re
import shutil
from pathlib import Path

import pytest
from test_report import make_experiments, make_run

from repro.report.publish import publish, published_address

MOST_WORDS, MOST_BYTES = 4000, 3_000_000


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("made")
    make_experiments(home / "experiments")
    make_run(home / "run")
    return home


def published(made: Path, out: Path, *, leave_out: list[str] | None = None) -> Path:
    """What is kept of the made-up run, in `out`."""
    spec = made / "run/specs/report.json"
    experiments = made / "experiments"
    publish(
        run=made / "run",
        spec_path=spec,
        experiments=experiments,
        out=out,
        leave_out=leave_out or [],
    )
    return out


def links(page: Path) -> list[str]:
    return re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8"))


@pytest.mark.slow
def test_every_link_leads_to_a_file_and_pictures_are_shown(made: Path, tmp_path: Path) -> None:
    out = published(made, tmp_path / "published")
    found = links(out / "report.md")
    assert "latent_walk/fig04_latent_walk.png" in found
    assert "cifar10_svm/table1_cifar10.csv" in found
    assert all((out / link).is_file() for link in found)
    assert "![Walking in the latent space](latent_walk/fig04_latent_walk.png)" in (
        out / "report.md"
    ).read_text(encoding="utf-8")
    kept = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert kept == {
        "report.md", "index.html", "claims.csv", "departures.csv",
        "latent_walk/fig04_latent_walk.png", "latent_walk/measurements.json",
        "latent_walk/provenance.json", "cifar10_svm/table1_cifar10.csv",
        "cifar10_svm/measurements.json", "cifar10_svm/provenance.json",
    }  # fmt: skip


def test_what_is_left_out_is_in_no_file(made: Path, tmp_path: Path) -> None:
    patterns = ["fig04*.png", "models/*"]
    out = published(made, tmp_path / "published", leave_out=patterns)
    assert not list(out.rglob("*.png"))
    assert (
        "<figure>"
        not in (out / "index.html")
        .read_text(encoding="utf-8")
        .partition('<section id="models">')[2]
    )
    assert "Not here: fig04_latent_walk.png." in (out / "report.md").read_text(encoding="utf-8")


def test_a_folder_of_an_earlier_run_is_replaced_and_other_files_stay(
    made: Path, tmp_path: Path
) -> None:
    out = tmp_path / "published"
    for name in ("latent_walk/fig04_old.png", "mnist_nearest/fig09.png", "README.md"):
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text("old")
    earlier = publish(
        run=made / "run",
        spec_path=made / "run/specs/report.json",
        experiments=made / "experiments",
        out=out,
    )
    assert not (out / "latent_walk/fig04_old.png").exists()
    assert earlier == ["mnist_nearest"]  # not run this time
    assert (out / "mnist_nearest/fig09.png").exists()
    assert (out / "README.md").read_text() == "old"


@pytest.mark.slow
def test_the_page_to_play_with_is_kept_and_linked(made: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(made / "run", run)
    figures = run / "experiments/latent_walk/figures"
    for name in ("playable.html", "label.html"):
        (figures / name).write_text(name)
    out = tmp_path / "published"
    spec = run / "specs/report.json"
    publish(run=run, spec_path=spec, experiments=made / "experiments", out=out)
    assert (out / "latent_walk/playable.html").read_text() == "playable.html"
    assert not (out / "latent_walk/label.html").exists()
    assert "latent_walk/playable.html" in links(out / "report.md")
    words = {"run": run, "spec_path": spec, "experiments": made / "experiments", "out": out}
    publish(**words, leave_out=["playable.html"])
    assert not (out / "latent_walk/playable.html").exists()
    assert "playable.html" not in (out / "report.md").read_text()


def test_only_figures_and_tables_of_experiments_are_kept() -> None:
    assert published_address("experiments/a/figures/x.png") == "a/x.png"
    assert published_address("experiments/a/figures/x.html") is None
    assert published_address("experiments/a/figures/playable.html") == "a/playable.html"
    assert published_address("models/faces/curves.png") is None


@pytest.mark.slow
def test_the_light_page_is_smaller_than_that_of_the_run(made: Path, tmp_path: Path) -> None:
    from repro.report.build import build_report

    run = tmp_path / "run"
    shutil.copytree(made / "run", run)
    spec = run / "specs/report.json"
    build_report(run=run, spec_path=spec, experiments=made / "experiments", out=run / "report")
    out = published(made, tmp_path / "published")
    light, whole = ((folder / "index.html").stat().st_size for folder in (out, run / "report"))
    assert light < whole
    assert "samples.webp" not in (out / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(("run", "fewest"), [("demo", 20), ("two_cores", 10)])
def test_the_published_reports_are_short_light_and_whole(
    repository: Path, run: str, fewest: int
) -> None:
    folder = repository / "results/published" / run
    page = folder / "report.md"
    assert len(page.read_text(encoding="utf-8").split()) <= MOST_WORDS
    assert (folder / "index.html").stat().st_size < MOST_BYTES
    found = links(page)
    pictures = [link for link in found if link.endswith(".png")]
    assert len(pictures) >= fewest
    assert [link for link in found if not (folder / link).is_file()] == []

"""The whole pipeline by Snakemake on config/tiny.yaml: results, determinism, what stops it.

One run is shared by the tests; part of it, made again in another folder, must give the same bytes.
The checkout is copied where a test edits source files.

Longer than 300 lines: that one run takes minutes.
"""

import html
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from tiny_pipeline import DETERMINISTIC, OF_THE_PLACE, cards_of, planned, snakemake

pytestmark = pytest.mark.pipeline
NOT_IN_TINY = {"cifar10_forecast"}  # needs trainings of several sizes; its own test runs it whole
OF_THE_TESTS = (  # what the test of an experiment imports
    "allowed_skips.py", "conftest.py", "released_folder.py", "tiny_pipeline.py",
    "untrained_model.py", "warm_python.py",
)  # fmt: skip


def test_the_run_is_told_in_words(base: Path, run: Path) -> None:
    said = (base / "said.txt").read_text()
    lines = said.splitlines()
    results = Path("results/tiny")
    assert re.fullmatch(
        r"\d+ steps to make, about .*To watch: results/tiny/progress.html", lines[0]
    )
    total = int(lines[0].split()[0])
    assert all(char.isprintable() or char == "\n" for char in said)
    for words in (
        "Rendering synthetic images of rooms",
        "Training faces",
        "Measuring: Arithmetic on faces",
    ):
        assert sum(line.endswith(f"] {words}") for line in lines) == 1, words
    for model in ("faces", "bedrooms"):
        assert f"    {results}/models/{model}/samples.png" in lines
    started = [line for line in lines if re.match(r"\[ *\d+ of \d+, .* left\] [A-Z]", line)]
    assert len(started) >= total - 1  # the last one may leave nothing to wait for
    assert len(lines) < 4 * total
    (report,) = (line for line in lines if line.startswith("The report:"))
    assert (run / report.split()[-1]).is_file()
    (page,) = (line for line in lines if line.startswith("To play with:"))
    assert (run / page.split()[-1]).is_file()
    assert any(line.startswith("    snakemake latent_walk --configfile ") for line in lines)
    own = run / lines[-1].removeprefix("Snakemake's log: ")
    assert "rule train_model:" in own.read_text()
    shown = (run / results / "progress.html").read_text()
    assert f"{total} of {total} steps" in shown
    assert 'http-equiv="refresh"' not in shown


def test_every_experiment_is_measured_drawn_and_reported(run: Path, repository: Path) -> None:
    results = run / "results/tiny"
    page = html.unescape((results / "report/index.html").read_text())
    cards = cards_of(repository)
    assert len(cards) >= 6
    assert {name for name, card in cards.items() if card.get("ask_for")} == {"fid"}
    for name, card in cards.items():
        assert card["title"] in page
        if card.get("ask_for"):  # the user's own files are not there
            assert f"snakemake {name} --configfile " in page
            assert f"tiny.yaml --config {card['ask_for']}" in page
            assert not (results / f"experiments/{name}").exists()
            continue
        if name in NOT_IN_TINY:
            assert not (results / f"experiments/{name}").exists()
            continue
        assert json.loads((results / f"experiments/{name}/measured/measurements.json").read_text())
        drawn = {
            p.name
            for p in (results / f"experiments/{name}/figures").iterdir()
            if p.suffix in {".png", ".csv"}
        }
        again = {one for entry in card.get("multiverse", []) for one in entry["claims"]}
        other_choices = {name for name in drawn if name.startswith("multiverse")}
        assert drawn - other_choices == set(card["captions"])
        assert other_choices <= {"multiverse.csv", *(f"multiverse_{one}.png" for one in again)}
    assert "TINY - not a result" in page


def test_the_tiny_run_decides_nothing(run: Path) -> None:
    import pandas as pd

    claims = pd.read_csv(run / "results/tiny/report/claims.csv")
    assert set(claims["verdict"]) == {"not decided (too small)", "not run"}
    assert (claims["verdict"] == "not decided (too small)").sum() > 40


def test_the_controls_that_cards_name_are_measured(run: Path, repository: Path) -> None:
    found = 0
    for name, card in cards_of(repository).items():
        path = run / f"results/tiny/experiments/{name}/measured/measurements.json"
        measured = json.loads(path.read_text()) if path.is_file() else {}
        for claim in card["claims"]:
            if claim["measurement"] in measured and "control" in claim:
                assert claim["control"] in measured, f"{name}: {claim['id']}"
                found += 1
    assert found >= 10


def test_snakemakes_own_report_has_the_captions(warm: Path, checkout: Path, tmp_path: Path) -> None:
    words = ("all", "ablations", "--report", str(tmp_path / "report.zip"))
    snakemake(warm, checkout, checkout.parent / "run", *words)
    with zipfile.ZipFile(tmp_path / "report.zip") as archive:
        names = archive.namelist()
        page = archive.read(next(name for name in names if name.endswith("report.html"))).decode()
    for experiment, card in cards_of(checkout).items():
        for file, caption in card["captions"].items():
            if file.endswith(".png") and not card.get("ask_for") and experiment not in NOT_IN_TINY:
                assert any(name.endswith(f"/{file}") for name in names), file
                assert " ".join(caption.split())[:60] in " ".join(html.unescape(page).split()), file


def test_broken_records_are_counted(run: Path) -> None:
    manifest = json.loads((run / "results/tiny/data/bedrooms/manifest.json").read_text())
    assert manifest["count"] == 160
    assert sum(manifest["skipped"].values()) == 6
    lines = (run / "results/tiny/data/bedrooms/skipped.csv").read_text().splitlines()
    assert len(lines) == 1 + 6


def test_same_config_same_bytes_in_any_number_of_parts(
    warm: Path, base: Path, run: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The second run reads and hashes the datasets in two parts, a job each.

    It makes one experiment of every kind of input; all are compared by the kills of `make faults`.
    """
    second = tmp_path_factory.mktemp("again")
    targets = ("prepare", "latent_walk", "mnist_neighbours", "playable")
    text = snakemake(warm, base / "checkout", second, *targets, "--set-scatter", "shard=2")
    for words in ("Preparing a part of the images of", "Hashing a part of", "Training the hash of"):
        assert words in text, words
    assert not list((second / "results/tiny/parts").rglob("*.npy"))
    compared = 0
    for path in sorted((second / "results/tiny").rglob("*")):
        name = path.relative_to(second)
        page = path.suffix == ".html" and "experiments" in name.parts
        deterministic = path.suffix in DETERMINISTIC or page
        if path.is_file() and deterministic and path.name not in OF_THE_PLACE:
            assert path.read_bytes() == (run / name).read_bytes(), name
            compared += 1
    assert compared > 60


def test_the_ledger_quotes_what_an_ablation_measured(run: Path) -> None:
    import pandas as pd

    ledger = pd.read_csv(run / "results/tiny/report/departures.csv").set_index("setting")
    measured = json.loads(
        (run / "results/tiny/experiments/ablations/measured/measurements.json").read_text()
    )
    change = measured["times_distance_beta1_0.9"]
    assert change["setting"] == "training.beta1"
    (effect,) = ledger.loc[["training.beta1"], "effect"].dropna()  # of the 64-pixel networks
    assert "with 0.9: times distance " in effect
    (quoted,) = re.findall(r"times distance ([\d.]+)", effect)
    assert float(quoted) == pytest.approx(change["value"], rel=0.01)


def test_the_template_copied_as_the_readme_says_is_an_experiment(
    warm: Path, checkout: Path, repository: Path
) -> None:
    """It is measured, drawn and reported, its own test passes, and no other file is edited."""
    import pandas as pd

    text = (checkout / "experiments/README.md").read_text()
    (commands,) = re.findall(r"```\n(cp -r experiments/_template .*?)```", text, re.DOTALL)
    (checkout / "tests/experiments").mkdir(parents=True)
    for file in (*OF_THE_TESTS, "experiments/test_template.py"):
        shutil.copy(repository / "tests" / file, checkout / "tests" / file)
    copy = ["bash", "-e", "-c", commands.replace("NAME", "sharpness")]
    tools = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    subprocess.run(copy, cwd=checkout, check=True, env={**os.environ, "PATH": tools})
    run, made = checkout.parent / "run", {"measure_sharpness", "sharpness", "report", "all"}
    assert planned(warm, checkout, run, "all") == made
    snakemake(warm, checkout, run, "all")
    results = run / "results/tiny"
    claims = pd.read_csv(results / "report/claims.csv").set_index("experiment")
    claim = claims.loc["sharpness"]
    measured = json.loads(
        (results / "experiments/sharpness/measured/measurements.json").read_text()
    )
    assert claim["value"] == pytest.approx(measured["sharpness_difference"]["value"], rel=1e-3)
    card = cards_of(checkout)["sharpness"]
    assert card["title"] in html.unescape((results / "report/index.html").read_text())
    spec = json.loads((results / "specs/experiments/sharpness.json").read_text())
    assert spec["options"] == card["scales"]["tiny"]
    test = [warm, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", "."]
    test += ["-m", "", "tests/experiments/test_sharpness.py"]
    done = subprocess.run(test, cwd=checkout, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:]
    assert "5 passed" in done.stdout


def test_a_wrong_key_stops_before_any_job(warm: Path, checkout: Path, tmp_path: Path) -> None:
    config = checkout / "config/tiny.yaml"
    config.write_text(config.read_text().replace("z_dim: 16", "z_dims: 16", 1))
    text = snakemake(warm, checkout, tmp_path / "new", "all", check=False)
    assert "tiny.yaml" in text
    assert "unknown key 'models.bedrooms.network.z_dims'; did you mean 'z_dim'?" in text
    assert not (tmp_path / "new" / "results/tiny/raw").exists()


def test_missing_raw_data_stop_before_any_job(warm: Path, repository: Path, tmp_path: Path) -> None:
    words = ("all", "--config", "raw=nowhere")
    text = snakemake(warm, repository, tmp_path, *words, run="two_cores", check=False)
    for needed in ("miniplaces", "faces", "imagenet64", "data_batch_1.bin"):
        assert needed in text
    assert "nowhere" in text
    assert not (tmp_path / "results/two_cores/data").exists()


def test_lint(warm: Path, repository: Path, tmp_path: Path) -> None:
    assert "Congratulations" in snakemake(warm, repository, tmp_path, "--lint")

"""The whole pipeline by Snakemake on config/tiny.yaml: results, determinism, what re-runs.

One run is shared by the tests; a second run in another folder must give the same bytes. The
checkout is copied where a test edits source files.

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
import yaml
from released_folder import write_pair

pytestmark = pytest.mark.pipeline
DETERMINISTIC = {".json", ".csv", ".png", ".webp", ".npy", ".npz", ".safetensors", ".mdb"}
OF_THE_PLACE = {"provenance.json", "report.json", "claims.csv"}  # they name times and paths
CODE = (
    "repro", "data_prep", "experiments", "config", "profiles", "rules", "Snakefile",
    "environment.yml",
)  # fmt: skip


def snakemake(
    checkout: Path, folder: Path, *words: str, run: str = "tiny", check: bool = True
) -> str:
    """Run Snakemake of a checkout in a folder, as `snakemake WORDS ...` there; its output."""
    command = [
        *(sys.executable, "-m", "snakemake", *words, "--snakefile", checkout / "Snakefile"),
        *(
            "--workflow-profile",
            "none",
            "--directory",
            folder,
            "--cores",
            "2",
            "--show-failed-logs",
        ),
        *("--configfile", checkout / f"config/{run}.yaml"),
    ]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        list(map(str, command)),
        cwd=checkout,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert not check or done.returncode == 0, done.stdout[-6000:]
    return done.stdout


def planned(checkout: Path, folder: Path, *words: str) -> set[str]:
    """Rules of a dry run."""
    text = snakemake(checkout, folder, *words, "--dry-run", "--quiet", "host")
    return {line.split()[1].rstrip(":") for line in text.splitlines() if line.startswith("rule ")}


def cards_of(checkout: Path) -> dict[str, dict]:
    """Name -> experiment.yaml of every experiment, in order; the template is none."""
    files = sorted((checkout / "experiments").glob("[!_]*/experiment.yaml"))
    return {path.parent.name: yaml.safe_load(path.read_text()) for path in files}


@pytest.fixture(scope="session")
def base(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a copy of the sources, `checkout`, and a finished run of them, `run`."""
    base = tmp_path_factory.mktemp("pipeline")
    for name in CODE:
        source, copy = repository / name, base / "checkout" / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, copy)
    write_weights(base / "run")
    said = snakemake(base / "checkout", base / "run", "all", "ablations")
    (base / "said.txt").write_text(said)
    return base


def write_weights(run: Path) -> None:
    """Made-up weights in the authors' layout, where config/tiny.yaml looks for them."""
    write_pair(run / "authors_weights/svhn", "svhn", widths=(4, 6, 8))
    layers = (4, 4, 6, 6, 8, 8)
    write_pair(run / "authors_weights/imagenet", "imagenet", widths=layers, missing_d=(14,))


@pytest.fixture
def run(base: Path) -> Path:
    """The finished run; not to be changed."""
    return base / "run"


@pytest.fixture
def checkout(base: Path, tmp_path: Path) -> Path:
    """Sources to be edited, beside a copy of their run in `../run`."""
    shutil.copytree(base, tmp_path / "copy", symlinks=True)
    return tmp_path / "copy" / "checkout"


def test_the_run_is_told_in_words(base: Path, run: Path) -> None:
    said = (base / "said.txt").read_text()
    lines = said.splitlines()
    results = Path("results/tiny")
    assert re.fullmatch(
        r"\d+ steps to make, about .*To watch: results/tiny/progress.html", lines[0]
    )
    total = int(lines[0].split()[0])
    assert all(char.isprintable() or char == "\n" for char in said)
    for words in ("Drawing rooms by program", "Training faces", "Measuring: Arithmetic on faces"):
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
        assert json.loads((results / f"experiments/{name}/measured/measurements.json").read_text())
        drawn = {
            p.name
            for p in (results / f"experiments/{name}/figures").iterdir()
            if p.suffix in {".png", ".csv"}
        }
        assert drawn == set(card["captions"])
    assert "TINY - not a result" in page


def test_nothing_of_the_tiny_run_is_set_against_the_papers_numbers(run: Path) -> None:
    import pandas as pd

    claims = pd.read_csv(run / "results/tiny/report/claims.csv")
    assert set(claims["verdict"]) <= {"reproduced", "partly", "not", "not comparable", "not run"}
    of_value = claims[claims["kind"] == "value"] if "kind" in claims else claims.iloc[:0]
    assert set(of_value["verdict"]) <= {"not comparable", "not run"}


def test_snakemakes_own_report_has_the_captions(checkout: Path, tmp_path: Path) -> None:
    words = ("all", "ablations", "--report", str(tmp_path / "report.zip"))
    snakemake(checkout, checkout.parent / "run", *words)
    with zipfile.ZipFile(tmp_path / "report.zip") as archive:
        names = archive.namelist()
        page = archive.read(next(name for name in names if name.endswith("report.html"))).decode()
    for card in cards_of(checkout).values():
        for file, caption in card["captions"].items():
            if file.endswith(".png") and not card.get("ask_for"):
                assert any(name.endswith(f"/{file}") for name in names), file
                assert " ".join(caption.split())[:60] in " ".join(html.unescape(page).split()), file


def test_broken_records_are_counted(run: Path) -> None:
    manifest = json.loads((run / "results/tiny/data/bedrooms/manifest.json").read_text())
    assert manifest["count"] == 160
    assert sum(manifest["skipped"].values()) == 6
    lines = (run / "results/tiny/data/bedrooms/skipped.csv").read_text().splitlines()
    assert len(lines) == 1 + 6


def test_same_config_same_bytes_in_how_many_parts_soever(
    base: Path, run: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The second run reads and hashes the datasets in two parts, a job each."""
    second = tmp_path_factory.mktemp("again")
    write_weights(second)
    text = snakemake(base / "checkout", second, "all", "--set-scatter", "shard=2")
    assert {"prepare_part", "hash_part", "train_hash"} <= set(text.split())
    assert not list((second / "results/tiny/parts").rglob("*.npy"))
    compared = 0
    for path in sorted((run / "results/tiny").rglob("*")):
        name = path.relative_to(run)
        if any("ablation" in part for part in name.parts) or path.name == "departures.csv":
            continue  # asked for in the first run only, and quoted there
        page = path.suffix == ".html" and "experiments" in name.parts
        deterministic = path.suffix in DETERMINISTIC or page
        if path.is_file() and deterministic and path.name not in OF_THE_PLACE:
            assert path.read_bytes() == (second / name).read_bytes(), name
            compared += 1
    assert compared > 60


def test_a_finished_run_has_nothing_left_to_do(checkout: Path) -> None:
    assert planned(checkout, checkout.parent / "run", "all", "ablations") == set()


def test_all_leaves_out_what_is_run_on_request(
    checkout: Path, repository: Path, tmp_path: Path
) -> None:
    assert planned(checkout, checkout.parent / "run", "all") <= {"report", "all"}
    rules = planned(repository, tmp_path, "all")
    assert "measure_dedup" in rules
    assert not {"measure_ablations", "draw_ablations", "ablations"} & rules
    asked = planned(repository, tmp_path, "ablations")
    assert rules - {"all"} < asked
    assert asked - rules == {"measure_ablations", "draw_ablations", "ablations"}


def test_the_ledger_quotes_what_an_ablation_measured(run: Path) -> None:
    import pandas as pd

    ledger = pd.read_csv(run / "results/tiny/report/departures.csv").set_index("setting")
    measured = json.loads(
        (run / "results/tiny/experiments/ablations/measured/measurements.json").read_text()
    )
    change = measured["change_in_distance_beta1_0.9"]
    assert change["setting"] == "training.beta1"
    (effect,) = ledger.loc[["training.beta1"], "effect"].dropna()  # of the 64-pixel networks
    assert "with 0.9: change in distance " in effect
    assert f"{change['value']:.2g}" in effect


def test_editing_an_experiment_re_runs_it_and_the_report(checkout: Path) -> None:
    for file, expected in {
        "experiments/latent_walk/figure.py": {"latent_walk", "report", "all"},
        "experiments/latent_walk/measure.py": {
            "measure_latent_walk", "latent_walk", "report", "all",
        },
    }.items():  # fmt: skip
        with (checkout / file).open("a") as stream:
            stream.write("# edited\n")
        assert planned(checkout, checkout.parent / "run", "all") == expected


def test_editing_a_module_of_the_library_re_runs_the_command_that_imports_it(
    checkout: Path,
) -> None:
    with (checkout / "repro/report/pictures.py").open("a") as stream:
        stream.write("# edited\n")
    assert planned(checkout, checkout.parent / "run", "all") == {"report", "all"}
    with (checkout / "repro/train/loop.py").open("a") as stream:
        stream.write("# edited\n")
    rules = planned(checkout, checkout.parent / "run", "all")
    assert {"train_model", "measure_latent_walk"} < rules
    assert not {"draw_world", "prepare_dataset", "dedup_dataset"} & rules


def test_deleted_numbers_are_made_again_before_a_report(checkout: Path) -> None:
    results = checkout.parent / "run/results/tiny"
    shutil.rmtree(results / "experiments/latent_walk/measured")
    shutil.rmtree(results / "report")
    assert planned(checkout, checkout.parent / "run", "all") == {
        "measure_latent_walk", "latent_walk", "report", "all",
    }  # fmt: skip


def test_changing_a_model_re_runs_that_model_only(checkout: Path) -> None:
    config = checkout / "config/tiny.yaml"
    text = config.read_text()
    faces = "  faces: {data: faces, network: *network, training: *training}"
    assert faces in text
    config.write_text(text.replace(faces, faces.replace("*training", "{batch: 8, epochs: 1}")))
    cards = cards_of(checkout)
    of_faces = {name for name, card in cards.items() if "faces.model" in card["inputs"]}
    assert "face_arithmetic" in of_faces
    assert planned(checkout, checkout.parent / "run", "all") == {
        "train_model", *of_faces, *(f"measure_{name}" for name in of_faces), "report", "all",
    }  # fmt: skip


def test_a_card_re_runs_what_its_options_say_and_else_the_report_alone(checkout: Path) -> None:
    card = checkout / "experiments/latent_walk/experiment.yaml"
    text = card.read_text()
    tiny = "  tiny: {segments: 10}\n"
    assert tiny in text
    for edit, expected in {
        "  tiny:   {segments: 10}  # the same options\n": {"report", "all"},
        f"{tiny}  demo: {{segments: 20}}\n": {"report", "all"},
        "  tiny: {segments: 11}\n": {"measure_latent_walk", "latent_walk", "report", "all"},
    }.items():
        card.write_text(text.replace(tiny, edit))
        assert planned(checkout, checkout.parent / "run", "all") == expected, edit


def test_the_template_copied_as_the_readme_says_is_an_experiment(
    checkout: Path, repository: Path
) -> None:
    """It is measured, drawn and reported, its own test passes, and no other file is edited."""
    import pandas as pd

    text = (checkout / "experiments/README.md").read_text()
    (commands,) = re.findall(r"```\n(cp -r experiments/_template .*?)```", text, re.DOTALL)
    (checkout / "tests/experiments").mkdir(parents=True)
    for file in ("conftest.py", "untrained_model.py", "experiments/test_template.py"):
        shutil.copy(repository / "tests" / file, checkout / "tests" / file)
    copy = ["bash", "-e", "-c", commands.replace("NAME", "sharpness")]
    tools = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    subprocess.run(copy, cwd=checkout, check=True, env={**os.environ, "PATH": tools})
    run, made = checkout.parent / "run", {"measure_sharpness", "sharpness", "report", "all"}
    assert planned(checkout, run, "all") == made
    snakemake(checkout, run, "all")
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
    test = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", "."]
    test += ["-m", "", "tests/experiments/test_sharpness.py"]
    done = subprocess.run(test, cwd=checkout, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:]
    assert "5 passed" in done.stdout


def test_weights_for_fid_add_that_experiment_alone(checkout: Path) -> None:
    pytest.importorskip("torch_fidelity", reason="torch-fidelity is optional")
    run = checkout.parent / "run"
    (run / "weights.pth").write_bytes(b"not looked into before it is used")
    given = ("--config", "fid_weights=weights.pth")
    assert planned(checkout, run, "all", *given) == {"measure_fid", "fid", "report", "all"}


def test_a_new_data_source_needs_no_edit(checkout: Path) -> None:
    shutil.copy(checkout / "data_prep/folder.py", checkout / "data_prep/album.py")
    config = checkout / "config/tiny.yaml"
    config.write_text(
        config.read_text().replace(
            "\nmodels:",
            "\n  album: {source: album, world: faces, options: {images: images}}\n\nmodels:",
        )
    )
    assert planned(checkout, checkout.parent / "run", "prepare") == {"prepare_dataset", "prepare"}


def test_rules_by_name(repository: Path, tmp_path: Path) -> None:
    plan = {name: planned(repository, tmp_path, name) for name in ("dedup", "latent_walk", "train")}
    assert {"dedup_dataset", "measure_dedup", "dedup"} <= plan["dedup"]
    assert {"train_model", "measure_latent_walk", "latent_walk"} <= plan["latent_walk"]
    assert "measure_latent_walk" not in plan["train"]


def test_a_wrong_key_stops_before_any_job(checkout: Path, tmp_path: Path) -> None:
    config = checkout / "config/tiny.yaml"
    config.write_text(config.read_text().replace("z_dim: 16", "z_dims: 16", 1))
    text = snakemake(checkout, tmp_path / "new", "all", check=False)
    assert "tiny.yaml" in text
    assert "unknown key 'models.bedrooms.network.z_dims'; did you mean 'z_dim'?" in text
    assert not (tmp_path / "new" / "results/tiny/raw").exists()


def test_missing_raw_data_stop_before_any_job(repository: Path, tmp_path: Path) -> None:
    words = ("all", "--config", "raw=nowhere")
    text = snakemake(repository, tmp_path, *words, run="laptop", check=False)
    for needed in ("bedroom_train_lmdb", "faces", "imagenet64", "data_batch_1.bin"):
        assert needed in text
    assert "nowhere" in text
    assert not (tmp_path / "results/laptop/data").exists()


def test_lint(repository: Path, tmp_path: Path) -> None:
    assert "Congratulations" in snakemake(repository, tmp_path, "--lint")

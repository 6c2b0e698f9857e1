"""What Snakemake would run again after an edit of the sources, a card or a setting, by dry runs.

The sources and the finished run are copied for each test, which edits its copy. What was edited is
put back at the end of a test, and then nothing is left to do: nothing was lost by having planned.
"""

import os
import re
import shutil
import time
from pathlib import Path

import pytest
from tiny_pipeline import cards_of, planned, snakemake

pytestmark = pytest.mark.pipeline


def test_all_leaves_out_what_is_run_on_request(
    warm: Path, repository: Path, tmp_path: Path
) -> None:
    rules = planned(warm, repository, tmp_path, "all")
    assert "measure_dedup" in rules
    assert not {"measure_ablations", "draw_ablations", "ablations"} & rules
    asked = planned(warm, repository, tmp_path, "ablations")
    assert rules - {"all"} < asked
    assert asked - rules == {"measure_ablations", "draw_ablations", "ablations"}


def test_what_is_run_on_request_is_made_after_all_the_rest_was(warm: Path, checkout: Path) -> None:
    run = checkout.parent / "run"
    for kind in ("stamps/", ""):
        results = run / "results/tiny" / kind
        shutil.rmtree(results / "experiments/ablations")
        for made in results.glob("models/ablation-*"):
            shutil.rmtree(made) if made.is_dir() else made.unlink()
    assert planned(warm, checkout, run, "all") == {"report", "all"}
    rules = planned(warm, checkout, run, "ablations")
    assert {"train_model", "measure_ablations", "draw_ablations", "report"} < rules


COMMENTS = {  # a text without effect on a file's meaning -> its replacement
    '"""': '"""Edited. ',
    "\nfrom ": "\n# edited\n\n\nfrom ",
}


def edit_comments(checkout: Path) -> None:
    """Other comments, docstrings and layout in all modules."""
    edited = 0
    for path in sorted(checkout.glob("*/**/*.py")):
        text = path.read_text()
        for words, others in COMMENTS.items():
            text = text.replace(words, others, 1)
        edited += text != path.read_text()
        path.write_text(text + "\n\n# edited\n")
    assert edited > 250


def test_an_edit_re_runs_what_it_can_change_and_undone_it_re_runs_nothing(
    warm: Path, checkout: Path
) -> None:
    run = checkout.parent / "run"
    for files, expected in {
        ("experiments/latent_walk/figure.py", "experiments/playable/page.html"): {
            "latent_walk",
            "playable",
        },
        ("experiments/latent_walk/measure.py",): {"measure_latent_walk", "latent_walk"},
        ("repro/report/templates/report.css",): set(),
    }.items():
        texts = {checkout / file: (checkout / file).read_text() for file in files}
        for path, text in texts.items():
            path.write_text(f"{text}\nEDITED = 1\n")
        assert planned(warm, checkout, run, "all") == expected | {"report", "all"}, files
        for path, text in texts.items():
            path.write_text(text)
    assert planned(warm, checkout, run, "all") == set()


def test_a_constant_of_the_training_re_runs_trainings_and_what_is_made_of_them(
    warm: Path, checkout: Path
) -> None:
    file = checkout / "repro/train/trainer.py"
    text = file.read_text()
    assert "\nSHEET_SIDE = 8" in text
    file.write_text(text.replace("\nSHEET_SIDE = 8", "\nSHEET_SIDE = 9"))
    rules = planned(warm, checkout, checkout.parent / "run", "all")
    assert {"train_model", "measure_latent_walk"} < rules
    assert not {"draw_world", "prepare_dataset", "dedup_dataset"} & rules


def aged(folder: Path, moment: float) -> None:
    for path in [folder, *folder.rglob("*")]:
        os.utime(path, (moment, moment))


def test_dates_comments_docstrings_and_layout_decide_nothing(warm: Path, checkout: Path) -> None:
    """Edited sources, results and photos of 2040, then results of 1990; a copy without times."""
    run = checkout.parent / "run"
    edit_comments(checkout)
    aged(checkout, 2.2e9)
    for moment in (2.2e9, 6e8):
        aged(run / "results", moment)
        assert planned(warm, checkout, run, "all", "ablations") == set()


def test_results_copied_without_times_or_cloned_run_nothing_again(
    warm: Path, checkout: Path, tmp_path: Path
) -> None:
    """Nor does it matter that Snakemake's own notes are left behind."""
    copy = tmp_path / "elsewhere"
    shutil.copytree(checkout, copy / "checkout", copy_function=shutil.copyfile)
    results = checkout.parent / "run/results"
    shutil.copytree(results, copy / "run/results", copy_function=shutil.copyfile)
    weights = checkout.parent / "run/authors_weights"
    shutil.copytree(weights, copy / "run/authors_weights")  # raw data, known by their times
    assert planned(warm, copy / "checkout", copy / "run", "all", "ablations") == set()


def test_what_was_deleted_or_changed_in_size_is_made_again(warm: Path, checkout: Path) -> None:
    run = checkout.parent / "run"
    results = run / "results/tiny"
    shutil.rmtree(results / "experiments/latent_walk/measured")
    shutil.rmtree(results / "report")
    (results / "experiments/filters/figures/fig05_filters.png").unlink()
    walk = {"measure_latent_walk", "latent_walk", "report", "all"}
    assert planned(warm, checkout, run, "all") == walk | {"filters"}
    (results / "models/bedrooms_all/samples.png").write_bytes(b"")
    rules = planned(warm, checkout, run, "all")
    assert {"train_model", "measure_memorisation"} <= rules  # which compares the two trainings
    assert "measure_bedroom_samples" not in rules


def test_an_exchanged_model_makes_its_numbers_again(warm: Path, checkout: Path) -> None:
    models = checkout.parent / "run/results/tiny/models"
    shutil.rmtree(models / "faces")
    shutil.copytree(models / "bedrooms", models / "faces")
    rules = planned(warm, checkout, checkout.parent / "run", "all")
    assert {"train_model", "measure_face_arithmetic", "report"} <= rules
    assert "measure_filters" not in rules


def test_a_step_that_finds_its_folder_made_ends_at_once(warm: Path, checkout: Path) -> None:
    """As after an edit upstream that changed no byte: here the stamps alone are gone."""
    run = checkout.parent / "run"
    results = run / "results/tiny"
    weights = results / "models/faces/generator.safetensors"
    before = weights.stat()
    (checkout / "data_prep/generated/faces.py").open("a").write("\nEDITED = 1\n")
    rules = planned(warm, checkout, run, "train")
    assert "train_model" in rules
    assert not any(rule.startswith("measure_") for rule in rules)
    began = time.monotonic()
    snakemake(warm, checkout, run, "train")
    assert time.monotonic() - began < 120
    after = weights.stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    said = (results / "logs/train_model/faces.log").read_text()
    assert (
        "models/faces is complete and was made from the same settings, inputs and code: kept"
        in said
    )
    assert not list(results.glob("models/*.replaced-*"))


def test_changing_a_model_re_runs_that_model_only(warm: Path, checkout: Path) -> None:
    config = checkout / "config/tiny.yaml"
    text = config.read_text()
    faces = "  faces: {data: faces, network: *network, training: *training}"
    assert faces in text
    config.write_text(text.replace(faces, faces.replace("*training", "{batch: 8, epochs: 1}")))
    cards = cards_of(checkout)
    of_faces = {name for name, card in cards.items() if "faces.model" in card["inputs"]}
    assert "face_arithmetic" in of_faces
    assert planned(warm, checkout, checkout.parent / "run", "all") == {
        "train_model", *of_faces, *(f"measure_{name}" for name in of_faces), "report", "all",
    }  # fmt: skip


def test_a_card_re_runs_what_its_options_say_and_else_the_report_alone(
    warm: Path, checkout: Path
) -> None:
    card = checkout / "experiments/latent_walk/experiment.yaml"
    text = card.read_text()
    (tiny,) = re.findall(r"^  tiny: \{segments: 10,.*\n", text, re.MULTILINE)
    (demo,) = re.findall(r"^  demo: \{rooms: .*\n", text, re.MULTILINE)
    same = f"{tiny.rstrip().replace('tiny:', 'tiny:  ')}  # the same options\n"
    run = checkout.parent / "run"
    card.write_text(text.replace(tiny, same).replace(demo, "  demo: {segments: 20}\n"))
    assert planned(warm, checkout, run, "all") == {"report", "all"}
    card.write_text(text.replace(tiny, tiny.replace("10", "11", 1)))
    walk = {"measure_latent_walk", "latent_walk", "report", "all"}
    assert planned(warm, checkout, run, "all") == walk


def test_weights_for_fid_add_that_experiment_alone(warm: Path, checkout: Path) -> None:
    pytest.importorskip("torch_fidelity", reason="torch-fidelity is optional")
    run = checkout.parent / "run"
    (run / "weights.pth").write_bytes(b"not looked into before it is used")
    given = ("--config", "fid_weights=weights.pth")
    assert planned(warm, checkout, run, "all", *given) == {"measure_fid", "fid", "report", "all"}


def test_a_new_data_source_needs_no_edit(warm: Path, checkout: Path) -> None:
    shutil.copy(checkout / "data_prep/folder.py", checkout / "data_prep/album.py")
    config = checkout / "config/tiny.yaml"
    config.write_text(
        config.read_text().replace(
            "\nmodels:",
            "\n  album: {source: album, world: faces, options: {images: images}}\n\nmodels:",
        )
    )
    assert planned(warm, checkout, checkout.parent / "run", "prepare") == {
        "prepare_dataset",
        "prepare",
    }

"""What Snakemake would run again after an edit of the sources, a card or a setting, by dry runs.

The sources and the finished run are copied for each test, which edits its copy.
"""

import shutil
from pathlib import Path

import pytest
from tiny_pipeline import cards_of, planned

pytestmark = pytest.mark.pipeline


def test_a_finished_run_has_nothing_left_to_do(warm: Path, checkout: Path) -> None:
    assert planned(warm, checkout, checkout.parent / "run", "all", "ablations") == set()


def test_all_leaves_out_what_is_run_on_request(
    warm: Path, checkout: Path, repository: Path, tmp_path: Path
) -> None:
    assert planned(warm, checkout, checkout.parent / "run", "all") <= {"report", "all"}
    rules = planned(warm, repository, tmp_path, "all")
    assert "measure_dedup" in rules
    assert not {"measure_ablations", "draw_ablations", "ablations"} & rules
    asked = planned(warm, repository, tmp_path, "ablations")
    assert rules - {"all"} < asked
    assert asked - rules == {"measure_ablations", "draw_ablations", "ablations"}


def test_editing_an_experiment_re_runs_it_and_the_report(warm: Path, checkout: Path) -> None:
    for file, expected in {
        "experiments/latent_walk/figure.py": {"latent_walk", "report", "all"},
        "experiments/latent_walk/measure.py": {
            "measure_latent_walk", "latent_walk", "report", "all",
        },
    }.items():  # fmt: skip
        with (checkout / file).open("a") as stream:
            stream.write("# edited\n")
        assert planned(warm, checkout, checkout.parent / "run", "all") == expected


def test_editing_a_module_of_the_library_re_runs_the_command_that_imports_it(
    warm: Path,
    checkout: Path,
) -> None:
    with (checkout / "repro/report/pictures.py").open("a") as stream:
        stream.write("# edited\n")
    assert planned(warm, checkout, checkout.parent / "run", "all") == {"report", "all"}
    with (checkout / "repro/train/loop.py").open("a") as stream:
        stream.write("# edited\n")
    rules = planned(warm, checkout, checkout.parent / "run", "all")
    assert {"train_model", "measure_latent_walk"} < rules
    assert not {"draw_world", "prepare_dataset", "dedup_dataset"} & rules


def test_deleted_numbers_are_made_again_before_a_report(warm: Path, checkout: Path) -> None:
    results = checkout.parent / "run/results/tiny"
    shutil.rmtree(results / "experiments/latent_walk/measured")
    shutil.rmtree(results / "report")
    assert planned(warm, checkout, checkout.parent / "run", "all") == {
        "measure_latent_walk", "latent_walk", "report", "all",
    }  # fmt: skip


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
    tiny = "  tiny: {segments: 10}\n"
    assert tiny in text
    for edit, expected in {
        "  tiny:   {segments: 10}  # the same options\n": {"report", "all"},
        f"{tiny}  demo: {{segments: 20}}\n": {"report", "all"},
        "  tiny: {segments: 11}\n": {"measure_latent_walk", "latent_walk", "report", "all"},
    }.items():
        card.write_text(text.replace(tiny, edit))
        assert planned(warm, checkout, checkout.parent / "run", "all") == expected, edit


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


def test_rules_by_name(warm: Path, repository: Path, tmp_path: Path) -> None:
    plan = {
        name: planned(warm, repository, tmp_path, name)
        for name in ("dedup", "latent_walk", "train")
    }
    assert {"dedup_dataset", "measure_dedup", "dedup"} <= plan["dedup"]
    assert {"train_model", "measure_latent_walk", "latent_walk"} <= plan["latent_walk"]
    assert "measure_latent_walk" not in plan["train"]

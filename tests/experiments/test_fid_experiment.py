"""FID and KID of a run's models: the generator that drew the real images must be the nearest.

A description by pixels stands for InceptionV3 but in the command for one model: what the network's
numbers are is compared in tests/repro/quality/test_inception.py.
"""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
import torch
from snakemake.cli import get_argument_parser
from untrained_model import write_model

from experiments.contract import Inputs, run_measure
from experiments.fid.figure import figure
from experiments.fid.measure import measure
from experiments.fid.options import Options
from repro.claims.card import read_card
from repro.claims.intervals import student
from repro.claims.measurement import Measurement, read_measurements
from repro.figures.style import Style
from repro.networks.model_folder import ModelFolder, draw
from repro.quality import fid
from repro.report.build import build_report
from repro.specs.validation import SpecError

pytest.importorskip("torch_fidelity", reason="torch-fidelity is optional")
OPTIONS = Options(samples=80, real=60, kid_subsets=5, kid_subset_size=20)


class PixelFeatures:
    """Colours of the 4x4 parts of a picture: (N, 48)."""

    width, words, device = 48, "pixels, not Inception", torch.device("cpu")

    def __init__(self, *_: object, **__: object) -> None: ...

    def of_blocks(self, blocks: Iterable[np.ndarray]) -> np.ndarray:
        parts = [b.reshape(len(b), 4, 4, 4, 4, 3).mean(axis=(2, 4)).reshape(len(b), -1)
                 for b in blocks]  # fmt: skip
        return np.concatenate(parts).astype(np.float32) / 255


@pytest.fixture(autouse=True)
def _by_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("experiments.fid.measure.InceptionFeatures", PixelFeatures)
    monkeypatch.setattr("experiments.fid.measure.read_weights", lambda path: path)
    monkeypatch.setattr("experiments.fid.results.FULL", PixelFeatures.width)


def trained(folder: Path, *, seed: int, rows: int = 70) -> Path:
    write_model(folder, seed=seed)
    np.save(folder / "training_rows.npy", np.arange(rows))
    return folder


def drawn(model: Path, count: int, purpose: str) -> np.ndarray:
    folder = ModelFolder.open(model)
    return draw(folder.generator(), folder.latents(count, seed=9, purpose=purpose))


@pytest.fixture
def folders(tmp_path: Path, make_dataset: Callable[..., Path]) -> dict[str, Path]:
    """Faces: three trainings, the first drew the real images. Bedrooms: one that did not."""
    models = [trained(tmp_path / f"model{seed}", seed=seed) for seed in (1, 2, 3)]
    weights = tmp_path / "weights.pth"
    weights.write_bytes(b"stand-in")
    return {
        "inception.weights": weights,
        **{f"faces.models.{number}": model for number, model in enumerate(models, 1)},
        "faces.data": make_dataset(drawn(models[0], 70, "real"), name="faces"),
        "faces.validation": make_dataset(drawn(models[0], 30, "held out"), name="held_out"),
        "bedrooms.models.1": models[1],
        "bedrooms.data": make_dataset(drawn(models[0], 70, "rooms"), name="rooms"),
    }


def measured(folders: dict[str, Path], out: Path, **changes: object) -> dict[str, Measurement]:
    options = Options.model_validate(OPTIONS.model_dump() | changes)
    found = measure(Inputs(folders), options, 7, out)
    return {one.name: one for one in found}


def rows_of(out: Path) -> list[dict]:
    return json.loads((out / "parts.json").read_text())["rows"]


def test_the_true_source_is_nearest_and_held_out_images_as_near(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    found = measured(folders, tmp_path)
    assert set(found) == {
        f"{metric}{name}"
        for metric in ("fid", "kid")
        for name in ("80_faces_training", "80_faces_validation", "_real_faces_training",
                     "80_bedrooms_training")
    }  # fmt: skip
    single = {
        (row["role"], row["against"], row["training"]): row["scores"] for row in rows_of(tmp_path)
    }
    own = single["faces", "training", 1]
    for metric in ("fid", "kid"):
        others = [single["faces", "training", n][metric] for n in (2, 3)]
        others.append(single["bedrooms", "training", 1][metric])
        assert min(others) > 3 * abs(own[metric])
        assert abs(single["faces", "training", 0][metric]) < 0.5 * min(others)
    trainings = np.array([single["faces", "training", n]["fid"] for n in (1, 2, 3)])
    number = found["fid80_faces_training"]
    assert number.value == pytest.approx(trainings.mean())
    assert (number.low, number.high) == pytest.approx(student(trainings))
    assert number.n == 3
    assert "3 trained networks" in number.spread
    alone = found["kid80_bedrooms_training"]
    assert alone.high - alone.value == pytest.approx(single["bedrooms", "training", 1]["kid_sd"])
    assert "no confidence interval" in alone.spread
    assert "one trained network" in alone.spread
    assert alone.n == 1  # its subsets overlap
    assert found["fid80_bedrooms_training"].low is None


def test_protocols_name_everything(folders: dict[str, Path], tmp_path: Path) -> None:
    found = measured(folders, tmp_path)
    text = found["fid80_faces_training"].protocol
    assert text.startswith("pixels, not Inception, 80 samples against 60 training images at 16x16")
    real = found["fid_real_faces_training"].protocol
    assert "30 validation images against 60 training images" in real
    assert "30 images are too few" in real
    assert "5 random subsets of 15 of each set" in found["kid_real_faces_training"].protocol


@pytest.mark.slow
def test_same_bytes_twice_and_after_a_kill_files_are_those_of_the_card(
    folders: dict[str, Path],
    tmp_path: Path,
    repository: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run_measure(measure, OPTIONS, folders=folders, seed=7, out=tmp_path / "once")
    state = tmp_path / "state"
    with monkeypatch.context() as patch:
        patch.setattr("experiments.fid.measure.scores", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run_measure(
                measure, OPTIONS, folders=folders, seed=7, out=tmp_path / "again", state=state
            )
    assert {path.stem for path in state.iterdir()} >= {"faces_training", "faces_samples_1"}
    run_measure(measure, OPTIONS, folders=folders, seed=7, out=tmp_path / "again", state=state)
    hashes = [
        json.loads((tmp_path / name / "provenance.json").read_text())["outputs"]
        for name in ("once", "again")
    ]
    assert hashes[0] == hashes[1]
    card = read_card(repository / "experiments/fid/experiment.yaml")
    assert card.claims == []
    (tmp_path / "figures").mkdir()
    figure(tmp_path / "once", tmp_path / "figures", Style())
    assert {p.name for p in (tmp_path / "figures").iterdir()} == set(card.captions)
    table = (tmp_path / "figures/table_fid.csv").read_text()
    assert table.count("\n") == 1 + len(rows_of(tmp_path / "once"))
    assert read_measurements(tmp_path / "once").keys() == measured(folders, tmp_path).keys()


def test_grey_models_are_left_out_by_name(
    folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = folders["bedrooms.models.1"] / "spec.json"
    grey = json.loads(spec.read_text())
    grey["spec"]["network"]["channels"] = 1
    only = {k: v for k, v in folders.items() if not k.startswith("faces.models.2")}
    spec.write_text(json.dumps(grey))
    found = measured(only, tmp_path)
    assert not any("bedrooms" in name for name in found)
    assert "grey" in json.loads((tmp_path / "parts.json").read_text())["left_out"]["bedrooms"]
    with pytest.raises(SpecError, match=r"nothing to measure \(bedrooms: its pictures are grey"):
        measured(only, tmp_path, roles=["bedrooms"])
    with pytest.raises(SpecError, match=r"no models for 'face'; did you mean 'faces'"):
        measured(only, tmp_path, roles=["face"])


@pytest.mark.slow
def test_one_model_alone(
    folders: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The command, through the real network with made-up weights."""
    from inception_file import write_inception

    weights = write_inception(tmp_path / "made-up.pth")
    words = ["fid", "--model", str(folders["faces.models.1"]), "--data", str(folders["faces.data"]),
             "--samples", "6", "--real", "5", "--layer", "64", "--out", str(tmp_path / "fid.json"),
             "--device", "cpu"]  # fmt: skip
    monkeypatch.setattr("sys.argv", [*words, "--weights", str(weights)])
    fid.main()
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((tmp_path / "fid.json").read_text())
    assert printed["fid6"] > 0
    assert "6 samples against 5 training images at 16x16" in printed["protocol"]
    assert "5 images are too few" in printed["warning"]
    monkeypatch.setattr("sys.argv", [*words, "--weights", str(tmp_path / "none.pth")])
    with pytest.raises(SpecError, match=r".*none\.pth: no such file.*6726825d"):
        fid.main()


@pytest.mark.slow
def test_a_report_without_weights_says_not_run_and_how(tmp_path: Path, repository: Path) -> None:
    run, spec = tmp_path / "demo", tmp_path / "report.json"
    run.mkdir()
    one = {"name": "fid", "unbound": ["inception.weights"]}
    words = {"run": "demo", "title": "Demo", "config": "config/demo.yaml", "experiments": [one]}
    spec.write_text(json.dumps(words))
    build_report(run=run, spec_path=spec, experiments=repository / "experiments", out=run / "r")
    command = "snakemake fid --configfile config/demo.yaml --config fid_weights=FILE"
    read = get_argument_parser().parse_args(command.split()[1:])  # as Snakemake itself reads it
    assert list(read.targets) == ["fid"]
    assert [path.as_posix() for path in read.configfile] == ["config/demo.yaml"]
    assert read.config == ["fid_weights=FILE"]
    page = (run / "r/index.html").read_text()
    assert command in page
    assert "binds nothing to inception.weights" in page
    markdown = (run / "r/report.md").read_text(encoding="utf-8")
    told = "Not run: nothing is bound to inception.weights in `config/demo.yaml`."
    assert f"{told} `{command}`" in markdown
    assert (run / "r/claims.csv").read_text().count("\n") == 1  # the head alone

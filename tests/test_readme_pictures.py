"""docs/make_pictures.py: the picture of the README from a made-up run, its bar counted by hand."""

import csv
import importlib
from collections import Counter
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from repro.report.build import CLAIM_COLUMNS
from repro.runs.extensions import experiment_cards


@pytest.fixture(scope="module")
def pictures(repository: Path) -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(repository / "docs")
        return importlib.import_module("make_pictures")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three sheets of samples, each of one grey level, a walk and turning faces."""
    run = tmp_path_factory.mktemp("run")
    sheets = run / "models/faces/samples"
    sheets.mkdir(parents=True)
    for number, level in enumerate((10, 90, 200), start=1):
        Image.new("RGB", (526, 552), (level,) * 3).save(sheets / f"step_{100 * number:08d}.png")
    for name, key, shape in (("latent_walk", "walk", (10, 10)), ("turn_vector", "rows", (5, 11))):
        folder = run / "experiments" / name / "measured"
        folder.mkdir(parents=True)
        np.savez(folder / "arrays.npz", **{key: np.full((*shape, 64, 64, 3), 30, np.uint8)})
    return run


def test_the_frames_show_the_sheets_in_the_order_of_the_training(
    pictures: ModuleType, run: Path
) -> None:
    frames = pictures.overview(run, Counter(hold=2, fail=1, open=1))
    middle = (pictures.MARGIN + 50, pictures.MARGIN + pictures.LABEL + 50)
    assert [frame.getpixel(middle)[0] for frame in frames] == [10, 90, 200]
    assert {frame.size for frame in frames} == {(pictures.WIDTH, frames[0].height)}


def test_the_bar_has_the_shares_of_the_verdicts(pictures: ModuleType, run: Path) -> None:
    frame = pictures.overview(run, Counter(hold=2, fail=1, open=1))[0]
    bar = frame.height - pictures.LABEL - pictures.BAR // 2
    row = [frame.getpixel((x, bar)) for x in range(frame.width)]
    colours = [(11, 100, 148), (166, 58, 0)]  # #0b6494 and #a63a00
    held, failed = (row.count(colour) for colour in colours)
    assert abs(held - 2 * failed) < 10
    assert held + failed == pytest.approx(0.75 * (frame.width - 2 * pictures.MARGIN), abs=10)


def test_directions_of_the_paper_are_counted(pictures: ModuleType, tmp_path: Path) -> None:
    rows = [
        ("paper", "direction", "holds on synthetic data"),
        ("paper", "direction", "reproduced"),
        ("paper", "direction", "fails on other data"),
        ("paper", "direction", "not decided (control passes)"),
        ("paper", "direction", "partly"),
        ("paper", "value", "not reproduced"),
        ("ours", "direction", "holds on other data"),
    ]
    blank = dict.fromkeys(CLAIM_COLUMNS, "") | {"experiment": "latent_walk"}
    blank["id"] = experiment_cards()["latent_walk"].claims[0].id
    with (tmp_path / "claims.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, CLAIM_COLUMNS)
        writer.writeheader()
        for source, kind, verdict in rows:
            writer.writerow(blank | {"source": source, "kind": kind, "verdict": verdict})
        withdrawn = {"source": "paper", "kind": "direction", "verdict": "reproduced", "id": "gone"}
        writer.writerow(blank | withdrawn)
    assert pictures.directions(tmp_path / "claims.csv") == {"hold": 2, "fail": 1, "open": 2}

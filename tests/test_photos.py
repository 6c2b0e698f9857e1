"""Your own pictures: Snakemake runs config/photos.yaml on a small folder; and what is refused."""

import html
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiny_pipeline import snakemake

from repro.runs.load import load_run

pytestmark = pytest.mark.pipeline
TINY = {  # merged over config/photos.yaml as --config KEY=VALUE
    "image_size": "32",
    "models": (
        "{photos: {network: {ngf: 8, ndf: 4}, training: {batch: 16, epochs: 4, early_epochs: 1, "
        "sample_every: 4, log_every: 2, statistics_batches: 2}}}"
    ),
    "experiments": (
        "{bedroom_samples: {blocks: 4}, filters: {pool: 30, compared: 8}, latent_walk: "
        "{segments: 8}, samples: {rows: 3, columns: 3, sorted_side: 4, images: 50}, memorisation: "
        "{samples: 64, shown: 16, real: 100}}"
    ),
}


def words(photos: str, **more: str) -> list[str]:
    """The command of the README behind `snakemake`, tiny."""
    values = {"photos": photos, **TINY, **more}
    return ["all", "--config", *(f"{key}={value}" for key, value in values.items())]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder with 40 files below `my pictures`, one of which is not a picture."""
    home = tmp_path_factory.mktemp("home")
    source = np.random.default_rng(3)
    (home / "my pictures/older").mkdir(parents=True)
    for number in range(39):
        height, width = source.integers(40, 90, 2)
        across, down = np.linspace(0, 1, width), np.linspace(0, 1, height)
        colours = source.integers(0, 256, (2, 3))
        pixels = across[None, :, None] * colours[0] + down[:, None, None] * colours[1]
        picture = Image.fromarray((pixels / 2).astype(np.uint8))
        if number % 10 == 0:
            picture = picture.convert("L")
        folder = "my pictures/older" if number % 3 else "my pictures"
        picture.save(home / folder / f"{number:02d}.{'png' if number % 2 else 'jpg'}")
    whole = (home / "my pictures/00.jpg").read_bytes()
    (home / "my pictures/cut off.jpg").write_bytes(whole[: len(whole) // 2])
    return home


@pytest.fixture(scope="module")
def results(
    warm: Path, home: Path, repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The run folder after the command of the README."""
    folder = tmp_path_factory.mktemp("photos")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        snakemake(warm, repository, folder, *words("~/my pictures"), run="photos")
    return folder / "results/photos"


def test_all_readable_pictures_are_prepared(results: Path) -> None:
    manifest = json.loads((results / "data/photos/manifest.json").read_text())
    assert manifest["count"] == 39
    assert np.load(results / "data/photos/images.npy").shape == (39, 32, 32, 3)
    skipped = (results / "data/photos/skipped.csv").read_text().splitlines()[1:]
    assert skipped == ["cut off.jpg,truncated"]


def test_the_model_shows_samples_and_how_they_came_about(results: Path) -> None:
    model = results / "models/photos"
    spec = json.loads((model / "spec.json").read_text())["spec"]
    assert spec["network"]["image_size"] == 32
    assert spec["network"]["z_dim"] == 100
    assert spec["training"]["diff_augment"] == ["colour", "translation", "cutout"]
    sheets = sorted((model / "samples").glob("step_*.png"))
    assert len(sheets) == 3  # 39 images in minibatches of 16, 16, 7: 12 in 4 epochs
    with Image.open(model / "samples.webp") as film:
        assert film.n_frames >= len(sheets)
    for name in ("samples.png", "real_and_generated.png", "curves.png"):
        with Image.open(model / name) as picture:
            assert picture.width > 200


def test_every_experiment_that_can_run_is_reported(results: Path, repository: Path) -> None:
    page = html.unescape((results / "report/index.html").read_text())
    runnable = load_run(str(repository / "config/photos.yaml")).runnable
    assert {"bedroom_samples", "latent_walk"} <= {one.name for one in runnable}
    for one in runnable:
        measured = results / f"experiments/{one.name}/measured/measurements.json"
        assert json.loads(measured.read_text())
        drawn = {path.name for path in (results / f"experiments/{one.name}/figures").iterdir()}
        captions = set(one.card.captions)
        assert captions & drawn if one.card.by_role else captions <= drawn
        assert one.card.title in page
    assert "A DCGAN of your own pictures" in page
    assert "Your pictures stand in for LSUN's three million bedrooms" in page
    assert "Your own pictures" in page
    opening = page.partition('<section id="pictures">')[2].partition("</section>")[0]
    shown = load_run(str(repository / "config/photos.yaml")).spec.opens_with
    figures = [one.partition("/") for one in shown if one.endswith(".png")]
    assert figures
    for name, _, file in figures:
        assert f"experiments/{name}/figures/{file}" in opening
    measured = [one.partition("/")[2].replace("_", " ") for one in shown if one[-4:] != ".png"]
    assert any(name.capitalize() in opening for name in measured)
    assert "too few minibatches: 12" in page.lower()  # 3 in each of 4 epochs
    assert (results / "report/claims.csv").read_text().count("\n") == 1  # no verdict


def test_other_photos_need_a_name_of_their_own(
    warm: Path, results: Path, repository: Path, home: Path
) -> None:
    shutil.copytree(home / "my pictures", home / "others", dirs_exist_ok=True)
    folder = results.parent.parent
    before = {path: path.stat().st_mtime_ns for path in results.rglob("*")}
    said = snakemake(
        warm, repository, folder, *words(str(home / "others")), run="photos", check=False
    )
    assert "results/photos was made from the photos in ~/my pictures, not from" in said
    assert "--config run=others photos=" in said
    assert before == {path: path.stat().st_mtime_ns for path in results.rglob("*")}
    named = ("--dry-run", *words(str(home / "others"), run="others"))
    assert "results/others/stamps/data/photos" in snakemake(
        warm, repository, folder, *named, run="photos"
    )
    assert "a run's name is letters" in snakemake(
        warm, repository, folder, *words(str(home / "others"), run="a/b"), run="photos", check=False
    )


def test_what_will_not_do_stops_before_any_job(
    warm: Path, home: Path, repository: Path, tmp_path: Path
) -> None:
    def refusal(*given: str) -> str:
        return snakemake(warm, repository, tmp_path, *given, run="photos", check=False)

    assert "give the folder of your pictures: --config photos=FOLDER" in refusal("all")
    few = tmp_path / "few"
    few.mkdir()
    for path in sorted((home / "my pictures").glob("*.jpg"))[:3]:
        shutil.copy(path, few)
    said = refusal(*words("few"))
    assert "few holds 3 files" in said
    assert "'models.photos.training.batch' is 16" in said
    assert "Input should be 16, 32, 64, 128 or 256" in refusal(*words("few", image_size="100"))
    assert not (tmp_path / "results/photos/data").exists()

"""The Python of repro/README.md runs as it stands, from top to bottom, and does what it says."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors
from torch import nn

pytestmark = pytest.mark.slow

PUBLIC_NAMES = {
    "ImageStore", "ModelFolder", "Generator", "Discriminator", "draw", "discriminator_features",
    "L2SVC", "Nearest", "train_autoencoder", "deduplicate",
}  # fmt: skip


@pytest.fixture(scope="module")
def readme(repository: Path) -> str:
    return (repository / "repro" / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def after(readme: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The names that are bound when all blocks have run, in an empty folder."""
    blocks = re.findall(r"^```python\n(.*?)^```$", readme, re.M | re.S)
    assert blocks
    names: dict[str, Any] = {"folder": tmp_path_factory.mktemp("readme")}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(names["folder"])
        for number, block in enumerate(blocks, start=1):
            exec(compile(block, f"repro/README.md, block {number}", "exec"), names)
    return names


def test_the_ten_public_names_are_shown(readme: str, after: dict[str, Any]) -> None:
    section = readme.partition("## Ten names to import")[2].partition("\n## ")[0]
    assert set(re.findall(r"\*\*`(\w+)`\*\*", section)) == PUBLIC_NAMES
    assert after.keys() >= PUBLIC_NAMES


def test_shapes_are_those_of_the_comments(after: dict[str, Any]) -> None:
    expected = {
        "images": (256, 32, 32, 3),
        "y": (256,),
        "pictures": (2, 3, 64, 64),
        "logits": (2,),
        "z": (8, 16),
        "samples": (8, 32, 32, 3),
        "X": (256, 896),
        "codes": (256, 16),
        "contrast": (256,),
    }
    assert {name: tuple(after[name].shape) for name in expected} == expected
    assert isinstance(after["G"], nn.Module)
    assert after["pictures"].abs().max() <= 1


def test_the_features_tell_left_from_right(after: dict[str, Any]) -> None:
    """Chance is 0.5: pictures of one class share nothing but the half that the square is in."""
    assert after["accuracy"] > 0.9


def test_the_neighbours_are_those_of_scikit_learn(after: dict[str, Any]) -> None:
    images = np.asarray(after["images"], np.float64).reshape(256, -1)
    samples = after["samples"].astype(np.float64).reshape(8, -1)
    reference = NearestNeighbors(n_neighbors=3, algorithm="brute").fit(images)
    distances, indices = reference.kneighbors(samples)
    np.testing.assert_allclose(after["nearest"].distances, distances, rtol=1e-9)
    np.testing.assert_array_equal(after["nearest"].indices, indices)


def test_the_planted_copy_is_found_and_nothing_else(after: dict[str, Any]) -> None:
    rows = (after["folder"] / "found" / "groups.csv").read_text().splitlines()[1:]
    assert [row.split(",")[1] for row in rows] == ["03.png", "copy.png"]
    assert after["found"].summary["removed"] == 1
    assert (after["folder"] / "found" / "groups.html").is_file()


def test_the_tree_names_every_module(repository: Path, readme: str) -> None:
    tree = readme.split("```")[1]
    modules = [*repository.glob("repro/*.py"), *repository.glob("repro/*/*.py")]
    names = {path.stem for path in modules if path.stem != "__init__"}
    assert len(names) > 90
    assert {name for name in names if not re.search(rf"\b{name}\b", tree)} == set()

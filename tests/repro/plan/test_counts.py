"""Images of a run's datasets before they are prepared, compared with those there afterwards."""

import importlib
import json
from pathlib import Path
from typing import Any

import pytest

from data_prep import folder
from data_prep.generated import rooms
from repro.plan.counts import Count, image_counts
from repro.runs.load import load_run
from repro.specs.validation import SpecError

RUN: dict[str, Any] = {
    "title": "A run",
    "worlds": {"rooms": {"generator": "rooms", "options": {"count": 50}}},
    "datasets": {"bedrooms": {"source": "lsun", "world": "rooms"}},
}


def test_published_sizes_of_the_papers_run(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    counts = image_counts(load_run(str(repository / "config/paper.yaml")), {})
    found = {name: count.images for name, count in counts.items()}
    assert found["bedrooms"] == 3_033_042
    assert found["bedrooms_copies"] == 400 * 21
    assert (found["bedrooms_validation"], found["faces"]) == (300, 202_599)
    assert (found["imagenet"], found["mnist_test"]) == (1_281_167, 10_000)
    assert (found["svhn"], found["svhn_validation"]) == (63_257, 10_000)
    assert (found["mnist"], found["mnist_validation"]) == (50_000, 10_000)
    assert (found["cifar10"], found["cifar10_test"]) == (50_000, 10_000)
    assert {count.origin for count in counts.values()} == {"published"}


@pytest.mark.slow
def test_a_world_counts_as_it_is_drawn(load: Any) -> None:
    worlds = {
        "rooms": {"generator": "rooms", "options": {"count": 12, "broken": 0}},
        "digits": {"generator": "digits", "options": {"test_count": 700}},
        "things": {
            "generator": "objects",
            "options": {"gan_count": 10, "train_count": 20, "test_count": 30},
        },
        "numbers": {"generator": "house_numbers", "options": {"train_count": 9, "test_count": 8}},
        "faces": {"generator": "faces", "options": {"count": 8}},
    }
    datasets = {
        "rooms": {"source": "lsun", "world": "rooms"},
        "copies": {"source": "planted", "world": "rooms", "options": {"of": "lsun"}},
        "few": {"source": "lsun", "world": "rooms", "limit": 5},
        "digits": {"source": "mnist", "world": "digits", "options": {"start": 90}},
        "test": {"source": "mnist", "world": "digits", "options": {"split": "test"}},
        "things": {"source": "imagenet", "world": "things", "options": {"folder": "imagenet"}},
        "cifar": {
            "source": "cifar10",
            "world": "things",
            "options": {"files": ["cifar/data_batch_1.bin", "cifar/test_batch.bin"]},
        },
        "numbers": {"source": "svhn", "world": "numbers", "options": {"stop": 7}},
        "numbers_test": {"source": "svhn", "world": "numbers", "options": {"split": "test"}},
        "faces": {"source": "folder", "world": "faces", "options": {"images": "images"}},
    }
    run = load({"title": "Worlds", "worlds": worlds, "datasets": datasets})
    before = image_counts(run, {})
    assert {count.origin for count in before.values()} == {"world"}
    for name, world in run.spec.worlds.items():
        module = importlib.import_module(f"data_prep.generated.{world.generator}")
        out = run.folder / "raw" / name
        out.mkdir(parents=True)
        module.write(out, module.Options.model_validate(world.options), 42)
    after = image_counts(run, {})
    assert {count.origin for count in after.values()} == {"raw data"}
    assert {n: c.images for n, c in after.items()} == {n: c.images for n, c in before.items()}


def test_a_prepared_dataset_counts_before_all(load: Any) -> None:
    run = load(RUN)
    assert image_counts(run, {})["bedrooms"] == Count(50, "world")
    folder = run.folder / "data/bedrooms"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps({"count": 48}))
    assert image_counts(run, {})["bedrooms"] == Count(48, "prepared")
    assert image_counts(run, {"bedrooms": 7})["bedrooms"] == Count(7, "given")


@pytest.mark.slow
def test_unknown_counts_are_asked_for(load: Any) -> None:
    values = {
        **RUN,
        "datasets": {"cats": {"source": "folder", "raw": "cats"}},
    }
    run = load(values)
    with pytest.raises(SpecError, match=r"small.yaml: .*cats; give them: --images cats=COUNT"):
        image_counts(run, {})
    assert image_counts(run, {"cats": 300})["cats"].images == 300
    Path("cats").mkdir()
    Path("cats/tom.jpg").write_bytes(b"")
    with pytest.raises(SpecError, match="--raw FOLDER"):  # the run file names no raw folder
        image_counts(run, {})
    assert image_counts(load({**values, "raw": "."}), {})["cats"] == Count(1, "raw data")
    with pytest.raises(SpecError, match=r"no dataset 'cast'.*cats"):
        image_counts(run, {"cast": 3})


def test_a_source_says_what_is_published(load: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    datasets = {
        "cats": {"source": "folder", "raw": "cats", "options": {"images": "small"}},
        "copies": {"source": "planted", "raw": "cats", "options": {"of": "folder"}},
    }
    run = load({"title": "Cats", "datasets": datasets})
    sizes = {"small": 77, "": 1_000}
    monkeypatch.setattr(folder, "published", lambda options: sizes[options.images], raising=False)
    assert image_counts(run, {}) == {
        "cats": Count(77, "published"),
        "copies": Count(400 * 25, "published"),
    }


def test_a_world_whose_generator_does_not_say_is_asked_for(
    load: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = load(RUN)
    monkeypatch.delattr(rooms, "count_for")
    with pytest.raises(SpecError, match="--images bedrooms=COUNT"):
        image_counts(run, {})

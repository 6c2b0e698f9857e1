"""A run file's statement that data are the paper's is overruled where they demonstrably differ."""

from pathlib import Path
from typing import Any

import pytest

from repro.runs.load import load_run, report_spec
from repro.runs.paper_scale import bound_roles


def role(repository: Path, name: str, **changes: Any) -> Any:
    """A role of config/paper.yaml with these changes."""
    return bound_roles(load_run(str(repository / "config/paper.yaml"), changes))[name]


def test_the_papers_run_file_is_as_in_the_paper(repository: Path) -> None:
    roles = bound_roles(load_run(str(repository / "config/paper.yaml")))
    as_in_paper = {name for name, one in roles.items() if one.as_in_paper}
    assert as_in_paper == {"bedrooms", "objects", "cifar10", "svhn", "mnist"}
    # section 4.1; ImageNet-1k; sections 5.1, 5.2 (73,257 - 10,000) and 8.1 (60,000 - 10,000)
    expected = {
        name: count for one in roles.values() for name, count in one.expected_images.items()
    }
    assert expected == {
        "bedrooms": 3_033_042, "imagenet": 1_281_167, "cifar10": 50_000, "cifar10_test": 10_000,
        "svhn": 63_257, "svhn_test": 26_032, "mnist": 50_000, "mnist_test": 10_000,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("training", "found"),
    [
        ({"precision": "auto", "sample_every": 7, "snapshots": 3}, True),  # the networks stay
        ({"epochs": 20, "decay_epochs": 10}, "data"),
        ({"schedule": "one_of_each"}, "data"),
    ],
)
def test_another_training_leaves_only_the_data(
    repository: Path, training: dict, found: bool | str
) -> None:
    one = role(repository, "mnist", models={"mnist_gan": {"training": training}})
    assert one.as_in_paper == found
    if found is not True:
        assert "mnist_gan differs from mnist_gan_fc in training." in one.not_as_in_paper[0]


def test_a_narrower_network_and_a_sample_of_the_images(repository: Path) -> None:
    narrow = role(repository, "svhn", models={"svhn": {"network": {"ngf": 32}}})
    assert narrow.as_in_paper == "data"
    few = role(repository, "svhn", datasets={"svhn": {"limit": 1000}})
    assert few.as_in_paper is False
    assert few.not_as_in_paper == ["svhn is limited to 1,000 images"]
    assert few.expected_images == {}


@pytest.mark.parametrize(
    ("name", "model", "why"),
    [
        ("svhn", {"data": "svhn_validation"}, "svhn is trained on svhn_validation, not on svhn"),
        (
            "bedrooms",
            {"deduplicated": False},
            "bedrooms is trained on images that were not de-duplicated",
        ),
    ],
)
def test_a_network_of_other_images_leaves_only_the_data(
    repository: Path, name: str, model: dict, why: str
) -> None:
    one = role(repository, name, models={name: model})
    assert (one.as_in_paper, one.not_as_in_paper) == ("data", [why])


def test_faces_and_other_sources_are_never_the_papers(repository: Path) -> None:
    faces = role(repository, "faces", roles={"faces": {"as_in_paper": True}})
    assert (faces.as_in_paper, faces.not_as_in_paper) == (
        False,
        ["the paper's images of this role were never released"],
    )
    other = role(repository, "bedrooms", roles={"bedrooms": {"data": "imagenet"}})
    assert "imagenet is read as imagenet, the paper's as lsun" in other.not_as_in_paper


def test_drawn_images_are_never_the_papers(repository: Path) -> None:
    run = load_run(
        str(repository / "config/demo.yaml"), {"roles": {"bedrooms": {"as_in_paper": True}}}
    )
    one = bound_roles(run)["bedrooms"]
    assert (one.kind, one.as_in_paper) == ("generated", False)
    assert "bedrooms is synthetic or rearranged by a program" in one.not_as_in_paper
    assert report_spec(run)["roles"]["bedrooms"]["as_in_paper"] is False
    real = report_spec(run)["roles"]["mnist"]
    assert (real["kind"], real["as_in_paper"]) == ("real", False)  # digits of scikit-learn

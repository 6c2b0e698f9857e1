"""Run files: the paper's defaults, and complaints that say what to do."""

from pathlib import Path

import pytest

from repro.claims.claim import Rule
from repro.specs.model import ModelSpec
from repro.specs.network import NetworkSpec
from repro.specs.run_file import RunSpec
from repro.specs.training import TrainingSpec
from repro.specs.validation import SpecError, read_yaml, validated


def complaint(values: dict) -> str:
    with pytest.raises(SpecError) as caught:
        validated(RunSpec, {"title": "t", **values}, where="config/x.yaml")
    return str(caught.value)


def test_defaults_are_the_papers_values() -> None:
    network, training = NetworkSpec(), TrainingSpec()
    assert network.generator_widths == (1024, 512, 256, 128)  # Fig 1
    assert network.discriminator_widths == (128, 256, 512, 1024)
    assert (network.z_dim, network.kernel, network.leaky_slope, network.init_sd) == (
        100, 5, 0.2, 0.02,
    )  # fmt: skip
    assert (training.batch, training.beta1) == (128, 0.5)
    assert training.learning_rate_g == training.learning_rate_d == 2e-4
    assert (training.epochs, training.early_epochs) == (5, 1)  # Figs 3 and 2


def test_unknown_keys_are_named_with_the_nearest_valid_one() -> None:
    text = complaint({"models": {"m": {"data": "d", "training": {"batch_sise": 1}}}})
    assert "config/x.yaml" in text
    assert "'models.m.training.batch_sise'" in text
    assert "batch" in text.split("allowed:")[1]
    assert "did you mean 'banner'" in complaint({"baner": ""})


def test_values_out_of_range_are_shown() -> None:
    text = complaint({"models": {"m": {"data": "d", "training": {"learning_rate_g": -1}}}})
    assert "'models.m.training.learning_rate_g'" in text
    assert "greater than 0" in text
    assert "-1" in text
    assert "power of two" in complaint(
        {"models": {"m": {"data": "d", "network": {"image_size": 48}}}}
    )


@pytest.mark.parametrize(
    ("epochs", "early_epochs", "expected"), [(5, 1, 1), (250, 25, 25), (3, 25, 0.3), (1, 1, 1)]
)
def test_the_early_snapshot_is_within_the_training(
    epochs: float, early_epochs: float, expected: float
) -> None:
    training = TrainingSpec(epochs=epochs, early_epochs=early_epochs)
    assert training.early_pass == pytest.approx(expected)


def test_a_dataset_has_exactly_one_origin() -> None:
    assert "either `world:`" in complaint({"datasets": {"d": {"source": "lsun"}}})


def test_mnist_depth_follows_from_a_base_of_seven() -> None:
    spec = NetworkSpec(image_size=28, base_size=7, channels=1, ngf=64, ndf=64)
    assert spec.generator_widths == (128, 64)


def test_yaml_refuses_a_key_given_twice(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("title: a\nmodels:\n  m: {data: d}\n  m: {data: e}\n")
    with pytest.raises(SpecError, match=r"x\.yaml.*'m' is given twice"):
        read_yaml(path)
    path.write_text("a: &a {x: 1, y: 2}\nb: {<<: *a, x: 3}\n")  # merged, not given twice
    assert read_yaml(path)["b"] == {"x": 3, "y": 2}
    path.write_text("title: [")
    with pytest.raises(SpecError, match="not valid YAML"):
        read_yaml(path)
    with pytest.raises(SpecError, match=r"no such file; did you mean 'x\.yaml'"):
        read_yaml(tmp_path / "xx.yaml")


def test_the_nearest_run_file_is_looked_for_in_config(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("config").mkdir()
    Path("config/photos.yaml").touch()
    with pytest.raises(SpecError, match=r"^photo.yaml: .*; did you mean 'config/photos.yaml'\?$"):
        read_yaml(Path("photo.yaml"))
    with pytest.raises(SpecError, match=r"^none/else.yaml: no such file$"):
        read_yaml(Path("none/else.yaml"))


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (
            {"within": 10},
            r"'rule\.within': expected a list, e\.g\. \[first, second\] \(found: 10\)",
        ),
        ({"within": [1, 2, 3]}, r"'rule\.within': expected at most 2 values, found 3"),
        ({"within": ["a", 2]}, r"'rule\.within\.0': expected a number \(found: 'a'\)"),
        (10, r"'rule': expected keys with values, e\.g\. name: value \(found: 10\)"),
    ],
)
def test_what_is_expected_is_said_in_the_words_of_the_file(rule: object, said: str) -> None:
    with pytest.raises(SpecError, match=said):
        validated(Rule, rule, where="experiment.yaml", key="rule")


def test_model_spec_survives_json() -> None:
    spec = ModelSpec(data="d", network=NetworkSpec(image_size=32, layers="paired", kernel=3))
    assert ModelSpec.model_validate_json(spec.model_dump_json()) == spec

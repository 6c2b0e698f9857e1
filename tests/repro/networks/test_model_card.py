"""The card says of a training what its spec and its log say, and nothing it does not know."""

import math
import re
from pathlib import Path
from typing import Any

from untrained_model import write_model

from repro.networks.model_card import model_card
from repro.specs.model import ModelSpec
from repro.specs.network import NetworkSpec
from repro.specs.training import AugmentationSpec, TrainingSpec


def card(
    *, network: NetworkSpec | None = None, training: TrainingSpec | None = None, **more: object
) -> str:
    spec = ModelSpec(
        data="cats", network=network or NetworkSpec(), training=training or TrainingSpec()
    )
    description = {
        "spec": spec.model_dump(), "seed": 7, "images": 12_345, "minibatches": 300,
        "minibatches_per_epoch": 120, "steps_d": 150, "steps_g": 150,
        "parameters": {"G": 1000, "D": 2000}, **more,
    }  # fmt: skip
    return model_card(description, {"diversity": 0.8123, "d_real": math.nan}, ["collapse since 9"])


def test_what_was_trained_on_what() -> None:
    text = card()
    assert text.startswith("# DCGAN of cats\n\nA generator")
    for words in (
        "convolutional, 64x64 pixels in colour; z of 100 numbers (uniform)",
        "parameters: G 1,000, D 2,000",
        "12,345 of the dataset `cats`",
        "300 minibatches of 128 (2.5 passes over the images), 150 steps of D and 150 of G",
        "no augmentation",
        "| Troubles | collapse since 9 |",
        "| Diversity of the samples, as a share of the real images' | 0.812 |",
    ):
        assert words in text
    assert "nan" not in text


def test_labels_changes_and_the_banner() -> None:
    text = card(
        network=NetworkSpec(
            kind="conditional", classes=10, image_size=28, base_size=7, channels=1, ngf=64, ndf=64
        ),
        training=TrainingSpec(
            augmentation=AugmentationSpec(flip=0.5), diff_augment=("cutout",), ema=0.9
        ),
        banner="SYNTHETIC DATA",
    )
    assert "\n\n**SYNTHETIC DATA**\n\nA generator" in text
    assert "28x28 pixels in grey, 10 classes" in text
    assert (
        "real images augmented, differentiable augmentation (cutout), moving average of G's "
        "weights" in text
    )
    blurred = card(training=TrainingSpec(augmentation=AugmentationSpec(blur_sigma=2)))
    assert "no augmentation" in blurred  # a width without a share changes nothing


def python_of(text: str) -> str:
    (code,) = re.findall(r"^```python\n(.*?)^```$", text, re.M | re.S)
    return str(code)


def test_its_lines_of_python_run(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model", image_size=16)
    code = python_of(card(network=NetworkSpec(image_size=16)))
    names: dict[str, Any] = {}
    exec(compile(code.replace("FOLDER", str(folder)), "card", "exec"), names)
    assert names["images"].shape == (64, 16, 16, 3)
    assert f"# {names['images'].shape} uint8" in code
    assert len(names["features"]) == 64


def test_a_conditional_generator_is_given_labels_and_only_convolutions_have_features() -> None:
    conditional = NetworkSpec(kind="conditional", image_size=16, classes=3, hidden_units=8)
    dense = NetworkSpec(
        kind="fully_connected", image_size=16, generator_units=(8,), discriminator_units=(8,)
    )
    assert "import torch\n" in python_of(card(network=conditional))
    assert "draw(model.generator(), z, torch.arange(64) % 3)" in python_of(
        card(network=conditional)
    )
    for network in (conditional, dense):
        assert "features" not in python_of(card(network=network))
    assert "torch" not in python_of(card(network=dense))

"""Presets: parameter counts, recipes, the generated page, a short training of each.

Longer than 300 lines: the recipes of all presets, written out by hand, are the test.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
import yaml
from short_training import train_in

from repro.artefacts.import_closure import import_closure
from repro.networks.build import build_discriminator, build_generator
from repro.networks.model_folder import ModelFolder, draw
from repro.networks.presets_page import PAGE, list_presets, page, parameter_counts, usage
from repro.places import PRESETS
from repro.runs.checks import missing_raw_data
from repro.runs.load import load_run
from repro.specs.differences import differing_from_paper
from repro.specs.model import ModelSpec
from repro.specs.network import NetworkSpec
from repro.specs.presets import Preset, PresetSpec, read_presets
from repro.specs.validation import SpecError
from repro.train.minibatches import Schedule

ALL = {preset.name: preset for preset in read_presets()}

# (G, D), from the shapes: weights of dense layers and convolutions, then biases, then two numbers
# for each unit or map that is normalised with gain and bias
COUNTS = {
    # 100 x 16384 + 25 (1024x512 + 512x256 + 256x128 + 128x3) + 2 (16384 + 512 + 256 + 128);
    # 25 (3x128 + 128x256 + 256x512 + 512x1024) + 16384 + 2 (256 + 512 + 1024)
    "paper_64": (18_885_760, 17_232_768),
    # 256 x 8192 + 9 (512x512 + 512x256 + 256x256 + 256x128 + 128x128 + 128x3)
    # + 2 (8192 + 512 + 256 + 256 + 128 + 128); the same sum of nines + 8192
    # + 2 (128 + 256 + 256 + 512 + 512)
    "imagenet32": (6_690_688, 4_586_112),
    # 100 x 4096 + 25 (256x128 + 128x64 + 64x3) + 2 (4096 + 128 + 64);
    # 25 (3x64 + 64x128 + 128x256) + 4096 + 2 (128 + 256)
    "svhn_released": (1_446_976, 1_033_664),
    # 110x1024 + 1034x6272 + 25 (138x64 + 74x1); 25 (11x64 + 74x128) + 6282x1024 + 1034
    "mnist_conditional": (6_820_538, 6_688_202),
    # 110x1024 + 1034x1024 + 1034x784; 794x1024 + 1034x1024 + 1034
    "mnist_gan_fc": (1_982_112, 1_872_906),
    # 100 x 8192 + 16 (512x256 + 256x128 + 128x64 + 64x3) + 2 (512 + 256 + 128 + 64);
    # 16 (3x64 + 64x128 + 128x256 + 256x512) + 8192 + 2 (128 + 256 + 512)
    "pytorch_tutorial": (3_576_704, 2_765_568),
    # 30 x 8192 + the rest of the tutorial's G;
    # 16 (3x32 + 32x64 + 64x128 + 128x256) + 4096 + 2 (64 + 128 + 256)
    "cats_527": (3_003_264, 694_656),
    # 100 x 4096 + 16 (256x128 + 128x64 + 64x32 + 32x3) + 2 (256 + 128 + 64 + 32);
    # 16 (3x24 + 24x48 + 48x96 + 96x192) + 3072 + 2 (48 + 96 + 192)
    "small_folder": (1_100_224, 391_968),
    # 100x128 + 128x256 + 256x512 + 512x1024 + 1024x784 + (128 + 256 + 512 + 1024 + 784)
    # + 2 (256 + 512 + 1024); 784x512 + 512x256 + 256 + (512 + 256 + 1)
    "vanilla_gan": (1_510_032, 533_505),
}

AUTHORS = {"paper_64", "imagenet32", "svhn_released", "mnist_conditional", "mnist_gan_fc"}
MNIST = {
    "network.image_size": 28,
    "network.channels": 1,
    "network.classes": 10,
    "network.pixel_low": 0,
    "network.z_dim": 100,
    "network.z_distribution": "uniform",
    "network.norm_affine": False,
    "network.norm_eps": 1e-8,
    "training.batch": 128,
    "training.learning_rate_g": 2e-4,
    "training.learning_rate_d": 2e-4,
    "training.beta1": 0.5,
    "training.l2": 2.5e-5,
    "training.schedule": "alternating",
    "training.epochs": 200,
    "training.decay_epochs": 100,
}
# what each recipe says, not what its file says: values that equal a default are here too
RECIPES: dict[str, dict[str, Any]] = {
    "paper_64": {
        "network.kernel": 5,
        "network.ngf": 128,
        "network.first_norm": "per_unit",
        "network.z_distribution": "uniform",
        "training.batch": 128,
        "training.l2": 1e-5,
        "training.schedule": "alternating",
    },
    "imagenet32": {"network.z_dim": 256, "network.kernel": 3, "training.epochs": 30},
    "svhn_released": {
        "network.z_distribution": "normal",
        "network.z_dim": 100,
        "training.batch": 64,
        "training.learning_rate_g": 5e-4,
        "training.learning_rate_d": 5e-4,
        "training.epochs": 200,
    },
    "mnist_conditional": MNIST | {"network.kind": "conditional", "network.hidden_units": 1024},
    "mnist_gan_fc": MNIST
    | {
        "network.kind": "fully_connected",
        "network.generator_units": (1024, 1024),
        "network.discriminator_units": (1024, 1024),
        "network.biases": False,
    },
    "pytorch_tutorial": {
        "network.image_size": 64,
        "network.channels": 3,
        "network.z_dim": 100,
        "network.z_distribution": "normal",
        "network.ngf": 64,
        "network.ndf": 64,
        "network.kernel": 4,
        "network.leaky_slope": 0.2,
        "network.generator_slope": 0,
        "network.init": "normal",
        "network.init_sd": 0.02,
        "network.norm_eps": 1e-5,
        "network.norm_affine": True,
        "network.first_norm": "per_channel",
        "training.batch": 128,
        "training.learning_rate_g": 2e-4,
        "training.learning_rate_d": 2e-4,
        "training.beta1": 0.5,
        "training.beta2": 0.999,
        "training.l2": 0,
        "training.epochs": 5,
        "training.decay_epochs": 0,
        "training.schedule": "one_of_each",
        "training.sample_every": 500,
    },
    "cats_527": {
        "network.z_dim": 30,
        "network.z_distribution": "normal",
        "network.ngf": 64,
        "network.ndf": 32,
        "network.kernel": 4,
        "network.leaky_slope": 0.1,
        "network.first_norm": "per_channel",
        "network.norm_eps": 1e-5,
        "training.batch": 32,
        "training.learning_rate_g": 3e-4,
        "training.learning_rate_d": 2e-4,
        "training.l2": 0,
        "training.schedule": "one_of_each",
    },
    "small_folder": {
        "network.z_dim": 100,
        "network.z_distribution": "normal",
        "network.ngf": 32,
        "network.ndf": 24,
        "network.kernel": 4,
        "network.leaky_slope": 0.2,
        "network.first_norm": "per_channel",
        "training.batch": 32,
        "training.l2": 0,
        "training.schedule": "one_of_each",
        "training.ema": 0.995,
        "training.diff_augment": ("colour", "translation", "cutout"),
    },
    "vanilla_gan": {
        "network.image_size": 28,
        "network.channels": 1,
        "network.classes": 0,
        "network.pixel_low": -1,
        "network.z_dim": 100,
        "network.z_distribution": "normal",
        "network.generator_units": (128, 256, 512, 1024),
        "network.discriminator_units": (512, 256),
        "network.norm_eps": 0.8,
        "network.generator_slope": 0.2,
        "network.leaky_slope": 0.2,
        "network.init": "fan_in",
        "training.batch": 64,
        "training.learning_rate_g": 2e-4,
        "training.learning_rate_d": 2e-4,
        "training.beta1": 0.5,
        "training.l2": 0,
        "training.epochs": 200,
        "training.schedule": "one_of_each",
        "training.sample_every": 400,
    },
}


@pytest.fixture(params=sorted(ALL))
def preset(request: pytest.FixtureRequest) -> Preset:
    return ALL[request.param]


def setting(spec: PresetSpec, key: str) -> Any:
    part, name = key.split(".")
    return getattr(getattr(spec, part), name)


def keys_below(values: dict[str, Any], prefix: str = "") -> set[str]:
    found: set[str] = set()
    for key, value in values.items():
        inner = isinstance(value, dict)
        found |= keys_below(value, f"{prefix}{key}.") if inner else {prefix + key}
    return found


def test_parameter_counts(preset: Preset) -> None:
    assert parameter_counts(preset.spec.network) == COUNTS[preset.name]


def test_every_preset_holds_the_values_of_its_recipe(preset: Preset) -> None:
    expected = RECIPES[preset.name]
    assert {key: setting(preset.spec, key) for key in expected} == expected


def test_the_authors_recipes_are_marked_and_nothing_stops_them() -> None:
    assert {name for name, preset in ALL.items() if preset.spec.of_the_paper} == AUTHORS
    assert all(ALL[name].spec.training.stop_on == () for name in AUTHORS)


@pytest.mark.parametrize("name", ["mnist_conditional", "mnist_gan_fc"])
def test_learning_rate_of_the_mnist_script(name: str) -> None:
    """Full through pass 101, then 2e-6 less a pass, down to 1 % in pass 200; 39,100 steps each."""
    training = ALL[name].spec.training
    schedule = Schedule(images=50_000, training=training, seed=0)
    assert (schedule.per_epoch, schedule.steps()) == (391, (39_100, 39_100))
    for number, rate in [(1, 2e-4), (101, 2e-4), (102, 1.98e-4), (103, 1.96e-4), (200, 2e-6)]:
        for t in ((number - 1) * 391, number * 391 - 1):
            assert training.learning_rate_g * schedule.rate_factor(t) == pytest.approx(rate)


def test_differences_are_what_the_file_sets(preset: Preset) -> None:
    """All of them, but for values written out although they are the paper's."""
    values = yaml.safe_load((PRESETS / f"{preset.name}.yaml").read_text())
    in_file = {key for key in keys_below(values) if key.startswith(("network.", "training."))}
    written_out = {"pytorch_tutorial": {"training.epochs"}}
    written_out["cats_527"] = {"training.learning_rate_d"}
    written_out["paper_64"] = {"training.precision"}
    found = {key for key, _, _ in differing_from_paper(preset.spec.model_dump())}
    assert found == in_file - written_out.get(preset.name, set())


def test_an_edit_of_the_report_or_of_the_list_of_presets_trains_nothing_anew() -> None:
    files = {"repro/report/results.py", "repro/claims/card.py", "repro/networks/presets_page.py"}
    assert not files & set(import_closure("repro.train"))


@cache
def made_once(text: Callable[[], str]) -> str:
    return text()


def test_the_page_is_up_to_date() -> None:
    current = PAGE.read_text(encoding="utf-8") if PAGE.is_file() else ""
    command = f"python -m repro presets --out {PAGE}"
    assert current == made_once(page), f"{PAGE} is out of date: run  {command}"


def test_the_page_and_the_list_name_every_preset_with_its_counts(preset: Preset) -> None:
    of_g, of_d = (f"{count:,}" for count in COUNTS[preset.name])
    line = next(
        line for line in made_once(list_presets).splitlines() if line.startswith(preset.name)
    )
    assert of_g in line
    assert of_d in line
    section = made_once(page).split(f"\n## {preset.name}\n")[1].split("\n## ")[0]
    assert f"**G**, {of_g} parameters" in section
    assert f"**D**, {of_d} parameters" in section
    assert preset.spec.source in section
    for key, paper, _ in differing_from_paper(preset.spec.model_dump()):
        shown = f"{paper:g}" if isinstance(paper, float) else str(paper)
        if not isinstance(paper, bool | tuple):
            assert f"| `{key}` | {shown} |" in section


@pytest.mark.slow
def test_layers_in_words() -> None:
    text = made_once(page).split("\n## mnist_conditional\n")[1]
    assert "2. dense 1,034 -> 6,272, BN per unit without gain and bias\n" in text
    assert "3. transposed convolution 5x5, stride 2: 138 -> 64 x 14 x 14, BN per map" in text
    assert "4. transposed convolution 5x5, stride 2: 74 -> 1 x 28 x 28\n" in text
    assert "2. convolution 5x5, stride 2: 74 -> 128 x 7 x 7, BN per map" in text
    text = made_once(page).split("\n## imagenet32\n")[1]
    assert "3. transposed convolution 3x3, stride 1: 512 -> 256 x 8 x 8, BN per map\n" in text
    assert "5. convolution 3x3, stride 1: 256 -> 512 x 8 x 8, BN per map\n" in text


def test_the_lines_to_use_it_are_a_run(preset: Preset, tmp_path: Path) -> None:
    assert usage(preset) in PAGE.read_text(encoding="utf-8")
    file = tmp_path / "mine.yaml"
    file.write_text(f"title: mine\n{usage(preset)}")
    run = load_run(str(file))
    (name,) = run.spec.models
    model, dataset = run.model(name), run.spec.datasets[name]
    assert model.preset == preset.name
    assert (model.network, model.training) == (preset.spec.network, preset.spec.training)
    assert (dataset.image_size, dataset.channels) == (
        model.network.image_size,
        model.network.channels,
    )


def test_a_new_file_is_a_new_preset(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("# Half\n# of it.\ntitle: t\nsource: s\nnetwork: {ngf: 64}\n")
    (mine,) = read_presets(tmp_path)
    assert (mine.name, mine.about, mine.spec.network.ngf) == ("mine", "Half of it.", 64)
    path.write_text("title: t\nsource: s\nnetwork: {nfg: 64}\n")
    with pytest.raises(SpecError, match=r"mine\.yaml.*'network\.nfg'.*did you mean 'ngf'"):
        read_presets(tmp_path)


@torch.no_grad()
def test_the_tutorials_networks_as_it_writes_them() -> None:
    """Its first layer of G and last of D, there 4x4 convolutions, are our dense ones reshaped."""
    network = ALL["pytorch_tutorial"].spec.network
    G, D = build_generator(network, seed=2), build_discriminator(network, seed=2)
    z = torch.randn(4, 100)
    weight = G.project.weight.T.unflatten(1, (512, 4, 4))
    x = F.conv_transpose2d(z[:, :, None, None], weight)
    x = F.relu(normalised(x, G.project_norm))
    for layer in G.layers[:-1]:
        x = F.conv_transpose2d(x, layer.conv.weight, stride=2, padding=1)
        x = F.relu(normalised(x, layer.norm))
    x = torch.tanh(F.conv_transpose2d(x, G.layers[-1].conv.weight, stride=2, padding=1))
    torch.testing.assert_close(G(z), x, rtol=1e-4, atol=1e-5)
    logits = F.leaky_relu(F.conv2d(x, D.layers[0].conv.weight, stride=2, padding=1), 0.2)
    for layer in D.layers[1:]:
        logits = F.conv2d(logits, layer.conv.weight, stride=2, padding=1)
        logits = F.leaky_relu(normalised(logits, layer.norm), 0.2)
    logits = F.conv2d(logits, D.head.weight.view(1, 512, 4, 4)).flatten()
    torch.testing.assert_close(D(x), logits, rtol=1e-4, atol=1e-5)


def normalised(x: torch.Tensor, norm: torch.nn.BatchNorm2d) -> torch.Tensor:
    """Batch normalisation with PyTorch's default epsilon, written out."""
    mean, variance = x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False)
    scaled = (x - mean[:, None, None]) / torch.sqrt(variance + 1e-5)[:, None, None]
    return scaled * norm.weight[:, None, None] + norm.bias[:, None, None]


# at full width a pair of steps takes up to 2 s of one core and the resume state 430 MB
NARROWED = {"paper_64", "imagenet32", "pytorch_tutorial"}


@pytest.mark.slow
def test_a_short_training(
    preset: Preset,
    make_dataset: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two minibatches on random pictures: all is written, and what is written draws."""
    # a picture of the curves takes longer than the training, and nothing here looks at it
    monkeypatch.setattr("repro.train.model_writer.save_figure", lambda path, *_, **__: path.touch())
    network = preset.spec.network
    source = np.random.default_rng(0)
    shape = (16, network.image_size, network.image_size, network.channels)
    labels = {"class": np.arange(16, dtype=np.int32) % network.classes} if network.classes else {}
    data = make_dataset(source.integers(0, 256, shape, dtype=np.uint8), **labels)
    training = preset.spec.training.model_dump() | {
        "batch": 8,
        "epochs": 1,
        "early_epochs": 0.5,
        "decay_epochs": min(1, preset.spec.training.decay_epochs),
        "statistics_batches": 1,
    }
    small = network.model_dump()
    if preset.name in NARROWED:
        small |= {"ngf": 32, "ndf": 32}
    spec = ModelSpec.model_validate(
        {"data": "data", "preset": preset.name, "network": small, "training": training}
    )
    model = ModelFolder.open(train_in(tmp_path, spec, data, seed=3))
    assert model.spec == spec
    counts = model.description["parameters"]
    if preset.name not in NARROWED:
        assert (counts["G"], counts["D"]) == COUNTS[preset.name]
    steps = 1 if spec.training.schedule == "alternating" else 2
    assert (model.description["steps_d"], model.description["steps_g"]) == (steps, steps)
    log = model.log()
    assert np.isfinite(log[["loss_d", "loss_g"]].dropna().to_numpy()).all()
    z = model.latents(10, seed=0, purpose="test")
    y = torch.arange(10) if network.classes else None
    pictures = draw(model.generator(), z, y)
    assert pictures.shape == (10, *shape[1:])
    assert pictures.std() > 0
    again = draw(model.generator(), z[:2], y if y is None else y[:2])
    # sums in another order may round to the next grey level
    np.testing.assert_allclose(pictures[:2].astype(int), again.astype(int), rtol=0, atol=1)


def test_the_tutorial_as_a_run(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository)
    run = load_run("config/tutorial.yaml")
    tutorial = ALL["pytorch_tutorial"].spec
    assert run.model("faces").network == tutorial.network
    auto = tutorial.training.model_copy(update={"precision": "auto"})  # and nothing else
    assert run.model("faces").training == auto
    assert {e.name for e in run.runnable} >= {"bedroom_samples", "latent_walk", "filters"}
    assert "looked at: raw/celeba/img_align_celeba" in "\n".join(missing_raw_data(run))
    # any folder, as the file says: an absolute path
    changed = load_run("config/tutorial.yaml", {"datasets": {"faces": {"raw": "/my/pictures"}}})
    assert changed.raw_folder("faces") == Path("/my/pictures")
    # CelebA's 202,599 faces: the 1,583 minibatches a pass that the tutorial prints
    schedule = Schedule(images=202_599, training=tutorial.training, seed=0)
    assert (schedule.per_epoch, schedule.length) == (1583, 7915)


def test_counts_and_recipes_are_pinned_for_every_preset() -> None:
    assert set(COUNTS) == set(RECIPES) == set(ALL)
    assert ALL["paper_64"].spec.network == NetworkSpec()

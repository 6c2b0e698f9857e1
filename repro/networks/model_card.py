"""The card of a trained model: what it is, how it was trained, what not to use it for.

Where in the flow: repro.train.model_writer writes it into the model folder as MODEL_CARD.md, from
the same values as spec.json, health.json and the log, so that a model which is passed on explains
itself. Alone: `model_card(ModelFolder.open(folder).description, {})`.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

CARD_FILE = "MODEL_CARD.md"
FEATURES = "repro.classification.discriminator_features"  # which is a layer above this one
COMMANDS = """\
```
dcgan sample FOLDER --seeds 0-63 --out samples
dcgan export FOLDER --onnx generator.onnx
```

"""
SHOWN = {  # column of the log -> what it is
    "d_real": "D(x), mean over real images",
    "d_fake_before": "D(G(z)), mean over generated images",
    "diversity": "Diversity of the samples, as a share of the real images'",
}
TEXT = """\
# DCGAN of {data}

{banner}A generator (G) and a discriminator (D) in the style of DCGAN (Radford, Metz and Chintala,
arXiv 1511.06434v2).

| | |
|---|---|
{rows}

{use}## Limits

- It shows what its training images have in common, their one-sidedness included, and may repeat
  some of them: the experiment `memorisation` searches for copies.
- Do not pass its pictures off as photographs, and do not use D or G to recognise or judge people.
- Its pictures are evidence about the paper only where a report of this repository says so.
- The rights in the training images remain with their owners.
"""


def model_card(
    description: Mapping[str, Any],
    last: Mapping[Any, Any],
    troubles: Sequence[str] = (),
) -> str:
    """The card as Markdown.

    description: the content of spec.json; its `banner`, if any, is that of the run's figures. last:
    the last value of each column of the log. troubles: what the monitor reported, in words.
    """
    rows = {
        "Networks": _networks(description),
        "Recipe": f"preset `{description['spec']['preset']}`, seed {description['seed']}",
        "Images": f"{description['images']:,} of the dataset `{description['spec']['data']}`",
        "Training": _training(description),
        "Troubles": "; ".join(troubles) or "none was found",
        **{
            words: f"{last[column]:.3g}"
            for column, words in SHOWN.items()
            if not math.isnan(last.get(column, math.nan))
        },
    }
    lines = "\n".join(f"| {key} | {value} |" for key, value in rows.items())
    banner = f"**{description['banner']}**\n\n" if description.get("banner") else ""
    return TEXT.format(
        data=description["spec"]["data"], banner=banner, rows=lines, use=use_section(description)
    )


def use_section(
    description: Mapping[str, Any], kept: Sequence[str] = ("generator", "discriminator")
) -> str:
    """The section "Use" for the networks in the folder: commands and lines of Python."""
    network = description["spec"]["network"]
    shape = f"(64, {network['image_size']}, {network['image_size']}, {network['channels']}) uint8"
    needed, lines, commands = ["from repro.networks.model_folder import ModelFolder"], [], ""
    if "generator" in kept:
        commands = COMMANDS
        needed[0] += ", draw"
        lines.append('z = model.latents(64, seed=0, purpose="mine")')
        labels = ""
        if network["classes"]:
            needed.insert(0, "import torch")
            labels = f", torch.arange(64) % {network['classes']}"
        lines.append(f"images = draw(model.generator(), z{labels})  # {shape}")
    if "discriminator" in kept and network["kind"] == "convolutional":
        needed.insert(0, f"from {FEATURES} import discriminator_features")
        if not commands:
            lines.append(f"images = ...  # {shape}")
        lines.append("features = discriminator_features(model.discriminator(), images)  # paper §5")
    code = ["from pathlib import Path", *needed, "", 'model = ModelFolder.open(Path("FOLDER"))']
    python = "\n".join([*code, *lines])
    return f"## Use\n\n{commands}```python\n{python}\n```\n\n"


def _networks(description: Mapping[str, Any]) -> str:
    network, parameters = description["spec"]["network"], description["parameters"]
    size, channels = network["image_size"], network["channels"]
    labels = f", {network['classes']} classes" if network["classes"] else ""
    return (
        f"{network['kind'].replace('_', ' ')}, {size}x{size} pixels in "
        f"{'colour' if channels == 3 else 'grey'}{labels}; z of {network['z_dim']} numbers "
        f"({network['z_distribution']}); parameters: G {parameters['G']:,}, D {parameters['D']:,}"
    )


def _training(description: Mapping[str, Any]) -> str:
    training, done = description["spec"]["training"], description["minibatches"]
    passes = done / description["minibatches_per_epoch"]
    changes = [kind for kind, on in _changes(training).items() if on]
    return (
        f"{done:,} minibatches of {training['batch']} ({passes:.3g} passes over the images), "
        f"{description['steps_d']:,} steps of D and {description['steps_g']:,} of G; Adam, rates "
        f"{training['learning_rate_g']:g} (G) and {training['learning_rate_d']:g} (D), beta1 "
        f"{training['beta1']:g}; {training['precision']}; {', '.join(changes) or 'no augmentation'}"
    )


def _changes(training: Mapping[str, Any]) -> dict[str, bool]:
    strengths = {k: v for k, v in training["augmentation"].items() if k != "blur_sigma"}
    names = ", ".join(training.get("diff_augment", ()))
    return {
        "real images augmented": any(strengths.values()),
        f"differentiable augmentation ({names})": bool(names),
        "moving average of G's weights": bool(training.get("ema")),
    }

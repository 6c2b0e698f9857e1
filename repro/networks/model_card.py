"""The card of a trained model: what it is, how it was trained, what not to use it for.

Where in the flow: repro.train.model_writer writes it into the model folder as MODEL_CARD.md, from
the same values as spec.json, health.json and the log, so that a model which is passed on explains
itself. Alone: `model_card(ModelFolder.open(folder).description, {})`.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

CARD_FILE = "MODEL_CARD.md"
NEEDED = "from repro.classification.discriminator_features import discriminator_features\n"
FEATURES = (
    "features = discriminator_features(model.discriminator(), pictures)  # (64, F), section 5\n"
)
USE = "## Use\n"
SHOWN = {  # column of the log -> what it is
    "d_real": "D(x), mean over real images",
    "d_fake_before": "D(G(z)), mean over generated images",
    "diversity": "Diversity of the samples, as a share of the real images'",
}
TEXT = """\
# DCGAN of {data}

{banner}A generator (G) and a discriminator (D) of the kind of DCGAN (Radford, Metz and Chintala,
arXiv 1511.06434v2).

| | |
|---|---|
{rows}

## Use

```
dcgan sample FOLDER --seeds 0-63 --out samples
dcgan export FOLDER --onnx generator.onnx
```

```python
from pathlib import Path
{needed}from repro.networks.model_folder import ModelFolder, draw

model = ModelFolder.open(Path("FOLDER"))
pictures = draw(model.generator(), model.latents(64, seed=0, purpose="mine"))  # (64, H, W, C) uint8
{features}```

## Limits

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
    has_features = description["spec"]["network"]["kind"] == "convolutional"
    return TEXT.format(
        data=description["spec"]["data"],
        banner=banner,
        rows=lines,
        needed=NEEDED * has_features,
        features=FEATURES * has_features,
    )


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

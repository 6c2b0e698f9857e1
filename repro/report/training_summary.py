"""A trained model in words: its recipe, its epochs and steps, the troubles of its training.

Where in the flow: repro.report.views calls these with the spec.json and the health.json of a model.

Alone: `describe_epoch(json.loads(Path("results/demo/models/faces/spec.json").read_text()))`.
"""

from collections.abc import Mapping
from typing import Any

from repro.claims.measurement import number
from repro.report.quantities import counted, format_value
from repro.report.spec import Health


def describe_model(description: Mapping[str, Any]) -> str:
    """Recipe, dataset and number of images of a model (its spec.json)."""
    spec = description.get("spec", {})
    recipe, data = spec.get("preset", "–"), spec.get("data", "–")
    without = ", without duplicates" if spec.get("deduplicated") else ""
    images = format_value(description.get("images", "–"))
    return f"recipe {recipe} · dataset {data}{without} · {images} images"


def describe_epoch(description: Mapping[str, Any]) -> str:
    """What one epoch of a training was (from its spec.json), and how many steps it took in all.

    "" for a description without these numbers.
    """
    try:
        training = description["spec"]["training"]
        batch, schedule = int(training["batch"]), training["schedule"]
        images, done = int(description["images"]), int(description["minibatches"])
        parts = int(description["minibatches_per_epoch"])
        steps_d, steps_g = int(description["steps_d"]), int(description["steps_g"])
    except KeyError:
        return ""
    last = images - (parts - 1) * batch
    of = f"{counted(parts, 'minibatch', 'minibatches')} of {batch if parts > 1 else last:,}"
    if parts > 1 and last != batch:
        of += f", the last of {last:,}"
    how = (
        "the alternating schedule trains G on the even and D on the odd ones, counted from 0"
        if schedule == "alternating"
        else "every minibatch trains D, then G, on the same generated images"
    )
    epochs = number(done / parts)
    return (
        f"One epoch is one pass over the {images:,} images: {of}; {how}, so "
        f"{epochs} {'epoch is' if done == parts else 'epochs are'} "
        f"{counted(steps_d, 'D step', 'D steps')} and {counted(steps_g, 'G step', 'G steps')}."
    )


def describe_troubles(health: Health | None) -> list[str]:
    """Each trouble of a training and since when: "collapse from minibatch 500 on"."""
    findings = health.findings if health else []
    return [
        f"{found.trouble.replace('_', ' ')} from minibatch {found.step:,} on" for found in findings
    ]


def describe_early_stop(health: Health | None) -> str:
    """That a training was ended early, and why; "" where it was not."""
    if health is None or health.stopped_early_at is None:
        return ""
    found = {finding.trouble for finding in health.findings}
    reasons = [name.replace("_", " ") for name in health.stop_on if name in found]
    because = f", since its settings stop it on {' and '.join(reasons)}" if reasons else ""
    return f"The training was ended early, at minibatch {health.stopped_early_at:,}{because}."

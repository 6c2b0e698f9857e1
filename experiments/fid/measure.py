"""FID and KID of every colour model of a run (not in the paper, which judges samples by eye).

Reads the user's file of InceptionV3's weights and, for each role, the models, the images on which
they were trained and the held-out images, where the run has them. Compares samples of every
training with both, and held-out with training images to show the values of real images. Alone:
python -m experiments.fid.measure --input inception.weights=FILE --input faces.models.1=DIR
    --input faces.data=DIR [--input faces.validation=DIR] --out DIR
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from experiments.contract import Inputs, measure_command
from experiments.fid.features import StoredFeatures
from experiments.fid.options import Options
from experiments.fid.results import FLOOR, SAMPLES, Comparison, measurements
from repro.artefacts.whole_file import write_json
from repro.claims.measurement import Measurement
from repro.devices import chosen_device
from repro.quality.fid import Scores, protocol, scores, why_unfit
from repro.quality.inception import InceptionFeatures
from repro.quality.inception_weights import read_weights
from repro.quality.training_images import require_size, training_rows
from repro.specs.validation import SpecError, nearest


def measure(inputs: Inputs, options: Options, seed: int, out: Path) -> list[Measurement]:
    """All comparisons of all roles; parts.json holds each, and why a role is left out."""
    roles = _roles(inputs, wanted=options.roles)
    network = InceptionFeatures(
        read_weights(inputs.folder("inception.weights")),
        layer=options.layer,
        device=chosen_device(options.device),
    )
    features = StoredFeatures(network, options.samples, options.real, seed, inputs.finished_parts())
    compare = partial(
        scores, seed=seed, subsets=options.kid_subsets, subset_size=options.kid_subset_size
    )
    rows: list[Comparison] = []
    left_out: dict[str, str] = {}
    for role in roles:
        obstacle = _obstacle(inputs, role)
        if obstacle:
            left_out[role] = obstacle
        else:
            rows += _compared(inputs, role, features, compare)
    if not rows:
        words = "; ".join(f"{role}: {why}" for role, why in left_out.items()) or "no models given"
        raise SpecError(f"FID and KID: there is nothing to measure ({words})")
    parts: dict[str, Any] = {"rows": [row.described() for row in rows], "left_out": left_out}
    parts["network"] = network.words
    write_json(out / "parts.json", parts)
    return measurements(rows)


def _roles(inputs: Inputs, *, wanted: tuple[str, ...]) -> list[str]:
    """Roles with models, in the order given; only the wanted ones, if any are named.

    Raises SpecError for a wanted one that has no models.
    """
    names = (key.split(".") for key in inputs.folders)
    there = list(dict.fromkeys(role for role, slot, *_ in names if slot == "models"))
    for role in wanted:
        if role not in there:
            raise SpecError(
                f"experiments.fid.roles: no models for '{role}'; {nearest(role, there)}"
            )
    return [role for role in there if role in wanted or not wanted]


def _obstacle(inputs: Inputs, role: str) -> str:
    """Why a role is left out, or ""."""
    if not inputs.has(f"{role}.data"):
        return "no training images given"
    return why_unfit(inputs.models(f"{role}.models")[0])


def _compared(
    inputs: Inputs, role: str, features: StoredFeatures, compare: Callable[..., Scores]
) -> list[Comparison]:
    """Compare samples of every training with both kinds of real images, and these with each other.

    compare: `scores` of repro.quality.fid with all arguments but the two sets of features and the
    purpose.
    """
    models, store = inputs.models(f"{role}.models"), inputs.dataset(f"{role}.data")
    rows = training_rows(models[0], store)
    for model in models[1:]:
        if not np.array_equal(training_rows(model, store), rows):
            raise SpecError(
                f"{model.folder} and {models[0].folder} were trained on different images of "
                f"{store.folder}; give trainings on the same ones"
            )
    real = {"training": features.images(store, rows, f"{role}_training")}
    if inputs.has(f"{role}.validation"):
        held_out = inputs.dataset(f"{role}.validation")
        require_size(held_out, models[0])
        every = np.arange(len(held_out))
        real["validation"] = features.images(held_out, every, f"{role}_validation")
    side = models[0].spec.network.image_size

    def row(kind: str, against: str, first: np.ndarray, number: int) -> Comparison:
        words = SAMPLES if kind == SAMPLES else "validation images"
        found = compare(first, real[against], purpose=f"fid {role}, {kind}, {against}")
        second = f"{against} images"
        stated = protocol(features.network, found, first=words, second=second, side=side)
        return Comparison(role, kind, against, number, found, stated)

    made = []
    for number, model in enumerate(models, 1):
        drawn = features.samples(model, role, number)
        made += [row(SAMPLES, against, drawn, number) for against in real]
    if "validation" in real:
        made.append(row(FLOOR, "training", real["validation"], 0))
    return made


if __name__ == "__main__":
    measure_command(measure, Options)

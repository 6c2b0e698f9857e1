"""Figs 10 and 11 (paper §4.2, §4.3): sheets of samples, how real they are and how varied.

Reads the models of faces, objects and bedrooms, as many of them as a run has, with their training
images. Writes the sheets, unpicked, and for the objects one sorted by D's score, as the authors'
loader sorts it (sheets.npz); measures density, coverage and diversity of samples, real images, an
untrained generator's pictures and patchwork (controls.npz). Alone:
python -m experiments.samples.measure --spec S.json --input faces.model=DIR
    --input faces.data=DIR --out DIR
"""

from pathlib import Path

import numpy as np

from experiments.contract import Inputs, measure_command
from experiments.samples.kinds import pictures
from experiments.samples.multiverse import density_universes
from experiments.samples.options import ROLES, Options
from experiments.samples.results import quality_measurements
from repro.artefacts.arrays import save_arrays
from repro.claims.measurement import Measurement
from repro.claims.multiverse import Universes, write_multiverse
from repro.data.store import ImageStore
from repro.internals.realism import discriminator_scores
from repro.networks.model_folder import ModelFolder, draw
from repro.quality.density_coverage import RealBalls
from repro.quality.feature_spaces import described, untrained_spaces

SHEETS = ("faces", "objects")  # Figs 10 and 11; bedrooms have Figs 2 and 3 (bedroom_samples)
BY_SCORE = "objects"  # whose samples the authors' loader sorts
SHOWN = 10  # pictures of each kind in the figure of controls


def measure(inputs: Inputs, options: Options, seed: int, out: Path) -> list[Measurement]:
    """Draw the sheets, then measure each role's samples and their controls."""
    roles = [role for role in ROLES if inputs.has(f"{role}.model")]
    models = {role: inputs.model(f"{role}.model") for role in roles}
    save_arrays(out / "sheets.npz", **_sheets(models, options, seed=seed))
    made: list[Measurement] = []
    shown: dict[str, np.ndarray] = {}
    others: dict[str, Universes] = {}
    for role, model in models.items():
        store = inputs.dataset(f"{role}.data")
        numbers, first, universes = _role(model, store, role, options, seed=seed)
        made += numbers
        others |= universes
        shown |= {f"{role}_{kind}": images for kind, images in first.items()}
    write_multiverse(out, others)
    save_arrays(out / "controls.npz", **shown)
    return made


def _sheets(
    models: dict[str, ModelFolder], options: Options, *, seed: int
) -> dict[str, np.ndarray]:
    """Samples (n, H, W, C) of each sheet by role, none picked, and "by_score", best score first."""
    sheets = {"columns": np.array([options.columns, options.sorted_side])}
    for role in SHEETS:
        if role in models:
            count = options.rows * options.columns
            z = models[role].latents(count, seed=seed, purpose=f"samples, {role}, sheet")
            sheets[role] = draw(models[role].generator(), z)
    if BY_SCORE in models:
        model = models[BY_SCORE]
        z = model.latents(options.sorted_side**2, seed=seed, purpose="samples, sorted by score")
        images = draw(model.generator(), z)
        order = np.argsort(-discriminator_scores(model.discriminator(), images), kind="stable")
        sheets["by_score"] = images[order]
    return sheets


def _role(
    model: ModelFolder, store: ImageStore, role: str, options: Options, *, seed: int
) -> tuple[list[Measurement], dict[str, np.ndarray], dict[str, Universes]]:
    """The numbers of one role's model, the first pictures of each kind, and other choices."""
    reference, kinds = pictures(
        model,
        store,
        role=role,
        count=options.images,
        patches=options.patches,
        seed=seed,
    )
    real = np.concatenate([reference, kinds["real"]])
    spaces = untrained_spaces(model, real, seed=seed, purpose=f"samples, {role}, features")
    numbers = quality_measurements(
        RealBalls(described(reference, spaces), k=options.neighbours),
        spaces,
        kinds,
        reference,
        role=role,
        parts=options.parts,
        seed=seed,
    )
    others: dict[str, Universes] = {}
    given = getattr(options.multiverse, f"{role}_realistic")
    if given is not None:
        others = density_universes(
            reference,
            kinds,
            untrained=spaces,
            D=model.discriminator,
            role=role,
            given=given,
            neighbours=options.neighbours,
            seed=seed,
        )
    return numbers, {kind: images[:SHOWN] for kind, images in kinds.items()}, others


if __name__ == "__main__":
    measure_command(measure, Options)

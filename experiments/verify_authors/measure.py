"""The authors' own weights through the chain of Tables 1 and 2: does that chain give their numbers?

Reads the weights that the paper's authors released (repro.released), and, where the run has them,
CIFAR-10 and SVHN. Only linear SVMs are trained. Draws samples of the released generators. Networks
with missing arrays contribute their complete layers; parts.json says what could not be run, and
why. Alone:
python -m experiments.verify_authors.measure --input authors.released=DIR
    [--input cifar10.data=DIR --input cifar10.test=DIR]
    [--input svhn.data=DIR --input svhn.validation=DIR --input svhn.test=DIR] --out DIR
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from experiments.contract import Inputs, measure_command
from experiments.verify_authors import on_cifar10, on_svhn
from experiments.verify_authors.options import Options
from experiments.verify_authors.results import Outcome
from repro.artefacts.arrays import save_arrays
from repro.artefacts.whole_file import write_json
from repro.claims.constructors import single_number
from repro.claims.measurement import Measurement
from repro.networks.model_folder import draw
from repro.released.networks import Kind, Released, released_networks
from repro.specs.validation import SpecError

Check = Callable[[Released, Inputs, Options, int, Path], Outcome]  # seed, folder for scratch
# By data set: the released networks for it, the inputs that the check needs, and the check.
CHECKS: dict[str, tuple[Kind, tuple[str, ...], Check]] = {
    "cifar10": ("imagenet", on_cifar10.SLOTS, on_cifar10.check),
    "svhn": ("svhn", on_svhn.SLOTS, on_svhn.check),
}


def measure(inputs: Inputs, options: Options, seed: int, out: Path) -> list[Measurement]:
    """Run every possible check; parts.json says what each used, or why it was not run."""
    networks = _by_kind(inputs.folder("authors.released"))
    made = [_arrays_read(networks)]
    checks: dict[str, dict[str, Any]] = {}
    for data, (kind, slots, check) in CHECKS.items():
        checks[data] = {"network": kind}
        obstacle = _obstacle(kind, networks.get(kind), slots, inputs)
        if obstacle:
            checks[data]["not_run"] = obstacle
            continue
        outcome = check(networks[kind], inputs, options, seed, out)
        made += outcome.measurements
        checks[data] |= outcome.described
    networks_described = {kind: _described(one) for kind, one in networks.items()}
    write_json(out / "parts.json", {"networks": networks_described, "checks": checks})
    number, batches = options.samples, options.statistics_batches
    samples = _samples(networks, number=number, batches=batches, seed=seed)
    save_arrays(out / "samples.npz", **samples)
    return made


def _obstacle(kind: Kind, released: Released | None, slots: tuple[str, ...], inputs: Inputs) -> str:
    """Why a check cannot be run, or ""."""
    if released is None:
        return f"the released {kind} networks are not in the folder"
    if released.complete_layers == 0:
        return f"no complete layer; missing: {', '.join(released.D.missing)}"
    absent = [slot for slot in slots if not inputs.has(slot)]
    return f"the run has no {', '.join(absent)}" if absent else ""


def _by_kind(folder: Path) -> dict[Kind, Released]:
    networks: dict[Kind, Released] = {}
    for one in released_networks(folder):
        if one.kind in networks:
            other = networks[one.kind]
            raise SpecError(
                f"{folder}: two released networks of kind {one.kind}: {other.name}, files "
                f"{other.prefix}_*, and {one.name}, files {one.prefix}_*; keep one"
            )
        networks[one.kind] = one
    return dict(sorted(networks.items()))


def _arrays_read(networks: dict[Kind, Released]) -> Measurement:
    lists = [one.arrays for pair in networks.values() for one in (pair.D, pair.G)]
    there = sum(array is not None for one in lists for array in one.arrays)
    return single_number(
        "arrays_read",
        there,
        n=sum(len(one.files) for one in lists),
        why="a count",
        unit="arrays",
        protocol="released arrays read, of n that the indexes name",
    )


def _described(one: Released) -> dict[str, Any]:
    return {
        "folder": one.name,
        "prefix": one.prefix,
        "layers": one.layers,
        "complete_layers": one.complete_layers,
        "features": one.features,
        "missing": one.missing,
        "samples_missing": list(one.G.missing),
    }


def _samples(
    networks: dict[Kind, Released], *, number: int, batches: int, seed: int
) -> dict[str, np.ndarray]:
    """Pictures (number, H, W, C) uint8 of every complete generator, by kind.

    batches: of 128 z, whose statistics freeze the generator.
    """
    found: dict[str, np.ndarray] = {}
    for kind, one in networks.items():
        if not one.G.missing:
            z = one.latents(number, seed=seed, purpose="verify authors, samples")
            G = one.generator(seed=seed, batches=batches)
            found[kind] = draw(G, z)
    return found


if __name__ == "__main__":
    measure_command(measure, Options)

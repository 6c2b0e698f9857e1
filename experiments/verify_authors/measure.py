"""The authors' own weights through the chain of Tables 1 and 2: does that chain give their numbers?

Reads the weights that the paper's authors released (repro.released), and, where the run has them,
CIFAR-10 and SVHN. Nothing is trained but linear SVMs. Draws samples of the released generators. Of
networks with missing arrays the complete layers are used; what cannot be run is said. Alone:
python -m experiments.verify_authors.measure --input authors.released=DIR
    [--input cifar10.data=DIR --input cifar10.test=DIR]
    [--input svhn.data=DIR --input svhn.validation=DIR --input svhn.test=DIR] --out DIR
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from experiments.contract import Inputs, measure_command
from experiments.verify_authors.on_cifar10 import check_on_cifar10
from experiments.verify_authors.on_svhn import check_on_svhn
from experiments.verify_authors.options import Options
from experiments.verify_authors.outcome import Outcome
from repro.artefacts.arrays import save_arrays
from repro.artefacts.provenance import write_json
from repro.claims.constructors import single_number
from repro.claims.measurement import Measurement
from repro.networks.model_folder import draw
from repro.released.networks import Kind, Released, released_networks
from repro.specs.validation import SpecError


@dataclass(frozen=True)
class Check:
    """A data set, the released network that goes with it, and the chain that joins them."""

    kind: Kind
    slots: tuple[str, ...]
    run: Callable[[Released, Inputs, Options, int, Path], Outcome]

    def obstacle(self, released: Released | None, inputs: Inputs) -> str:
        """Why it cannot be run, or ""."""
        if released is None:
            return f"the released {self.kind} networks are not in the folder"
        if released.complete_layers == 0:
            return f"no complete layer; missing: {', '.join(released.D.missing)}"
        absent = [slot for slot in self.slots if not inputs.has(slot)]
        return f"the run has no {', '.join(absent)}" if absent else ""


CHECKS = {
    "cifar10": Check("imagenet", ("cifar10.data", "cifar10.test"), check_on_cifar10),
    "svhn": Check("svhn", ("svhn.data", "svhn.validation", "svhn.test"), check_on_svhn),
}


def measure(inputs: Inputs, options: Options, seed: int, out: Path) -> list[Measurement]:
    """Run every check that can be run; parts.json says of each what it was run on, or why not."""
    networks = _by_kind(inputs.folder("authors.released"))
    made = [_arrays_read(networks)]
    checks: dict[str, Any] = {}
    for name, check in CHECKS.items():
        released = networks.get(check.kind)
        obstacle = check.obstacle(released, inputs)
        checks[name] = {"network": check.kind}
        if obstacle or released is None:
            checks[name]["not_run"] = obstacle
            continue
        outcome = check.run(released, inputs, options, seed, out)
        made += outcome.measurements
        checks[name] |= outcome.described
    described = {kind: _described(one) for kind, one in networks.items()}
    write_json(out / "parts.json", {"networks": described, "checks": checks})
    save_arrays(out / "samples.npz", **_samples(networks, options, seed))
    return made


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


def _samples(networks: dict[Kind, Released], options: Options, seed: int) -> dict[str, np.ndarray]:
    """Pictures (samples, H, W, C) uint8 of every generator that is complete, by kind."""
    found: dict[str, np.ndarray] = {}
    for kind, one in networks.items():
        if not one.G.missing:
            z = one.latents(options.samples, seed=seed, purpose="verify authors, samples")
            G = one.generator(seed=seed, batches=options.statistics_batches)
            found[kind] = draw(G, z)
    return found


if __name__ == "__main__":
    measure_command(measure, Options)

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
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from experiments.contract import Inputs, measure_command
from experiments.verify_authors.on_cifar10 import check_on_cifar10
from experiments.verify_authors.on_svhn import check_on_svhn
from experiments.verify_authors.options import Options
from experiments.verify_authors.results import ON_CIFAR10, ON_SVHN, Outcome
from repro.artefacts.arrays import save_arrays
from repro.artefacts.whole_file import write_json
from repro.claims.constructors import single_number
from repro.claims.measurement import Measurement
from repro.classification.choose_c import chosen_and_refitted, with_held_out
from repro.classification.few_labels import choose_on_images
from repro.classification.kmeans_features import fit_kmeans
from repro.classification.svm import L2SVC
from repro.devices import chosen_device
from repro.networks.model_folder import draw
from repro.released.networks import Kind, Released, released_networks
from repro.specs.validation import SpecError


@dataclass(frozen=True)
class Check:
    """A data set, the released network for it, and the chain that joins them."""

    kind: Kind
    slots: tuple[str, ...]
    run: Callable[[Released, Inputs], Outcome]

    def obstacle(self, released: Released | None, inputs: Inputs) -> str:
        """Why it cannot be run, or ""."""
        if released is None:
            return f"the released {self.kind} networks are not in the folder"
        if released.complete_layers == 0:
            return f"no complete layer; missing: {', '.join(released.D.missing)}"
        absent = [slot for slot in self.slots if not inputs.has(slot)]
        return f"the run has no {', '.join(absent)}" if absent else ""


def measure(inputs: Inputs, options: Options, seed: int, out: Path) -> list[Measurement]:
    """Run every possible check; parts.json says what each used, or why it was not run."""
    device = chosen_device(options.device)
    svm = L2SVC(tol=options.tol, device=device.type)
    on_cifar10 = partial(
        check_on_cifar10,
        hold_out=partial(
            with_held_out,
            most=options.validation,
            share=options.validation_share,
            seed=seed,
            purpose=f"{ON_CIFAR10}, held-out images",
        ),
        fit=partial(chosen_and_refitted, svm, grid=options.grid, extensions=options.extensions),
        statistics_images=options.statistics_images,
        random_networks=options.random_seeds,
        kmeans=partial(
            fit_kmeans,
            centroids=options.centroids,
            patches=options.patches,
            seed=seed,
            purpose=f"{ON_CIFAR10}, kmeans",
        ),
        device=device,
        seed=seed,
        scratch=out,
    )
    on_svhn = partial(
        check_on_svhn,
        choose=partial(
            choose_on_images,
            svm,
            scratch=out,
            per_class=options.per_class,
            seed=seed,
            purpose=ON_SVHN,  # the same draws for both rows
            grid=options.grid,
            selection_draws=options.selection_draws,
        ),
        draws={"released": options.draws, "random": min(options.random_draws, options.draws)},
        device=device,
        seed=seed,
        scratch=out,
    )
    checks = {
        "cifar10": Check("imagenet", ("cifar10.data", "cifar10.test"), on_cifar10),
        "svhn": Check("svhn", ("svhn.data", "svhn.validation", "svhn.test"), on_svhn),
    }
    networks = _by_kind(inputs.folder("authors.released"))
    made, described = _run(checks, networks, inputs)
    networks_described = {kind: _described(one) for kind, one in networks.items()}
    write_json(out / "parts.json", {"networks": networks_described, "checks": described})
    number, batches = options.samples, options.statistics_batches
    samples = _samples(networks, number=number, batches=batches, seed=seed)
    save_arrays(out / "samples.npz", **samples)
    return [_arrays_read(networks), *made]


def _run(
    checks: dict[str, Check], networks: dict[Kind, Released], inputs: Inputs
) -> tuple[list[Measurement], dict[str, Any]]:
    """Numbers of the checks that can be run; for each check what it used, or why it was not run."""
    made: list[Measurement] = []
    described: dict[str, Any] = {}
    for name, check in checks.items():
        released = networks.get(check.kind)
        obstacle = check.obstacle(released, inputs)
        described[name] = {"network": check.kind}
        if obstacle or released is None:
            described[name]["not_run"] = obstacle
            continue
        outcome = check.run(released, inputs)
        made += outcome.measurements
        described[name] |= outcome.described
    return made, described


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

"""Whether data and training of a role are the paper's, as its run file says (`as_in_paper`).

Where in the flow: repro.runs.load puts the result of `bound_roles` into specs/report.json, and the
plan uses it to count the claims that a run can decide. A program cannot tell MNIST from other
digits of the same size, so the run file states that a role is as in the paper, and this module
withdraws the statement where it can see a difference: synthetic images, another source, fewer
images than the paper's, networks or trainings that differ from the preset, or had other images.
The number of images is known once they are prepared; the report compares it with `expected_images`.

Alone: `bound_roles(load_run("config/paper.yaml"))`.
"""

from typing import Any

from repro.claims.ground import BoundRole
from repro.places import PRESETS
from repro.runs.extensions import paper_images
from repro.runs.run import Run
from repro.specs.differences import differences
from repro.specs.model import ModelSpec
from repro.specs.presets import read_presets
from repro.specs.roles import RoleSpec

SOURCES = {  # role -> the source that reads the paper's own images
    "bedrooms": "lsun",
    "objects": "imagenet",
    "cifar10": "cifar10",
    "svhn": "svhn",
    "mnist": "mnist",
}
RECIPES = {  # role -> slot -> preset of the paper; other slots are ours
    "bedrooms": {"model": "paper_64"},
    "objects": {"model": "imagenet32"},
    "svhn": {"model": "svhn_released"},
    "mnist": {"model": "mnist_conditional", "baseline": "mnist_gan_fc"},
}
DEDUPLICATED = ("bedrooms",)  # section 4.1.1
BOOKKEEPING = {  # settings of a training that do not change its networks, except for rounding
    "training.precision", "training.sample_every", "training.log_every",
    "training.checkpoint_every", "training.snapshots", "training.snapshots_of",
    "training.early_epochs", "training.statistics_batches",
}  # fmt: skip


def bound_roles(run: Run) -> dict[str, BoundRole]:
    """Each role of the run file with the kind of its images, and whether it is as in the paper."""
    return {name: _bound(run, name, role) for name, role in run.spec.roles.items()}


def _bound(run: Run, name: str, role: RoleSpec) -> BoundRole:
    drawn = role.data is not None and run.drawn(role.data)
    values: dict[str, Any] = {
        **role.model_dump(include={"data", "model", "released"}),
        "kind": "generated" if drawn else "real",
    }
    if role.as_in_paper is False:
        return BoundRole(**values)
    of_data = _why_not_the_data(run, name, role)
    of_training = _why_not_the_training(run, name, role) if role.as_in_paper is True else []
    found: bool | str = False if of_data else "data" if of_training else role.as_in_paper
    expected = {} if of_data else _expected(run, name, role)
    return BoundRole(
        **values,
        as_in_paper=found,
        not_as_in_paper=[*of_data, *of_training],
        expected_images=expected,
    )


def _why_not_the_data(run: Run, name: str, role: RoleSpec) -> list[str]:
    if name not in SOURCES:
        return ["the paper's images of this role were never released"]
    found = []
    for dataset in (role.data, role.test):
        if dataset is None:
            continue
        spec = run.spec.datasets[dataset]
        if spec.world is not None:
            found.append(f"{dataset} is synthetic or rearranged by a program")
        elif spec.source != SOURCES[name]:
            found.append(f"{dataset} is read as {spec.source}, the paper's as {SOURCES[name]}")
        elif spec.limit is not None:
            found.append(f"{dataset} is limited to {spec.limit:,} images")
    return found


def _why_not_the_training(run: Run, name: str, role: RoleSpec) -> list[str]:
    presets = {one.name: one.spec for one in read_presets(PRESETS)}
    found = []
    for slot, recipe in RECIPES.get(name, {}).items():
        model = getattr(role, slot)
        if model is None:
            continue
        paper = presets[recipe].model_dump(include={"network", "training"})
        spec: ModelSpec = run.spec.models[model]
        if spec.data != role.data:
            found.append(f"{model} is trained on {spec.data}, not on {role.data}")
        if name in DEDUPLICATED and not spec.deduplicated:
            found.append(f"{model} is trained on images that were not de-duplicated")
        changed = differences(paper, spec.model_dump(include={"network", "training"}))
        keys = [key for key, _, _ in changed if key not in BOOKKEEPING]
        if keys:
            found.append(f"{model} differs from {recipe} in {', '.join(keys)}")
    return found


def _expected(run: Run, name: str, role: RoleSpec) -> dict[str, int]:
    of_paper = paper_images(SOURCES[name])
    slots = {"data": role.data, "test": role.test}
    return {
        dataset: of_paper[slot]
        for slot, dataset in slots.items()
        if dataset is not None and slot in of_paper
    }

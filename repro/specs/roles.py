"""Roles and slots, the terms in which experiments name their inputs; they are declared only here.

An experiment's card requests inputs as <role>.<slot>, such as faces.model. The run file binds each
role under `roles:` to its own datasets and models. A new role is a line in `ROLES`. A new slot is
also one line: a field of `RoleSpec` where the run file names something for it, or an entry of
`FOLLOWING` where it follows from such a field. Cards (repro.claims.card), the check of a run file's
names (repro.runs.checks) and the inputs of steps (repro.runs.run) work from these lists.

`python -m repro roles` prints them.
"""

from typing import Any, Literal, NamedTuple

from pydantic import Field

from repro.command_line import new_parser
from repro.specs.validation import GivenPath, Strict

ROLES = {
    "bedrooms": "LSUN's bedrooms (sections 4.1 and 6)",
    "faces": "faces cut out of photographs (sections 4.2 and 6.3.2)",
    "objects": "ImageNet at 32 x 32 pixels, on which features are learned (sections 4.3 and 5.1)",
    "cifar10": "CIFAR-10, which these features classify (section 5.1)",
    "ladder": "discriminators of several sizes, from which Table 1 is forecast",
    "svhn": "house numbers, classified with few labels (section 5.2)",
    "mnist": "handwritten digits (section 8.1)",
    "ablated": "what the ablations are trained on",
    "ablated_small": "the same at a smaller image size, where resolution matters",
    "authors": "weights that the paper's authors released",
    "inception": "InceptionV3, whose features FID and KID compare",
}

Kind = Literal[
    "dataset",  # a prepared dataset
    "dedup",  # the de-duplication of a dataset
    "raw",  # the raw images of a dataset
    "model",  # a model, in its first training
    "models",  # models of the run: several inputs, <role>.<slot>.1 and so on
    "trainings",  # a model in all its trainings: several inputs as well
    "ablations",  # all ablations trained on a dataset: several inputs as well
    "released",  # a folder of downloads, which may be missing
    "weights",  # the file `fid_weights` of the run file, whatever the role
]


class Slot(NamedTuple):
    """An input that an experiment may request from a role."""

    key: str  # key of the role in the run file from which it follows; "" = none
    kind: Kind
    what: str


def _names(kind: Kind, what: str) -> Any:
    """A key with which a role may name something in the run file; it is a slot as well."""
    return Field(None, description=what, json_schema_extra={"kind": kind})


class RoleSpec(Strict):
    """A role's title in the paper, and the dataset and model that the run binds to it."""

    data: str | None = _names("dataset", "the dataset")
    validation: str | None = _names("dataset", "dataset on which choices are made")
    test: str | None = _names("dataset", "dataset with the test images")
    copies: str | None = _names("dataset", "dataset of near-duplicates of known originals")
    model: str | None = _names("model", "the model")
    baseline: str | None = _names("model", "model it is compared with")
    rungs: list[str] = Field(
        [], description="models of several sizes", json_schema_extra={"kind": "models"}
    )
    released: GivenPath | None = _names(
        "released", "a folder of weights that the paper's authors released, below `raw`"
    )
    as_in_paper: bool | Literal["data"] = Field(
        False,
        description="true only where data, sizes and training are the paper's; data: the data "
        "alone, so that what needs no training can be compared with the paper. What demonstrably "
        "differs (repro.runs.paper_scale) does not count as the paper's",
    )


FOLLOWING = {
    "dedup": Slot("data", "dedup", "de-duplication of the dataset"),
    "raw": Slot("data", "raw", "raw images of the dataset"),
    "models": Slot("model", "trainings", "all trainings of the model"),
    "baselines": Slot("baseline", "trainings", "all trainings of the model it is compared with"),
    "ablations": Slot("data", "ablations", "all ablations of the run trained on the dataset"),
    "weights": Slot("", "weights", "the run's `fid_weights`, a file"),
}


def _own_slots() -> dict[str, Slot]:
    """A slot for each key of a role that names something in the run file."""
    marked = {
        name: (field.json_schema_extra, field.description or "")
        for name, field in RoleSpec.model_fields.items()
    }
    return {
        name: Slot(name, extra["kind"], what)  # type: ignore[arg-type]  # as _names() took it
        for name, (extra, what) in marked.items()
        if isinstance(extra, dict)
    }


SLOTS = {**_own_slots(), **FOLLOWING}


def main(argv: list[str] | None = None) -> None:
    new_parser("roles", __doc__).parse_args(argv)
    width = max(map(len, (*ROLES, *SLOTS)))
    print("roles")
    for role, what in ROLES.items():
        print(f"  {role:<{width}}  {what}")
    print("slots")
    for name, slot in SLOTS.items():
        print(f"  {name:<{width}}  {slot.what}")

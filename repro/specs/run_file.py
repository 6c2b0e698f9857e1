"""The typed spec of a run file, config/<run>.yaml; the paper's values are the defaults.

A run file holds only what differs from them; unknown keys and values out of range are refused
(repro.specs.validation). `repro.runs.load` resolves it into these models, and the pipeline passes
each step its own part as one JSON file: a dataset's (dataset.py), a model's (model.py), options. No
step imports this module or roles.py, so an edit here makes no step run again.
`python -m repro settings` prints every field with its default, unit and source.
"""

import os
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import BaseModel, Field, ValidationInfo, field_validator, model_validator

from repro.command_line import new_parser
from repro.specs.dataset import DatasetSpec
from repro.specs.model import ModelSpec
from repro.specs.network import NetworkSpec
from repro.specs.roles import RoleSpec
from repro.specs.scales import Scales
from repro.specs.training import AugmentationSpec, TrainingSpec
from repro.specs.validation import GivenPath, Strict, nearest

MOST_TRAININGS = 1000  # of one recipe; each is a separate job


class RunModelSpec(ModelSpec):
    """A model as a run file specifies it: how often it is trained, and from which seed."""

    seed: int | None = Field(None, ge=0, description="seed of its training; null = the run's")
    trainings: int = Field(
        1,
        ge=1,
        le=MOST_TRAININGS,
        description="trainings from the seeds seed, seed + 1, ...; they are called NAME, NAME-2, "
        "NAME-3, ...",
    )


class AblationsSpec(Strict):
    """One recipe and changes to it: `snakemake ablations` trains each of them from every seed."""

    model: dict[str, Any] = Field(description="the recipe, as under `models:`")
    trainings: int = Field(
        5,
        ge=2,
        le=MOST_TRAININGS,
        description="of the recipe and of each change: seeds in a row",
    )
    changes: list[dict[str, Any]] = Field(
        min_length=1,
        max_length=MOST_TRAININGS,
        description="each merged over the recipe: {network: {kernel: 4}}, ...",
    )


class WorldSpec(Strict):
    """Synthetic raw data, written in an official layout (data_prep/generated/)."""

    generator: str = Field(description="name of a module in data_prep/generated")
    real: str = Field(
        "",
        description="where its pictures are real ones that the program only rearranges: what they "
        "are, stamped on their figures instead of the run's banner",
    )
    options: dict[str, Any] = Field({}, description="that module's Options")


class RunDatasetSpec(DatasetSpec):
    """A dataset as a run file specifies it: with its raw data, and its de-duplication if any."""

    world: str | None = Field(None, description="a world of this run, or")
    raw: GivenPath | None = Field(None, description="a path below the run's `raw` folder")
    dedup: dict[str, Any] | None = Field(
        None, description="Options of the de-duplication; null = not de-duplicated"
    )

    @model_validator(mode="after")
    def _one_origin(self) -> "RunDatasetSpec":
        if (self.world is None) == (self.raw is None):
            raise ValueError("give either `world:` (generated) or `raw:` (a path), not both")
        return self


FOR_ALL = ("image_size", "channels")  # of a run: override its datasets and networks


def _over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    return below | above


def merge_over_network(model: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """A model's values with `own` merged over those of its network, if that is a mapping."""
    network = model.get("network") or {}
    return model | {"network": network | own} if isinstance(network, dict) else model


class RunSpec(Strict):
    """A whole run (config/<run>.yaml), which binds roles to datasets and models at a scale."""

    title: str
    description: str = ""
    banner: str = Field("", description="words stamped on every figure")
    seed: int = Field(42, ge=0, description="seed of everything in the run (authors' code: 42)")
    raw: GivenPath | None = Field(
        None, description="folder of the downloads, from the working folder; ~ is your home"
    )
    photos: GivenPath | None = Field(
        None, description="folder of your own pictures: another name for `raw`, given instead of it"
    )
    fid_weights: GivenPath | None = Field(
        None,
        description="file of InceptionV3's weights, for FID and KID (experiments/fid), from the "
        "working folder; without it they are not measured",
    )
    image_size: Literal[16, 32, 64, 128, 256] | None = Field(
        None, description="pixels per side of every dataset and network of the run, over their own"
    )
    channels: Literal[1, 3] | None = Field(
        None, description="1 grey, 3 RGB, for every dataset and network of the run, over their own"
    )
    worlds: dict[str, WorldSpec] = Field({}, description="raw data to draw, by name")
    datasets: dict[str, RunDatasetSpec] = Field({}, description="prepared datasets, by name")
    models: dict[str, RunModelSpec] = Field({}, description="models to train, by name")
    roles: dict[str, RoleSpec] = Field(
        {}, description="role (repro.specs.roles) -> dataset and model of this run"
    )
    scale: str | None = Field(
        None,
        description="tiny or demo: experiments have the options that their cards state for it "
        "under `scales:`; null = the paper's",
    )
    experiments: dict[str, dict[str, Any]] = Field(
        {}, description="options that differ from the paper's and from those of the scale"
    )
    processes_per_training: int = Field(
        1,
        ge=1,
        description="processes that share each training's minibatches, a GPU each (torchrun); they "
        "sum in another order, and `batch_statistics` says over what they normalise",
    )
    cuda_graphs: bool = Field(
        False, description="trainings replay a recorded step (one process on one GPU)"
    )
    ablations: AblationsSpec | None = Field(
        None, description="trainings with one setting changed at a time, run on request"
    )
    more_ablations: dict[str, AblationsSpec] = Field(
        {}, description="the same for other recipes, by name: on other data, of another network"
    )
    measure_early: bool = Field(
        False,
        description="models are trained in the order in which `models` lists them; true: an "
        "experiment is measured as soon as its own are there, before those listed below them are "
        "trained; false: all trainings come first",
    )
    leave_out: list[str] = Field(
        [], description="experiments that mean nothing on this run's pictures (windows of cats)"
    )
    opens_with: list[str] = Field(
        [],
        description="of a run on your own pictures: <experiment>/<figure or measurement> that its "
        "report shows first",
    )
    departures: list[str] = Field([], description="where this run departs from the paper, and why")

    @field_validator("raw", "photos", "fid_weights", mode="before")
    @classmethod
    def _a_path(cls, value: Any, info: ValidationInfo) -> Any:
        """Snakemake's --config converts values that look like a number or a list."""
        if value is not None and not isinstance(value, str):
            kind = "file" if info.field_name == "fid_weights" else "folder"
            raise ValueError(
                f"expected the name of a {kind}; write ./NAME if it looks like a value"
            )
        return value or None

    @field_validator("scale")
    @classmethod
    def _a_scale(cls, value: str | None) -> str | None:
        if value is not None and value not in Scales.model_fields:
            raise ValueError(f"no such scale; {nearest(value, Scales.model_fields)}")
        return value

    @model_validator(mode="after")
    def _one_process_records(self) -> "RunSpec":
        if self.cuda_graphs and self.processes_per_training > 1:
            raise ValueError(
                f"cuda_graphs is for one process on one GPU, but processes_per_training is "
                f"{self.processes_per_training}; leave out one of them"
            )
        return self

    @model_validator(mode="before")
    @classmethod
    def _for_all(cls, values: Any) -> Any:
        """Merge the run's own image_size and channels over those of its datasets and networks."""
        if not isinstance(values, dict):
            return values
        allowed = {key: get_args(get_args(cls.model_fields[key].annotation)[0]) for key in FOR_ALL}
        own = {key: values[key] for key in FOR_ALL if values.get(key) in allowed[key]}
        return values | {
            part: {
                name: place(one, own) if isinstance(one, dict) else one
                for name, one in values[part].items()
            }
            for part, place in (("datasets", _over), ("models", merge_over_network))
            if own and isinstance(values.get(part), dict)
        }

    @property
    def raw_key(self) -> str:
        """The key with which this run names its folder of raw data."""
        return "photos" if "photos" in self.model_fields_set and not self.raw else "raw"

    @property
    def raw_folder(self) -> str | None:
        """`raw` or `photos`, ~ expanded (shells do not expand it in --config photos=)."""
        given = self.raw or self.photos
        return os.path.expanduser(given) if given else None

    @property
    def weights_file(self) -> Path | None:
        """`fid_weights`, ~ expanded."""
        return Path(self.fid_weights).expanduser() if self.fid_weights else None


SHOWN = (
    RunSpec, RunDatasetSpec, RunModelSpec, NetworkSpec, TrainingSpec, AugmentationSpec, RoleSpec,
    AblationsSpec,
)  # fmt: skip


def main(argv: list[str] | None = None) -> None:
    new_parser("settings", __doc__).parse_args(argv)
    for model in SHOWN:
        print(f"\n{model.__name__}: {model.__doc__}")
        for name, field in model.model_fields.items():
            default = "required" if field.is_required() else repr(field.default)
            if isinstance(field.default, BaseModel):
                default = f"see {type(field.default).__name__}"
            print(f"  {name:<20} {default:<14} {field.description or ''}")

"""Typed specs of everything in config/: the paper's values are the defaults.

A run file (config/*.yaml) and a preset (config/presets/*.yaml) hold only what differs from the
values here. Unknown keys and values out of range are refused (repro.validation). `repro.runs`
resolves a run file into these models; the pipeline hands each step its own spec as one JSON file.

`python -m repro.specs` prints every field with its default, unit and source.
"""

import math
from typing import Any, Literal

from pydantic import BaseModel, Field, model_validator

from repro.validation import SpecError, Strict, module_options, nearest, read_yaml, validated

__all__ = ["SpecError", "Strict", "module_options", "nearest", "read_yaml", "validated"]


class NetworkSpec(Strict):
    """Shapes of G and D (paper §3, Fig 1; authors' code). Depth follows from the image size."""

    image_size: int = Field(64, ge=8, le=256, description="pixels per side")
    channels: Literal[1, 3] = Field(3, description="1 grey, 3 RGB")
    z_dim: int = Field(100, ge=1, description="length of z (paper Fig 1)")
    z_distribution: Literal["uniform", "normal"] = Field(
        "uniform", description="uniform = U(-1, 1), authors' scripts; normal = N(0, 1), Torch port"
    )
    ngf: int = Field(128, ge=1, description="maps of G's last hidden layer (paper Fig 1)")
    ndf: int = Field(128, ge=1, description="maps of D's first layer (authors' faces script)")
    layers: Literal["doubling", "paired"] = Field(
        "doubling",
        description="doubling: stride 2 at every layer (Fig 1); paired: stride 1 and 2 in turn "
        "(the released ImageNet 32x32 networks)",
    )
    kernel: Literal[3, 4, 5] = Field(5, description="side of all kernels (paper Fig 1: 5)")
    base_size: int = Field(4, ge=2, le=8, description="side of the first map of G, last of D")
    first_norm: Literal["per_unit", "per_channel"] = Field(
        "per_unit", description="batch normalisation of G's first layer; per_unit: authors' code"
    )
    norm_eps: float = Field(1e-8, gt=0, description="batch normalisation's epsilon, authors' code")
    leaky_slope: float = Field(0.2, ge=0, lt=1, description="D's leaky ReLU (paper §4)")
    init_sd: float = Field(0.02, gt=0, description="weights N(0, sd), BN gains N(1, sd) (paper §4)")

    @property
    def doublings(self) -> int:
        """Number of stride-2 layers between base_size and image_size."""
        return round(math.log2(self.image_size / self.base_size))

    @property
    def generator_widths(self) -> tuple[int, ...]:
        """Maps entering each of G's transposed convolutions; the first is the projection's."""
        widths = [self.ngf * 2**i for i in reversed(range(self.doublings))]
        return tuple(widths) if self.layers == "doubling" else _twice(widths)

    @property
    def discriminator_widths(self) -> tuple[int, ...]:
        """Maps leaving each of D's convolutions."""
        widths = [self.ndf * 2**i for i in range(self.doublings)]
        return tuple(widths) if self.layers == "doubling" else _twice(widths)

    @property
    def generator_strides(self) -> tuple[int, ...]:
        return (2,) * self.doublings if self.layers == "doubling" else (2, 1) * self.doublings

    @property
    def discriminator_strides(self) -> tuple[int, ...]:
        return (2,) * self.doublings if self.layers == "doubling" else (1, 2) * self.doublings

    @model_validator(mode="after")
    def _sizes_fit(self) -> "NetworkSpec":
        if self.doublings < 1 or self.base_size * 2**self.doublings != self.image_size:
            raise ValueError(
                f"image_size {self.image_size} is not base_size {self.base_size} times a power "
                "of two; choose 16, 32, 64, 128 or 256 (base_size 4), or 28 (base_size 7)"
            )
        if self.layers == "paired" and self.kernel == 4:
            raise ValueError("kernel 4 has no 'same' padding at stride 1; paired needs 3 or 5")
        return self


def _twice(widths: list[int]) -> tuple[int, ...]:
    return tuple(width for width in widths for _ in range(2))


class TrainingSpec(Strict):
    """How the networks are trained (paper §4, authors' code)."""

    batch: int = Field(128, ge=2, description="images a minibatch (paper §4)")
    learning_rate_g: float = Field(2e-4, gt=0, description="Adam's step size of G (paper §4)")
    learning_rate_d: float = Field(2e-4, gt=0, description="Adam's step size of D (paper §4)")
    beta1: float = Field(0.5, ge=0, lt=1, description="Adam's beta1 (paper §4)")
    beta2: float = Field(0.999, ge=0, lt=1, description="Adam's beta2, authors' code")
    adam_eps: float = Field(1e-8, gt=0, description="Adam's epsilon, authors' code")
    l2: float = Field(1e-5, ge=0, description="coupled L2 on every parameter, authors' faces code")
    schedule: Literal["alternating", "one_of_each"] = Field(
        "alternating",
        description="alternating: even minibatches train G, odd ones D (authors' code); "
        "one_of_each: every minibatch trains D, then G (Torch port)",
    )
    epochs: float = Field(5.0, gt=0, description="passes over the images (paper Fig 3: 5)")
    early_epochs: float = Field(1.0, gt=0, description="pass of the early snapshot (Fig 2: 1)")
    precision: Literal["float32", "bfloat16"] = Field(
        "float32", description="arithmetic of convolutions; weights and losses stay float32"
    )
    sample_every: int = Field(500, ge=1, description="minibatches between sample sheets")
    log_every: int = Field(20, ge=1, description="minibatches between log lines")
    checkpoint_every: int = Field(500, ge=1, description="minibatches between resume states")
    statistics_batches: int = Field(
        50, ge=1, description="batches from which the frozen batch statistics are averaged"
    )

    @model_validator(mode="after")
    def _early_is_earlier(self) -> "TrainingSpec":
        if self.early_epochs > self.epochs:
            raise ValueError(
                f"early_epochs {self.early_epochs:g} is after the end, epochs {self.epochs:g}"
            )
        return self


class ModelSpec(Strict):
    """A model of a run: a preset, the dataset it is trained on, and what differs from both."""

    data: str = Field(description="name of the dataset it is trained on")
    preset: str = Field("paper_64", description="name of a file in config/presets")
    deduplicated: bool = Field(False, description="leave out what the dataset's hash removed")
    network: NetworkSpec = NetworkSpec()
    training: TrainingSpec = TrainingSpec()


class PresetSpec(Strict):
    """A known recipe (config/presets/<name>.yaml)."""

    title: str = Field(description="what it is, in one line")
    source: str = Field(description="where the recipe comes from")
    network: NetworkSpec = NetworkSpec()
    training: TrainingSpec = TrainingSpec()


class WorldSpec(Strict):
    """Raw data drawn by program, written in an official layout (data_prep/generated/)."""

    generator: str = Field(description="name of a module in data_prep/generated")
    options: dict[str, Any] = Field({}, description="that module's Options")


class DatasetSpec(Strict):
    """A prepared dataset: where the raw images lie and how they are read."""

    source: str = Field(description="name of a module in data_prep: lsun, folder, ...")
    image_size: int = Field(64, ge=8, le=256, description="pixels per side after the centre crop")
    channels: Literal[1, 3] = Field(3, description="1 grey, 3 RGB")
    limit: int | None = Field(None, ge=1, description="at most so many images, evenly spread")
    options: dict[str, Any] = Field({}, description="the source module's Options")


class RunDatasetSpec(DatasetSpec):
    """A dataset as a run file gives it: with its raw data, and its de-duplication if any."""

    world: str | None = Field(None, description="a world of this run, or")
    raw: str | None = Field(None, description="a path below the run's `raw` folder")
    dedup: dict[str, Any] | None = Field(
        None, description="Options of data_prep.dedup; null = not de-duplicated"
    )

    @model_validator(mode="after")
    def _one_origin(self) -> "RunDatasetSpec":
        if (self.world is None) == (self.raw is None):
            raise ValueError("give either `world:` (generated) or `raw:` (a path), not both")
        return self


class RoleSpec(Strict):
    """What the paper's experiments call it, and the run's dataset and model that play it."""

    data: str | None = Field(None, description="dataset")
    test: str | None = Field(None, description="dataset with the test images")
    copies: str | None = Field(None, description="dataset of near-duplicates of known originals")
    model: str | None = Field(None, description="model")
    as_in_paper: bool = Field(
        False, description="true only where data, sizes and training are the paper's"
    )


class RunSpec(Strict):
    """A whole run (config/<run>.yaml): binds roles to datasets and models at a scale."""

    title: str
    description: str = ""
    banner: str = Field("", description="words stamped on every figure")
    seed: int = Field(42, ge=0, description="seed of everything in the run (authors' code: 42)")
    raw: str | None = Field(None, description="folder of the downloads")
    worlds: dict[str, WorldSpec] = Field({}, description="raw data to draw, by name")
    datasets: dict[str, RunDatasetSpec] = Field({}, description="prepared datasets, by name")
    models: dict[str, ModelSpec] = Field({}, description="models to train, by name")
    roles: dict[str, RoleSpec] = Field(
        {}, description="role of the paper -> dataset and model of this run"
    )
    experiments: dict[str, dict[str, Any]] = Field({}, description="options that differ")
    departures: list[str] = Field([], description="where this run departs from the paper, and why")


def main() -> None:
    for model in (RunSpec, RunDatasetSpec, ModelSpec, NetworkSpec, TrainingSpec, RoleSpec):
        print(f"\n{model.__name__}: {model.__doc__}")
        for name, field in model.model_fields.items():
            default = "required" if field.is_required() else repr(field.default)
            if isinstance(field.default, BaseModel):
                default = f"see {type(field.default).__name__}"
            print(f"  {name:<20} {default:<14} {field.description or ''}")


if __name__ == "__main__":
    main()

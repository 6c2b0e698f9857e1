"""How networks are trained, as configs specify it: typed, with the paper's values as defaults.

This is a part of repro.specs.model and repro.specs.presets; the modules of repro.train obey it.
"""

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, model_validator

from repro.specs.validation import Strict

Trouble = Literal["saturated_discriminator", "collapse", "oscillation"]
Passes = Annotated[float, Field(gt=0)]
Differentiable = Literal["colour", "translation", "cutout"]


class AugmentationSpec(Strict):
    """Random changes of real images, drawn anew each time; none by default (paper §4)."""

    flip: float = Field(0.0, ge=0, le=1, description="share mirrored left to right")
    brightness: float = Field(0.0, ge=0, lt=1, description="factor within 1 +- this")
    contrast: float = Field(0.0, ge=0, lt=1, description="factor within 1 +- this")
    saturation: float = Field(0.0, ge=0, lt=1, description="factor within 1 +- this")
    hue: float = Field(0.0, ge=0, le=0.5, description="turn of the colour circle within +- this")
    blur: float = Field(0.0, ge=0, le=1, description="share blurred")
    blur_sigma: float = Field(1.0, gt=0, description="largest Gaussian sigma, pixels")

    @property
    def any(self) -> bool:
        """Whether it changes anything."""
        own = (self.flip, self.brightness, self.contrast, self.saturation, self.hue, self.blur)
        return max(own) > 0


class TrainingSpec(Strict):
    """How the networks are trained (paper §4, authors' code)."""

    batch: int = Field(128, ge=2, description="images per minibatch (paper §4)")
    learning_rate_g: float = Field(2e-4, gt=0, description="Adam's step size of G (paper §4)")
    learning_rate_d: float = Field(2e-4, gt=0, description="Adam's step size of D (paper §4)")
    beta1: float = Field(0.5, ge=0, lt=1, description="Adam's beta1 (paper §4)")
    beta2: float = Field(0.999, ge=0, lt=1, description="Adam's beta2, authors' code")
    adam_eps: float = Field(1e-8, gt=0, description="Adam's epsilon, authors' code")
    l2: float = Field(1e-5, ge=0, description="coupled L2 on every parameter, authors' faces code")
    schedule: Literal["alternating", "one_of_each"] = Field(
        "alternating",
        description="alternating: even minibatches train G, odd ones D, each with new z (authors' "
        "code); one_of_each: every minibatch trains D, then G on the same generated images "
        "(PyTorch tutorial)",
    )
    epochs: float = Field(5.0, gt=0, description="passes over the images (paper Fig 3: 5)")
    decay_epochs: float = Field(
        0.0,
        ge=0,
        description="last epochs over which both learning rates fall, epoch by epoch, on a line "
        "that would reach 0 after the last (authors' MNIST code: 100 of 200)",
    )
    early_epochs: float = Field(
        1.0,
        gt=0,
        description="pass of the early snapshot (Fig 2: 1); a shorter training has it after a "
        "tenth of its length",
    )
    snapshots: Annotated[int, Field(ge=0)] | tuple[Passes, ...] = Field(
        0,
        description="networks kept, evenly spread over the training, the last one included; or a "
        "list of the passes after which they are kept, as well as the last: an experiment may "
        "choose among generators by validation (MNIST) or follow what discriminators have learnt "
        "(Table 1); 0 = only the last",
    )
    snapshots_of: tuple[Literal["generator", "discriminator"], ...] = Field(
        ("generator",), description="which of the two networks `snapshots` keeps"
    )
    precision: Literal["float32", "bfloat16", "auto"] = Field(
        "float32",
        description="arithmetic of convolutions; weights and losses stay float32. auto: bfloat16 "
        "where the device has instructions for it, else float32; spec.json says which",
    )
    batch_statistics: Literal["local", "synchronised"] = Field(
        "local",
        description="several processes: batch normalisation over each one's share of the "
        "minibatch, or over the whole",
    )
    augmentation: AugmentationSpec = AugmentationSpec()
    diff_augment: tuple[Differentiable, ...] = Field(
        (),
        description="differentiable augmentation: changes of real and generated images alike, "
        "before D sees them (Zhao et al. 2020, arXiv 2006.10738); () = none (paper §4)",
    )
    ema: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="decay, per minibatch, of a moving average of G's weights, which is the G that "
        "is stored and that draws the samples; 0 = the weights themselves (paper)",
    )
    stop_on: tuple[Trouble, ...] = Field(
        (), description="troubles that end the training early; () = it only names them"
    )
    sample_every: int = Field(500, ge=1, description="minibatches between sample sheets")
    log_every: int = Field(20, ge=1, description="minibatches between log lines")
    checkpoint_every: int = Field(500, ge=1, description="minibatches between resume states")
    statistics_batches: int = Field(
        50, ge=1, description="batches from which the frozen batch statistics are averaged"
    )

    @model_validator(mode="after")
    def _decay_fits(self) -> "TrainingSpec":
        if self.decay_epochs > self.epochs:
            raise ValueError(f"decay_epochs {self.decay_epochs:g} exceed epochs {self.epochs:g}")
        return self

    @model_validator(mode="after")
    def _snapshots_in_order(self) -> "TrainingSpec":
        if isinstance(self.snapshots, tuple):
            if any(low >= high for low, high in pairwise(self.snapshots)):
                raise ValueError(f"snapshots must ascend, found {list(self.snapshots)}")
            if self.snapshots and self.snapshots[-1] > self.epochs:
                raise ValueError(
                    f"snapshots after pass {self.snapshots[-1]:g}, but the training ends after "
                    f"epochs {self.epochs:g}"
                )
        return self

    @property
    def networks_kept(self) -> int:
        """Number of copies stored of each network that `snapshots` selects, at least 1."""
        if isinstance(self.snapshots, int):
            return max(1, self.snapshots)
        return len({*self.snapshots, self.epochs})

    @property
    def early_pass(self) -> float:
        """The pass of the early snapshot, within any training."""
        return self.early_epochs if self.early_epochs <= self.epochs else self.epochs / 10

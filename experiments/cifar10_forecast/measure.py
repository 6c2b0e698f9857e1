"""What Table 1 would be at the paper's own scale, forecast from a ladder of smaller trainings.

Reads the trainings of the ladder, with the discriminators kept during training, and CIFAR-10. Each
discriminator goes through Table 1's protocol with all labels (paper §5.1); laws fitted to how
accuracy grows with maps, images and passes (laws.py) give a number for the paper's sizes. Alone:
python -m experiments.cifar10_forecast.measure --input ladder.rungs.1=DIR --input ladder.rungs.2=DIR
    ... --input cifar10.data=DIR --input cifar10.test=DIR --out DIR
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from experiments.cifar10_forecast.laws import Ladder
from experiments.cifar10_forecast.options import Options
from experiments.cifar10_forecast.results import (
    accuracies,
    figure_arrays,
    measurements,
    untrained_gain,
)
from experiments.cifar10_svm.rows import HELD_OUT
from experiments.contract import Inputs, measure_command
from repro.artefacts.arrays import save_arrays
from repro.claims.measurement import Measurement
from repro.classification.choose_c import (
    Training,
    chosen_and_refitted,
    require_known_classes,
    with_held_out,
)
from repro.classification.discriminator_features import frozen_features
from repro.classification.shared_features import shared_features
from repro.classification.svm import L2SVC
from repro.devices import chosen_device
from repro.networks.dcgan import Discriminator
from repro.networks.model_folder import ModelFolder


@dataclass(frozen=True)
class Rung:
    """A discriminator of the ladder; step: minibatches of training, 0 for the initial weights."""

    model: ModelFolder
    number: int  # of the model in the ladder, from 0
    step: int

    @property
    def name(self) -> str:
        return f"{self.model.folder.name}_{self.step:08d}"

    @property
    def sizes(self) -> tuple[int, int, float]:
        """Maps of the first layer, training images, passes over them."""
        about = self.model.description
        passes = self.step / about["minibatches_per_epoch"]
        return self.model.spec.network.ndf, about["images"], passes

    def discriminator(self) -> Discriminator:
        if self.step == 0:
            return self.model.random_discriminator(self.model.seed)
        return self.model.discriminator(self.step)


def measure(inputs: Inputs, options: Options, seed: int, out: Path) -> list[Measurement]:
    """Evaluate the ladder on the training images, open the test set, fit the laws, forecast."""
    device = chosen_device(options.device)
    training = with_held_out(
        inputs.dataset("cifar10.data"),
        most=options.validation,
        share=options.validation_share,
        seed=seed,
        purpose=HELD_OUT,  # the same as in Table 1
    )
    ladder_names = inputs.several("ladder.rungs")
    rungs = [*_rungs([inputs.model(name) for name in ladder_names])]
    # until all is measured, a training that joins the ladder leaves the others' rungs as they are
    finished = [inputs.finished_parts([name, "cifar10.data"]) for name in ladder_names]
    fit = partial(_fit, training=training, options=options, device=device, scratch=out)
    machines = [finished[rung.number].part(rung.name, partial(fit, rung)) for rung in rungs]

    test = inputs.dataset("cifar10.test")  # opened here, after all choices
    y = test.label("class")
    require_known_classes(y, training.labels, where=str(test.folder))
    correct = np.stack([
        _labels(rung, test.images, machine, device=device, scratch=out) == y
        for rung, machine in zip(rungs, machines, strict=True)
    ])  # fmt: skip

    sizes = np.array([rung.sizes for rung in rungs], float)
    trained = sizes[:, 2] > 0
    number = np.array([rung.number for rung in rungs])
    ladder = Ladder(sizes[trained], number[trained], correct[trained])
    paper = np.array([options.paper_maps, options.paper_images, options.paper_passes], float)
    arrays = figure_arrays(ladder, paper, seed=seed, draws=options.resamplings)
    chosen = np.array([machine["C"] for machine in machines])
    untrained = [sizes[~trained, 0], chosen[~trained], *accuracies(correct[~trained]).T]
    control = untrained_gain(
        sizes[~trained, 0], correct[~trained], seed=seed, draws=options.resamplings
    )
    save_arrays(
        out / "arrays.npz",
        **arrays,
        names=np.array([inputs.folder(name).name for name in ladder_names]),
        C=chosen[trained],
        untrained=np.column_stack(untrained),
        untrained_model=number[~trained],
    )
    return [*measurements(arrays), control]


def _rungs(models: list[ModelFolder]) -> Iterator[Rung]:
    """Each of the stored discriminators, and once each of the initial ones.

    Trainings of the same network and seed begin with the same weights.
    """
    begun = set()
    for number, model in enumerate(models):
        initial = (model.spec.network.model_dump_json(), model.seed)
        if initial not in begun:
            yield Rung(model, number, 0)
        begun.add(initial)
        for step in model.snapshots("discriminator"):
            yield Rung(model, number, step)


def _fit(
    rung: Rung, *, training: Training, options: Options, device: torch.device, scratch: Path
) -> dict[str, np.ndarray]:
    """C chosen on held-out images, then the machine fitted on all training images.

    With the batch statistics of the unlabelled training images, under which D had these features.
    """
    D = rung.discriminator()
    extract = frozen_features(D, training.images[: options.statistics_images], device)
    with shared_features(training.images, scratch) as shared:
        choice, machine = chosen_and_refitted(
            L2SVC(tol=options.tol, device=device.type),
            shared.of(extract),
            training.labels,
            held_out=training.held_out,
            grid=options.grid,
            extensions=options.extensions,
        )
    statistics = {name: values.cpu().numpy() for name, values in D.named_buffers()}
    return {
        "classes": machine.classes_,
        "coef": machine.coef_,
        "intercept": machine.intercept_,
        "C": np.array(choice.C),
    } | statistics


def _labels(
    rung: Rung,
    images: np.ndarray,
    machine: dict[str, np.ndarray],
    *,
    device: torch.device,
    scratch: Path,
) -> np.ndarray:
    """The labels (T,) that a rung's fitted machine gives to images."""
    D = rung.discriminator().eval()
    for name, values in D.named_buffers():
        values.copy_(torch.from_numpy(machine[name]))
    fitted = L2SVC()
    fitted.classes_, fitted.coef_ = machine["classes"], machine["coef"]
    fitted.intercept_ = machine["intercept"]
    fitted.n_features_in_ = machine["coef"].shape[1]
    with shared_features(images, scratch) as shared:
        return fitted.predict(shared.of(frozen_features(D, None, device)))


if __name__ == "__main__":
    measure_command(measure, Options)

"""The adversarial training step: losses and updates of G and D for one minibatch (paper §4).

Binary cross-entropy with real = 1 and generated = 0, the non-saturating loss for G, Adam, coupled
L2. Real and generated batches go through D separately, so each has its own batch statistics. Where
a network takes labels, they are the labels of the real minibatch (authors' MNIST code).
repro.train.loop has the loop around the step, with its resume states.
"""

from copy import deepcopy
from functools import partial
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from repro.devices import moved, resolve_precision
from repro.errors import ExpectedError
from repro.networks.build import build_discriminator, build_generator
from repro.networks.dcgan import GeneratorNetwork
from repro.networks.model_folder import draw, draw_latents
from repro.specs.model import ModelSpec
from repro.train.cuda_graphs import RecordedStep
from repro.train.diff_augment import diff_augmented
from repro.train.minibatches import Images, Minibatch, Minibatches, Schedule
from repro.train.processes import ALONE, Processes
from repro.train.running_means import RunningMeans
from repro.train.sync_batchnorm import synchronised

SHEET_SIDE = 8  # pictures in a row of the sample sheets; rows too, where there are no classes


class TrainingError(ExpectedError, RuntimeError):
    """A training that cannot continue; the message says why and what to do.

    minibatch: where it went wrong (from 1), 0 where this does not apply.
    """

    def __init__(self, message: str, *, minibatch: int = 0) -> None:
        super().__init__(message)
        self.minibatch = minibatch


def with_precision(spec: ModelSpec, device: torch.device) -> ModelSpec:
    """`spec` with `precision: auto` replaced by the arithmetic in which `device` trains."""
    precision = resolve_precision(spec.training.precision, device)
    training = spec.training.model_copy(update={"precision": precision})
    return spec.model_copy(update={"training": training})


class Trainer:
    """Both networks with their optimisers: one call of `step` processes one minibatch.

    `precision: auto` in `spec` becomes the arithmetic in which the device trains.
    """

    def __init__(
        self,
        *,
        spec: ModelSpec,
        images: Images,
        seed: int,
        device: torch.device,
        processes: Processes = ALONE,
        cuda_graphs: bool = False,
    ) -> None:
        spec = with_precision(spec, device)
        self.spec, self.images, self.seed, self.device = spec, images, seed, device
        self.processes = processes
        training = spec.training
        self.schedule = Schedule(
            images=len(images), training=training, seed=seed, processes=processes.size
        )
        self.minibatches = Minibatches(images=images, schedule=self.schedule, processes=processes)
        self.G = build_generator(spec.network, seed=seed).to(device)
        self.D = build_discriminator(spec.network, seed=seed).to(device)
        self._share_networks()
        self.adam_g = self._adam(self.G, training.learning_rate_g)
        self.adam_d = self._adam(self.D, training.learning_rate_d)
        self.average = deepcopy(self.G).requires_grad_(False) if training.ema else None
        self.meters = RunningMeans(device, processes)
        self.recorded = self._recorded_steps() if cuda_graphs else {}

    def _share_networks(self) -> None:
        """Set step_* (networks called by the step) and parallel_* (those that need gradients).

        G and D themselves are independent of other processes.
        """
        self.step_g, self.step_d = self.G, self.D
        processes, network = self.processes, self.spec.network
        if processes.size > 1 and self.spec.training.batch_statistics == "synchronised":
            self.step_g = synchronised(self.G, processes)
            self.step_d = synchronised(self.D, processes)
        side = network.image_size
        z = torch.zeros(2, network.z_dim, device=self.device)
        images = torch.zeros(2, network.channels, side, side, device=self.device)
        labels = torch.zeros(2, dtype=torch.int64, device=self.device) if network.classes else None
        self.parallel_g = processes.parallel(self.step_g, z, labels)
        self.parallel_d = processes.parallel(self.step_d, images, labels)

    def _adam(self, network: nn.Module, rate: float) -> torch.optim.Adam:
        training = self.spec.training
        return torch.optim.Adam(
            network.parameters(),
            lr=rate,
            betas=(training.beta1, training.beta2),
            eps=training.adam_eps,
            weight_decay=training.l2,  # coupled: added to the gradient (authors' updates.py)
            fused=True,
        )

    def latents(self, n: int, *, purpose: str, index: int = 0) -> Tensor:
        """n latent vectors (n, z_dim) on the device, a function of seed, purpose and index."""
        z = draw_latents(self.spec.network, n, seed=self.seed, purpose=purpose, index=index)
        return moved(z, self.device)

    def autocast(self) -> torch.autocast:
        low = self.spec.training.precision == "bfloat16"
        return torch.autocast(self.device.type, torch.bfloat16, enabled=low)

    def step(self, t: int) -> None:
        """Minibatch t: D, G, or D then G on the same generated images, by the schedule."""
        self._set_rates(t)
        batch = self.minibatches.at(t)
        z = self.processes.share(self.latents(batch.total, purpose="z of the step", index=t))
        number = torch.full((), t + 1, device=self.device)  # filled there: nothing to wait for
        trains = self.schedule.trains_d(t), self.schedule.trains_g(t)
        recorded = self.recorded.get(trains)
        if recorded is not None and recorded.fits(batch):
            recorded(batch, z, number)
        else:
            self._train(trains, batch, z, number)

    def _train(
        self, trains: tuple[bool, bool], batch: Minibatch, z: Tensor, number: Tensor
    ) -> None:
        """Update D, G or both on a minibatch and z; `number` is the minibatch's, from 1."""
        trains_d, trains_g = trains
        with self.autocast(), torch.set_grad_enabled(trains_g):
            network = self.parallel_g if trains_g else self.step_g
            fake = network(z, batch.labels)
        if trains_d:
            self._step_d(batch, fake.detach(), number)
        if trains_g:
            self._step_g(batch, fake, number)

    def _step_d(self, batch: Minibatch, fake: Tensor, number: Tensor) -> None:
        with self.autocast():
            assert batch.images is not None  # read for every minibatch that trains D
            real = self._changed(batch.images, batch, 0)
            on_real = self.parallel_d(real, batch.labels).float()
            on_fake = self.parallel_d(self._changed(fake, batch, 1), batch.labels).float()
        # BCE with logits: -log sigmoid(x) = softplus(-x); -log(1 - sigmoid(x)) = softplus(x)
        loss = F.softplus(-on_real).mean() + F.softplus(on_fake).mean()
        self._update(self.adam_d, loss, batch)
        self.meters.note(
            number,
            weight=batch.n,
            loss_d=loss,
            d_real=on_real.sigmoid().mean(),
            d_fake_before=on_fake.sigmoid().mean(),
        )

    def _step_g(self, batch: Minibatch, fake: Tensor, number: Tensor) -> None:
        self.D.requires_grad_(False)  # else D's weight gradients would be computed and discarded
        with self.autocast():
            on_fake = self.step_d(self._changed(fake, batch, 2), batch.labels).float()
        loss = F.softplus(-on_fake).mean()  # non-saturating
        self._update(self.adam_g, loss, batch)
        self.D.requires_grad_(True)
        self._average_g(number)
        self.meters.note(number, weight=batch.n, loss_g=loss, d_fake_after=on_fake.sigmoid().mean())

    def _changed(self, images: Tensor, batch: Minibatch, use: int) -> Tensor:
        """Images as D sees them. use: 0 the real ones, 1 and 2 those generated for D and for G."""
        if batch.draws is None:
            return images
        return diff_augmented(images, batch.draws[use], self.spec.training.diff_augment)

    @torch.no_grad()
    def _average_g(self, number: Tensor) -> None:
        """Move the average of G's weights; early in a training it forgets faster."""
        if self.average is None:
            return
        decay = torch.clamp((1 + number) / (10 + number), max=self.spec.training.ema)
        for mean, now in zip(self.average.parameters(), self.G.parameters(), strict=True):
            mean.lerp_(now, (1 - decay).to(mean.dtype))

    @property
    def kept_g(self) -> GeneratorNetwork:
        """The generator that is stored and that draws: the average, or G without one."""
        return self.G if self.average is None else self.average

    def _update(self, adam: torch.optim.Adam, loss: Tensor, batch: Minibatch) -> None:
        adam.zero_grad()
        # gradients are averaged over processes: shares of unequal size are weighted by it
        (loss * (batch.n * self.processes.size / batch.total)).backward()
        adam.step()

    def _set_rates(self, t: int) -> None:
        training, factor = self.spec.training, self.schedule.rate_factor(t)
        for adam, rate in (
            (self.adam_g, training.learning_rate_g),
            (self.adam_d, training.learning_rate_d),
        ):
            group = adam.param_groups[0]
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(rate * factor)
            else:
                group["lr"] = rate * factor

    def _recorded_steps(self) -> dict[tuple[bool, bool], RecordedStep]:
        """A recorder for each kind of minibatch: (trains D, trains G).

        Raises TrainingError unless there is exactly one GPU and one process.
        """
        if self.device.type != "cuda" or self.processes.size > 1:
            raise TrainingError("--cuda-graphs is for one process on one GPU; leave it out here")
        self._keep_rates_on_device()
        both = self.spec.training.schedule == "one_of_each"
        kinds = [(True, True)] if both else [(True, False), (False, True)]
        size = self.spec.training.batch
        return {kind: RecordedStep(partial(self._train, kind), size=size) for kind in kinds}

    def _keep_rates_on_device(self) -> None:
        """Keep Adam's rate and step count as GPU tensors, where a recorded step reads them."""
        for adam in (self.adam_g, self.adam_d):
            group = adam.param_groups[0]
            group["capturable"] = True
            group["lr"] = torch.as_tensor(group["lr"], device=self.device)

    def check_finite(self) -> None:
        """Raise TrainingError where a loss or probability is NaN or infinite, from where on.

        Like `log_line` and `state`, it covers all processes, so all must call it.
        """
        bad = self.meters.not_finite()
        if bad:
            words = ", ".join(f"{name} since minibatch {first}" for name, first in bad.items())
            raise TrainingError(
                f"not finite: {words}; lower the learning rate or raise norm_eps (1e-5 in half "
                "precision), and delete the state folder to start anew",
                minibatch=min(bad.values()),
            )

    def log_line(self, step: int) -> dict[str, float | int]:
        """Means over the window since the last line, to be logged after minibatch `step`."""
        means = self.meters.means()
        return {"step": step, "epoch": self.schedule.epoch(step), **means}

    def state(self) -> dict[str, Any]:
        average = {} if self.average is None else {"average": self.average.state_dict()}
        return {
            "G": self.G.state_dict(),
            "D": self.D.state_dict(),
            "adam_g": self.adam_g.state_dict(),
            "adam_d": self.adam_d.state_dict(),
            "meters": self.meters.state(),
            **average,
        }

    def load(self, state: dict[str, Any]) -> None:
        self.G.load_state_dict(state["G"])
        self.D.load_state_dict(state["D"])
        self.adam_g.load_state_dict(state["adam_g"])
        self.adam_d.load_state_dict(state["adam_d"])
        self.meters.load(state["meters"])
        if self.average is not None:
            self.average.load_state_dict(state["average"])
        if self.recorded:
            self._keep_rates_on_device()

    def sheet_labels(self) -> Tensor | None:
        """Labels of the sample sheet: one row for each class, or None without classes."""
        classes = self.spec.network.classes
        if classes == 0:
            return None
        return torch.arange(classes, device=self.device).repeat_interleave(SHEET_SIDE)

    def sheet_latents(self) -> Tensor:
        """The fixed z of the sample sheets, the same throughout a training."""
        rows = self.spec.network.classes or SHEET_SIDE
        return self.latents(rows * SHEET_SIDE, purpose="z of the sample sheets")

    @torch.no_grad()
    def sheet(self) -> np.ndarray:
        """Pictures of a fixed z with the batch's own statistics, as the authors sampled."""
        network = self.kept_g.train()
        return draw(network, self.sheet_latents(), self.sheet_labels())

"""The adversarial training step: losses and updates of G and D for one minibatch (paper §4).

Binary cross-entropy with real = 1 and generated = 0, the non-saturating loss for G, Adam, coupled
L2. Real and generated batches go through D apart, so each has its own batch statistics. Labels,
where a network takes them, are those of the real minibatch (authors' MNIST code). The loop around
it, with its checkpoints, is repro.train.
"""

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from repro.build import build_discriminator, build_generator
from repro.checkpoint import draw, draw_latents
from repro.meters import Meters, not_finite
from repro.minibatches import Images, Minibatch, Minibatches, Schedule
from repro.processes import ALONE, Processes
from repro.specs import ModelSpec

SHEET_SIDE = 8  # pictures in a row of the sample sheets; rows too, where there are no classes


class TrainingError(RuntimeError):
    """A training that cannot go on; the message says why and what to do."""


class Trainer:
    """Both networks with their optimisers: one call of `step` is one minibatch."""

    def __init__(
        self,
        *,
        spec: ModelSpec,
        images: Images,
        seed: int,
        device: torch.device,
        processes: Processes = ALONE,
    ) -> None:
        self.spec, self.images, self.seed, self.device = spec, images, seed, device
        self.processes = processes
        training = spec.training
        self.schedule = Schedule(
            images=len(images), training=training, seed=seed, processes=processes.size
        )
        self.minibatches = Minibatches(images=images, schedule=self.schedule, processes=processes)
        self.G = build_generator(spec.network, seed=seed).to(device)
        self.D = build_discriminator(spec.network, seed=seed).to(device)
        self.parallel_g = processes.parallel(self.G)  # as called where gradients are wanted
        self.parallel_d = processes.parallel(self.D)
        self.adam_g = self._adam(self.G, training.learning_rate_g)
        self.adam_d = self._adam(self.D, training.learning_rate_d)
        self.meters = Meters(device)

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
        return z.to(self.device)

    def autocast(self) -> torch.autocast:
        low = self.spec.training.precision == "bfloat16"
        return torch.autocast(self.device.type, torch.bfloat16, enabled=low)

    def step(self, t: int) -> None:
        """Minibatch t: D, G, or D then G on the same generated images, as the schedule has it."""
        self._set_rates(t)
        batch = self.minibatches.at(t)
        trains_d, trains_g = self.schedule.trains_d(t), self.schedule.trains_g(t)
        with self.autocast(), torch.set_grad_enabled(trains_g):
            network = self.parallel_g if trains_g else self.G
            fake = network(self._share_of_latents(batch, t), batch.labels)
        if trains_d:
            self._step_d(batch, fake.detach(), t)
        if trains_g:
            self._step_g(batch, fake, t)

    def _share_of_latents(self, batch: Minibatch, t: int) -> Tensor:
        return self.processes.share(self.latents(batch.total, purpose="z of the step", index=t))

    def _step_d(self, batch: Minibatch, fake: Tensor, t: int) -> None:
        with self.autocast():
            on_real = self.parallel_d(batch.images, batch.labels).float()
            on_fake = self.parallel_d(fake, batch.labels).float()
        # BCE with logits: -log sigmoid(x) = softplus(-x); -log(1 - sigmoid(x)) = softplus(x)
        loss = F.softplus(-on_real).mean() + F.softplus(on_fake).mean()
        self._update(self.adam_d, loss, batch)
        self.meters.note(
            t + 1,
            weight=batch.n,
            loss_d=loss,
            d_real=on_real.sigmoid().mean(),
            d_fake_before=on_fake.sigmoid().mean(),
        )

    def _step_g(self, batch: Minibatch, fake: Tensor, t: int) -> None:
        self.D.requires_grad_(False)  # D's weight gradients would be computed and thrown away
        with self.autocast():
            on_fake = self.D(fake, batch.labels).float()
        loss = F.softplus(-on_fake).mean()  # non-saturating
        self._update(self.adam_g, loss, batch)
        self.D.requires_grad_(True)
        self.meters.note(t + 1, weight=batch.n, loss_g=loss, d_fake_after=on_fake.sigmoid().mean())

    def _update(self, adam: torch.optim.Adam, loss: Tensor, batch: Minibatch) -> None:
        adam.zero_grad()
        # gradients are averaged over processes: shares of unlike size must count by their size
        (loss * (batch.n * self.processes.size / batch.total)).backward()
        adam.step()

    def _set_rates(self, t: int) -> None:
        training, factor = self.spec.training, self.schedule.rate_factor(t)
        self.adam_g.param_groups[0]["lr"] = training.learning_rate_g * factor
        self.adam_d.param_groups[0]["lr"] = training.learning_rate_d * factor

    def log_line(self, step: int) -> dict[str, float | int]:
        """Means over the window since the last line. Raises TrainingError for a NaN."""
        means = self.meters.means()
        bad = not_finite(means)
        if bad:
            raise TrainingError(
                f"{', '.join(bad)}: not finite from minibatch {self.meters.first_bad()} on; lower "
                "the learning rate or raise norm_eps (1e-5 in half precision)"
            )
        return {"step": step, "epoch": self.schedule.epoch(step), **means}

    def state(self) -> dict[str, Any]:
        return {
            "G": self.G.state_dict(),
            "D": self.D.state_dict(),
            "adam_g": self.adam_g.state_dict(),
            "adam_d": self.adam_d.state_dict(),
            "meters": self.meters.state(),
        }

    def load(self, state: dict[str, Any]) -> None:
        self.G.load_state_dict(state["G"])
        self.D.load_state_dict(state["D"])
        self.adam_g.load_state_dict(state["adam_g"])
        self.adam_d.load_state_dict(state["adam_d"])
        self.meters.load(state["meters"])

    def sheet_labels(self) -> Tensor | None:
        """Labels of the sample sheet: a row for each class, or None without classes."""
        classes = self.spec.network.classes
        if classes == 0:
            return None
        return torch.arange(classes, device=self.device).repeat_interleave(SHEET_SIDE)

    def sheet_latents(self) -> Tensor:
        """The fixed z of the sample sheets, the same all through a training."""
        rows = self.spec.network.classes or SHEET_SIDE
        return self.latents(rows * SHEET_SIDE, purpose="z of the sample sheets")

    @torch.no_grad()
    def sheet(self) -> np.ndarray:
        """Pictures of a fixed z with the batch's own statistics, as the authors sampled."""
        self.G.train()
        return draw(self.G, self.sheet_latents(), self.sheet_labels())

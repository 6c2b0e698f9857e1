"""The adversarial training step: losses and updates of G and D for one minibatch (paper §4).

Binary cross-entropy with real = 1 and generated = 0, the non-saturating loss for G, Adam, coupled
L2. Real and generated batches go through D apart, so each has its own batch statistics. The loop
around it, with its checkpoints, is repro.train.
"""

import math
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from repro import random
from repro.checkpoint import draw
from repro.minibatches import Images, Schedule
from repro.networks import Discriminator, Generator, build_discriminator, build_generator
from repro.specs import ModelSpec

SHEET_SIDE = 8  # sample sheets show 8 x 8 pictures of a fixed z
METERS = ("loss_d", "loss_g", "d_real", "d_fake_before", "d_fake_after")


class TrainingError(RuntimeError):
    """A training that cannot go on; the message says why and what to do."""


class Trainer:
    """Both networks with their optimisers: one call of `step` is one minibatch."""

    def __init__(self, *, spec: ModelSpec, images: Images, seed: int, device: torch.device) -> None:
        self.spec, self.images, self.seed, self.device = spec, images, seed, device
        training = spec.training
        self.schedule = Schedule(images=len(images), training=training, seed=seed)
        self.G = build_generator(spec.network, seed=seed).to(device)
        self.D = build_discriminator(spec.network, seed=seed).to(device)
        self.adam_g = self._adam(self.G, training.learning_rate_g)
        self.adam_d = self._adam(self.D, training.learning_rate_d)
        self.sums = torch.zeros(len(METERS), 2, device=device)  # (sum, count) of the log window

    def _adam(self, network: Generator | Discriminator, rate: float) -> torch.optim.Adam:
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
        network = self.spec.network
        z = random.latents(
            n,
            network.z_dim,
            seed=self.seed,
            purpose=purpose,
            index=index,
            distribution=network.z_distribution,
        )
        return z.to(self.device)

    def autocast(self) -> torch.autocast:
        low = self.spec.training.precision == "bfloat16"
        return torch.autocast(self.device.type, torch.bfloat16, enabled=low)

    def step(self, t: int) -> None:
        """Minibatch t: D, G, or D then G, as the schedule has it."""
        rows = self.schedule.rows(t)
        if self.schedule.trains_d(t):
            self._step_d(self.images.batch(rows), t)
        if self.schedule.trains_g(t):
            self._step_g(len(rows), t)

    def _step_d(self, real: Tensor, t: int) -> None:
        with self.autocast():
            with torch.no_grad():
                fake = self.G(self.latents(len(real), purpose="z of D's step", index=t))
            on_real, on_fake = self.D(real).float(), self.D(fake).float()
        # BCE with logits: -log sigmoid(x) = softplus(-x); -log(1 - sigmoid(x)) = softplus(x)
        loss = F.softplus(-on_real).mean() + F.softplus(on_fake).mean()
        self.adam_d.zero_grad()
        loss.backward()
        self.adam_d.step()
        self._note(
            loss_d=loss, d_real=on_real.sigmoid().mean(), d_fake_before=on_fake.sigmoid().mean()
        )

    def _step_g(self, n: int, t: int) -> None:
        self.D.requires_grad_(False)  # D's weight gradients would be computed and thrown away
        with self.autocast():
            fake = self.G(self.latents(n, purpose="z of G's step", index=t))
            on_fake = self.D(fake).float()
        loss = F.softplus(-on_fake).mean()  # non-saturating
        self.adam_g.zero_grad()
        loss.backward()
        self.adam_g.step()
        self.D.requires_grad_(True)
        self._note(loss_g=loss, d_fake_after=on_fake.sigmoid().mean())

    def _note(self, **values: Tensor) -> None:
        for name, value in values.items():
            self.sums[METERS.index(name), 0] += value.detach()
            self.sums[METERS.index(name), 1] += 1

    def log_line(self, step: int) -> dict[str, float | int]:
        """Means over the window since the last line. Raises TrainingError for a NaN."""
        means = (self.sums[:, 0] / self.sums[:, 1]).tolist()
        counts = self.sums[:, 1].tolist()
        line = {
            name: round(m, 6) for name, m, n in zip(METERS, means, counts, strict=True) if n > 0
        }
        self.sums.zero_()
        bad = [name for name, value in line.items() if not math.isfinite(value)]
        if bad:
            raise TrainingError(
                f"{', '.join(bad)} is not finite in the window that ends at minibatch {step}; "
                "lower the learning rate or raise norm_eps (1e-5 in half precision)"
            )
        return {"step": step, "epoch": round(step / self.schedule.per_epoch, 4), **line}

    def state(self) -> dict[str, Any]:
        return {
            "G": self.G.state_dict(),
            "D": self.D.state_dict(),
            "adam_g": self.adam_g.state_dict(),
            "adam_d": self.adam_d.state_dict(),
            "sums": self.sums,
        }

    def load(self, state: dict[str, Any]) -> None:
        self.G.load_state_dict(state["G"])
        self.D.load_state_dict(state["D"])
        self.adam_g.load_state_dict(state["adam_g"])
        self.adam_d.load_state_dict(state["adam_d"])
        self.sums.copy_(state["sums"])

    @torch.no_grad()
    def sheet(self) -> np.ndarray:
        """Pictures of a fixed z with the batch's own statistics, as the authors sampled."""
        self.G.train()
        return draw(self.G, self.latents(SHEET_SIDE**2, purpose="z of the sample sheets"))

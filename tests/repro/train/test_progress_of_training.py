"""What a training prints: minibatches done of all, and the losses of its log."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from short_training import train_in

from repro.progress import Progress
from repro.specs.model import ModelSpec
from repro.specs.network import NetworkSpec
from repro.specs.training import TrainingSpec


@pytest.mark.slow
def test_a_training_counts_its_minibatches_and_says_the_losses_of_its_log(
    make_dataset: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[tuple[int, str]] = []

    class Recording(Progress):
        def update(self, turns: int = 1) -> None:
            super().update(turns)
            said.append((self.done, self.line(self.began + 10)))

    monkeypatch.setattr("repro.train.loop.Progress", Recording)
    source = np.random.default_rng(0)
    data = make_dataset(source.integers(0, 256, (64, 16, 16, 3), dtype=np.uint8))
    training = TrainingSpec(batch=16, epochs=3, log_every=4, schedule="one_of_each")
    spec = ModelSpec(
        data="data",
        network=NetworkSpec(image_size=16, ngf=4, ndf=4, z_dim=4),
        training=training,
    )
    log = train_in(tmp_path, spec, data) / "log.jsonl"
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    losses = {one["step"]: one for one in lines if "loss_d" in one}
    assert [done for done, _ in said] == list(range(1, 13))  # 3 passes of 64 / 16 minibatches
    assert sorted(losses) == [4, 8, 12]
    for done, line in said:
        assert line.startswith(
            f"training of model: {done} of 12 minibatches ({100 * done // 12} %)"
        )
        latest = losses.get(done - done % 4)
        if latest is None:
            assert "loss" not in line
        else:
            words = f", loss of D {latest['loss_d']:.2f}, loss of G {latest['loss_g']:.2f}"
            assert line.endswith(words)

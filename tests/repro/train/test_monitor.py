"""The health monitor: each trouble with its first bad minibatch, no false alarm, and diversity.

Longer than 300 lines: each trouble has its cases of alarm and of none, on the same made-up lines.
"""

import json
import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from repro.data.store import ImageStore
from repro.specs.model import ModelSpec
from repro.specs.network import NetworkSpec
from repro.specs.training import TrainingSpec, Trouble
from repro.train.log import Log
from repro.train.minibatches import Images
from repro.train.monitor import (
    FEW,
    MUSH_MINIBATCHES,
    SURE_MINIBATCHES,
    SWING_WINDOWS,
    VARIED,
    Finding,
    Monitor,
    diversity,
)
from repro.train.trainer import Trainer

Line = dict[str, Any]


def window(step: int, d_real: float, d_fake: float, **other: float) -> Line:
    values = {"loss_d": -math.log(d_real) - math.log(1 - d_fake), "d_real": d_real}
    return {"step": step, "epoch": step / 100, **values, "d_fake_before": d_fake, **other}


def sheet(step: int, share: float) -> Line:
    return {"step": step, "epoch": step / 100, "diversity": share}


def findings(lines: Iterable[Line]) -> list[Finding]:
    monitor = Monitor()
    for line in lines:
        monitor.see(line)
    return monitor.findings


def named(lines: Iterable[Line]) -> list[tuple[str, int]]:
    return [(finding.trouble, finding.step) for finding in findings(lines)]


HEALTHY = [window(20 * i, 0.75, 0.25) for i in range(1, 11)]  # up to minibatch 200
SURE = [window(200 + 20 * i, 0.995, 0.004) for i in range(1, 21)]
SWINGING = [window(20 * i, 0.7, 0.1 if i % 4 < 2 else 0.6) for i in range(1, 41)]
COLLAPSING = [sheet(500, 0.1), sheet(1000, 0.6), sheet(1500, 0.2), sheet(2000, 0.1)]


def test_saturated_discriminator_since_its_first_sure_window() -> None:
    assert named([*HEALTHY, *SURE]) == [("saturated_discriminator", 220)]
    assert named([*HEALTHY, *SURE[:14]]) == []  # 280 minibatches, one window too few
    words = findings([*HEALTHY, *SURE])[0].words
    assert "minibatches 220 to 500" in words
    assert "D(x) 0.995" in words


def test_one_unsure_window_begins_the_count_anew() -> None:
    lines = [*HEALTHY, *SURE[:10], window(420, 0.9, 0.1), *SURE[11:]]
    assert named(lines) == []
    more = [window(600 + 20 * i, 0.995, 0.004) for i in range(1, 20)]
    assert named([*lines, *more]) == [("saturated_discriminator", 440)]


@pytest.mark.parametrize(("d_real", "d_fake"), [(0.995, 0.3), (0.7, 0.001), (0.96, 0.04)])
def test_a_strong_discriminator_is_not_saturated(d_real: float, d_fake: float) -> None:
    assert named([window(20 * i, d_real, d_fake) for i in range(1, 200)]) == []


@pytest.mark.parametrize("log_every", [1, 4, 20, 50, 100])
def test_saturation_is_found_whatever_the_spacing_of_lines(log_every: int) -> None:
    lines = [window(t, 0.999, 0.001) for t in range(log_every, 1001, log_every)]
    ((trouble, step),) = named(lines)
    assert trouble == "saturated_discriminator"
    assert step == max(20, log_every)


def test_oscillation_since_the_first_turning_point() -> None:
    # odds 1/9 and 3/2: 13.5-fold; the first turning point is the last window before the rise
    assert named(SWINGING) == [("oscillation", 20)]
    assert named([*HEALTHY, *({**x, "step": x["step"] + 200} for x in SWINGING)]) == [
        ("oscillation", 220)
    ]
    assert "D(G(z)) between 0.100 and 0.600" in findings(SWINGING)[0].words


def test_oscillation_of_the_real_images_probability() -> None:
    lines = [window(20 * i, 0.6 if i % 6 < 3 else 0.95, 0.2) for i in range(1, 41)]
    assert [trouble for trouble, _ in named(lines)] == ["oscillation"]


def test_no_oscillation_without_persistent_large_swings() -> None:
    small = [window(20 * i, 0.7, 0.2 if i % 4 < 2 else 0.45) for i in range(1, 200)]  # 3.3-fold
    assert named(small) == []
    assert named(SWINGING[:6]) == []  # three swings
    rising = [window(20 * i, 0.5 + i / 450, 0.5 - i / 450) for i in range(1, 200)]
    assert named(rising) == []
    rare = [window(20 * i, 0.7, 0.1 if i // SWING_WINDOWS % 2 else 0.6) for i in range(1, 500)]
    assert named(rare) == []  # a swing in every 50 windows
    beyond_the_edge = [window(20 * i, 0.7, 0.01 if i % 4 < 2 else 1e-4) for i in range(1, 200)]
    assert named(beyond_the_edge) == []


def test_collapse_since_the_first_of_two_sheets() -> None:
    assert named(COLLAPSING) == [("collapse", 1500)]
    assert "0.20 (minibatch 1500), 0.10 (minibatch 2000)" in findings(COLLAPSING)[0].words
    assert named([*COLLAPSING[:3], sheet(2000, 0.4), sheet(2500, 0.2), sheet(3000, 0.5)]) == []


def test_grey_mush_at_the_start_is_no_collapse() -> None:
    mush = [sheet(t, 0.12) for t in range(50, MUSH_MINIBATCHES, 50)]
    assert named([*mush, sheet(MUSH_MINIBATCHES, 0.3), sheet(2050, 0.4), sheet(2100, 0.6)]) == []
    # but one that stays
    assert named([*mush, sheet(2000, 0.12), sheet(2500, 0.13)]) == [("collapse", 2000)]


def test_a_fall_from_variety_counts_before_the_mush_is_over() -> None:
    assert named([sheet(100, VARIED), sheet(200, 0.1), sheet(300, 0.1)]) == [("collapse", 200)]
    assert named([sheet(100, VARIED - 0.01), sheet(200, 0.1), sheet(300, 0.1)]) == []


def test_the_thresholds_leave_out_what_they_say() -> None:
    assert named([sheet(t, FEW) for t in (2000, 2500, 3000)]) == []
    steps = range(20, SURE_MINIBATCHES + 1, 20)
    assert len(named([window(t, 0.98, 0.02) for t in steps])) == 1
    assert named([window(t, 0.979, 0.02) for t in steps]) == []
    assert named([window(t, 0.98, 0.021) for t in steps]) == []


@pytest.mark.parametrize("lines", [[*HEALTHY, *SURE], SWINGING, COLLAPSING])
def test_each_trouble_is_found_once_and_again_by_replay(lines: list[Line]) -> None:
    lines = [*lines, *({**x, "step": x["step"] + 3000} for x in lines)]  # the trouble comes twice
    monitor = Monitor()
    found = [finding for line in lines for finding in monitor.see(line)]
    assert found == monitor.findings
    assert len(found) == 1
    assert found[0].trouble in get_args(Trouble)
    written = [json.loads(json.dumps({**line, "trouble": ["collapse"]})) for line in lines]
    assert findings(written) == found


def test_one_trouble_does_not_hide_another() -> None:
    later = [{**x, "step": x["step"] + 2000} for x in [*HEALTHY, *SURE]]
    troubles = [trouble for trouble, _ in named([*SWINGING, *COLLAPSING, *later])]
    assert troubles == ["oscillation", "collapse", "saturated_discriminator"]


@settings(max_examples=20)
@given(
    start=st.floats(0.05, 0.4),
    levels=st.lists(
        st.tuples(st.floats(0.6, 0.8), st.floats(0.2, 0.33)), min_size=60, max_size=120
    ),
)
def test_healthy_trainings_are_left_alone(start: float, levels: list[tuple[float, float]]) -> None:
    """A start in grey mush before a D that is soon sure, then a D that is mostly right."""
    lines = [window(20 * i, 0.96, 0.03) for i in range(1, 11)]
    lines += [window(200 + 20 * i, *level) for i, level in enumerate(levels, 1)]
    sheets = [sheet(250, start), sheet(500, start), sheet(1000, 0.5), sheet(1500, 0.7)]
    assert named(sorted([*lines, *sheets], key=lambda line: line["step"])) == []


def test_absent_and_unusable_values_are_passed_over() -> None:
    nan = float("nan")
    bad = [{"step": 400, "epoch": 4.0}, {"step": 420, "loss_g": 1.0}, window(440, 0.5, 0.5)]
    bad[2] |= {"d_real": nan, "d_fake_before": nan, "loss_d": nan}
    assert named([*HEALTHY, *SURE[:9], *bad, *SURE[12:]]) == [("saturated_discriminator", 220)]
    sheets = [COLLAPSING[1], COLLAPSING[2], sheet(1700, nan), COLLAPSING[3]]
    assert named(sheets) == [("collapse", 1500)]
    assert findings([sheet(2000, math.inf), window(2020, nan, nan)] * 50) == []


def smooth(n: int, *, size: int = 16, seed: int = 0) -> np.ndarray:
    """n random pictures (n, size, size, 3) uint8 with large structure, as real images have."""
    coarse = np.random.default_rng(seed).integers(20, 236, (n, 4, 4, 3), dtype=np.uint8)
    return coarse.repeat(size // 4, axis=1).repeat(size // 4, axis=2)


def test_diversity_of_a_hand_computed_pair() -> None:
    pair = np.zeros((2, 16, 16, 3), np.uint8)
    pair[1] = 30
    assert diversity(pair) == pytest.approx(30)
    pair[1, :8] = 0  # half the patches differ by 30: root mean square
    assert diversity(pair) == pytest.approx(30 * math.sqrt(0.5))
    checks = np.indices((16, 16)).sum(0) % 2 * 255  # finer than a patch: not seen
    pair[0], pair[1] = checks[..., None], 255 - checks[..., None]
    assert diversity(pair) == 0


def test_diversity_of_the_closest_tenth_of_pairs() -> None:
    """Ten grey levels 0, 10, .., 90: of 45 pairs the nine neighbours are 10 apart."""
    greys = np.arange(0, 100, 10, dtype=np.uint8)
    images = np.broadcast_to(greys[:, None, None, None], (10, 8, 8, 1))
    assert diversity(images) == pytest.approx(10)


@pytest.mark.parametrize("shape", [(8, 8, 1), (28, 28, 1), (5, 7, 3), (64, 64, 3), (100, 30, 3)])
def test_identical_images_have_no_diversity(shape: tuple[int, int, int]) -> None:
    one = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    assert diversity(np.broadcast_to(one, (64, *shape))) == 0
    assert diversity(one[None]) == 0
    assert diversity(np.stack([one, 255 - one])) > 0


def test_two_samples_of_the_same_images_agree_whatever_their_number() -> None:
    images = smooth(2000)
    whole = diversity(images[:256])
    shares = [diversity(images[256 + 64 * i :][:64]) / whole for i in range(20)]
    assert np.mean(shares) == pytest.approx(1, abs=0.02)
    assert np.ptp(shares) < 0.15


def test_diversity_falls_with_the_number_of_modes() -> None:
    images = smooth(64)
    noise = np.random.default_rng(2).integers(-4, 5, images.shape)
    shares = {
        modes: diversity((images[np.arange(64) % modes] + noise).astype(np.uint8))
        / diversity(images)
        for modes in (1, 2, 4, 8, 16, 32, 64)
    }
    assert sorted(shares.values()) == pytest.approx(list(shares.values()), abs=0.01)
    assert max(shares[modes] for modes in (1, 2, 4, 8)) < FEW / 2
    assert FEW < shares[16] < shares[32] < shares[64]


def test_one_picture_in_half_of_the_places_shows() -> None:
    images = smooth(64)
    whole = diversity(images)
    images[::2] = images[0]
    assert diversity(images) < FEW * whole


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(2, 40), channels=st.sampled_from([1, 3]))
def test_diversity_is_independent_of_order_and_of_inversion(
    seed: int, n: int, channels: int
) -> None:
    source = np.random.default_rng(seed)
    images = source.integers(0, 256, (n, 12, 12, channels), dtype=np.uint8)
    value = diversity(images)
    assert value > 0
    assert diversity(images[source.permutation(n)]) == value
    assert diversity(255 - images) == pytest.approx(value)
    assert diversity(images[:, ::-1, ::-1]) <= 255


def watched(data: Path, folder: Path, *, minibatches: int, **training: Any) -> Log:
    """A fully connected training on `data`, ended early when its Log says stop."""
    network = NetworkSpec(
        kind="fully_connected",
        image_size=16,
        z_dim=8,
        generator_units=(16,),
        discriminator_units=(32,),
        first_norm="none",
        init="fan_in",
    )
    values = {"batch": 16, "epochs": minibatches / 10, "schedule": "one_of_each", **training}
    spec = ModelSpec(data="data", network=network, training=TrainingSpec(**values))
    store, cpu = ImageStore.open(data), torch.device("cpu")
    images = Images(store, np.arange(len(store)), cpu)
    trainer = Trainer(spec=spec, images=images, seed=1, device=cpu)
    log = Log(folder / "log.jsonl", start=0, stop_on=spec.training.stop_on)
    whole = diversity(store.images)
    for done in range(1, minibatches + 1):
        trainer.step(done - 1)
        if done % 20 == 0:
            log.append(trainer.log_line(done))
        if done % 100 == 0:
            log.append({"step": done, "diversity": diversity(trainer.sheet()) / whole})
        if log.stops:
            break
    return log


@pytest.mark.parametrize(
    ("lines", "trouble"),
    [
        ([*HEALTHY, *SURE], "saturated_discriminator"),
        (SWINGING, "oscillation"),
        (COLLAPSING, "collapse"),
    ],
)
def test_a_log_names_the_trouble_in_its_line_and_stops_there(
    tmp_path: Path, lines: list[Line], trouble: str
) -> None:
    asked = Log(tmp_path / "asked.jsonl", start=0, stop_on=(trouble,))
    others = tuple(one for one in get_args(Trouble) if one != trouble)
    unasked = Log(tmp_path / "unasked.jsonl", start=0, stop_on=others)
    for log in (asked, unasked):
        for line in lines:
            log.append(line)
            if log.stops:
                break
    assert asked.stops
    assert not unasked.stops
    written = [json.loads(line) for line in asked.path.read_text().splitlines()]
    assert [line.get("trouble") for line in written[-2:]] == [None, [trouble]]
    assert findings(written) == asked.monitor.findings
    every = [json.loads(line) for line in unasked.path.read_text().splitlines()]
    assert [line for line in every if "trouble" in line] == [written[-1]]
    again = Log(asked.path, start=written[-2]["step"], stop_on=(trouble,))
    assert not again.stops
    again.append(lines[len(written) - 1])  # the line that a kill had cut off
    assert again.stops


@pytest.mark.slow
def test_a_training_set_up_to_fail_is_found_and_stopped(
    make_dataset: Callable[..., Path], tmp_path: Path
) -> None:
    """A D that learns fast against a G that stands still is sure on any processor, by any seed."""
    rates = {"learning_rate_g": 1e-6, "learning_rate_d": 5e-3}
    stop_on = ("saturated_discriminator",)
    log = watched(make_dataset(smooth(160)), tmp_path, minibatches=2400, stop_on=stop_on, **rates)
    assert log.stops
    lines = [json.loads(line) for line in log.path.read_text().splitlines()]
    assert lines[-1]["step"] < 2400
    assert findings(lines) == log.monitor.findings


@pytest.mark.slow
def test_a_training_set_up_well_has_no_finding(
    make_dataset: Callable[..., Path], tmp_path: Path
) -> None:
    data = make_dataset(smooth(160))
    log = watched(data, tmp_path, minibatches=600, learning_rate_g=5e-2, learning_rate_d=1e-3)
    lines = [json.loads(line) for line in log.path.read_text().splitlines()]
    assert lines[-1]["diversity"] > 2 * FEW  # it did learn
    assert log.monitor.findings == []

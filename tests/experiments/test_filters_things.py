"""Fig 5: channels that respond to beds are told from others, against chance and control."""

import json
from pathlib import Path

import numpy as np
import pytest
from claims_alone import alone
from untrained_model import write_model

from data_prep.generated.drawing.scene import THINGS
from experiments.contract import Inputs
from experiments.drawn_rooms import Rooms, are_drawn, draw_rooms
from experiments.filters.figure import figure
from experiments.filters.measure import measure
from experiments.filters.options import Options
from experiments.filters.responses import Responses
from experiments.filters.thing_results import (
    CONTROLS,
    LEVEL,
    NOT_DRAWN,
    SIDES,
    thing_measurements,
)
from experiments.filters.things import (
    chance_of,
    chances,
    chances_by_side,
    shares_on,
    untrained_seed,
    with_random_filters,
)
from repro.claims.card import read_card
from repro.claims.ground import Ground
from repro.claims.verdict import Verdict, judge
from repro.figures.style import Style
from repro.networks.discriminator_inputs import freeze_on
from repro.networks.model_folder import DISCRIMINATOR_FILE, ModelFolder, save_network

ROOMS = 120
CHANNELS = range(4)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_model(tmp_path / "model", image_size=32)


@pytest.fixture(scope="module")
def squares() -> tuple[np.ndarray, np.ndarray]:
    """Noise with a red square, the "bed", of any brightness anywhere, and the mask of that square.

    Pictures (N, 32, 32, 3) uint8, cover (N, 3, 16, 16).
    """
    source = np.random.default_rng(3)
    pictures = source.integers(100, 156, (ROOMS, 32, 32, 3)).astype(np.uint8)
    cover = np.zeros((ROOMS, 3, 16, 16), np.float32)
    for number in range(ROOMS):
        row, column = source.integers(0, 12, 2)
        pictures[number, 2 * row : 2 * row + 8, 2 * column : 2 * column + 8] = (
            source.integers(180, 256), 60, 60,
        )  # fmt: skip
        cover[number, 0, row : row + 4, column : column + 4] = 1
        cover[number, 1, :4, :4] = 1  # the same place in every room
    return pictures, cover


def detector(model: Path, pictures: np.ndarray, *, channel: int) -> Responses:
    """A random D whose one channel sums red less green through all layers."""
    D = ModelFolder.open(model).random_discriminator(3)
    for number, block in enumerate(D.layers):
        block.conv.weight.data[channel] = 0
        if number == 0:
            block.conv.weight.data[channel, 0] = 0.04
            block.conv.weight.data[channel, 1] = -0.04
        else:
            block.conv.weight.data[channel, channel] = 0.04
    return Responses(freeze_on(D, pictures), pictures, top=8, compared=128)


def test_share_of_a_gradient_on_a_thing_is_that_of_its_magnitude() -> None:
    gradient = np.zeros((1, 4, 4, 2), np.float32)
    gradient[0, 0, 1] = (1, -2)  # cell (0, 0)
    gradient[0, 3, 3] = (0, 1)  # cell (1, 1)
    cover = np.zeros((2, 1, 2, 2), np.float32)
    cover[0, 0, 0, 0] = 0.5
    cover[1, 0, 1, 1] = 1
    np.testing.assert_allclose(shares_on(gradient, cover), [[[0.375], [0.25]]])


def test_chance_counts_the_draws_that_are_as_good_as_the_truth() -> None:
    shares = np.array([0.1, 0.4, 0.2, 0.3])[None, :, None]  # one gradient, four rooms
    every = np.arange(4)[:, None]
    for own, at_least in enumerate((4, 1, 3, 2)):
        assert chance_of(shares, np.array([own]), every) == pytest.approx((1 + at_least) / 5)


def test_one_percent_of_channels_that_find_nothing_pass_by_chance() -> None:
    source = np.random.default_rng(0)
    found = []
    for _ in range(1500):
        shares = source.random((10, 60, 1)) ** 3
        others = source.integers(0, 60, (999, 10))
        found.append(chance_of(shares, source.integers(0, 60, 10), others)[0])
    assert np.mean(np.array(found) <= LEVEL) == pytest.approx(LEVEL, abs=0.008)
    assert np.mean(found) == pytest.approx(0.5, abs=0.03)


def test_a_planted_detector_responds_to_its_thing_and_to_no_other(
    model: Path, squares: tuple[np.ndarray, np.ndarray]
) -> None:
    pictures, cover = squares
    side = detector(model, pictures, channel=0)
    found = chances(side, cover, channels=CHANNELS, draws=999, seed=7)
    assert found.shape == (len(CHANNELS), 3)
    assert found[0, 0] == pytest.approx(1 / 1000)  # no draw of other rooms is as good
    assert found[0, 1] == 1  # the same place in every room: other rooms do as well
    assert found[0, 2] == 1  # a thing that no room shows
    elsewhere = chances(side, np.roll(cover, 1, axis=0), channels=[0], draws=999, seed=7)
    assert elsewhere[0, 0] > LEVEL  # the beds of other rooms
    np.testing.assert_array_equal(found, chances(side, cover, channels=CHANNELS, draws=999, seed=7))


def test_an_inactive_channel_responds_to_nothing(
    model: Path, squares: tuple[np.ndarray, np.ndarray]
) -> None:
    pictures, cover = squares
    D = freeze_on(ModelFolder.open(model).random_discriminator(3), pictures)
    D.layers[-1].norm.bias.data[2] = -1000
    side = Responses(D, pictures, top=8, compared=128)
    assert chances(side, cover, channels=[2], draws=99, seed=7).tolist() == [[1, 1, 1]]


def test_random_filters_change_the_last_convolution_alone(model: Path) -> None:
    folder = ModelFolder.open(model)
    trained, mixed = folder.discriminator(), with_random_filters(folder, 5)
    initial = folder.random_discriminator(5)
    for number, block in enumerate(mixed.layers):
        source = initial if number == len(mixed.layers) - 1 else trained
        assert (block.conv.weight == source.layers[number].conv.weight).all()
    assert not (mixed.layers[-1].conv.weight == trained.layers[-1].conv.weight).any()


@pytest.mark.slow
def test_control_networks_share_the_channels_and_equal_networks_agree(
    model: Path, squares: tuple[np.ndarray, np.ndarray]
) -> None:
    """A model whose own D has initial weights is its own untrained control, channel by channel."""
    folder = ModelFolder.open(model)
    first = folder.random_discriminator(untrained_seed(7, 0))
    save_network(freeze_on(first, squares[0]), model / DISCRIMINATOR_FILE)
    rooms = Rooms(*squares)
    for networks in (1, 3):
        found = chances_by_side(folder, rooms, top=6, draws=99, networks=networks, seed=7)
        channels = len(first.layers[-1].conv.weight)
        assert {side: len(one) for side, one in found.items()} == dict.fromkeys(SIDES, channels)
        own = found["trained"][::networks]  # those that the first network measures
        np.testing.assert_allclose(found["untrained"][: len(own)], own)


def shares(trained: int, random_filters: int, untrained: int) -> dict[str, np.ndarray]:
    """Chances of 100 channels per side, as many of which find beds; none finds windows or lamps."""
    made = {}
    counts = {"trained": trained, "random_filters": random_filters, "untrained": untrained}
    for side, count in counts.items():
        made[side] = np.ones((100, 3))
        made[side][:count, 0] = LEVEL
    return made


@pytest.mark.slow
@pytest.mark.parametrize("higher", CONTROLS)
def test_a_share_counts_above_the_higher_control_only(higher: str) -> None:
    counts = {"random_filters": 2, "untrained": 2}
    found = {m.name: m for m in thing_measurements(shares(30, **counts), words="", seed=1)}
    assert found["bed_channels_trained"].value == pytest.approx(0.3)
    above = found["bed_channels_trained_minus_controls"]
    assert above.value == pytest.approx(0.28)
    assert above.low is not None
    assert above.low > 0.15
    counts[higher] = 29
    found = {m.name: m for m in thing_measurements(shares(30, **counts), words="", seed=1)}
    above = found["bed_channels_trained_minus_controls"]
    assert above.value == pytest.approx(0.01)
    assert above.low is not None
    assert above.low < -0.05
    assert found["window_channels_trained_minus_controls"].value == 0


def test_only_rooms_drawn_by_program_are_taken_for_such(tmp_path: Path) -> None:
    record = tmp_path / "provenance.json"
    assert not are_drawn(tmp_path)
    for text in ("", "[]", '{"spec": null}', '{"spec": {"generator": "faces"}}'):
        record.write_text(text)
        assert not are_drawn(tmp_path)
    record.write_text('{"spec": {"generator": "rooms"}}')
    assert are_drawn(tmp_path)


def test_rooms_show_their_beds_where_the_cover_says() -> None:
    """Beds stand in the lower half and windows hang in the upper one, in every newly drawn room."""
    rooms = draw_rooms(12, size=64, cells=32, seed=3, purpose="filters, rooms")
    assert rooms.pictures.shape == (12, 64, 64, 3)
    assert rooms.cover.shape == (12, 3, 32, 32)
    bed, window, _ = rooms.cover.mean(axis=(0, 2, 3))
    assert 0.1 < bed < 0.4
    assert 0.01 < window < 0.15
    lower = rooms.cover[:, 0, 16:].sum() / rooms.cover[:, 0].sum()
    upper = rooms.cover[:, 1, :16].sum() / rooms.cover[:, 1].sum()
    assert lower > 0.7
    assert upper > 0.7
    again = draw_rooms(2, size=64, cells=32, seed=3, purpose="filters, rooms")
    np.testing.assert_array_equal(again.pictures, rooms.pictures[:2])


@pytest.mark.slow
@pytest.mark.parametrize("drawn", [True, False])
def test_things_are_measured_on_drawn_rooms_alone(
    model: Path, make_dataset, tmp_path: Path, repository: Path, drawn: bool
) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (60, 32, 32, 3)).astype(np.uint8)
    (tmp_path / "raw").mkdir()
    if drawn:
        record = json.dumps({"spec": {"generator": "rooms"}})
        (tmp_path / "raw" / "provenance.json").write_text(record)
    folders = {
        "bedrooms.model": model,
        "bedrooms.data": make_dataset(pictures),
        "bedrooms.raw": tmp_path / "raw",
    }
    (tmp_path / "measured").mkdir()
    options = Options(pool=60, top=4, channels=2, shown=2, rooms=20, others=199)
    made = measure(Inputs(folders), options, 7, tmp_path / "measured")
    found = {m.name: m for m in made}
    card = read_card(repository / "experiments/filters/experiment.yaml")
    claims = [c for c in card.claims if c.measurement.partition("_")[0] in THINGS]
    assert len(claims) == 3
    for claim in claims:
        verdict = judge(alone(claim), found[claim.measurement], ground=Ground.SYNTHETIC)
        assert (verdict.verdict == Verdict.NOT_RUN) == (not drawn)
        assert drawn or verdict.reason == NOT_DRAWN
    assert ("bed_channels_trained" in found) == drawn
    by_name = {name: m.model_dump() for name, m in found.items()}
    (tmp_path / "measured" / "measurements.json").write_text(json.dumps(by_name))
    (tmp_path / "figures").mkdir()
    figure(tmp_path / "measured", tmp_path / "figures", Style())
    assert {p.name for p in (tmp_path / "figures").iterdir()} == set(card.captions)

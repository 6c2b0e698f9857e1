"""Figures and table of claims measured again: every combination is in them, with its outcome."""

from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from experiments.contract import write_measurements
from experiments.filters.multiverse import selectivity_universes
from experiments.filters.options import ResponseChoices
from experiments.multiverse_figures import multiverse_figures, specification_curve
from repro.claims.card import read_card
from repro.claims.claim import Claim
from repro.claims.measurement import Measurement
from repro.claims.multiverse import Universe, Universes, write_multiverse
from repro.figures.drawing import BANNER_PAPER
from repro.figures.style import Style
from repro.specs.validation import validated

CLAIM = {
    "id": "semantic", "section": "4.1.1", "statement": "S", "paper": "p", "measurement": "recall",
    "kind": "direction", "rule": {"above": 0.5}, "source": "ours", "control": "recall_untrained",
}  # fmt: skip


def number(value: float | None, name: str = "recall") -> Measurement:
    low, high = (None, None) if value is None else (value - 0.1, value + 0.1)
    return Measurement(name=name, value=value, low=low, high=high, n=40)


@pytest.fixture
def measured(tmp_path: Path) -> Path:
    """Radius 0 holds, 2 is undecided, 4 fails, 8 an untrained hash passes, 9 was not measured."""
    found = {2: (0.55, 0.1), 4: (0.3, 0.1), 8: (0.9, 0.8), 9: (None, None)}
    others = [
        Universe(choices={"radius": radius, "kind": "bits"}, measurement=number(value),
                 control=number(control, "recall_untrained"))
        for radius, (value, control) in found.items()
    ]  # fmt: skip
    folder = tmp_path / "measured"
    folder.mkdir()
    write_measurements(folder, [number(0.8), number(0.1, "recall_untrained")])
    default = {"radius": 0, "kind": "bits"}
    write_multiverse(folder, {"semantic": Universes(default=default, others=others)})
    return folder


@pytest.mark.slow
def test_every_combination_and_its_outcome(measured: Path, tmp_path: Path) -> None:
    other = CLAIM | {"id": "recall"}  # registered, but not measured again
    multiverse_figures(measured, tmp_path, Style(banner="GENERATED DATA"), [CLAIM, other], words={})
    written = {path.name for path in tmp_path.iterdir()} - {"measured"}
    assert written == {"multiverse_semantic.png", "multiverse.csv"}
    table = pd.read_csv(tmp_path / "multiverse.csv")
    assert table["choices"].tolist() == [f"kind bits, radius {r}" for r in (0, 2, 4, 8, 9)]
    outcomes = ["holds", "undecided", "fails", "control passes", "not decided"]
    assert table["outcome"].tolist() == outcomes
    assert table["the claim's own"].tolist() == ["yes", "no", "no", "no", "no"]
    assert table.loc[2, ["measured", "low", "high", "n"]].tolist() == [0.3, 0.2, 0.4, 40]
    picture = Image.open(tmp_path / "multiverse_semantic.png").convert("RGB")
    assert picture.getpixel((2, 2)) == tuple(bytes.fromhex(BANNER_PAPER[1:]))
    again = tmp_path / "again"
    again.mkdir()
    multiverse_figures(measured, again, Style(banner="GENERATED DATA"), [CLAIM], words={})
    for path in again.iterdir():
        assert path.read_bytes() == (tmp_path / path.name).read_bytes()


def test_the_figure_uses_the_words_given_for_number_and_choices() -> None:
    default = {"radius": 0, "kind": "two_bits"}
    own = Universe(choices=default, measurement=number(0.8))
    other = Universe(choices=default | {"radius": 2}, measurement=number(0.9))
    words = {"recall": "share of copies found", "radius": "bits that may differ"}
    claim = validated(Claim, CLAIM, where="test")
    above, below = specification_curve(claim, [own, other], words=words).axes
    assert above.get_ylabel() == "share of copies found"
    assert "limit: holds above 0.5" in above.get_legend_handles_labels()[1]
    rows = [label.get_text() for label in below.get_yticklabels()]
    assert rows == ["bits that may differ", "0", "2", "kind", "two bits"]
    dots = [(line.get_xdata().tolist(), line.get_ydata().tolist()) for line in below.get_lines()]
    assert dots == [([0], [1]), ([1], [2]), ([0, 1], [4, 4])]


def test_every_number_and_choice_of_the_cards_has_words(repository: Path) -> None:
    for path in sorted(repository.glob("experiments/*/experiment.yaml")):
        card = read_card(path)
        if not card.free_choices:
            continue
        words = import_module(f"experiments.{path.parent.name}.figure").MULTIVERSE_WORDS
        numbers = {claim.measurement for claim in card.claims if claim.id in card.free_choices}
        choices = {name for free in card.free_choices.values() for name in free}
        assert words.keys() == numbers | choices, path.parent.name


def test_nothing_is_drawn_where_nothing_was_measured_again(tmp_path: Path) -> None:
    write_measurements(tmp_path, [number(0.8)])
    multiverse_figures(tmp_path, tmp_path, Style(), [CLAIM], words={})
    assert [path.name for path in tmp_path.iterdir()] == ["measurements.json"]


def selective(strong: dict[str, int]) -> dict[str, np.ndarray]:
    """Responses (1000, 30) of noise; by side, how many images of a channel stand out."""
    source = np.random.default_rng(0)
    made = {}
    for side, images in strong.items():
        made[side] = source.normal(size=(1000, 30))
        for channel in range(30):
            rows = source.permutation(1000)[:images]
            made[side][rows, channel] += 6
    return made


@pytest.mark.slow
def test_a_planted_selectivity_stays_and_one_of_few_images_flips(repository: Path) -> None:
    card = read_card(repository / "experiments/filters/experiment.yaml")
    claim = next(one for one in card.claims if one.id == "trained_is_selective")
    given = ResponseChoices(pool=[500, 1000, 5000], top=[5, 10, 50])

    def lows_and_highs(strong: dict[str, int]) -> dict[tuple[int, int], tuple[float, float]]:
        found = selectivity_universes(
            selective(strong), given=given, top=10, words="images", seed=7
        )[claim.id]
        assert found.default == {"pool": 1000, "top": 10}  # 5,000 are more than there are
        assert len(found.others) == 5
        return {
            (int(one.choices["pool"]), int(one.choices["top"])): one.measurement.hull or (0, 0)
            for one in found.others
        }

    stays = lows_and_highs({"trained": 50, "random": 0})
    assert all(claim.rule.holds(low) for low, _ in stays.values())
    flips = lows_and_highs({"trained": 8, "random": 50})  # 50 strong ones raise the deviation too
    assert {choices: claim.rule.holds(low) for choices, (low, _) in flips.items() if
            choices[0] == 1000} == {(1000, 5): True, (1000, 50): False}  # fmt: skip
    assert flips[1000, 50][1] < 0


def test_cards_name_claims_and_reasons(repository: Path) -> None:
    """The claims measured again rest on directions, which any data can decide."""
    cards = [read_card(path) for path in sorted(repository.glob("experiments/*/experiment.yaml"))]
    again: list[Claim] = [
        claim for card in cards for claim in card.claims if claim.id in card.free_choices
    ]
    assert len(again) >= 6
    assert {claim.kind for claim in again} == {"direction"}

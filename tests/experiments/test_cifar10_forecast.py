"""The forecast on planted laws: recovered, checked, and refused where there is no basis for it.

Longer than 300 lines: all tests plant the same ladder.
"""

import csv
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from planted_stripes import QUICK, stripes
from untrained_model import write_model

import experiments.cifar10_forecast.measure as measuring
from experiments.cifar10_forecast.figure import figure
from experiments.cifar10_forecast.laws import Forecast, Ladder, forecast, misfit, widening
from experiments.cifar10_forecast.measure import measure
from experiments.cifar10_forecast.options import Options
from experiments.cifar10_forecast.results import figure_arrays, measurements, untrained_gain
from experiments.cifar10_forecast.tables import forecast_table
from experiments.contract import Inputs, run_measure
from repro.claims.card import read_card
from repro.claims.intervals import percentiles
from repro.errors import UnusableError
from repro.figures.style import Style
from repro.networks.model_folder import ModelFolder

PAPER = np.array([128, 1_281_167, 30.0])
TRAININGS = ((128, 100_000), (64, 100_000), (32, 100_000), (64, 20_000))
PASSES = (1, 2, 5, 10)
IMAGES = 4000


def planted(
    accuracy: Callable[[np.ndarray], float], *, noise: float = 0.0, seed: int = 0
) -> Ladder:
    """Rungs of which exactly the planted share of images is right, the same ones first in all.

    noise: of each training's accuracy.
    """
    source = np.random.default_rng(seed)
    own = source.normal(0, noise, len(TRAININGS))
    rungs = [(i, *sizes, p) for i, sizes in enumerate(TRAININGS) for p in PASSES]
    sizes = np.array([rung[1:] for rung in rungs], float)
    number = np.array([rung[0] for rung in rungs])
    wanted = [accuracy(one) + own[i] for one, i in zip(sizes, number, strict=True)]
    easy = source.permutation(IMAGES)
    correct = np.array([easy < round(IMAGES * share) for share in wanted])
    return Ladder(sizes, number, correct)


def power(sizes: np.ndarray) -> float:
    maps, images, passes = sizes
    return 1 - 0.45 * (maps / 32) ** -0.2 * (images / 20_000) ** -0.1 * passes**-0.08


def logit(sizes: np.ndarray) -> float:
    maps, images, passes = np.log2(sizes)
    return 1 / (1 + np.exp(-(-3.0 + 0.2 * maps + 0.12 * images + 0.1 * passes)))


def flat(sizes: np.ndarray) -> float:
    return 0.7


@pytest.mark.parametrize(("law", "truth"), [("power", power), ("logit", logit)])
def test_a_planted_law_is_recovered_by_its_own_fit(law: str, truth: Callable) -> None:
    found = forecast(planted(truth), PAPER, seed=1, draws=200)
    assert found.values[law] == pytest.approx(truth(PAPER), abs=0.004)  # whole test images
    low, high = found.ends()
    assert low < truth(PAPER) < high
    assert 0 <= low < found.value < high <= 1


def test_a_floor_is_seen_where_there_is_one() -> None:
    def truth(sizes: np.ndarray) -> float:
        return 0.8 - 0.2 * (sizes[0] / 32) ** -0.7 * (sizes[1] / 20_000) ** -0.4 / sizes[2] ** 0.5

    found = forecast(planted(truth), PAPER, seed=1, draws=100)
    far = {law: abs(value - truth(PAPER)) for law, value in found.values.items()}
    assert min(far, key=lambda law: far[law]) == "floor"
    assert far["floor"] < 0.02


@pytest.mark.slow
def test_intervals_cover_the_truth_when_trainings_differ_by_luck() -> None:
    covered = []
    for seed in range(40):
        found = forecast(planted(power, noise=0.004, seed=seed), PAPER, seed=1, draws=100)
        low, high = found.ends()
        covered.append(low <= power(PAPER) <= high)
    assert np.mean(covered) >= 0.9  # of 95 %, with 4 trainings


def test_gains_between_trainings_cover_the_truth_when_these_differ_by_luck() -> None:
    """Log-odds linear in the sizes, luck of sd 0.02 in them: one degree of freedom is left."""
    source, covered = np.random.default_rng(3), []
    plain = planted(logit)
    for _ in range(400):
        own = source.normal(0, 0.02, len(TRAININGS))[plain.model]
        odds = np.log(1 / np.array([logit(one) for one in plain.sizes]) - 1) - own
        ladder = replace(plain, correct=np.linspace(0, 1, 20_000) < 1 / (1 + np.exp(odds))[:, None])
        here = ladder.accuracy[ladder.largest]
        luck = ladder.luck(np.array([0.0, 1.0]))
        means = np.array([-odds[ladder.model == one].mean() for one in range(len(TRAININGS))])
        slope = np.linalg.lstsq(np.log2([(2.0, *one) for one in TRAININGS]), means)[0][2]
        covered.append(abs(slope - 0.12) * here * (1 - here) <= luck)
    assert 0.92 <= np.mean(covered) <= 0.98
    # a training kept after fewer passes is not unlucky
    plain = replace(plain, correct=np.linspace(0, 1, 10**6) < [[logit(one)] for one in plain.sizes])
    early = (plain.model > 0) | (plain.sizes[:, 2] < 5)
    fewer = Ladder(plain.sizes[early], plain.model[early], plain.correct[early])
    assert fewer.luck(np.ones(2)) == pytest.approx(0, abs=1e-4)


@pytest.mark.slow
def test_more_is_better_where_it_was_planted_and_not_where_it_was_not() -> None:
    for truth, rises in ((power, True), (flat, False)):
        ladder = planted(truth, noise=0.002)
        arrays = figure_arrays(ladder, PAPER, seed=1, draws=200)
        gains = [one for one in measurements(arrays) if one.name.startswith("gain")]
        assert len(gains) == 4
        assert [one.low is not None and one.low > 0.3 for one in gains[:3]] == [rises] * 3
        for one, doublings in zip(gains, ([1, 0], [0, 1]), strict=False):
            least = 100 * ladder.luck(np.array(doublings)) - 1e-9
            assert min(one.high - one.value, one.value - one.low) >= least > 0.1
        # twice the images in as many steps: the effect of images without that of passes
        values = [one.value for one in gains if one.value is not None]
        assert values[3] == pytest.approx(values[1] - values[2], abs=0.1)


def with_both(sizes: np.ndarray) -> float:
    """Passes help the more, the more images there are."""
    maps, images, passes = np.log2(sizes / PAPER)
    odds = 1.5 + 0.1 * maps + 0.1 * images + 0.3 * passes + 0.07 * images * passes
    return 1 / (1 + np.exp(-odds))


@pytest.mark.slow
def test_a_term_for_images_and_passes_together_is_found_and_missed_by_the_laws() -> None:
    ratios: list[float] = []
    for truth, needed in ((logit, False), (with_both, True)):
        ladder = planted(truth)
        found = {m.name: m for m in measurements(figure_arrays(ladder, PAPER, seed=1, draws=200))}
        given = forecast(ladder, PAPER, seed=1, draws=200, together=True)
        assert given.values["logit"] == pytest.approx(truth(PAPER), abs=0.01)
        shown = found["forecast_with_images_and_passes_together"]
        assert shown.value == pytest.approx(100 * given.value)
        without = forecast(ladder, PAPER, seed=1, draws=200)
        assert bool(abs(without.values["logit"] - truth(PAPER)) > 0.02) is needed
        # images drawn for each rung alone, so that residuals are what such chance gives, or more
        chance = np.random.default_rng(0).random(ladder.correct.shape)
        drawn = chance < ladder.accuracy[:, None]
        ratios.append(misfit(Ladder(ladder.sizes, ladder.model, drawn), seed=1, draws=200))
    assert 0.6 < ratios[0] < 1.5 < ratios[1]


def test_the_untrained_gain_is_the_slope_against_doublings(repository: Path) -> None:
    """Planted: 3 points per doubling; numpy's least squares and binomial spread are the truth."""
    maps, source = np.array([16.0, 16, 32, 128]), np.random.default_rng(0)
    for gain in (0.03, 0.0):
        shares = 0.4 + gain * np.log2(maps / 16)
        correct = source.random((4, IMAGES)) < shares[:, None]
        found = untrained_gain(maps, correct, seed=1, draws=400)
        slope = np.polyfit(np.log2(maps), 100 * correct.mean(axis=1), 1)[0]
        assert found.value == pytest.approx(slope)
        assert found.low is not None
        assert found.high is not None
        spread = 100 * np.sqrt(0.25 / IMAGES / (4 * np.log2(maps).var()))  # of a slope
        assert found.high - found.low == pytest.approx(2 * 1.96 * spread, rel=0.15)
        assert (found.low > 0) is (gain > 0)
        assert found.n == IMAGES
    card = read_card(repository / "experiments/cifar10_forecast/experiment.yaml")
    assert found.name in {claim.control for claim in card.claims}


@pytest.mark.slow
def test_the_largest_training_is_forecast_from_the_others_alone() -> None:
    ladder = planted(power)
    rest = ladder.without_largest()
    assert ladder.sizes[ladder.largest].tolist() == [128, 100_000, 10]
    assert rest.sizes[:, 0].max() == 64
    assert len(rest.sizes) == 12
    arrays = figure_arrays(ladder, PAPER, seed=1, draws=200)
    by_name = {one.name: one for one in measurements(arrays)}
    trainings = len(np.unique(ladder.model))  # of 16 rungs, which are not independent
    assert {by_name[name].n for name in ("forecast", "gain_from_twice_the_maps")} == {trainings}
    missed = by_name["largest_rung_minus_forecast"]
    assert missed.value == pytest.approx(0, abs=0.5)
    # paired by test image: the same ones are easy for all rungs, so that much of their chance goes
    own = ladder.correct[ladder.largest]
    for rung, shorter in ((own, True), (np.random.default_rng(0).permutation(own), False)):
        alone = forecast(rest, ladder.sizes[ladder.largest], seed=1, draws=200, rung=rung)
        drawn = np.concatenate([alone.measured - one for one in alone.drawn.values()])
        low, high = percentiles(drawn)
        least, most = alone.ends()
        assert bool(high - low < most - least) is shorter
    # the largest training falls short of the law by ten points: the interval grows
    short = planted(lambda sizes: power(sizes) - 0.1 * (sizes[0] == 128))
    longer = {m.name: m for m in measurements(figure_arrays(short, PAPER, seed=1, draws=200))}
    assert longer["largest_rung_minus_forecast"].value == pytest.approx(-10, abs=0.5)
    assert longer["widening"].value is not None
    assert longer["widening"].value > 2 * (by_name["widening"].value or 0)
    low, high = longer["forecast"].low, longer["forecast"].high
    assert low is not None
    assert high is not None
    assert high - low > 10


def test_the_factor_of_widening_by_hand() -> None:
    around = np.linspace(0.6, 0.8, 2001)
    without = Forecast({"power": 0.7}, {"power": around})  # 95 %: 0.605 to 0.795
    assert widening(without, 0.75) == 1
    assert widening(without, 0.89) == pytest.approx(0.19 / 0.095)
    assert widening(without, 0.51) == pytest.approx(0.19 / 0.095)
    low, high = without.ends(2)
    assert (low, high) == (pytest.approx(0.51), pytest.approx(0.89))


@pytest.mark.slow
def test_no_term_for_images_and_passes_together_where_the_ladder_does_not_show_it() -> None:
    """Fewer images were used for one pass alone."""
    ladder = planted(power)
    shown = (ladder.sizes[:, 1] == 100_000) | (ladder.sizes[:, 2] == 1)
    part = Ladder(ladder.sizes[shown], ladder.model[shown], ladder.correct[shown])
    assert ladder.varies(together=True)
    assert part.varies()
    assert not part.varies(together=True)
    arrays = figure_arrays(part, PAPER, seed=1, draws=100)
    assert np.isnan(arrays["forecast_together"]).all()
    names = [one.name for one in measurements(arrays)]
    assert "forecast_with_images_and_passes_together" not in names
    assert "together" not in " ".join(forecast_table(arrays)["law"])


@pytest.mark.parametrize("size", range(3))
def test_a_ladder_in_which_a_size_does_not_vary_is_refused(size: int) -> None:
    ladder = planted(power)
    one = ladder.sizes[:, size] == ladder.sizes[0, size]
    with pytest.raises(UnusableError, match="cannot be separated"):
        forecast(
            Ladder(ladder.sizes[one], ladder.model[one], ladder.correct[one]),
            PAPER, seed=1, draws=100,
        )  # fmt: skip


@pytest.fixture
def folders(tmp_path: Path, make_dataset: Callable[..., Path]) -> dict[str, Path]:
    images, labels = stripes(120, seed=0)
    tests, answers = stripes(80, seed=1)
    ladder = product((4, 6, 8), (20, 40))
    models = [
        write_model(tmp_path / f"m{i}", ndf=maps, images=n, kept=(5, 10), seed=i)
        for i, (maps, n) in enumerate(ladder)
    ]
    return {
        **{f"ladder.rungs.{i}": folder for i, folder in enumerate(models, 1)},
        "cifar10.data": make_dataset(images, name="data", **{"class": labels}),
        "cifar10.test": make_dataset(tests, name="test", **{"class": answers}),
    }


@pytest.mark.slow
def test_from_networks_to_figures_twice_the_same_bytes(
    folders: dict[str, Path], tmp_path: Path, repository: Path
) -> None:
    options = Options(
        grid=QUICK["grid"], tol=QUICK["tol"], extensions=0, resamplings=100, paper_maps=16
    )
    made = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        found = {m.name: m for m in measure(Inputs(folders), options, 3, tmp_path / name)}
        made.append((tmp_path / name / "arrays.npz").read_bytes())
    assert made[0] == made[1]
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == ["arrays.npz"]
    card = read_card(repository / "experiments/cifar10_forecast/experiment.yaml")
    assert {
        name for claim in card.claims for name in (claim.measurement, claim.control) if name
    } <= {*found}
    with np.load(tmp_path / "one" / "arrays.npz") as arrays:
        assert arrays["sizes"].tolist() == [
            [maps, n, passes] for maps, n in product((4, 6, 8), (20, 40)) for passes in (1, 2, 4)
        ]
        assert arrays["accuracy"].min() > 25  # stripes of four directions
        assert arrays["untrained"][:, 0].tolist() == [4, 4, 6, 6, 8, 8]
    (tmp_path / "figures").mkdir()
    figure(tmp_path / "one", tmp_path / "figures", Style())
    assert {path.name for path in (tmp_path / "figures").iterdir()} == set(card.captions)
    with (tmp_path / "figures" / "table1_ladder.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 18 + 6
    assert rows[0]["training"] == "m0"


def test_trainings_that_begin_alike_have_one_untrained_rung(tmp_path: Path) -> None:
    begun = ((4, 20, 1), (4, 40, 1), (4, 20, 2), (8, 20, 1))  # maps, images, seed
    models = [
        ModelFolder.open(write_model(tmp_path / f"m{i}", ndf=maps, images=n, kept=(5,), seed=seed))
        for i, (maps, n, seed) in enumerate(begun)
    ]
    rungs = [*measuring._rungs(models)]
    assert [rung.number for rung in rungs if rung.step == 0] == [0, 2, 3]
    trained = [{rung.step for rung in rungs if rung.number == i and rung.step} for i in range(4)]
    assert trained == [trained[0]] * 4
    assert 5 in trained[0]


@pytest.mark.slow
def test_a_training_that_joins_the_ladder_leaves_the_others_rungs(
    folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Interrupted with five trainings and started again with a sixth before them."""
    fit, fitted = measuring._fit, []

    def counted(rung: measuring.Rung, **given: Any) -> dict[str, np.ndarray]:
        if len(fitted) == 5 * 4:
            raise KeyboardInterrupt
        fitted.append(rung.name)
        return fit(rung, **given)

    options = Options(
        grid=QUICK["grid"], tol=QUICK["tol"], extensions=0, resamplings=100, paper_maps=16
    )
    ladder = [folder for name, folder in folders.items() if name.startswith("ladder")]
    rest = {name: folder for name, folder in folders.items() if name.startswith("cifar10")}

    def measured(trainings: list[Path], out: str, state: Path | None) -> bytes:
        rungs = {f"ladder.rungs.{i}": folder for i, folder in enumerate(trainings, 1)}
        given = {"folders": rungs | rest, "seed": 3, "out": tmp_path / out, "state": state}
        run_measure(measure, options, **given)
        return (tmp_path / out / "arrays.npz").read_bytes()

    monkeypatch.setattr(measuring, "_fit", counted)
    state = tmp_path / "state"
    with pytest.raises(KeyboardInterrupt):
        measured([*ladder[:5], ladder[5]], "first", state)
    assert len(set(fitted)) == 20
    fitted.clear()
    resumed = measured([ladder[5], *ladder[:5]], "second", state)
    assert {name.split("_")[0] for name in fitted} == {"m5"}
    fitted.clear()
    monkeypatch.setattr(measuring, "_fit", fit)
    assert resumed == measured([ladder[5], *ladder[:5]], "third", None)

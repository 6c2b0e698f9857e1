"""Holm's intervals against his procedure, done by hand and in simulation."""

import numpy as np
import pytest
from scipy import stats

from repro.claims.holm import chance_of_none, holm_intervals
from repro.claims.intervals import student


def holms_findings(chances: np.ndarray, alpha: float = 0.05) -> np.ndarray:
    """Holm (1979): reject in ascending order while p <= alpha / (hypotheses left)."""
    found = np.zeros(len(chances), bool)
    for rank, place in enumerate(np.argsort(chances)):
        if chances[place] > alpha / (len(chances) - rank):
            break
        found[place] = True
    return found


def test_one_effect_has_students_own_interval() -> None:
    values = np.array([0.3, 0.5, 0.9])
    assert holm_intervals([values]) == [pytest.approx(student(values))]


def test_the_first_of_two_has_the_wider_level_and_the_second_the_plain_one() -> None:
    strong, weak = np.array([5.0, 5.2, 5.1]), np.array([1.0, 1.2, 1.1])
    first, second = holm_intervals([strong, weak])
    assert first == pytest.approx(student(strong, level=0.975))
    assert second == pytest.approx(student(weak, level=0.95))


@pytest.mark.slow
def test_an_interval_excludes_0_exactly_where_the_procedure_finds_an_effect() -> None:
    source = np.random.default_rng(3)
    for trial in range(60):
        true = source.choice([0.0, 1.0, 3.0], 6)
        effects = [mean + source.normal(size=4) * 0.6 for mean in true]
        chances = np.array([stats.ttest_1samp(x, 0).pvalue for x in effects])
        found = [low > 0 or high < 0 for low, high in holm_intervals(effects)]
        assert found == holms_findings(chances).tolist(), trial


@pytest.mark.slow
def test_twenty_effects_of_nothing_are_found_in_one_family_of_twenty_at_most() -> None:
    source = np.random.default_rng(4)
    found = corrected = 0
    for _ in range(60):
        effects = [source.normal(size=3) for _ in range(20)]
        found += any(low > 0 or high < 0 for low, high in map(student, effects))
        corrected += any(low > 0 or high < 0 for low, high in holm_intervals(effects))
    assert found / 60 > 0.5
    assert corrected / 60 < 0.12


def test_equal_values_have_no_error() -> None:
    assert chance_of_none(np.array([2.0, 2.0])) == 0
    assert chance_of_none(np.array([0.0, 0.0])) == 1
    assert holm_intervals([np.zeros(3), np.ones(3)]) == [(0, 0), (1, 1)]

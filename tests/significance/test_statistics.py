"""The tests against hand-computed cases and their definitions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from builder.inspect.interval import wilson
from builder.significance.statistics import bootstrap, holm, mcnemar, spread_of_mean, t_interval, welch


def answers(both: int, one: int, other: int, none: int) -> tuple[np.ndarray, np.ndarray]:
    first = np.repeat([True, True, False, False], [both, one, other, none])
    return first, np.repeat([True, False, True, False], [both, one, other, none])


def test_mcnemar_is_exact_for_few_discordant_pairs() -> None:
    p, one, other = mcnemar(*answers(40, 9, 2, 5))
    assert (one, other) == (9, 2)
    by_hand = 2 * sum(math.comb(11, k) for k in range(3)) / 2**11
    assert p == pytest.approx(by_hand) == pytest.approx(0.065430, abs=1e-6)
    assert mcnemar(*answers(5, 3, 3, 1))[0] == 1 and mcnemar(*answers(9, 0, 0, 4))[0] == 1
    assert mcnemar(*answers(0, 5, 0, 0))[0] == pytest.approx(2 / 2**5)


def test_mcnemar_of_many_is_that_of_a_textbook() -> None:
    p, one, other = mcnemar(*answers(101, 121, 59, 33))  # chi-squared (121 - 59 - 1)^2 / 180 = 20.67
    assert (one, other) == (121, 59) and p == pytest.approx(stats.chi2.sf(3721 / 180, 1))
    assert p == pytest.approx(5.45e-6, rel=0.01)
    assert mcnemar(*answers(101, 59, 121, 33))[0] == p  # both ways


def test_concordant_samples_do_not_count() -> None:
    assert mcnemar(*answers(0, 12, 4, 0))[0] == mcnemar(*answers(5000, 12, 4, 900))[0]


def test_wilsons_interval_of_a_known_share() -> None:
    low, high = wilson(np.array([0.9]), np.array([100.0]))
    assert (low[0], high[0]) == (pytest.approx(0.8256, abs=1e-4), pytest.approx(0.9448, abs=1e-4))
    wanted = stats.binomtest(90, 100).proportion_ci(method="wilson")
    assert (low[0], high[0]) == (pytest.approx(wanted.low, abs=1e-4), pytest.approx(wanted.high, abs=1e-4))


def test_holm_steps_down_and_stays_in_order() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.9]) == [1.0, 1.0] and holm([0.02]) == [0.02] and holm([]) == []


def test_welch_is_that_of_scipy() -> None:
    one, two = [27.5, 21.0, 19.0, 23.6, 17.0, 17.9], [27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8]
    found = welch(one, two)
    wanted: Any = stats.ttest_ind(one, two, equal_var=False)
    interval = wanted.confidence_interval(0.95)
    assert found.p == pytest.approx(wanted.pvalue) and found.value == pytest.approx(np.mean(one) - np.mean(two))
    assert (found.low, found.high) == (pytest.approx(interval.low), pytest.approx(interval.high))
    assert (
        welch([0.1 * 3] * 3, [0.3, 0.3, 0.1 * 3]).p == 1.0 == welch([1.0, 1.0], [2.0, 2.0]).p
    )  # nothing to measure the difference by


def test_the_interval_over_seeds_is_students() -> None:
    low, high = t_interval([0.9, 0.92, 0.94])
    half = 4.302653 * 0.02 / math.sqrt(3)
    assert (low, high) == (pytest.approx(0.92 - half), pytest.approx(0.92 + half))


def test_the_bootstrap_agrees_with_the_paired_t_test_where_that_holds() -> None:
    rng = np.random.default_rng(0)
    shared = rng.normal(size=400)
    sums = np.stack([shared + rng.normal(scale=0.5, size=400), shared + 0.07 + rng.normal(scale=0.5, size=400)], 1)
    ((value, low, high, p),) = bootstrap(sums, np.ones(400), [(0, 1)])
    wanted: Any = stats.ttest_rel(sums[:, 0], sums[:, 1])
    interval = wanted.confidence_interval(0.95)
    assert value == pytest.approx(float((sums[:, 0] - sums[:, 1]).mean()))
    assert p == pytest.approx(wanted.pvalue, abs=0.012)
    assert (low, high) == (pytest.approx(interval.low, abs=0.006), pytest.approx(interval.high, abs=0.006))
    assert bootstrap(sums, np.ones(400), [(0, 1)])[0].p == p  # seeded
    assert bootstrap(sums[:, [0, 0]], np.ones(400), [(0, 1)])[0] == (0, 0, 0, 1)


def test_answers_of_one_sample_are_drawn_together() -> None:
    rng = np.random.default_rng(1)
    samples = rng.normal(size=(50, 1))
    alone = spread_of_mean(samples, np.ones(50))
    tenfold = spread_of_mean(10 * samples, np.full(50, 10.0))  # ten equal answers of each say no more than one
    assert float(tenfold[0]) == pytest.approx(float(alone[0])) == pytest.approx(samples.std(ddof=1) / math.sqrt(50))

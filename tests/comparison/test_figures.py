"""Means, intervals and differences by seed, by hand."""

from __future__ import annotations

import math

import pytest

from builder.comparison import Comparison, Failure, Row, figure

ROWS = (Row("a", (0.5, 0.7), 10, 1.0), Row("b", (0.6, 0.9), 1200, 2.0), Row("c", (0.4, 0.4), 3, 0.5))
T = 12.7062047  # of Student's distribution with one degree of freedom, 97.5 %


def comparison(higher: bool = True) -> Comparison:
    return Comparison(("conv",), "accuracy", "test", higher, (0, 1), ROWS)


def test_mean_and_interval() -> None:
    assert ROWS[0].mean == pytest.approx(0.6)
    assert ROWS[0].half_width == pytest.approx(T * math.sqrt(0.02 / 2))
    assert ROWS[2].half_width == 0
    assert Row("d", (0.3,), 1, 1.0).half_width is None


def test_differences_are_taken_seed_by_seed() -> None:
    mean, half = comparison().against_first(ROWS[1])
    assert mean == pytest.approx(0.15)
    assert half == pytest.approx(T * math.sqrt(0.005 / 2))


@pytest.mark.parametrize(("higher", "order"), [(True, "bac"), (False, "cab")])
def test_the_best_comes_first(higher: bool, order: str) -> None:
    assert "".join(row.choice for row in comparison(higher).ranked) == order
    lines = comparison(higher).table().splitlines()
    assert [line[0] for line in lines[1:-1]] == list(order)
    assert "1,200" in next(line for line in lines if line.startswith("b"))


def test_the_picture_holds_every_seed_and_interval() -> None:
    seeds, means = figure(comparison())["data"]
    dots = sorted(zip(seeds["y"], seeds["x"]))
    assert dots == [("a", 0.5), ("a", 0.7), ("b", 0.6), ("b", 0.9), ("c", 0.4), ("c", 0.4)]
    assert means["y"] == ["c", "a", "b"], "the best stands on top"
    assert means["error_x"]["array"][1] == ROWS[0].half_width


def test_what_can_be_said_against_the_first_choice() -> None:
    """The interval of the differences by seed decides, not those of the means, which overlap here."""
    rows = (
        Row("a", (0.5, 0.6, 0.7), 1, 1.0),
        Row("b", (0.52, 0.621, 0.719), 1, 1.0),
        Row("c", (0.4, 0.7, 0.9), 1, 1.0),
    )
    for higher, said in ((True, ["open", "better", "open"]), (False, ["open", "worse", "open"])):
        found = Comparison(("conv",), "accuracy", "test", higher, (0, 1, 2), rows)
        assert [found.verdict(row) for row in rows] == said
    single = Row("a", (0.5,), 1, 1.0)
    assert Comparison(("conv",), "accuracy", "test", True, (0,), (single,)).verdict(single) == "open"


def test_failures_are_told_below_the_table() -> None:
    found = Comparison(
        ("conv",), "accuracy", "test", True, (0, 1), ROWS, (Failure("d", 1, "It diverged.", "已发散。"),)
    )
    assert "d, seed 1, failed: It diverged." in found.table()
    assert found.to_json()["failures"][0]["message_zh"] == "已发散。"

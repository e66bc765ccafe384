"""The error on parts of a split."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import binomtest

from builder.inspect import InspectError, Inspector, compute
from builder.inspect.evaluation import confusion, evaluate
from builder.inspect.interval import wilson
from builder.inspect.slices import slices, ways

Zoo = Callable[[str], Inspector]


def test_slices_of_classes_are_the_rows_of_the_confusion_matrix(zoo: Zoo) -> None:
    inspector = zoo("cnn")
    judged = evaluate(inspector, "valid", inspector.heads[0])
    found, matrix = slices(inspector, judged, "truth"), confusion(judged)
    for name, error, count in zip(found.names, found.error, found.count, strict=True):
        place = matrix.names.index(name)
        assert error == pytest.approx(1 - matrix.recall[place]) and count == matrix.counts[place].sum()
    assert (np.diff(found.error) <= 0).all() and found.whole_error == pytest.approx(1 - judged.accuracy)
    assert np.average(found.error, weights=found.count) == pytest.approx(found.whole_error)
    named = slices(inspector, judged, "predicted")
    assert named.count.sum() == len(judged.loss)


def test_quarters_of_a_feature_hold_each_sample_once(zoo: Zoo) -> None:
    inspector = zoo("regression")
    judged = evaluate(inspector, "train", inspector.heads[0])
    found = slices(inspector, judged, "features")
    column = inspector.batch("train", range(inspector.size("train")))["data", "x"].numpy()
    for feature, name in enumerate(inspector.features):
        here = [i for i, n in enumerate(found.names) if n == name]
        assert found.count[here].sum() == len(judged.loss)
        assert np.average(found.error[here], weights=found.count[here]) == pytest.approx(found.whole_error)
        for i in here:
            inside = (column[:, feature] >= found.low[i]) & (column[:, feature] <= found.high[i])
            assert inside.sum() == found.count[i]
            assert found.error[i] == pytest.approx(judged.loss[inside].mean(), rel=1e-5)
    assert sum(n == "sex" for n in found.names) == 2  # a feature of two values has two parts


def test_how_a_split_can_be_cut(zoo: Zoo) -> None:
    assert ways(zoo("table"), True) == ["truth", "predicted", "features"]
    assert ways(zoo("regression"), False) == ["features"]
    assert ways(zoo("cnn"), True) == ["truth", "predicted"]
    judged = evaluate(zoo("cnn"), "valid", zoo("cnn").heads[0])
    with pytest.raises(InspectError, match="cannot be cut by 'features'"):
        slices(zoo("cnn"), judged, "features")


def test_the_figure_is_sorted(zoo: Zoo) -> None:
    inspector = zoo("table")
    worst, data = compute(inspector, "slices", by="features")
    assert list(worst.data[0].x) == data.error.tolist()
    largest, _ = compute(inspector, "slices", by="features", order="count")
    assert (np.diff(largest.data[0].customdata[:, 0]) <= 0).all()
    named, _ = compute(inspector, "slices", by="truth", order="name")
    assert [text.partition(" ")[0] for text in named.layout.yaxis.ticktext] == sorted(inspector.heads[0].names)


def test_the_interval_is_that_of_scipy_and_holds_the_share() -> None:
    for right, count in ((0, 5), (1, 5), (27, 27), (13, 200)):
        low, high = wilson(np.array([right / count]), np.array([count]))
        expected = binomtest(right, count).proportion_ci(0.95, "wilson")
        assert (low[0], high[0]) == pytest.approx((expected.low, expected.high), abs=1e-4)
        assert 0 <= low[0] <= right / count <= high[0] <= 1

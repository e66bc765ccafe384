"""Whether a model is as often right as it is sure."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torchmetrics.functional.classification import binary_calibration_error, multiclass_calibration_error

from builder.inspect import InspectError, Inspector, compute
from builder.inspect.calibration import calibration
from builder.inspect.evaluation import evaluate

Zoo = Callable[[str], Inspector]


@pytest.mark.parametrize("bins", [5, 15])
def test_the_error_is_that_of_torchmetrics(zoo: Zoo, bins: int) -> None:
    inspector = zoo("cnn")
    head = inspector.heads[0]
    batch = inspector.batch("valid", range(inspector.size("valid")))
    (logits,) = inspector.run(inspector.program([head.end]), batch)
    logits = logits * 9  # some are surer than others
    y = batch["data", "y"]
    judged = evaluate(inspector, "valid", head)
    sure, named = logits.softmax(-1).max(-1)
    changed = type(judged)(**{**vars(judged), "confidence": sure.numpy(), "predicted": named.numpy()})
    found = calibration(changed, bins)
    for norm, value in (("l1", found.expected_error), ("max", found.greatest_error)):
        expected = multiclass_calibration_error(logits.softmax(-1), y, 10, bins, norm)  # type: ignore[arg-type]
        assert value == pytest.approx(float(expected), abs=1e-5)
    assert found.count.sum() == len(y)
    assert found.mean_accuracy == pytest.approx(float((named == y).float().mean()))


def test_one_who_is_always_right_and_always_sure_has_no_error(zoo: Zoo) -> None:
    judged = evaluate(zoo("cnn"), "valid", zoo("cnn").heads[0])
    count = len(judged.loss)
    perfect = type(judged)(**{**vars(judged), "confidence": np.ones(count), "predicted": judged.truth})
    assert (calibration(perfect).expected_error, calibration(perfect).count[-1]) == (0, count)
    boaster = type(judged)(**{**vars(judged), "confidence": np.ones(count), "predicted": judged.truth + 1})
    assert calibration(boaster).expected_error == 1


def test_yes_and_no_are_classes_too(zoo: Zoo) -> None:
    judged = evaluate(zoo("faces"), "valid", zoo("faces").heads[0])
    assert judged.confidence is not None and judged.truth is not None and judged.predicted is not None
    right = torch.as_tensor((judged.truth == judged.predicted).astype(int))
    expected = binary_calibration_error(torch.as_tensor(judged.confidence), right, 15)
    assert calibration(judged).expected_error == pytest.approx(float(expected), abs=1e-5)


def test_numbers_have_no_calibration(zoo: Zoo) -> None:
    with pytest.raises(InspectError, match="Only classes"):
        calibration(evaluate(zoo("regression"), "valid", zoo("regression").heads[0]))


def test_the_figure_says_the_error(zoo: Zoo) -> None:
    figure, data = compute(zoo("cnn"), "calibration")
    assert f"expected calibration error {data.expected_error:.3f}" in figure.layout.title.subtitle.text
    assert len(figure.data[2].x) == (data.count > 0).sum()

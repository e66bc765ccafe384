"""Early stopping on sequences of values worked out by hand."""

import json
import math

import pytest

import components


def stops_at(values, **params):
    """The epoch (from 1) after which the run ends; None where it does not, and the strategy."""
    stopping = components.create("reg_early_stopping", **params)
    for epoch, value in enumerate(values, 1):
        if stopping.update(value):
            return epoch, stopping
    return None, stopping


def test_it_ends_after_exactly_patience_epochs_without_a_gain():
    epoch, stopping = stops_at([5, 4, 3, 3.5, 3, 4, 1], patience=3)
    assert epoch == 6
    assert (stopping.best, stopping.best_epoch) == (3, 3)


def test_a_gain_starts_the_count_again():
    assert stops_at([5, 6, 4, 6, 3, 6], patience=2)[0] is None


def test_a_greater_metric_may_be_better():
    epoch, stopping = stops_at([0.1, 0.5, 0.4, 0.45], patience=2, mode="max")
    assert epoch == 4 and stopping.best == 0.5


@pytest.mark.parametrize("mode, higher, expected", [("auto", True, None), ("auto", False, 3), ("min", True, 3)])
def test_the_metric_decides_the_direction_where_the_mode_leaves_it_open(mode, higher, expected):
    stopping = components.create("reg_early_stopping", patience=2, mode=mode)
    stopping.watch(higher_is_better=higher)
    ends = [epoch for epoch, value in enumerate([1, 2, 3], 1) if stopping.update(value)]
    assert ends == ([] if expected is None else [expected])


def test_only_a_change_beyond_min_delta_is_a_gain():
    assert stops_at([1.0, 0.95, 0.9], patience=2, min_delta=0.1)[0] == 3  # down by 0.1 in all: not more than it
    assert stops_at([1.0, 0.95, 0.89], patience=2, min_delta=0.1)[0] is None


def test_a_value_that_is_not_a_number_is_never_a_gain():
    epoch, stopping = stops_at([math.nan, math.nan], patience=2)
    assert epoch == 2 and stopping.best is None and stopping.best_epoch is None
    epoch, stopping = stops_at([math.nan, 3.0, math.nan, math.nan], patience=2)
    assert epoch == 4 and stopping.best == 3


def test_infinity_is_worse_than_any_number():
    assert stops_at([math.inf, 3.0, math.inf, math.inf], patience=2)[1].best == 3


def test_a_resumed_run_ends_where_an_uninterrupted_one_does():
    values = [5, 4, 4.5, 4.2, 4.1]
    whole, _ = stops_at(values, patience=3)
    first = components.create("reg_early_stopping", patience=3)
    for value in values[:3]:
        assert not first.update(value)
    second = components.create("reg_early_stopping", patience=3)
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    assert [second.update(value) for value in values[3:]] == [False, True]
    assert whole == 5 == second.epoch and (second.best, second.best_epoch) == (4, 2)

"""What an output value sees of its input, where it is known."""

from __future__ import annotations

from typing import Any

import pytest

from builder.compiler.sampling import Sampling, sampling
from components import get


def of(id: str, **params: Any) -> Sampling:
    found = sampling(get(id), params)
    assert found is not None
    return found


def shape(found: Sampling) -> set[tuple[int, int]]:
    """The places that count, seen from the middle of their window."""
    rows, columns = zip(*found.strong, strict=True)
    down, right = (min(rows) + max(rows)) // 2, (min(columns) + max(columns)) // 2
    return {(i - down, j - right) for i, j in found.strong}


def square(*offsets: int) -> set[tuple[int, int]]:
    return {(i, j) for i in offsets for j in offsets}


@pytest.mark.parametrize(
    ("id", "params", "expected", "step"),
    [
        ("conv_standard", {}, square(-1, 0, 1), 1),
        ("conv_standard", {"stride": 2, "padding": 1}, square(-1, 0, 1), 2),
        ("conv_dilated", {"dilation": 2}, square(-2, 0, 2), 1),
        ("conv_dilated", {"kernel_size": 5, "dilation": 3}, square(-6, -3, 0, 3, 6), 1),
        ("conv_dilated", {"dilation": 18}, square(-18, 0, 18), 1),
        ("conv_standard", {"kernel_size": (1, 3)}, {(0, -1), (0, 0), (0, 1)}, 1),
        ("conv_cross_central_difference", {"cross": "upright"}, {(-1, 0), (0, -1), (0, 0), (0, 1), (1, 0)}, 1),
        ("conv_involution", {"kernel_size": 5, "in_channels": 8}, square(-2, -1, 0, 1, 2), 1),
        ("pool_max", {"kernel_size": 3, "stride": 2}, square(-1, 0, 1), 2),
        ("pool_avg", {"kernel_size": 2}, square(0, 1), 2),
    ],
)
def test_places(id: str, params: dict[str, Any], expected: set[tuple[int, int]], step: float) -> None:
    found = of(id, **params)
    assert shape(found) == expected
    assert found.step == step
    assert found.beside == {(i, j + step) for i, j in found.strong}


def test_a_sum_counts_its_places_alike() -> None:
    weights = {w for row in of("pool_avg", kernel_size=3).weights for w in row}
    assert weights == {0.0, 1.0}


def test_the_middle_of_a_central_difference_is_subtracted() -> None:
    found = of("conv_central_difference", theta=0.7)
    negative = {(i, j) for i, row in enumerate(found.weights) for j, w in enumerate(row) if w < 0}
    assert len(negative) == 1
    assert negative < found.strong
    assert not any(w < 0 for row in of("conv_central_difference", theta=0.0).weights for w in row)


@pytest.mark.parametrize(("stride", "step"), [(1, 1), (2, 1 / 2), (3, 1 / 3)])
def test_outputs_of_a_transposed_convolution_lie_denser(stride: int, step: float) -> None:
    found = of("conv_transposed", kernel_size=stride, stride=stride)
    assert len(found.strong) == 1
    assert found.step == pytest.approx(step)


def test_offsets_move_the_taps() -> None:
    found = of("conv_deformable")
    assert found.offsets
    assert len(found.strong) > 9  # each tap falls between four places


def test_channels_in_groups() -> None:
    everything = (True, True, True, True)
    assert of("conv_standard", in_channels=64, out_channels=128).channels == (everything,) * 4
    own = tuple(tuple(i == j for j in range(4)) for i in range(4))
    assert of("conv_standard", in_channels=64, out_channels=64, groups=64).channels == own
    assert of("pool_max").channels == own
    halves = of("conv_group", in_channels=4, out_channels=8, groups=2).channels
    assert halves == ((True, True, False, False),) * 4 + ((False, False, True, True),) * 4


def test_other_numbers_of_axes() -> None:
    line = of("conv_dilated", dims=1, dilation=2)
    assert len(line.weights) == 1
    assert shape(line) == {(0, -2), (0, 0), (0, 2)}
    assert shape(of("conv_dilated", dims=3, dilation=2)) == square(-2, 0, 2)


def test_the_whole_map() -> None:
    for id in ("pool_global_avg", "pool_global_max"):
        assert of(id, keepdim=True).everywhere
    assert not of("conv_standard").everywhere
    assert of("nonlocal_block").faint > 100
    assert of("conv_standard").faint == 0


@pytest.mark.parametrize("id", ["linear", "act_relu", "pool_covariance", "pool_roi_align", "conv_sparse_submanifold"])
def test_what_maps_no_map_to_a_map_has_no_picture(id: str) -> None:
    assert sampling(get(id), {}) is None


def test_values_that_do_not_go_have_no_picture() -> None:
    assert sampling(get("conv_standard"), {"kernel_size": 0}) is None
    assert sampling(get("conv_standard"), {"in_channels": 6, "groups": 4}) is None


@pytest.mark.parametrize(
    "large", [{"kernel_size": 5000}, {"padding": 10**6}, {"dilation": (1, 10**9)}, {"stride": 10**6}]
)
def test_values_beyond_measure_are_not_tried(large: dict[str, Any]) -> None:
    assert sampling(get("conv_standard"), large) is None


def test_words_in_the_place_of_numbers_have_no_picture() -> None:
    assert sampling(get("conv_standard"), {"groups": "x", "in_channels": "y"}) is None

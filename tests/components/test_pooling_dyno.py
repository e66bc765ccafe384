"""Dynamically optimised pooling: points read one by one, and what its scale learns."""

from __future__ import annotations

import math
from itertools import product

import pytest
import torch

from components import create
from components.spec import ParameterError


def interpolated(image, row, column):
    """A value between the middles of the pixels (C, H, W), which lie at 0.5, 1.5, ...; beyond the border, the border's."""
    _, height, width = image.shape
    row, column = min(max(row - 0.5, 0), height - 1), min(max(column - 0.5, 0), width - 1)
    top, left = math.floor(row), math.floor(column)
    total = torch.zeros_like(image[:, 0, 0])
    for i, j in product((top, top + 1), (left, left + 1)):
        weight = (1 - abs(row - i)) * (1 - abs(column - j))
        total = total + weight * image[:, min(i, height - 1), min(j, width - 1)]
    return total


@pytest.mark.parametrize("aggregate", ["max", "mean"])
def test_each_cell_reads_four_points(draw, aggregate):
    x, spread, learned = draw(2, 3, 7, 10), 0.3, (0.55, 0.8)
    layer = create("pool_dyno", ratio=(0.5, 0.7), spread=spread, aggregate=aggregate).double()
    with torch.no_grad():
        layer.log_ratio.copy_(torch.tensor(learned).log())
    y = layer(x)
    assert y.shape == (2, 3, 4, 7)
    for n, i, j in product(range(2), range(4), range(7)):
        row = 7 / 2 + (i + 0.5 - 2) / learned[0]
        column = 10 / 2 + (j + 0.5 - 3.5) / learned[1]
        points = [
            interpolated(x[n], row + a * spread / learned[0], column + b * spread / learned[1])
            for a, b in product((-1, 1), (-1, 1))
        ]
        four = torch.stack(points)
        torch.testing.assert_close(
            y[n, :, i, j], four.amax(0) if aggregate == "max" else four.mean(0), rtol=1e-5, atol=1e-6
        )


@pytest.mark.parametrize("aggregate", ["max", "mean"])
def test_scale_one_at_the_middle_of_the_cells_is_the_identity(draw, aggregate):
    x = draw(2, 3, 7, 10)
    y = create("pool_dyno", ratio=1.0, spread=0.0, aggregate=aggregate).double()(x)
    torch.testing.assert_close(y, x, rtol=0, atol=1e-6)


def test_half_the_size_is_a_pooling_of_two_by_two(draw):
    x = draw(2, 3, 8, 10)
    y = create("pool_dyno").double()(x)
    torch.testing.assert_close(y, torch.nn.functional.max_pool2d(x, 2), rtol=0, atol=1e-6)


def test_the_scale_learns_how_far_to_reach():
    # Four cells see the values of a ramp; that their ends ask for larger values spreads them, and shrinks r.
    x = torch.arange(16.0).expand(1, 1, 16, 16)
    layer = create("pool_dyno", ratio=0.25, spread=0.0)
    with torch.no_grad():
        layer.log_ratio.fill_(math.log(0.5))
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.02)
    wanted = torch.tensor([1.5, 5.5, 9.5, 13.5])
    for _ in range(150):
        optimizer.zero_grad()
        (layer(x) - wanted).square().mean().backward()
        assert layer.log_ratio.grad[1] != 0
        optimizer.step()
    assert layer.log_ratio.exp()[1].item() == pytest.approx(0.25, abs=0.005)


def test_one_ratio_for_each_axis():
    with pytest.raises(ParameterError, match="ratio"):
        create("pool_dyno", ratio=(0.5, 0.5, 0.5))

"""Covariances and sketches of products of channels, details, and random rows and columns."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from torch.nn import functional as F

from components import create
from components.errors import InputError
from components.spec import ParameterError


def full(triangle, size):
    """The symmetric matrices of upper triangles."""
    matrix = torch.zeros(len(triangle), size, size, dtype=triangle.dtype)
    row, column = torch.triu_indices(size, size)
    matrix[:, row, column] = matrix[:, column, row] = triangle
    return matrix


@pytest.mark.parametrize("positions", [(11,), (5, 7), (3, 4, 5)])
def test_covariance_equals_torch(draw, positions):
    x = draw(2, 4, *positions)
    y = create("pool_covariance", square_root=False)(x)
    expected = torch.stack([torch.cov(sample.flatten(1), correction=0) for sample in x])
    torch.testing.assert_close(full(y, 4), expected)


def test_the_square_root_of_a_covariance_is_its_own_factor(draw):
    x = draw(2, 4, 5, 7)
    root = full(create("pool_covariance", iterations=30)(x), 4)
    covariance = full(create("pool_covariance", square_root=False)(x), 4)
    torch.testing.assert_close(root @ root, covariance)
    assert torch.linalg.eigvalsh(root).min() > 0
    errors = [(full(create("pool_covariance", iterations=n)(x), 4) - root).abs().max().item() for n in (1, 2, 4, 6)]
    assert errors == sorted(errors, reverse=True)


def test_the_square_root_of_a_constant_map_is_zero():
    y = create("pool_covariance")(torch.ones(2, 3, 4, 5))
    assert y.equal(torch.zeros(2, 6))


def by_hand(layer, x, y):
    """The sum over positions of the circular convolutions of the count sketches, term by term."""
    size = layer.out_features
    z = torch.zeros(len(x), size, dtype=x.dtype)
    for i, j in product(range(x.shape[1]), range(y.shape[1])):
        place = (layer.x_places[i] + layer.y_places[j]) % size
        sign = layer.x_signs[i] * layer.y_signs[j]
        z[:, place] += sign * (x[:, i] * y[:, j]).flatten(1).sum(1)
    return z


@pytest.mark.parametrize("positions", [(7,), (4, 5), (2, 3, 4)])
@pytest.mark.parametrize("length", [5, 8])
def test_sketch_equals_the_circular_convolution(draw, positions, length):
    layer = create("pool_compact_bilinear", x_channels=3, y_channels=4, out_features=length, normalize=False).double()
    x, y = draw(2, 3, *positions), draw(2, 4, *positions)
    expected = by_hand(layer, x, y)
    torch.testing.assert_close(layer(x, y), expected)
    layer.normalize = True
    rooted = expected.sign() * expected.abs().sqrt()
    torch.testing.assert_close(layer(x, y), rooted / rooted.norm(dim=1, keepdim=True), rtol=0, atol=1e-7)


def test_inner_products_of_sketches_estimate_the_squared_inner_product(draw):
    x, y = draw(1, 3, 1), draw(1, 3, 1)
    estimates = []
    with torch.random.fork_rng():
        torch.manual_seed(0)
        for _ in range(2000):
            layer = create("pool_compact_bilinear", x_channels=3, y_channels=3, out_features=16, normalize=False)
            layer = layer.double()
            estimates.append((layer(x, x) * layer(y, y)).sum())
    found = torch.stack(estimates)
    error = found.std() / len(found) ** 0.5
    assert abs(found.mean() - (x * y).sum() ** 2) < 4 * error


def test_sketch_refuses_maps_of_different_sizes(draw):
    with pytest.raises(InputError, match="same spatial axes"):
        create("pool_compact_bilinear", x_channels=2, y_channels=2)(draw(1, 2, 4, 5), draw(1, 2, 5, 4))


@pytest.mark.parametrize("symmetric", [False, True])
def test_detail_preserving_equals_the_formula(draw, symmetric):
    layer = create("pool_detail_preserving", in_channels=2, kernel_size=3, stride=2, symmetric=symmetric).double()
    layer.log_alpha.data, layer.log_lambda.data = draw(2, 1, 1), draw(2, 1, 1)
    x = draw(1, 2, 7, 9)
    y = layer(x)
    for c, i, j in product(range(2), range(3), range(4)):
        window = x[0, c, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3].flatten().tolist()
        mean = sum(window) / 9
        alpha, power = layer.log_alpha[c].exp().item(), layer.log_lambda[c].exp().item()
        far = [v - mean if symmetric else max(0.0, v - mean) for v in window]
        weights = [alpha + (d * d + 1e-6) ** (power / 2) for d in far]
        expected = sum(w * v for w, v in zip(weights, window, strict=True)) / sum(weights)
        assert y[0, c, i, j].item() == pytest.approx(expected)


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_detail_preserving_of_constant_weights_is_the_average(draw, dims):
    layer = create("pool_detail_preserving", in_channels=2, dims=dims).double()
    layer.log_lambda.data.fill_(float("-inf"))  # lambda = 0
    x = draw(2, 2, *(7, 8, 6)[:dims])
    torch.testing.assert_close(layer(x), getattr(F, f"avg_pool{dims}d")(x, 2))


def test_detail_preserving_prefers_what_stands_out(draw):
    x = draw(2, 3, 8, 8)
    y = create("pool_detail_preserving", in_channels=3).double()(x)
    assert (y > F.avg_pool2d(x, 2)).all() and (y < F.max_pool2d(x, 2)).all()


@pytest.mark.parametrize("size, stride, grid", [(2, 2, 2), (3, 2, 4), (2, 3, 3)])
def test_s3_keeps_rows_and_columns_of_the_dense_maximum(draw, size, stride, grid):
    layer = create("pool_s3", kernel_size=size, stride=stride, grid_size=grid)
    x = draw(2, 3, 13, 12)
    border = ((size - 1) // 2, size // 2) * 2
    dense = F.max_pool2d(F.pad(x, border, value=-1e9), size, 1)
    assert dense.shape == x.shape
    height, width = (length // grid * grid for length in (13, 12))
    torch.testing.assert_close(layer.eval()(x), F.avg_pool2d(dense[..., :height, :width], stride))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        y = layer.train()(x)
    assert y.shape == (2, 3, height // stride, width // stride)
    kept = grid // stride

    def source(line, axis):
        """The row or column of the dense map that a line of the output is part of: the only one that holds it all."""
        values = y.select(axis, line)
        return [k for k in range(dense.shape[axis]) if torch.isin(values, dense.select(axis, k)).all()]

    for axis in (2, 3):
        places = [source(line, axis) for line in range(y.shape[axis])]
        for line, found in enumerate(places):
            assert any(k // grid == line // kept for k in found)


def test_s3_draws_average_to_its_evaluation(draw):
    layer = create("pool_s3")
    x = draw(1, 2, 4, 6)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layer.train()
        mean = torch.stack([layer(x) for _ in range(4000)]).mean(0)
    torch.testing.assert_close(mean, layer.eval()(x), rtol=0, atol=0.06)


def test_s3_refuses_a_grid_that_the_stride_does_not_divide():
    with pytest.raises(ParameterError, match=r"'stride' parameter of pool_s3 must be a divisor of grid_size \(3\)"):
        create("pool_s3", grid_size=3)

"""Normalizations against their definitions and torch's functions."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from components import create
from components.spec import ParameterError

SHAPES = {0: (5, 3), 1: (5, 3, 7), 2: (5, 3, 4, 6), 3: (5, 3, 2, 4, 6)}


def perturbed(layer, seed=0):
    """The layer in double precision with weights that are not ones and zeros."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in layer.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator)
    return layer.double()


def standardised(x, axes, eps):
    return (x - x.mean(axes, keepdim=True)) / (x.var(axes, unbiased=False, keepdim=True) + eps).sqrt()


def on_channels(vector, x):
    return vector.reshape(1, -1, *[1] * (x.dim() - 2))


@pytest.mark.parametrize("dims", [0, 1, 2, 3])
@pytest.mark.parametrize("eps, momentum", [(1e-5, 0.1), (0.1, 0.4)])
def test_batch_in_training_and_evaluation(draw, dims, eps, momentum):
    layer = perturbed(create("norm_batch", num_features=3, eps=eps, momentum=momentum, dims=dims))
    x = draw(*SHAPES[dims]) * 2 + 1
    axes = (0, *range(2, x.dim()))
    weight, bias = on_channels(layer.weight, x), on_channels(layer.bias, x)
    torch.testing.assert_close(layer(x), standardised(x, axes, eps) * weight + bias)
    mean, variance = x.mean(axes) * momentum, x.var(axes) * momentum + (1 - momentum)
    torch.testing.assert_close(layer.running_mean, mean)
    torch.testing.assert_close(layer.running_var, variance)
    layer.eval()
    other = draw(*SHAPES[dims])
    expected = (other - on_channels(mean, x)) / (on_channels(variance, x) + eps).sqrt() * weight + bias
    torch.testing.assert_close(layer(other), expected)


def test_batch_without_weights_or_running_statistics(draw):
    layer = create("norm_batch", num_features=3, affine=False, track_running_stats=False).double().eval()
    assert not layer.state_dict()
    x = draw(5, 3, 4, 6)
    torch.testing.assert_close(layer(x), standardised(x, (0, 2, 3), 1e-5))


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("affine", [False, True])
def test_instance_standardises_each_map(draw, dims, affine):
    layer = perturbed(create("norm_instance", num_features=3, eps=0.01, affine=affine, dims=dims))
    x = draw(*SHAPES[dims]) * 3
    expected = standardised(x, tuple(range(2, x.dim())), 0.01)
    if affine:
        expected = expected * on_channels(layer.weight, x) + on_channels(layer.bias, x)
    torch.testing.assert_close(layer(x), expected)
    torch.testing.assert_close(layer.eval()(x), expected)


@pytest.mark.parametrize("dims", [0, 1, 2, 3])
@pytest.mark.parametrize("groups", [1, 2, 6])
def test_group_standardises_each_group(draw, dims, groups):
    layer = perturbed(create("norm_group", num_channels=6, num_groups=groups, eps=0.01))
    x = draw(5, 6, *SHAPES[dims][2:]) * 3
    parts = standardised(x.reshape(5, groups, -1), (2,), 0.01).reshape(x.shape)
    torch.testing.assert_close(layer(x), parts * on_channels(layer.weight, x) + on_channels(layer.bias, x))


def test_group_of_one_channel_is_an_instance_norm(draw):
    x = draw(4, 6, 5, 7)
    group = create("norm_group", num_channels=6, num_groups=6).double()
    instance = create("norm_instance", num_features=6).double()
    torch.testing.assert_close(group(x), instance(x))


def test_groups_that_do_not_divide_the_channels_are_refused():
    with pytest.raises(ParameterError) as caught:
        create("norm_group", num_channels=6, num_groups=4)
    assert str(caught.value) == (
        "The 'num_groups' parameter of norm_group must be a divisor of num_channels (6). Got 4 instead."
    )


@pytest.mark.parametrize("shape", [(4, 7), (4, 3, 7), (4, 3, 5, 7)])
def test_layer_standardises_the_last_axis(draw, shape):
    layer = perturbed(create("norm_layer", normalized_shape=7, eps=0.01))
    x = draw(*shape) * 3 + 1
    torch.testing.assert_close(layer(x), standardised(x, (-1,), 0.01) * layer.weight + layer.bias)


def test_layer_does_not_see_scale_and_shift(draw):
    layer = create("norm_layer", normalized_shape=7, eps=1e-12).double()
    x = draw(4, 7)
    torch.testing.assert_close(layer(5 * x + 3), layer(x))


@pytest.mark.parametrize(
    "bias, affine, names", [(True, True, {"weight", "bias"}), (False, True, {"weight"}), (True, False, set())]
)
def test_layer_learns_what_it_is_told(bias, affine, names):
    layer = create("norm_layer", normalized_shape=7, bias=bias, elementwise_affine=affine)
    assert layer.state_dict().keys() == names


@pytest.mark.parametrize("shape", [(4, 7), (4, 3, 7)])
@pytest.mark.parametrize("eps", [1e-6, 0.1])
def test_rms_divides_by_the_root_mean_square(draw, shape, eps):
    layer = perturbed(create("norm_rms", normalized_shape=7, eps=eps))
    x = draw(*shape) * 3
    torch.testing.assert_close(layer(x), x / (x.square().mean(-1, keepdim=True) + eps).sqrt() * layer.weight)


def test_rms_is_layer_norm_where_the_mean_is_zero(draw):
    x = draw(4, 7)
    x = x - x.mean(-1, keepdim=True)
    rms = create("norm_rms", normalized_shape=7, eps=1e-5).double()
    layer = create("norm_layer", normalized_shape=7, eps=1e-5).double()
    torch.testing.assert_close(rms(x), layer(x))


@pytest.mark.parametrize("settings", [{}, {"size": 3, "alpha": 0.5, "beta": 0.6, "k": 2.0}, {"size": 4, "alpha": 0.1}])
def test_lrn_damps_by_the_neighbouring_channels(draw, settings):
    x = draw(2, 7, 3, 4)
    options = {"size": 5, "alpha": 1e-4, "beta": 0.75, "k": 1.0, **settings}
    n = options["size"]
    padded = F.pad(x.square(), (0, 0, 0, 0, n // 2, (n - 1) // 2))
    energy = torch.stack([padded[:, c : c + n].sum(1) for c in range(7)], 1)
    expected = x / (options["k"] + options["alpha"] / n * energy) ** options["beta"]
    torch.testing.assert_close(create("norm_lrn", **settings)(x), expected)


def test_lrn_without_energy_is_the_identity(draw):
    x = draw(2, 7, 3)
    torch.testing.assert_close(create("norm_lrn", alpha=0.0, k=1.0)(x), x)

"""Convolutions that divide the frequencies: octaves, Fourier and wavelets, against their formulas written otherwise."""

from __future__ import annotations

import cmath
import math

import pytest
import torch
from torch.nn import functional as F

from components import create
from components.errors import InputError
from components.spec import ParameterError

# ------------------------------------------------------------------ octaves


@pytest.mark.parametrize("size", [1, 3, 5])
def test_octave_without_low_frequencies_is_a_convolution(draw, size):
    layer = create("conv_octave", in_channels=3, out_channels=5, kernel_size=size, alpha=0.0).double()
    x = draw(2, 3, 7, 9)
    y, low = layer(x)
    assert low is None
    torch.testing.assert_close(y, F.conv2d(x, layer.high_to_high.weight, layer.high_to_high.bias, padding=size // 2))


def test_octave_sums_four_paths(draw):
    layer = create("conv_octave", in_channels=3, low_channels=2, out_channels=7, alpha=0.4).double()
    high, low = draw(2, 3, 6, 8), draw(2, 2, 3, 4)
    y_h, y_l = layer(high, low)
    assert (y_h.shape, y_l.shape) == ((2, 5, 6, 8), (2, 2, 3, 4))

    def path(convolution, x):
        return F.conv2d(x, convolution.weight, convolution.bias, padding=1)

    halved = (high[:, :, ::2, ::2] + high[:, :, 1::2, ::2] + high[:, :, ::2, 1::2] + high[:, :, 1::2, 1::2]) / 4
    raised = path(layer.low_to_high, low).repeat_interleave(2, 2).repeat_interleave(2, 3)
    torch.testing.assert_close(y_h, path(layer.high_to_high, high) + raised)
    torch.testing.assert_close(y_l, path(layer.high_to_low, halved) + path(layer.low_to_low, low))
    # All four hold together as many weights as the convolution that they stand for.
    assert sum(p.numel() for p in layer.parameters() if p.dim() == 4) == 7 * 5 * 9


def test_octave_refuses_sizes_that_are_not_halves(draw):
    layer = create("conv_octave", in_channels=3, low_channels=2, out_channels=7)
    with pytest.raises(InputError, match=r"x_l must be half as large as x_h.*Got \(2, 2, 3, 3\) and \(2, 3, 6, 8\)"):
        layer(draw(2, 3, 6, 8), draw(2, 2, 3, 3))
    with pytest.raises(InputError, match="x_h must have an even height and width"):
        create("conv_octave", in_channels=3)(draw(2, 3, 5, 8).float())


# ------------------------------------------------------------------ Fourier


def test_fourier_without_global_channels_is_a_convolution(draw):
    layer = create("conv_fast_fourier", in_channels=3, out_channels=5, ratio=0.0).double()
    x = draw(2, 3, 7, 9)
    y, whole = layer(x)
    assert whole is None
    torch.testing.assert_close(y, F.conv2d(x, layer.local_to_local.weight, layer.local_to_local.bias, padding=1))


def waves(size):
    """The unitary matrix (f, n) of the discrete Fourier transform."""
    rows = [[cmath.exp(-2j * math.pi * f * n / size) / math.sqrt(size) for n in range(size)] for f in range(size)]
    return torch.tensor(rows, dtype=torch.complex128)


def at_frequencies(unit, x):
    """What a Fourier unit does in evaluation, by matrices of waves; a normalisation that has seen nothing."""
    height, width = x.shape[2:]
    down, across = waves(height), waves(width)
    spectrum = torch.einsum("fh,bchw,gw->bcfg", down, x.to(torch.complex128), across)
    mixer, norm = unit.mix[0].weight[:, :, 0, 0], unit.mix[1]
    half = width // 2 + 1
    parts = torch.zeros(x.shape[0], 2 * x.shape[1], height, half, dtype=torch.float64)
    parts[:, 0::2], parts[:, 1::2] = spectrum.real[..., :half], spectrum.imag[..., :half]
    mixed = torch.einsum("oc,bcfg->bofg", mixer, parts) / math.sqrt(1 + norm.eps)
    made = torch.complex(mixed[:, 0::2].clamp(min=0), mixed[:, 1::2].clamp(min=0))
    # A real image counts each wave and its mirror image; those that are their own mirror image count once.
    y = torch.zeros_like(x)
    for g in range(half):
        once = g == 0 or 2 * g == width
        column = torch.einsum("fh,bcf->bch", down.conj(), made[..., g])
        wave = torch.einsum("bch,w->bchw", column, across.conj()[g]).real
        y = y + wave * (1 if once else 2)
    return y


@pytest.mark.parametrize(
    "size, quarters", [((6, 8), False), ((5, 7), False), ((4, 6), False), ((6, 8), True), ((4, 6), True)]
)
def test_fourier_mixes_channels_at_each_frequency(draw, size, quarters):
    layer = create(
        "conv_fast_fourier", in_channels=3, global_channels=4, out_channels=16, local_fourier=quarters
    ).double().eval()  # fmt: skip
    x_l, x_g = draw(2, 3, *size), draw(2, 4, *size)
    y_l, y_g = layer(x_l, x_g)

    def local(convolution, x):
        return F.conv2d(x, convolution.weight, convolution.bias, padding=1)

    torch.testing.assert_close(y_l, local(layer.local_to_local, x_l) + local(layer.global_to_local, x_g))
    branch = layer.spectral
    u = torch.einsum("oc,bchw->bohw", branch.reduce[0].weight[:, :, 0, 0], x_g)
    u = (u / math.sqrt(1 + branch.reduce[1].eps)).clamp(min=0)
    total = u + at_frequencies(branch.whole, u)
    if quarters:
        top, left, few = size[0] // 2, size[1] // 2, u[:, :1]
        parts = [few[..., :top, :left], few[..., top:, :left], few[..., :top, left:], few[..., top:, left:]]
        total = total + at_frequencies(branch.quarters, torch.cat(parts, 1)).tile(1, 1, 2, 2)
    expected = torch.einsum("oc,bchw->bohw", branch.expand.weight[:, :, 0, 0], total)
    torch.testing.assert_close(y_g, local(layer.local_to_global, x_l) + expected)


def test_fourier_sees_the_whole_image(draw):
    torch.manual_seed(0)
    layer = create("conv_fast_fourier", in_channels=3, global_channels=4, out_channels=32).double().eval()
    x_l, x_g = draw(1, 3, 9, 11), draw(1, 4, 9, 11).requires_grad_()
    (gradient,) = torch.autograd.grad(layer(x_l, x_g)[1][0, :, 0, 0].sum(), x_g)
    assert (gradient != 0).any(1).double().mean() > 0.9  # all but where a ReLU is silent


def test_fourier_refuses_what_does_not_fit(draw):
    with pytest.raises(
        ParameterError, match=r"'local_fourier' .* must be false where the global output channels \(4\)"
    ):
        create("conv_fast_fourier", in_channels=3, out_channels=8, local_fourier=True)
    layer = create("conv_fast_fourier", in_channels=3, global_channels=4, out_channels=16, local_fourier=True).double()
    with pytest.raises(InputError, match="x_l and x_g must have the same height and width"):
        layer(draw(1, 3, 4, 6), draw(1, 4, 4, 5))
    with pytest.raises(InputError, match="x_g must have an even height and width"):
        layer(draw(1, 3, 5, 6), draw(1, 4, 5, 6))


# ------------------------------------------------------------------ wavelets


def test_wavelet_bands_by_hand():
    layer = create("conv_wavelet", in_channels=1).double()
    low, across, down, both = layer.split(torch.tensor([[[[1.0, 2.0], [5.0, 11.0]]]]).double()).flatten()
    assert (low, across, down, both) == (9.5, -3.5, -6.5, 2.5)


def test_wavelet_bands_give_the_image_back(draw):
    layer = create("conv_wavelet", in_channels=3).double()
    x = draw(2, 3, 6, 8)
    bands = layer.split(x)
    torch.testing.assert_close(layer.join(bands), x)
    torch.testing.assert_close(bands.square().sum(), x.square().sum())


def test_wavelet_without_its_scales_is_a_depthwise_convolution(draw):
    layer = create("conv_wavelet", in_channels=3, levels=2).double()
    for scale in layer.scales:
        torch.nn.init.zeros_(scale)
    x = draw(2, 3, 9, 7)
    torch.testing.assert_close(layer(x), F.conv2d(x, layer.base.weight, layer.base.bias, padding=2, groups=3))


SIGNS = [[(1, 1), (1, 1)], [(1, -1), (1, -1)], [(1, 1), (-1, -1)], [(1, -1), (-1, 1)]]  # low, across, down, both


def transformed(x):
    """The bands (B, C, 4, H / 2, W / 2) by strided convolutions."""
    kernel = torch.tensor(SIGNS, dtype=x.dtype).unsqueeze(1) / 2
    return F.conv2d(x.flatten(0, 1).unsqueeze(1), kernel, stride=2).unflatten(0, x.shape[:2])


def restored(bands):
    """The image of these bands by transposed convolutions."""
    kernel = torch.tensor(SIGNS, dtype=bands.dtype).unsqueeze(1) / 2
    return F.conv_transpose2d(bands.flatten(0, 1), kernel, stride=2).squeeze(1).unflatten(0, bands.shape[:2])


@pytest.mark.parametrize("size", [(8, 12), (9, 11), (5, 6)])
def test_wavelet_follows_the_formula(draw, size):
    layer = create("conv_wavelet", in_channels=3, kernel_size=3, levels=2).double()
    for parameter in (*layer.scales, layer.base_scale):
        torch.nn.init.uniform_(parameter)
    x = draw(2, 3, *size)

    def even(image):
        return F.pad(image, (0, image.shape[3] % 2, 0, image.shape[2] % 2))

    def filtered(level, bands):
        own = F.conv2d(bands.flatten(1, 2), layer.bands[level].weight, padding=1, groups=12)
        return (own * layer.scales[level]).unflatten(1, (3, 4))

    first = transformed(even(x))
    second = transformed(even(first[:, :, 0]))
    inner = restored(filtered(1, second))[:, :, : first.shape[3], : first.shape[4]]
    outer = filtered(0, first)
    outer[:, :, 0] += inner
    plain = F.conv2d(x, layer.base.weight, layer.base.bias, padding=1, groups=3)
    torch.testing.assert_close(layer(x), layer.base_scale * plain + restored(outer)[:, :, : size[0], : size[1]])

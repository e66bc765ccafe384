"""Convolutions against the same ones of torch, timm and torchvision, and against the plain convolution."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.peers.pair import Inputs, Layers, Pair, Peer, Size, new
from components.spec import Tensors


def pairs(size: Size) -> dict[str, Pair]:
    b, c, n = size.batch, size.channels, size.side
    on = Layers(*size.image)
    plain = new("torch.nn.Conv2d", c, c, 3, padding=1)
    deep = {"x": size.image, "offset": (b, 18, n, n), "mask": Tensors((b, 9, n, n), "probability")}
    routed = {"x": size.image, "routing": Tensors((b, 4), "probability")}
    sites = sparse_sites(b, c, n)
    dense = Peer("torch.nn.Conv2d on the dense image", lambda: Dense(b, c, n))
    per_channel = new("torch.nn.Conv2d", c, c, 5, padding=2, groups=c)
    wide: dict[str, Any] = {"out_channels": c, "padding": 1}
    return {
        "conv_standard": on.same(plain, **wide),
        "conv_transposed": on.same(new("torch.nn.ConvTranspose2d", c, c, 2, 2), out_channels=c),
        "conv_dilated": on.same(new("torch.nn.Conv2d", c, c, 3, padding=2, dilation=2), out_channels=c, padding=2),
        "conv_group": on.same(new("torch.nn.Conv2d", c, c, 3, padding=1, groups=4), groups=4, **wide),
        "conv_depthwise_separable": on.same(new("timm.layers.SeparableConv2d", c, c, 3, bias=True), **wide),
        "conv_deformable": on.same(new("torchvision.ops.DeformConv2d", c, c, 3, padding=1), inputs=deep, **wide),
        "conv_condconv": on.same(
            new("timm.layers.CondConv2d", c, c, 3, padding=1, bias=True, num_experts=4), inputs=routed, **wide
        ),
        "conv_inception": on.plain(plain, out_channels=c),
        "conv_spatially_separable": on.plain(plain, **wide),
        "conv_flattened": on.plain(plain, **wide),
        "conv_central_difference": on.plain(plain, **wide),
        "conv_cross_central_difference": on.plain(plain, **wide),
        "conv_pixel_difference": on.plain(plain, **wide),
        "conv_circle": on.plain(plain, **wide),
        "conv_coordconv": on.plain(plain, **wide),
        "conv_dynamic": on.plain(plain, **wide),
        "conv_dynet": on.plain(plain, **wide),
        "conv_odconv": on.plain(plain, **wide),
        "conv_drconv": on.plain(plain, **wide),
        "conv_octave": on.plain(plain, inputs={"x_h": size.image}, out_channels=c),
        "conv_fast_fourier": on.plain(plain, inputs={"x_l": size.image}, out_channels=c),
        "conv_involution": on.plain(new("torch.nn.Conv2d", c, c, 7, padding=3), groups=4),
        "conv_wavelet": on.plain(per_channel),
        "conv_sparse_spatial": on.plain(dense, inputs=sites, takes=("feat", "coords"), **wide),
        "conv_sparse_submanifold": on.plain(dense, inputs=sites, takes=("feat", "coords"), out_channels=c),
        "attn_weight_excitation": on.plain(plain, **wide),
        "attn_aw_conv": on.plain(plain, **wide),
        "attn_aaconv": on.plain(plain, out_channels=c, note="Attention of every position to every other, in 4 heads."),
    }


def sparse_sites(b: int, c: int, n: int) -> Inputs:
    """Images (b, c, n, n) that are empty but for an eighth of their places."""
    active = b * n * n // 8

    def coords(generator: torch.Generator) -> Tensor:
        chosen = torch.randperm(b * n * n, generator=generator)[:active].sort().values
        return torch.stack([chosen // (n * n), chosen // n % n, chosen % n], 1)

    return {"feat": (active, c), "coords": coords, "size": lambda generator: torch.tensor([n, n])}


class Dense(nn.Module):
    """Puts sparse features into an image and convolves all of it."""

    def __init__(self, b: int, c: int, n: int) -> None:
        super().__init__()
        self.shape = (b, n, n, c)
        self.conv = nn.Conv2d(c, c, 3, padding=1, bias=False)

    def forward(self, feat: Tensor, coords: Tensor) -> Tensor:
        image = feat.new_zeros(self.shape).index_put(tuple(coords.unbind(1)), feat)
        return self.conv(image.movedim(-1, 1))

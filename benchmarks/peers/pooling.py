"""Pooling against torch's, torchvision's and timm's, and against plain pooling of the same window."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.peers.pair import Layers, Pair, Peer, Size, new

LEVELS = (1, 2, 4)


def pairs(size: Size) -> dict[str, Pair]:
    b, c, n = size.batch, size.channels, size.side
    on = Layers(*size.image)
    largest, average = new("torch.nn.MaxPool2d", 2), new("torch.nn.AvgPool2d", 2)
    overlapping, whole = new("torch.nn.AvgPool2d", 3, 2, 1), new("torch.nn.AdaptiveAvgPool2d", 1)
    two = {"x": size.image, "y": size.image}
    product = Peer("torch.bmm", lambda: channel_products)
    regions = {"x": size.image, "boxes": lambda generator: boxes_in(4 * b, b, n, generator)}
    unpooled = {"x": (b, c, n // 2, n // 2), "indices": lambda generator: places(b, c, n, generator)}
    return {
        "pool_max": on.same(largest),
        "pool_max_indices": on.same(new("torch.nn.MaxPool2d", 2, return_indices=True)),
        "pool_max_unpool": on.same(new("torch.nn.MaxUnpool2d", 2), inputs=unpooled),
        "pool_avg": on.same(average),
        "pool_fractional_max": on.same(new("torch.nn.FractionalMaxPool2d", 2, output_ratio=0.7)),
        "pool_lp": on.same(new("torch.nn.LPPool2d", 2.0, 2)),
        "pool_global_avg": on.same(whole),
        "pool_global_max": on.same(new("torch.nn.AdaptiveMaxPool2d", 1)),
        "pool_adaptive_avg": on.same(new("torch.nn.AdaptiveAvgPool2d", 4), output_size=4),
        "pool_adaptive_max": on.same(new("torch.nn.AdaptiveMaxPool2d", 4), output_size=4),
        "pool_spp": on.same(Peer("torch.nn.functional.adaptive_max_pool2d", lambda: pyramid), levels=LEVELS),
        "pool_roi": on.same(new("torchvision.ops.RoIPool", 7, 1.0), inputs=regions),
        "pool_roi_align": on.same(new("torchvision.ops.RoIAlign", 7, 1.0, 2, aligned=True), inputs=regions),
        "pool_blur": on.same(new("timm.layers.BlurPool2d", c, 3, 2)),
        "pool_mixed": on.plain(largest),
        "pool_stochastic": on.plain(largest),
        "pool_s3": on.plain(largest),
        "pool_soft": on.plain(average),
        "pool_detail_preserving": on.plain(average),
        "pool_dyno": on.plain(largest),
        "pool_lip": on.plain(overlapping, note="A convolution, a normalization and a softmax over every window."),
        "pool_gem": on.plain(
            whole, note="A power with a learned exponent at every value, and its logarithm on the way back."
        ),
        "pool_bilinear": on.plain(product, inputs=two, takes=("x", "y")),
        "pool_compact_bilinear": on.plain(product, inputs=two, takes=("x", "y")),
        "pool_covariance": on.plain(product),
    }


def channel_products(x: Tensor, y: Tensor | None = None) -> Tensor:
    """The products (B, C, C) of all pairs of channels, summed over the places."""
    return torch.bmm(x.flatten(2), (x if y is None else y).flatten(2).mT)


def pyramid(x: Tensor) -> Tensor:
    return torch.cat([F.adaptive_max_pool2d(x, level).flatten(1) for level in LEVELS], 1)


def boxes_in(count: int, batch: int, side: int, generator: torch.Generator) -> Tensor:
    """Rows (image, left, top, right, bottom) of boxes that begin in the first half and are as wide as it."""
    start = torch.rand(count, 2, generator=generator) * side / 2
    image = torch.randint(batch, (count, 1), generator=generator)
    return torch.cat([image, start, start + side / 2], 1)


def places(b: int, c: int, n: int, generator: torch.Generator) -> Tensor:
    """Where max pooling of random maps (b, c, n, n) finds its maxima."""
    return F.max_pool2d(torch.randn(b, c, n, n, generator=generator), 2, return_indices=True)[1]

"""Superpixels: regions of an image of one colour."""

from __future__ import annotations

import torch
from torch import Tensor


def superpixels(x: Tensor, rows: int, columns: int, steps: int = 8, compactness: float = 0.3) -> Tensor:
    """The region (B, H, W) of each pixel of images (B, C, H, W), from 0 to ``rows * columns - 1``.

    k-means over colour and place that begins with a grid, as SLIC (Achanta et al. 2012); every centre sees the whole
    image here. A region may lose all its pixels.

    Args:
        compactness: how far one cell of the grid counts beside the whole range of colours.
    """
    height, width = x.shape[2:]
    low, high = x.amin((1, 2, 3), keepdim=True), x.amax((1, 2, 3), keepdim=True)
    colour = (x - low) / (high - low).clamp(min=1e-12)
    row, column = torch.meshgrid(
        torch.arange(height, device=x.device, dtype=x.dtype) * (rows / height),
        torch.arange(width, device=x.device, dtype=x.dtype) * (columns / width),
        indexing="ij",
    )
    place = compactness * torch.stack((row, column)).expand(len(x), 2, height, width)
    points = torch.cat((colour, place), 1).flatten(2).movedim(1, 2)  # (B, HW, C + 2)
    region = (row.long() * columns + column.long()).flatten().expand(len(x), -1)  # the cells of the grid
    centres = points.new_zeros(len(x), rows * columns, points.shape[2])
    for _ in range(steps):
        belongs = torch.nn.functional.one_hot(region, rows * columns).to(x)  # (B, HW, S)
        size = belongs.sum(1).unsqueeze(2)
        means = belongs.transpose(1, 2) @ points / size.clamp(min=1)
        centres = torch.where(size > 0, means, centres)
        distance = torch.cdist(points, centres)
        # A centre that stands for nothing stays out of the way.
        region = distance.masked_fill(size.movedim(1, 2) == 0, torch.inf).argmin(2)
    return region.view(len(x), height, width)

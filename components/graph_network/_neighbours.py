"""Sums, maxima and softmax over groups of rows: the edges that end in a node, the nodes of a graph."""

import torch
from torch import Tensor


def group_sum(values: Tensor, group: Tensor, groups: int) -> Tensor:
    """(groups, *): the sum of the rows of values (E, *) whose entry in group (E,) is the row's number."""
    return values.new_zeros(groups, *values.shape[1:]).index_add(0, group, values)


def group_mean(values: Tensor, group: Tensor, groups: int) -> Tensor:
    """As ``group_sum``, divided by the number of rows; zero for an empty group."""
    counts = group_sum(torch.ones_like(values[..., :1]), group, groups)
    return group_sum(values, group, groups) / counts.clamp(min=1)


def group_max(values: Tensor, group: Tensor, groups: int) -> Tensor:
    """As ``group_sum`` with the greatest entry; zero for an empty group."""
    index = group.view(-1, *[1] * (values.dim() - 1)).expand_as(values)
    return values.new_zeros(groups, *values.shape[1:]).scatter_reduce(0, index, values, "amax", include_self=False)


def group_softmax(scores: Tensor, group: Tensor, groups: int) -> Tensor:
    """Softmax of scores (E, *) within each group."""
    highest = group_max(scores.detach(), group, groups)
    parts = (scores - highest[group]).exp()
    return parts / group_sum(parts, group, groups)[group]

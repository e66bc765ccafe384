"""Attention that weighs samples of a batch, or stages of a network, against each other: against slow formulas."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.nn import functional as F

from components import create
from components.errors import InputError
from tests.components.attention_support import make


def score(module: Any, x: torch.Tensor) -> torch.Tensor:
    """The score of one sample (C, H, W), map by map."""
    means = x.mean((1, 2))
    first, _, last = module.channel
    channel = last.weight @ (first.weight @ means + first.bias).clamp(min=0)
    local = x[None]
    for convolution in (module.local[0], module.local[2]):
        local = convolution(local).clamp(min=0)
    local = module.local[4](local)[0, 0]
    columns = x.flatten(1)  # (C, N)
    query = module.query.weight[:, :, 0, 0] @ columns + module.query.bias[:, None]
    key = module.key.weight[:, :, 0, 0] @ columns
    value = module.value.weight[0, :, 0, 0] @ columns
    gathered = torch.stack(
        [sum(w * v for w, v in zip(torch.softmax(q @ key / len(q) ** 0.5, 0), value, strict=True)) for q in query.T]
    ).view(x.shape[1:])
    fused = channel[:, None, None] + local + gathered  # (C, H, W)
    return fused.mean()


def test_ba2m_equals_its_formula(draw):
    module: Any = make("attn_ba2m", in_channels=6, reduction=2)
    x = draw(3, 6, 4, 5)
    scores = torch.stack([score(module, sample) for sample in x])
    weights = scores.exp() / scores.exp().sum()
    torch.testing.assert_close(module(x), weights[:, None, None, None] * x)
    module.keep_scale = True  # the same with the mean 1
    torch.testing.assert_close(module(x), 3 * weights[:, None, None, None] * x)


def test_ba2m_weighs_the_samples_of_a_batch(draw):
    module = make("attn_ba2m", in_channels=6, reduction=2)
    x = draw(4, 6, 5, 7)
    ratio = (module(x) / x).flatten(1)
    torch.testing.assert_close(ratio, ratio[:, :1].expand_as(ratio))  # one weight a sample
    assert ratio[:, 0].sum().item() == pytest.approx(1)
    assert ratio.min() > 0
    order = torch.tensor([2, 0, 3, 1])
    torch.testing.assert_close(module(x[order]), module(x)[order])


def test_ba2m_leaves_a_single_sample_alone(draw):
    x = draw(1, 6, 5, 7)
    assert torch.equal(make("attn_ba2m", in_channels=6, reduction=2)(x), x)


def test_interflow_equals_its_formula(draw):
    module: Any = make("attn_interflow", num_classes=4, stages=3, hidden=5)
    stages = [draw(6, 4) for _ in range(3)]
    y, weights = module(*stages)
    first, _, last = module.attention
    for n in range(6):
        hidden = (first.weight @ torch.cat([z[n] for z in stages]) + first.bias).clamp(min=0)
        w = F.softmax(last.weight @ hidden + last.bias, dim=0)
        torch.testing.assert_close(weights[n], w)
        torch.testing.assert_close(y[n], w[0] * stages[0][n] + w[1] * stages[1][n] + w[2] * stages[2][n])


def test_interflow_averages_with_weights_of_the_sum_one(draw):
    module = make("attn_interflow", num_classes=4, stages=3)
    z = draw(5, 4)
    y, weights = module(z, z, z)
    torch.testing.assert_close(y, z)
    torch.testing.assert_close(weights.sum(1), torch.ones(5, dtype=torch.float64))
    assert weights.min() > 0


def test_interflow_says_what_does_not_fit(draw):
    module = create("attn_interflow", num_classes=4, stages=2).double()
    with pytest.raises(InputError, match="2 stages and 3 wires"):
        module(draw(5, 4), draw(5, 4), draw(5, 4))
    with pytest.raises(InputError, match="one shape"):
        module(draw(5, 4), draw(5, 3))

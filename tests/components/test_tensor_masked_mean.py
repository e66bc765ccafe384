"""The mean over a sequence against a loop over its real steps."""

import pytest
import torch

import components


def test_equals_the_mean_of_the_real_steps() -> None:
    mean = components.create("op_masked_mean")
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(3, 5, 4, generator=generator)
    pad = torch.tensor([[False] * 5, [False, False, True, True, True], [True, False, True, False, True]])
    expected = torch.stack([row[~hidden].mean(0) for row, hidden in zip(x, pad, strict=True)])
    torch.testing.assert_close(mean(x, pad), expected)
    torch.testing.assert_close(mean(x), x.mean(1))


def test_a_sequence_of_padding_gives_zero() -> None:
    mean = components.create("op_masked_mean")
    y = mean(torch.ones(1, 3, 2), torch.ones(1, 3, dtype=torch.bool))
    assert y.tolist() == [[0.0, 0.0]]


@pytest.mark.parametrize("value", [7.0, float("inf")])
def test_padding_is_not_read(value: float) -> None:
    mean = components.create("op_masked_mean")
    x = torch.ones(1, 3, 2)
    x[0, 2] = value
    y = mean(x, torch.tensor([[False, False, True]]))
    assert y.tolist() == [[1.0, 1.0]]

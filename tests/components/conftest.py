"""What the value tests share."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

Draw = Callable[..., Tensor]


@pytest.fixture
def draw() -> Draw:
    """``draw(2, 3, 5)`` is a normal double tensor of that shape: the same in every run, another at each call."""
    generator = torch.Generator().manual_seed(0)

    def drawn(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    return drawn

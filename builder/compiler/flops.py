"""FLOPs by ATen operation: PyTorch's own formulas, and those it lacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils.flop_counter import flop_registry

_aten = torch.ops.aten


def _recurrent(x: Tensor, weight_ih: Tensor, weight_hh: Tensor, *rest: Any, out_val: Any, **named: Any) -> int:
    """One layer and direction of an LSTM as oneDNN runs it, x (T, N, C): each weight meets each step of each sample."""
    return 2 * x.shape[0] * x.shape[1] * (weight_ih.numel() + weight_hh.numel())


FORMULAS: dict[Any, Callable[..., int]] = {**flop_registry, _aten.mkldnn_rnn_layer: _recurrent}
"""By operation, a function of its arguments and its result (``out_val``). A product and a sum count two."""

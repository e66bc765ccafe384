"""Shapes of a few frequent ATen operations without PyTorch's Python decompositions, which cost up to 2 ms a call on the meta device.

Only calls whose result is plain are answered; anything else (a mismatch above all) is left to PyTorch, which then also words the error.
A test holds each entry against PyTorch's own answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

_aten = torch.ops.aten


def _like(x: Tensor, *_: Any, **__: Any) -> Tensor:
    return torch.empty(x.shape, dtype=x.dtype, device="meta")


def _addmm(bias: Tensor, a: Tensor, b: Tensor, **kwargs: Any) -> Tensor | None:
    if a.dim() != 2 or b.dim() != 2 or a.shape[1] != b.shape[0] or bias.shape != (b.shape[1],) or a.dtype != b.dtype:
        return None
    return torch.empty((a.shape[0], b.shape[1]), dtype=a.dtype, device="meta")


def _mm(a: Tensor, b: Tensor) -> Tensor | None:
    if a.dim() != 2 or b.dim() != 2 or a.shape[1] != b.shape[0] or a.dtype != b.dtype:
        return None
    return torch.empty((a.shape[0], b.shape[1]), dtype=a.dtype, device="meta")


def _bmm(a: Tensor, b: Tensor) -> Tensor | None:
    if a.dim() != 3 or b.dim() != 3 or a.shape[0] != b.shape[0] or a.shape[2] != b.shape[1] or a.dtype != b.dtype:
        return None
    return torch.empty((a.shape[0], a.shape[1], b.shape[2]), dtype=a.dtype, device="meta")


def _batch_norm(x: Tensor, weight: Tensor | None, bias: Tensor | None, *rest: Any) -> tuple[Tensor, ...] | None:
    statistics = [t for t in (weight, bias, *rest[:2]) if isinstance(t, Tensor)]
    if x.dim() < 2 or any(t.shape != (x.shape[1],) for t in statistics):
        return None
    return _like(x), *(torch.empty(x.shape[1], dtype=x.dtype, device="meta") for _ in range(2))


def _layer_norm(x: Tensor, shape: Any, *rest: Any) -> tuple[Tensor, ...] | None:
    shape = tuple(shape)
    if x.shape[x.dim() - len(shape) :] != shape:
        return None
    outer = (*x.shape[: x.dim() - len(shape)], *(1 for _ in shape))
    return _like(x), *(torch.empty(outer, dtype=x.dtype, device="meta") for _ in range(2))


def _add(a: Any, b: Any, **kwargs: Any) -> Tensor | None:
    if not isinstance(a, Tensor) or not isinstance(b, Tensor) or a.shape != b.shape or a.dtype != b.dtype:
        return None
    return _like(a) if a.dtype.is_floating_point else None


_UNARY = ("relu", "tanh", "sigmoid", "gelu", "silu", "elu", "leaky_relu", "hardtanh", "hardswish", "mish", "softplus", "exp")

SHAPES: dict[Any, Callable[..., Any]] = {
    **{getattr(_aten, name).default: _like for name in _UNARY},
    _aten._softmax.default: _like,
    _aten.addmm.default: _addmm,
    _aten.mm.default: _mm,
    _aten.bmm.default: _bmm,
    _aten.native_batch_norm.default: _batch_norm,
    _aten.native_layer_norm.default: _layer_norm,
    _aten.add.Tensor: _add,
    _aten.mul.Tensor: _add,
}
"""By operation, a function of its arguments: the result on the meta device, or None to ask PyTorch."""


def answer(func: Any, args: Any, kwargs: Any) -> Any:
    """The result of an operation on float meta tensors where it is known, else None."""
    shape = SHAPES.get(func)
    first = args[0] if args else None
    if shape is None or not isinstance(first, Tensor) or not first.is_meta or not first.dtype.is_floating_point:
        return None
    return shape(*args, **kwargs)

"""Shapes of a few operations that PyTorch takes long to find: up to 4 ms a call on meta, and 7 ms a recurrent step.

Only calls whose result is plain are answered: contiguous float tensors that fit together. Anything else (a mismatch
above all) is left to PyTorch, which then also words the error. A test holds each entry against PyTorch's own answer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

_aten = torch.ops.aten


def _empty(shape: Sequence[int], like: Tensor) -> Tensor:
    return torch.empty(shape, dtype=like.dtype, device="meta")


def _plain(*tensors: Any, dtype: torch.dtype) -> bool:
    return all(
        isinstance(t, Tensor) and t.is_meta and t.dtype == dtype and t.is_contiguous() for t in tensors if t is not None
    )


def _like(x: Tensor, *_: Any, **__: Any) -> Tensor:
    return _empty(x.shape, x)


def _softmax(x: Tensor, dim: int, half_to_float: bool) -> Tensor | None:
    rank = max(x.dim(), 1)
    if not -rank <= dim < rank:  # on meta PyTorch itself lets this pass, to fail on real tensors
        raise IndexError(f"Dimension out of range (expected to be in range of [{-rank}, {rank - 1}], but got {dim})")
    return None if half_to_float else _empty(x.shape, x)


def _addmm(bias: Tensor, a: Tensor, b: Tensor, **_: Any) -> Tensor | None:
    if not _is_product(a, b) or bias.shape != (b.shape[1],):
        return None
    return _empty((a.shape[0], b.shape[1]), a) if bias.dtype == a.dtype == b.dtype else None


def _mm(a: Tensor, b: Tensor) -> Tensor | None:
    return _empty((a.shape[0], b.shape[1]), a) if _is_product(a, b) and a.dtype == b.dtype else None


def _is_product(a: Tensor, b: Tensor) -> bool:
    return b.is_meta and a.dim() == 2 and b.dim() == 2 and a.shape[1] == b.shape[0]


def _bmm(a: Tensor, b: Tensor) -> Tensor | None:
    fits = a.dim() == 3 and b.dim() == 3 and a.shape[0] == b.shape[0] and a.shape[2] == b.shape[1]
    return _empty((a.shape[0], a.shape[1], b.shape[2]), a) if fits and b.is_meta and a.dtype == b.dtype else None


def _batch_norm(x: Tensor, weight: Tensor | None, bias: Tensor | None, *rest: Any) -> tuple[Tensor, ...] | None:
    statistics = [t for t in (weight, bias, *rest[:2]) if t is not None]
    fits = x.dim() >= 2 and all(t.shape == (x.shape[1],) for t in statistics)
    if not fits or not _plain(x, *statistics, dtype=x.dtype):
        return None
    return _empty(x.shape, x), _empty((x.shape[1],), x), _empty((x.shape[1],), x)


def _layer_norm(
    x: Tensor, shape: Sequence[int], weight: Tensor | None, bias: Tensor | None, eps: float
) -> tuple[Tensor, ...] | None:
    shape, rank = tuple(shape), x.dim() - len(shape)
    affine = [t for t in (weight, bias) if t is not None]
    fits = rank >= 0 and x.shape[rank:] == shape and all(t.shape == shape for t in affine)
    if not fits or not _plain(x, *affine, dtype=x.dtype):
        return None
    outer = (*x.shape[:rank], *(1 for _ in shape))
    return _empty(x.shape, x), _empty(outer, x), _empty(outer, x)


def _same(a: Tensor, b: Any, **_: Any) -> Tensor | None:
    return _empty(a.shape, a) if isinstance(b, Tensor) and b.shape == a.shape and _plain(b, dtype=a.dtype) else None


_UNARY = (
    "elu", "exp", "gelu", "hardswish", "hardtanh", "leaky_relu", "mish", "relu", "sigmoid", "silu", "softplus", "tanh",
)  # fmt: skip

SHAPES: dict[Any, Callable[..., Any]] = {
    **{getattr(_aten, name).default: _like for name in _UNARY},
    _aten._softmax.default: _softmax,
    _aten.addmm.default: _addmm,
    _aten.mm.default: _mm,
    _aten.bmm.default: _bmm,
    _aten.native_batch_norm.default: _batch_norm,
    _aten.native_layer_norm.default: _layer_norm,
    _aten.add.Tensor: _same,
    _aten.mul.Tensor: _same,
}
"""By operation, a function of its arguments: the result on the meta device, or None to ask PyTorch."""

_PRODUCTS = frozenset({_aten.addmm.default, _aten.mm.default, _aten.bmm.default})


def answer(func: Any, args: Any, kwargs: Any) -> Any:
    """The result of an operation on float meta tensors where it is known, else None."""
    shape = SHAPES.get(func)
    first = args[0] if args else None
    if shape is None or not isinstance(first, Tensor) or not first.is_meta or not first.dtype.is_floating_point:
        return None
    if func not in _PRODUCTS and not first.is_contiguous():  # a product comes out contiguous whatever goes in
        return None
    return shape(*args, **kwargs)


# ------------------------------------------------------------------ recurrent layers

RECURRENT = frozenset({torch.lstm, torch.gru, torch.rnn_tanh, torch.rnn_relu})


def recurrent(args: Sequence[Any]) -> tuple[tuple[Tensor, ...], int]:
    """What a recurrent layer of these arguments gives (without values), and its FLOPs.

    The module has checked its inputs before it calls. Packed sequences come as (data, batch sizes, states, weights ...),
    others as (input, states, weights ...). Each matrix meets each step of each sample once.
    """
    packed = not isinstance(args[3], bool)
    x, (states, weights) = args[0], args[2:4] if packed else args[1:3]
    bidirectional = args[8] if packed else args[7]
    states = (states,) if isinstance(states, Tensor) else tuple(states)
    steps, width = x.shape[:-1], states[0].shape[-1] * (2 if bidirectional else 1)
    cost = 2 * math.prod(steps) * sum(w.numel() for w in weights if w.dim() == 2)
    return (x.new_empty((*steps, width)), *(s.new_empty(s.shape) for s in states)), cost

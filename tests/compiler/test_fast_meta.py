"""Each fast shape equals PyTorch's own answer on the meta device; what does not fit is left to PyTorch."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence
from torch.utils._pytree import tree_leaves

from builder.compiler.fast_meta import SHAPES, answer
from builder.compiler.inference import Unallocated

aten = torch.ops.aten


def meta(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.empty(shape, dtype=dtype, device="meta")


UNARY = [op for op, shape in SHAPES.items() if shape.__name__ == "_like"]
X, HALF = meta(5, 7, 3), meta(2, 3, dtype=torch.float16)
CALLS: list[tuple[Any, tuple[Any, ...], dict[str, Any]]] = [
    *((op, (x,), {}) for op in UNARY for x in (X, HALF, meta(), meta(0, 3))),
    (aten.gelu.default, (X,), {"approximate": "tanh"}),
    (aten.leaky_relu.default, (X, 0.2), {}),
    (aten.elu.default, (X, 1.5, 1, 2), {}),
    (aten.hardtanh.default, (X, 0.0, 6.0), {}),
    *((aten._softmax.default, (X, dim, False), {}) for dim in (0, 2, -1, -3)),
    (aten._softmax.default, (meta(), 0, False), {}),
    (aten.addmm.default, (meta(4), meta(3, 5), meta(5, 4)), {}),
    (aten.addmm.default, (meta(4), meta(3, 5), meta(4, 5).t()), {"beta": 2, "alpha": 3}),
    (aten.mm.default, (meta(3, 5), meta(5, 4)), {}),
    (aten.mm.default, (meta(5, 3).t(), meta(4, 5).t()), {}),
    (aten.bmm.default, (meta(2, 3, 5), meta(2, 5, 4)), {}),
    (aten.bmm.default, (meta(2, 5, 3).transpose(1, 2), meta(2, 5, 4)), {}),
    *(
        (aten.native_batch_norm.default, (x, weight, weight, running, running, True, 0.1, 1e-5), {})
        for x in (meta(4, 6), meta(4, 6, 5), meta(4, 6, 5, 3), meta(4, 6, 5, 3, 2))
        for weight in (None, meta(6))
        for running in (None, meta(6))
    ),
    (aten.native_batch_norm.default, (meta(4, 6), meta(6), meta(6), meta(6), meta(6), False, 0.1, 1e-5), {}),
    *((aten.native_layer_norm.default, (X, [3], w, w, 1e-5), {}) for w in (None, meta(3))),
    (aten.native_layer_norm.default, (X, [7, 3], meta(7, 3), None, 1e-5), {}),
    (aten.native_layer_norm.default, (X, [5, 7, 3], None, None, 1e-5), {}),
    (aten.add.Tensor, (X, X), {}),
    (aten.add.Tensor, (X, X), {"alpha": 2}),
    (aten.mul.Tensor, (HALF, HALF), {}),
]


def facts(result: Any) -> list[Any]:
    results = result if isinstance(result, tuple) else (result,)
    return [(r.shape, r.stride(), r.dtype, r.device.type) for r in results]


@pytest.mark.parametrize(
    ("op", "args", "kwargs"), CALLS, ids=lambda v: v.name() if hasattr(v, "overloadpacket") else ""
)
def test_the_answer_is_that_of_pytorch(op: Any, args: Any, kwargs: Any) -> None:
    found = answer(op, args, kwargs)
    assert found is not None, "a plain call must be fast"
    assert facts(found) == facts(op(*args, **kwargs))


def test_every_entry_is_tested() -> None:
    assert {op for op, _, _ in CALLS} == set(SHAPES)


TURNED = X.permute(2, 0, 1)
LEFT: list[tuple[Any, tuple[Any, ...]]] = [
    *((op, (x,)) for op in UNARY for x in (TURNED, X[:, :, :1], X[:1].expand(5, 7, 3))),
    (aten._softmax.default, (TURNED, 0, False)),
    (aten._softmax.default, (HALF, 0, True)),
    (aten.addmm.default, (meta(1), meta(3, 5), meta(5, 4))),
    (aten.addmm.default, (meta(3, 4), meta(3, 5), meta(5, 4))),
    (aten.add.Tensor, (X, meta(3))),
    (aten.add.Tensor, (X, TURNED.permute(1, 2, 0)[:, :, :1])),
    (aten.add.Tensor, (X, meta(5, 7, 3, dtype=torch.float64))),
    (aten.mul.Tensor, (X, 2.0)),
    (aten.mul.Tensor, (meta(5, dtype=torch.int64), meta(5, dtype=torch.int64))),
]


@pytest.mark.parametrize(("op", "args"), LEFT, ids=lambda v: v.name() if hasattr(v, "overloadpacket") else "")
def test_what_is_not_plain_is_left_to_pytorch(op: Any, args: Any) -> None:
    found = answer(op, args, {})
    assert found is None or facts(found) == facts(op(*args))


WRONG: list[tuple[Any, tuple[Any, ...]]] = [
    (aten.addmm.default, (meta(4), meta(3, 5), meta(6, 4))),
    (aten.addmm.default, (meta(5), meta(3, 5), meta(5, 4))),
    (aten.mm.default, (meta(3, 5), meta(4, 5))),
    (aten.mm.default, (meta(3, 5), meta(5))),
    (aten.bmm.default, (meta(2, 3, 5), meta(3, 5, 4))),
    (aten.bmm.default, (meta(2, 3, 5), meta(5, 4))),
    (aten.native_layer_norm.default, (X, [4], None, None, 1e-5)),
    (aten.native_layer_norm.default, (X, [3], meta(4), None, 1e-5)),
    (aten.native_layer_norm.default, (meta(3), [5, 3], None, None, 1e-5)),
    (aten.add.Tensor, (X, meta(4))),
    (aten.add.Tensor, (X, torch.zeros(5, 7, 3))),
]


@pytest.mark.parametrize(("op", "args"), WRONG, ids=lambda v: v.name() if hasattr(v, "overloadpacket") else "")
def test_mismatches_are_left_to_pytorch(op: Any, args: Any) -> None:
    assert answer(op, args, {}) is None
    with pytest.raises((RuntimeError, IndexError)):
        op(*args)


def test_batch_norm_mismatch_is_left_to_pytorch() -> None:
    # PyTorch's own meta function lets it pass; channels are checked where they are inferred.
    assert answer(aten.native_batch_norm.default, (meta(4, 6), meta(5), None, None, None, True, 0.1, 1e-5), {}) is None
    assert answer(aten.native_batch_norm.default, (meta(6), None, None, None, None, True, 0.1, 1e-5), {}) is None


# ------------------------------------------------------------------ recurrent layers

LAYERS = [
    lambda **k: nn.LSTM(7, 4, **k), lambda **k: nn.GRU(7, 4, **k), lambda **k: nn.RNN(7, 4, **k), lambda **k: nn.RNN(7, 4, nonlinearity="relu", **k),
    lambda **k: nn.LSTM(7, 4, proj_size=3, **k),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported")
@pytest.mark.parametrize("make", LAYERS, ids=["lstm", "gru", "tanh", "relu", "projected"])
@pytest.mark.parametrize(
    "options", [{}, {"num_layers": 2, "bidirectional": True}, {"bias": False}], ids=["one", "both ways", "no bias"]
)
@pytest.mark.parametrize("form", ["batch first", "time first", "one sample", "packed"])
def test_recurrent_layers_give_what_pytorch_gives(make: Any, options: dict[str, Any], form: str) -> None:
    layer = make(batch_first=form in ("batch first", "packed"), **options)
    x: Any = {"time first": torch.zeros(5, 3, 7), "one sample": torch.zeros(5, 7)}.get(form, torch.zeros(3, 5, 7))
    if form == "packed":
        x = pack_padded_sequence(x, torch.tensor([2, 5, 1]), batch_first=True, enforce_sorted=False)
    with torch.no_grad():
        expected = layer(x)
        with Unallocated("cpu") as mode:
            found = layer(x)
    assert list(map(_facts, tree_leaves(found))) == list(map(_facts, tree_leaves(expected)))
    steps = {"one sample": 5, "packed": 8}.get(form, 15)
    assert mode.flops == 2 * steps * sum(p.numel() for p in layer.parameters() if p.dim() == 2)


def _facts(value: Any) -> Any:
    return (value.shape, value.dtype) if isinstance(value, Tensor) else value


def test_recurrent_layers_still_check_their_inputs() -> None:
    with pytest.raises(RuntimeError, match="Expected 7, got 5"), Unallocated("meta"):
        nn.LSTM(7, 4)(meta(2, 3, 5))


@pytest.mark.parametrize("dim", [3, -4])
def test_softmax_over_an_axis_that_is_not_there(dim: int) -> None:
    with pytest.raises(IndexError, match=r"expected to be in range of \[-3, 2\], but got"):
        torch.softmax(torch.zeros(5, 7, 3), dim)
    with pytest.raises(IndexError, match=r"expected to be in range of \[-3, 2\], but got"):
        answer(aten._softmax.default, (X, dim, False), {})

"""One node's shapes, by running its own forward on the meta device: no shape function is written anywhere.

Nothing is allocated and nothing initialised. Results are cached by component, parameters and incoming shapes, so that
an edit costs what lies downstream of it, and equal layers cost one.
"""

from __future__ import annotations

import functools
import itertools
import math
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from builder.compiler import fast_meta
from builder.compiler.explain import Reason, explain
from builder.compiler.rng import isolated_rng
from components.errors import InputError
from components.spec import MISSING, Component, ParameterError

_FACTORIES = frozenset(
    getattr(torch, name)
    for name in (
        "arange", "as_tensor", "bartlett_window", "blackman_window", "empty", "empty_strided", "eye", "full",
        "hamming_window", "hann_window", "kaiser_window", "linspace", "logspace", "ones", "rand", "randint", "randn",
        "randperm", "scalar_tensor", "tensor", "tril_indices", "triu_indices", "zeros",
    )
)  # fmt: skip
CACHE_SIZE = 20_000
REAL_SIZES = (2, 3)  # of a varying axis in a real example
REAL_BYTES = 2**28  # of the weights and inputs of a real example
FROM_VALUES = -1
"""Stands for a size that depends on the values of an input, such as the number of graphs in a batch."""


@dataclass(frozen=True)
class Meta:
    """The shape and dtype of a tensor that does not exist."""

    shape: tuple[int, ...]
    dtype: torch.dtype = torch.float32
    high: int | None = None

    def tensor(self) -> Tensor:
        return torch.empty(self.shape, dtype=self.dtype, device="meta")

    @property
    def bytes(self) -> int:
        return self.dtype.itemsize * math.prod(self.shape)


@dataclass(frozen=True)
class Inference:
    """What a node gives for these inputs. ``cost`` is in FLOPs of the whole propagated batch."""

    outputs: tuple[Meta | None, ...]
    parameters: int
    cost: int


class NodeError(ValueError):
    """A node whose parameters or inputs do not fit, in English and Chinese; ``param`` or ``port`` says where.

    ``{shapes}`` in a message stands for what arrives at the node: only the graph knows the names of its axes.
    """

    def __init__(self, message: tuple[str, str], code: str = "invalid", param: str = "", port: str = "") -> None:
        self.pair, self.code, self.param, self.port = message, code, param, port
        super().__init__(message[0])

    def again(self) -> NodeError:
        """The same error to raise once more: an exception carries the traceback of where it was raised."""
        return NodeError(self.pair, self.code, self.param, self.port)


class Unallocated(TorchFunctionMode):
    """Creates tensors on a device and skips their initialisation, in this thread only. Recurrent layers do not run."""

    def __init__(self, device: str) -> None:
        super().__init__()
        self.device = device
        self.flops = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if getattr(func, "__module__", None) == "torch.nn.init":
            return args[0] if args else kwargs["tensor"]
        if func in fast_meta.RECURRENT and not kwargs:
            result, cost = fast_meta.recurrent(args)
            self.flops += cost
            return result
        if func in _FACTORIES and kwargs.get("device") is None:
            kwargs = {**kwargs, "device": self.device}
        return func(*args, **kwargs)


class _Cost(TorchDispatchMode):
    """Adds up the FLOPs of the operations that run inside."""

    def __init__(self) -> None:
        super().__init__()
        self.flops = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = fast_meta.answer(func, args, kwargs or {})
        if out is None:
            out = func(*args, **(kwargs or {}))
        formula = flop_registry.get(func.overloadpacket)
        if formula is not None:
            self.flops += formula(*args, **(kwargs or {}), out_val=out)
        return out


# ------------------------------------------------------------------ parameters


@dataclass(slots=True)
class Resolved:
    """The parameter values of a node and every rule that is broken, with what follows from them once it is asked for.

    It is shared by all nodes of the same component, parameters and incoming shapes: do not change the values.
    """

    component: Component
    values: dict[str, Any]
    errors: tuple[NodeError, ...]
    inputs: Mapping[str, Sequence[Meta]]
    varying: frozenset[int]
    _found: Inference | NodeError | None = None

    def infer(self) -> Inference:
        """Shapes, dtypes, parameter count and cost; NodeError where the component refuses its values or inputs."""
        if self._found is None:
            self._found = _infer_or_error(self.component, self.values, self.inputs, self.varying)
        if isinstance(self._found, NodeError):
            raise self._found.again()
        return self._found


def resolve_params(
    component: Component,
    params: Mapping[str, Any],
    inputs: Mapping[str, Sequence[Meta]],
    varying: frozenset[int] = frozenset(),
) -> tuple[dict[str, Any], list[NodeError]]:
    """All parameter values of a node: given, default, or inferred from its inputs; and every rule that is broken.

    ``varying`` are the sizes that stand for axes without a fixed size: no parameter can follow from one.
    """
    values, broken = component.check(params, component.id)
    errors = [NodeError((e.message, e.message_zh), "parameter", e.parameter) for e in broken]
    failed = {e.parameter for e in broken}
    for name, parameter in component.parameters.items():
        if parameter.inferred is None or name in failed:
            continue
        port = parameter.inferred.port
        arriving = inputs.get(port)
        if not arriving:
            continue
        try:
            found = parameter.inferred.value(arriving[0].shape)
        except IndexError:
            continue  # the rank is wrong: reported at the port
        if parameter.inferred.high:
            found = arriving[0].high
            if found is None:  # nobody knows: the default stands
                if name not in values and parameter.default is not MISSING:
                    values[name] = parameter.default
                continue
        elif found in varying:
            message = (
                f"{name} would follow from an axis of port '{port}' whose size varies: {{shapes}}. "
                "Move a fixed axis there, for example with Swap two axes.",
                f"{name} 会取自端口“{port}”中大小可变的维度：{{shapes}}。"
                "请把大小固定的维度移到该处，例如使用“交换两个维度”。",
            )
            errors.append(NodeError(message, "parameter", name, port))
            continue
        if name not in values:
            try:
                values[name] = parameter.check(found, component.id)
            except ParameterError as error:
                errors.append(NodeError((error.message, error.message_zh), "parameter", name, port))
        elif values[name] < found if parameter.inferred.high else values[name] != found:
            errors.append(NodeError(_mismatch(name, values[name], port, found), "mismatch", name, port))
    return values, errors


def _mismatch(name: str, given: Any, port: str, found: Any) -> tuple[str, str]:
    return (
        f"{name} is set to {given}, but port '{port}' brings {found}.",
        f"{name} 设为 {given}，但端口“{port}”传入的是 {found}。",
    )


# ------------------------------------------------------------------ building and calling


def build(component: Component, values: Mapping[str, Any], device: str | None = None) -> Any:
    """The component's module (or the function of an op); on ``device`` without initialisation where one is given.

    Raises:
        NodeError: the component refuses its parameters.
    """
    if component.form == "op":
        return component.factory
    missing = [n for n, p in component.parameters.items() if n not in values and p.default is MISSING]
    if missing:
        raise NodeError(
            (f"'{missing[0]}' is not known: set it or wire its port.", f"“{missing[0]}”未知：请设置它或连接端口。"),
            "parameter",
            missing[0],
        )
    try:
        if device is None:
            return component.factory(**values)
        with Unallocated(device):
            return component.factory(**values)
    except ParameterError as error:
        raise NodeError((error.message, error.message_zh), "parameter", error.parameter) from None
    except Exception as error:  # whatever a constructor raises is the answer: these values do not go together
        raise _in_words(component, values, {}, error, "parameter") from None


def call(component: Component, module: Any, values: Mapping[str, Any], inputs: Mapping[str, Sequence[Any]]) -> Any:
    """Runs a component on its inputs by port: the one place that knows how ports become arguments."""
    args, kwargs = arguments(component, inputs)
    if component.form == "op":
        kwargs = {**kwargs, **values}
    target = module.update if component.kind == "metric" else module
    return target(*args, **kwargs)


def arguments(component: Component, inputs: Mapping[str, Sequence[Any]]) -> tuple[list[Any], dict[str, Any]]:
    """Positional and keyword arguments of a forward; an absent optional port is left to its default.

    A builder's module is torch's own, whose argument names are not the ports': there a gap becomes None.
    """
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    ports = [port for port in component.inputs.values() if port.dims.kind == "tensor"]
    for index, port in enumerate(ports):
        given = list(inputs.get(port.name, ()))
        if port.variadic:
            args += given
        elif not given:
            later = any(inputs.get(p.name) for p in ports[index + 1 :])
            if component.form == "builder" and later:
                args.append(None)
        elif port.optional and component.form != "builder":
            kwargs[port.name] = given[0]
        else:
            args.append(given[0])
    return args, kwargs


# ------------------------------------------------------------------ the cache


class Cache:
    """The results used last, shared by all threads."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._found: OrderedDict[Any, Any] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Any) -> Any:
        with self._lock:
            found = self._found.get(key)
            if found is not None:
                self._found.move_to_end(key)
            return found

    def put(self, key: Any, value: Any) -> None:
        with self._lock:
            self._found[key] = value
            while len(self._found) > self.size:
                self._found.popitem(last=False)

    def clear(self) -> None:
        with self._lock:
            self._found.clear()


_CACHE = Cache(CACHE_SIZE)


def resolve(
    component: Component,
    params: Mapping[str, Any],
    inputs: Mapping[str, Sequence[Meta]],
    varying: frozenset[int] = frozenset(),
) -> Resolved:
    """``resolve_params``, from the cache where nothing has changed."""
    # The factory is in the key because a component that is edited while the app runs is registered anew.
    key = (component.factory, repr(params), tuple((port, *metas) for port, metas in inputs.items()), varying)
    found = _CACHE.get(key)
    if found is None:
        values, errors = resolve_params(component, params, inputs, varying)
        inputs = {port: tuple(metas) for port, metas in inputs.items()}
        found = Resolved(component, values, tuple(errors), inputs, varying)
        _CACHE.put(key, found)
    return found


def infer(
    component: Component,
    values: Mapping[str, Any],
    inputs: Mapping[str, Sequence[Meta]],
    varying: frozenset[int] = frozenset(),
) -> Inference:
    """Shapes, dtypes, parameter count and cost of a node with resolved values.

    ``varying`` are the sizes that stand for axes without a fixed size.

    Raises:
        NodeError: the component refuses its parameters or its inputs.
    """
    found = _infer_or_error(component, values, inputs, varying)
    if isinstance(found, NodeError):
        raise found
    return found


def clear_cache() -> None:
    """Forgets every inference (for measurements)."""
    _CACHE.clear()


# ------------------------------------------------------------------ running


def _infer_or_error(
    component: Component, values: Mapping[str, Any], inputs: Mapping[str, Sequence[Meta]], varying: frozenset[int]
) -> Inference | NodeError:
    try:
        return _infer(component, values, inputs, varying)
    except NodeError as error:
        return error.again()


def _infer(
    component: Component, values: Mapping[str, Any], inputs: Mapping[str, Sequence[Meta]], varying: frozenset[int]
) -> Inference:
    module = build(component, values, "meta")
    needs_values = "real_shapes" in component.tags
    size = _bytes(module) + _real_bytes(inputs, varying)
    if needs_values and size <= REAL_BYTES:
        return _infer_real(component, values, inputs, varying)
    try:
        tensors = {port: [m.tensor() for m in metas] for port, metas in inputs.items()}
    except (RuntimeError, TypeError, OverflowError) as error:  # sizes beyond 63 bits
        raise _in_words(component, values, inputs, error, "shape") from None
    try:
        outputs, cost = _run(component, module, values, tensors, inputs, "meta")
    except NodeError:
        if not needs_values:
            raise
        message = (
            f"Its shapes show only when it runs, and its weights and inputs take {size / 1e9:,.1f} GB. Make it smaller.",
            f"它的形状只有在运行时才能确定，而其权重与输入共占 {size / 1e9:,.1f} GB。请减小规模。",
        )
        raise NodeError(message, "memory") from None
    return Inference(outputs, count(module), cost)


def _run(
    component: Component,
    module: Any,
    values: Mapping[str, Any],
    tensors: Mapping[str, Sequence[Tensor]],
    inputs: Mapping[str, Sequence[Meta]],
    device: str,
) -> tuple[tuple[Meta | None, ...], int]:
    """Outputs and FLOPs of one forward; an error speaks of ``inputs``, for which ``tensors`` stand."""
    try:
        with torch.no_grad(), Unallocated(device) as skipped, _Cost() as cost:
            result = call(component, module, values, tensors)
        results = result if isinstance(result, tuple | list) else (result,)
        odd = next((r for r in results if r is not None and not isinstance(r, Tensor)), None)
        if odd is not None:
            raise TypeError(f"its forward must return tensors, not {type(odd).__name__}")
    except NodeError:  # from inside a block parameter
        raise
    except ParameterError as error:
        raise NodeError((error.message, error.message_zh), "parameter", error.parameter) from None
    except Exception as error:  # whatever a forward raises is the answer: these inputs do not fit
        raise _in_words(component, values, inputs, error, "shape") from None
    return tuple(None if r is None else Meta(tuple(r.shape), r.dtype) for r in results), skipped.flops + cost.flops


def _infer_real(
    component: Component, values: Mapping[str, Any], inputs: Mapping[str, Sequence[Meta]], varying: frozenset[int]
) -> Inference:
    """Runs tiny real examples and reads off how the outputs follow from the sizes that vary.

    Each varying axis takes two neighbouring sizes. Sizes and costs are linear in each axis, so that their values at
    these corners give the value at any size.
    """
    with isolated_rng(0):
        return _from_examples(component, build(component, values, "cpu"), values, inputs, varying)


def _from_examples(
    component: Component,
    module: Any,
    values: Mapping[str, Any],
    inputs: Mapping[str, Sequence[Meta]],
    varying: frozenset[int],
) -> Inference:
    present = {size for metas in inputs.values() for m in metas for size in m.shape}
    axes = sorted(present & varying)
    corners = list(itertools.product(REAL_SIZES, repeat=len(axes)))

    def run(sizes: Sequence[int], fill: int = 0) -> tuple[tuple[Meta | None, ...], int]:
        small = dict(zip(axes, sizes, strict=True))
        tensors = {p: [_small(m, small, fill) for m in metas] for p, metas in inputs.items()}
        return _run(component, module, values, tensors, inputs, "cpu")

    runs = [run(corner) for corner in corners]
    low, high = REAL_SIZES
    weights = [
        math.prod(axis - low if size == high else high - axis for axis, size in zip(axes, corner, strict=True))
        for corner in corners
    ]

    def at_full_size(counts: Sequence[int]) -> int:
        return sum(weight * count for weight, count in zip(weights, counts, strict=True))

    outputs: list[Meta | None] = []
    for several in zip(*(found for found, _ in runs), strict=True):
        metas = [m for m in several if m is not None]
        shapes = zip(*(m.shape for m in metas), strict=True)
        outputs.append(Meta(tuple(map(at_full_size, shapes)), metas[0].dtype) if metas else None)
    if any(not m.dtype.is_floating_point for metas in inputs.values() for m in metas):
        filled = run(corners[0], fill=1)[0]
        outputs = [_from_values(a, b, full) for a, b, full in zip(runs[0][0], filled, outputs, strict=True)]
    return Inference(tuple(outputs), count(module), at_full_size([cost for _, cost in runs]))


def _from_values(zeros: Meta | None, ones: Meta | None, full: Meta | None) -> Meta | None:
    """The output of a full-size run, with the axes marked that differ where only the values of the inputs do."""
    if zeros is None or ones is None or full is None:
        return full
    shape = (size if a == b else FROM_VALUES for a, b, size in zip(zeros.shape, ones.shape, full.shape, strict=True))
    return Meta(tuple(shape), full.dtype)


def _small(meta: Meta, small: Mapping[int, int], fill: int) -> Tensor:
    value = 0 if meta.dtype.is_floating_point else fill
    return torch.full([small.get(size, size) for size in meta.shape], value, dtype=meta.dtype)


def _real_bytes(inputs: Mapping[str, Sequence[Meta]], varying: frozenset[int]) -> int:
    small = dict.fromkeys(varying, max(REAL_SIZES))
    shapes = ((m.dtype.itemsize, [small.get(s, s) for s in m.shape]) for metas in inputs.values() for m in metas)
    return sum(size * math.prod(shape) for size, shape in shapes)


def count(module: Any) -> int:
    """The weights of a module."""
    return sum(p.numel() for p in module.parameters()) if isinstance(module, nn.Module) else 0


def _bytes(module: Any) -> int:
    return sum(p.numel() * p.itemsize for p in module.parameters()) if isinstance(module, nn.Module) else 0


# ------------------------------------------------------------------ errors


def _in_words(
    component: Component,
    values: Mapping[str, Any],
    inputs: Mapping[str, Sequence[Meta]],
    error: Exception,
    code: str,
) -> NodeError:
    """What a constructor or a forward raised, as a problem of its node."""
    if isinstance(error, InputError):
        return NodeError((error.message, error.message_zh), code, port=next(iter(inputs), ""))
    reason = explain(component, values, {p: [m.shape for m in metas] for p, metas in inputs.items()}, error)
    if inputs:
        reason = Reason(
            f"{component.name} cannot work with {{shapes}}: {reason.en}",
            f"{component.name_zh}无法处理 {{shapes}}：{reason.zh}",
            reason.port,
            reason.param,
        )
    else:
        reason = Reason(f"{component.name}: {reason.en}", f"{component.name_zh}：{reason.zh}", "", reason.param)
    return NodeError((reason.en, reason.zh), code, reason.param, reason.port or next(iter(inputs), ""))


@functools.cache
def warm_up() -> None:
    """Pays a process's first meta call (about 2 s of lazy imports) ahead of time; call it in a background thread."""
    x = torch.empty(2, 3, 8, 8, device="meta")
    with torch.no_grad(), Unallocated("meta"), _Cost():
        nn.BatchNorm2d(3)(nn.Conv2d(3, 3, 3)(x))
        nn.Linear(8, 2)(torch.relu(x))

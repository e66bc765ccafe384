"""One node's shapes, by running its own forward on the meta device: no shape function is written anywhere.

Nothing is allocated and nothing initialised. Results are cached by component, parameters and incoming shapes, so that an edit costs what
lies downstream of it, and equal layers cost one.
"""

from __future__ import annotations

import functools
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
from components.spec import MISSING, Component, ParameterError

_FACTORIES = frozenset(
    getattr(torch, name)
    for name in (
        "empty", "zeros", "ones", "full", "tensor", "arange", "linspace", "rand", "randn", "randint", "randperm", "eye", "as_tensor",
    )
)  # fmt: skip
CACHE_SIZE = 20_000
REAL_SIZES = (2, 3)


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
        size = self.dtype.itemsize
        for axis in self.shape:
            size *= axis
        return size


@dataclass(frozen=True)
class Inference:
    """What a node gives for these inputs. ``cost`` is in FLOPs of the whole propagated batch."""

    outputs: tuple[Meta | None, ...]
    parameters: int
    cost: int


class NodeError(ValueError):
    """A node whose parameters or inputs do not fit, in English and Chinese; ``param`` or ``port`` says where."""

    def __init__(self, message: tuple[str, str], code: str = "invalid", param: str = "", port: str = "") -> None:
        self.pair, self.code, self.param, self.port = message, code, param, port
        super().__init__(message[0])


class _Unallocated(TorchFunctionMode):
    """Creates tensors on a device and skips their initialisation, in this thread only."""

    def __init__(self, device: str) -> None:
        super().__init__()
        self.device = device

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if getattr(func, "__module__", None) == "torch.nn.init":
            return args[0] if args else kwargs["tensor"]
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


def resolve_params(
    component: Component, params: Mapping[str, Any], inputs: Mapping[str, Sequence[Meta]]
) -> tuple[dict[str, Any], list[NodeError]]:
    """All parameter values of a node: given, default, or inferred from its inputs; and every rule that is broken."""
    values, broken = component.check(params, component.id)
    errors = [NodeError((e.message, e.message_zh), "parameter", e.parameter) for e in broken]
    failed = {e.parameter for e in broken}
    for name, parameter in component.parameters.items():
        if parameter.inferred is None or name in failed:
            continue
        arriving = inputs.get(parameter.inferred.port)
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
        if name not in values:
            try:
                values[name] = parameter.check(found, component.id)
            except ParameterError as error:
                errors.append(NodeError((error.message, error.message_zh), "parameter", name, parameter.inferred.port))
        elif values[name] < found if parameter.inferred.high else values[name] != found:
            errors.append(
                NodeError(
                    (
                        f"{name} is set to {values[name]}, but port '{parameter.inferred.port}' brings {found}.",
                        f"{name} 设为 {values[name]}，但端口“{parameter.inferred.port}”传入的是 {found}。",
                    ),
                    "mismatch",
                    name,
                    parameter.inferred.port,
                )
            )
    return values, errors


def build(component: Component, values: Mapping[str, Any], device: str | None = None) -> Any:
    """The component's module (or the function of an op); on ``device`` without initialisation where one is given."""
    if component.form == "op":
        return component.factory
    usable = {n: v for n, v in values.items()}
    missing = [n for n in component.parameters if n not in usable and _has_no_default(component, n)]
    if missing:
        raise NodeError(
            (f"'{missing[0]}' is not known: set it or wire its port.", f"“{missing[0]}”未知：请设置它或连接端口。"),
            "parameter",
            missing[0],
        )
    try:
        if device is None:
            return component.factory(**usable)
        with _Unallocated(device):
            return component.factory(**usable)
    except ParameterError as error:
        raise NodeError((error.message, error.message_zh), "parameter", error.parameter) from None
    except (ValueError, TypeError, RuntimeError, AssertionError, NotImplementedError) as error:
        text = _first_line(error)
        raise NodeError((f"{component.name}: {text}", f"{component.name_zh}：{text}"), "parameter") from None


def _has_no_default(component: Component, name: str) -> bool:
    return component.parameters[name].default is MISSING


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
    ports = list(component.inputs.values())
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


_CACHE: OrderedDict[Any, Inference | NodeError] = OrderedDict()
_LOCK = threading.Lock()


def infer(component: Component, values: Mapping[str, Any], inputs: Mapping[str, Sequence[Meta]]) -> Inference:
    """Shapes, dtypes, parameter count and cost of a node with resolved values.

    Raises:
        NodeError: the component refuses its parameters or its inputs.
    """
    key = (component.id, component.factory, repr(sorted(values.items())), tuple((p, tuple(m)) for p, m in inputs.items()))
    with _LOCK:
        found = _CACHE.get(key)
        if found is not None:
            _CACHE.move_to_end(key)
    if found is None:
        try:
            found = _infer(component, values, inputs)
        except NodeError as error:
            found = error
        with _LOCK:
            _CACHE[key] = found
            while len(_CACHE) > CACHE_SIZE:
                _CACHE.popitem(last=False)
    if isinstance(found, NodeError):
        raise found.with_traceback(None)
    return found


def clear_cache() -> None:
    """Forgets every inference (for measurements)."""
    with _LOCK:
        _CACHE.clear()


def _infer(component: Component, values: Mapping[str, Any], inputs: Mapping[str, Sequence[Meta]]) -> Inference:
    if "real_shapes" in component.tags:
        return _infer_real(component, values, inputs)
    module = build(component, values, "meta")
    tensors = {port: [m.tensor() for m in metas] for port, metas in inputs.items()}
    outputs, cost = _run(component, module, values, tensors, "meta")
    return Inference(outputs, _count(module), cost)


def _run(
    component: Component, module: Any, values: Mapping[str, Any], tensors: Mapping[str, Sequence[Tensor]], device: str
) -> tuple[tuple[Meta | None, ...], int]:
    try:
        with torch.no_grad(), _Unallocated(device), _Cost() as cost:
            result = call(component, module, values, tensors)
    except ParameterError as error:
        raise NodeError((error.message, error.message_zh), "parameter", error.parameter) from None
    except Exception as error:  # whatever a forward raises is the answer: these inputs do not fit
        raise _refusal(component, tensors, error) from None
    results = result if isinstance(result, tuple | list) else (result,)
    return tuple(None if r is None else Meta(tuple(r.shape), r.dtype) for r in results), cost.flops


def _infer_real(component: Component, values: Mapping[str, Any], inputs: Mapping[str, Sequence[Meta]]) -> Inference:
    """Runs a tiny real example twice, with two sizes of each varying axis, and reads off how the outputs follow."""
    module = build(component, values, "cpu")
    varying = {s for metas in inputs.values() for m in metas for s in m.shape if s >= 10007}
    runs = []
    for small in REAL_SIZES:
        tensors = {
            port: [_small(m, varying, small) for m in metas] for port, metas in inputs.items()
        }
        runs.append(_run(component, module, values, tensors, "cpu"))
    (first, cost), (second, _) = runs
    step = REAL_SIZES[1] - REAL_SIZES[0]
    prime = next(iter(varying), 0)
    outputs = []
    for a, b in zip(first, second, strict=True):
        if a is None or b is None:
            outputs.append(None)
            continue
        slopes = [(y - x) // step for x, y in zip(a.shape, b.shape, strict=True)]
        sizes = (x + slope * (prime - REAL_SIZES[0]) for x, slope in zip(a.shape, slopes, strict=True))
        outputs.append(Meta(tuple(sizes), a.dtype))
    return Inference(tuple(outputs), _count(module), cost * prime // REAL_SIZES[0] if prime else cost)


def _small(meta: Meta, varying: set[int], small: int) -> Tensor:
    return torch.zeros([small if s in varying else s for s in meta.shape], dtype=meta.dtype)


def _count(module: Any) -> int:
    return sum(p.numel() for p in module.parameters()) if isinstance(module, nn.Module) else 0


def _refusal(component: Component, tensors: Mapping[str, Sequence[Tensor]], error: Exception) -> NodeError:
    """A forward's exception in words; the shapes are named by whoever knows the graph's symbols (``{shapes}``)."""
    reason = _first_line(error)
    reason_zh = getattr(error, "message_zh", reason).rstrip("。")
    port = next(iter(tensors), "")
    return NodeError(
        (
            f"{component.name} cannot work with {{shapes}}: {reason}",
            f"{component.name_zh}无法处理 {{shapes}}：{reason_zh}",
        ),
        "shape",
        port=port,
    )


def _first_line(error: BaseException) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0].rstrip(".")[:300]


@functools.cache
def warm_up() -> None:
    """Pays the first meta call of a process (about 2 s of lazy imports) ahead of time; call it in a background thread."""
    x = torch.empty(2, 3, 8, 8, device="meta")
    with torch.no_grad(), _Unallocated("meta"), _Cost():
        nn.BatchNorm2d(3)(nn.Conv2d(3, 3, 3)(x))
        nn.Linear(8, 2)(torch.relu(x))

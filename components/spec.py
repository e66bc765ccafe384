"""What a component declares: its parameters and ports, read from a plain signature. Imports no torch.

A component takes one of three forms, told apart by what is decorated:

- a class (a layer, a loss, a metric, a data set, a schedule): parameters come from ``__init__``, ports from ``forward``
  (for a metric from ``update``);
- a function on tensors (an *op*): positional arguments are ports, keyword-only arguments are parameters;
- a function that builds a ready-made object (``-> nn.Module``, ``-> Optimizer``): its arguments are parameters and its
  ports stand in the decorator.
"""

from __future__ import annotations

import functools
import inspect
import re
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, create_model
from typing_extensions import TypedDict  # pydantic reads typing's own from Python 3.12 on

from components.docstring import Doc, parse_doc
from components.wording import describe_type

KINDS = (
    "dataset",
    "transform",
    "layer",
    "op",
    "loss",
    "metric",
    "optimizer",
    "scheduler",
    "init",
    "regularizer",
    "sampler",
    "strategy",
    "visualizer",
    "parametrization",
)
MISSING: Any = inspect.Parameter.empty


# ------------------------------------------------------------------ what stands in annotations


@dataclass(frozen=True)
class Inferred:
    """Marks a parameter that follows from the input at ``port``: the size of ``axis``, or its rank less ``rank_minus``.

    With ``high`` it is the number of different integers there (a vocabulary), where the data set knows it.
    """

    port: str
    axis: int = -1
    rank_minus: int | None = None
    high: bool = False

    def value(self, shape: Sequence[int]) -> int:
        """The parameter's value for an input of this shape; IndexError where the axis is missing."""
        return shape[self.axis] if self.rank_minus is None else len(shape) - self.rank_minus


@dataclass(frozen=True)
class Runtime:
    """Marks an argument that the engine passes (an optimizer's parameter list): neither a parameter nor a port."""


@dataclass(frozen=True)
class Block:
    """Marks a constructor argument that is a part of the graph: it receives a function from tensors to tensors.

    In a graph the value is the name of a block, whose weights then belong to the node, or ``{"node": id}``: what stands
    at that node, with its weights. ``inputs`` and ``outputs`` say in words what the function takes and gives.

    Example: ``critic: Annotated[Callable[..., Tensor], Block("x: B *", "score: B 1")]``.
    """

    inputs: str = ""
    outputs: str = ""


class NodeReference(TypedDict):
    """A block parameter that stands for what is at a node: its id, a path, or ``node/parameter``."""

    node: Annotated[str, Field(min_length=1, max_length=1000)]


BlockValue = Annotated[str, Field(min_length=1, max_length=120)] | NodeReference


@dataclass(frozen=True)
class Dims:
    """What a port carries: axis names, alternatives split by ``|``, ``*`` for any number of axes; its dtype and kind.

    Examples: ``Dims("B C H W")``, ``Dims("B T", dtype="int")``, ``Dims("B C L | B C H W")``, ``Dims("B *")``.
    """

    axes: str = "*"
    dtype: Literal["float", "int", "bool", "any"] = "float"
    kind: Literal["tensor", "schedule"] = "tensor"

    def alternatives(self) -> list[list[str]]:
        """One list of axis names per accepted layout; a scalar is the empty list."""
        return [part.replace("()", "").split() for part in self.axes.split("|")]

    def accepts_rank(self, rank: int) -> bool:
        return any(rank >= len(axes) - 1 if "*" in axes else rank == len(axes) for axes in self.alternatives())

    def __str__(self) -> str:
        if self.kind != "tensor":
            return self.kind
        return " or ".join("(" + ", ".join(axes) + ")" for axes in self.alternatives())


@dataclass(frozen=True)
class Ports:
    """Names what a forward returns: ``-> Annotated[tuple[Tensor, Tensor], Ports(y="B T D", weights="B h T S")]``."""

    dims: Mapping[str, Dims]

    def __init__(self, **dims: str | Dims) -> None:
        object.__setattr__(self, "dims", MappingProxyType({n: _as_dims(d) for n, d in dims.items()}))


@dataclass(frozen=True)
class NumberedPorts:
    """Names what a forward returns where a parameter says how many: ``y1``, ``y2`` ... for a number or a list.

    Example: ``-> Annotated[tuple[Tensor, ...], NumberedPorts("y", count="sections")]``.
    """

    prefix: str
    count: str
    dims: Dims

    def __init__(self, prefix: str, count: str, dims: str | Dims = "*") -> None:
        object.__setattr__(self, "prefix", prefix)
        object.__setattr__(self, "count", count)
        object.__setattr__(self, "dims", _as_dims(dims))

    def ports(self, value: int | Sequence[Any]) -> dict[str, Port]:
        """The ports for a value of the counting parameter."""
        count = value if isinstance(value, int) else len(value)
        return {(name := f"{self.prefix}{i}"): Port(name, self.dims) for i in range(1, count + 1)}


def _as_dims(dims: str | Dims) -> Dims:
    return dims if isinstance(dims, Dims) else Dims(dims)


# Parameter types that many components share: ``Field`` carries the range, ``Inferred`` where the value comes from.
Count = Annotated[int, Field(ge=1)]
NonNegative = Annotated[int, Field(ge=0)]
Probability = Annotated[float, Field(ge=0.0, le=1.0)]
DropRate = Annotated[float, Field(ge=0.0, lt=1.0)]
PositiveFloat = Annotated[float, Field(gt=0.0)]
NonNegativeFloat = Annotated[float, Field(ge=0.0)]
Size = Count | tuple[Count, ...]
NonNegativeSize = NonNegative | tuple[NonNegative, ...]
Padding = NonNegativeSize | Literal["same", "valid"]
InChannels = Annotated[int, Field(ge=1), Inferred("x", axis=1)]
InFeatures = Annotated[int, Field(ge=1), Inferred("x", axis=-1)]
SpatialDims = Annotated[Literal[1, 2, 3], Inferred("x", rank_minus=2)]


# ------------------------------------------------------------------ ports and parameters


@dataclass(frozen=True)
class Port:
    """A named input or output. A variadic input takes any number of edges in their order."""

    name: str
    dims: Dims = Dims()
    optional: bool = False
    variadic: bool = False


class ParameterError(ValueError):
    """A parameter value that breaks its rule; ``message`` and ``message_zh`` name parameter, rule and value."""

    def __init__(self, component: str, parameter: str, rule: tuple[str, str], value: Any) -> None:
        self.component, self.parameter, self.value = component, parameter, value
        got = "nothing" if value is MISSING else _brief(value)
        got_zh = "未给出" if value is MISSING else _brief(value)
        self.message = f"The '{parameter}' parameter of {component} must be {rule[0]}. Got {got} instead."
        self.message_zh = f"{component} 的参数“{parameter}”必须是{rule[1]}，收到：{got_zh}。"
        super().__init__(self.message)


def _brief(value: Any, limit: int = 80) -> str:
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


@dataclass(frozen=True)
class Parameter:
    """One constructor argument that a person may set."""

    name: str
    type: Any
    default: Any = MISSING
    inferred: Inferred | None = None
    description: str = ""
    block: Block | None = None

    @property
    def required(self) -> bool:
        return self.default is MISSING and self.inferred is None

    @property
    def rule(self) -> tuple[str, str]:
        """What the value must be, in English and Chinese."""
        return _BLOCK_RULE if self.block else describe_type(self.type)

    @functools.cached_property
    def _adapter(self) -> TypeAdapter[Any]:
        return TypeAdapter(self.type, config=ConfigDict(strict=True, allow_inf_nan=False))

    def check(self, value: Any, component: str) -> Any:
        """The value as the constructor takes it (lists become tuples); ParameterError where it breaks the rule."""
        if self.block and (callable(value) or isinstance(value, Sub)):
            return value
        try:
            return self._adapter.validate_python(_freeze(value))
        except ValidationError:
            raise ParameterError(component, self.name, self.rule, value) from None


def _freeze(value: Any) -> Any:
    return tuple(_freeze(v) for v in value) if isinstance(value, list | tuple) else value


_BLOCK_RULE = ('the name of a block or {"node": the id of a node}', '模块名或 {"node": 节点编号}')


# ------------------------------------------------------------------ examples for the contract suite


@dataclass(frozen=True)
class Tensors:
    """How the contract suite makes one input: a shape with a kind of value."""

    shape: tuple[int, ...]
    kind: Literal["normal", "int", "bool", "positive", "probability", "edges"] = "normal"
    high: int = 0


def ints(*shape: int, high: int) -> Tensors:
    """An example input of random integers in [0, high)."""
    return Tensors(shape, "int", high)


def bools(*shape: int) -> Tensors:
    """An example input of random booleans."""
    return Tensors(shape, "bool")


def edges(count: int, nodes: int) -> Tensors:
    """An example edge_index of shape (2, count) over ``nodes`` nodes."""
    return Tensors((2, count), "edges", nodes)


@dataclass(frozen=True)
class Example:
    """One way to use a component: inputs by port (a list for a variadic port) and parameters."""

    inputs: Mapping[str, Any]
    params: Mapping[str, Any]


@dataclass(frozen=True)
class Sub:
    """A small block in an example: a component with all parameter values, what follows it, inputs that it ignores."""

    component: str
    params: Mapping[str, Any]
    then: Sub | None = None
    spare: int = 0


def sub(component: str, then: Sub | None = None, spare: int = 0, **params: Any) -> Sub:
    """The block of an example: ``sub("linear", in_features=3, out_features=1)``.

    Args:
        component: of its first node, which takes the block's inputs.
        then: the node behind it, which takes its outputs.
        spare: further inputs of the block that nothing reads.
        params: of the first node, those among them that would follow from a shape.
    """
    return Sub(component, params, then, spare)


def example(**values: Any) -> Mapping[str, Any]:
    """An example in a decorator: port names take shapes, parameter names take values."""
    return values


# ------------------------------------------------------------------ the component


@dataclass(frozen=True)
class Component:
    """An entry of the palette: what was decorated, with everything derived from its signature."""

    id: str
    kind: str
    family: str
    name: str
    name_zh: str
    help_zh: str
    source: str
    form: Literal["class", "op", "builder"]
    factory: Callable[..., Any]
    parameters: Mapping[str, Parameter]
    runtime: tuple[str, ...]
    inputs: Mapping[str, Port]
    outputs: Mapping[str, Port]
    numbered: NumberedPorts | None
    doc: Doc
    tags: frozenset[str]
    keywords: str
    examples: tuple[Example, ...]
    xfail: Mapping[str, str]

    @property
    def variadic(self) -> bool:
        """Whether an input takes any number of tensors."""
        return any(port.variadic for port in self.inputs.values())

    def label(self, language: str) -> str:
        return self.name_zh if language == "zh" else self.name

    def outputs_for(self, params: Mapping[str, Any]) -> Mapping[str, Port]:
        """The output ports under these values: ``outputs``, unless their number follows from a parameter.

        A value that breaks the parameter's rule gives the ports of the default.
        """
        if self.numbered is None or self.numbered.count not in params:
            return self.outputs
        try:
            value = self.parameters[self.numbered.count].check(params[self.numbered.count], self.id)
        except ParameterError:
            return self.outputs
        return self.numbered.ports(value)

    def check(self, params: Mapping[str, Any], component_name: str = "") -> tuple[dict[str, Any], list[ParameterError]]:
        """The values by parameter, defaults filled in (an inferred one stays out), and every rule that is broken."""
        name = component_name or self.id
        values: dict[str, Any] = {}
        errors: list[ParameterError] = []
        for unknown in params.keys() - self.parameters.keys():
            known = ", ".join(self.parameters) or "none"
            rule = (f"one of its parameters ({known})", f"其参数之一（{known}）")
            errors.append(ParameterError(name, str(unknown), rule, params[unknown]))
        for key, parameter in self.parameters.items():
            value = params.get(key, MISSING)
            if value is MISSING or (value is None and parameter.inferred):
                if parameter.required:
                    errors.append(ParameterError(name, key, parameter.rule, MISSING))
                elif parameter.inferred is None:
                    values[key] = parameter.default
                continue
            try:
                values[key] = parameter.check(value, name)
            except ParameterError as error:
                errors.append(error)
        return values, errors

    def schema(self) -> dict[str, Any]:
        """The JSON schema of the parameters; an inferred one carries ``x-inferred``, a block ``x-block``."""
        fields: dict[str, Any] = {}
        for name, parameter in self.parameters.items():
            extra: dict[str, Any] = {}
            if parameter.inferred:
                extra["x-inferred"] = parameter.inferred.port
            if parameter.block:
                extra["x-block"] = {"inputs": parameter.block.inputs, "outputs": parameter.block.outputs}
            default = ... if parameter.required else parameter.default
            if default is MISSING:
                default = None
            type_ = parameter.type | None if parameter.inferred else parameter.type
            fields[name] = (
                type_,
                Field(default, description=parameter.description, json_schema_extra=extra or None),
            )
        model = create_model(self.id, __config__=ConfigDict(extra="forbid"), **fields)
        return model.model_json_schema()

    def describe(self) -> dict[str, Any]:
        """The entry as plain data, as ``python -m builder components --json`` prints it."""

        def ports(all_: Mapping[str, Port]) -> list[dict[str, Any]]:
            return [
                {
                    "name": p.name,
                    "shape": str(p.dims),
                    "dtype": p.dims.dtype,
                    "kind": p.dims.kind,
                    "optional": p.optional,
                    "variadic": p.variadic,
                }
                for p in all_.values()
            ]

        return {
            "id": self.id,
            "kind": self.kind,
            "family": self.family,
            "name": self.name,
            "name_zh": self.name_zh,
            "params": self.schema(),
            "inputs": ports(self.inputs),
            "outputs": ports(self.outputs),
            "numbered_outputs": self.numbered and {"prefix": self.numbered.prefix, "count": self.numbered.count},
            "source": self.source,
            "summary": self.doc.summary,
            "summary_zh": self.help_zh,
        }


def read_component(
    target: Callable[..., Any],
    *,
    id: str,
    kind: str,
    family: str,
    name: str,
    name_zh: str,
    help_zh: str,
    source: str,
    inputs: Mapping[str, str | Dims] | None = None,
    outputs: Mapping[str, str | Dims] | None = None,
    schedules: Sequence[str] = (),
    tags: Sequence[str] = (),
    keywords: str = "",
    examples: Sequence[Mapping[str, Any]] = (),
    xfail: Mapping[str, str] | None = None,
) -> Component:
    """Reads a decorated class or function; ValueError names what its declaration lacks."""
    if kind not in KINDS:
        raise ValueError(f"The kind of component {id!r} must be one of {', '.join(KINDS)}. Got {kind!r} instead.")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", id):
        raise ValueError(f"A component's id must be lower-case words joined by '_'. Got {id!r} instead.")
    is_class = inspect.isclass(target)
    form: Literal["class", "op", "builder"]
    if is_class:
        form = "class"
    else:
        form = "op" if inputs is None and outputs is None else "builder"
    doc = parse_doc(target.__doc__)
    constructor = target.__init__ if is_class else target
    parameters, runtime = _read_parameters(constructor, form, doc)
    numbered = None
    if form == "builder" or (is_class and (inputs is not None or outputs is not None)):
        ports_in, ports_out = _declared_ports(inputs or {}), _declared_ports(outputs or {})
    else:
        forward = target if form == "op" else getattr(target, "update" if kind == "metric" else "forward")
        ports_in, ports_out, numbered = _forward_ports(forward, kind)
    ports_in |= {port: Port(port, Dims(kind="schedule"), optional=True) for port in schedules}
    if numbered:
        if numbered.count not in parameters:
            raise ValueError(f"{id}: its outputs are counted by an unknown parameter '{numbered.count}'.")
        ports_out = numbered.ports(parameters[numbered.count].default)
    split = tuple(
        Example(
            {k: v for k, v in e.items() if k in ports_in},
            {k: v for k, v in e.items() if k not in ports_in},
        )
        for e in examples
    )
    for parameter in parameters.values():
        if parameter.inferred and parameter.inferred.port not in ports_in:
            raise ValueError(f"{id}: '{parameter.name}' is inferred from an unknown port '{parameter.inferred.port}'.")
    return Component(
        id, kind, family, name, name_zh, help_zh, source, form, target, parameters, runtime, ports_in, ports_out,
        numbered, doc, frozenset(tags), keywords, split, dict(xfail or {}),
    )  # fmt: skip


def _read_parameters(
    constructor: Callable[..., Any], form: str, doc: Doc
) -> tuple[dict[str, Parameter], tuple[str, ...]]:
    hints = typing.get_type_hints(constructor, include_extras=True)
    found: dict[str, Parameter] = {}
    runtime: list[str] = []
    for argument in inspect.signature(constructor).parameters.values():
        if argument.name == "self" or argument.kind in (argument.VAR_POSITIONAL, argument.VAR_KEYWORD):
            continue
        if form == "op" and argument.kind is not argument.KEYWORD_ONLY:
            continue
        annotation = hints.get(argument.name, Any)
        extras = typing.get_args(annotation)[1:] if typing.get_origin(annotation) is Annotated else ()
        if any(isinstance(e, Runtime) for e in extras):
            runtime.append(argument.name)
            continue
        inferred = next((e for e in extras if isinstance(e, Inferred)), None)
        block = next((e for e in extras if isinstance(e, Block)), None)
        type_ = BlockValue if block else annotation
        found[argument.name] = Parameter(
            argument.name, type_, argument.default, inferred, doc.args.get(argument.name, ""), block
        )
    return found, tuple(runtime)


def _declared_ports(declared: Mapping[str, str | Dims]) -> dict[str, Port]:
    """Ports of a decorator: a name that ends in ``?`` is optional, one that begins with ``*`` variadic."""
    ports = {}
    for raw, dims in declared.items():
        name = raw.strip("*?")
        ports[name] = Port(name, _as_dims(dims), optional=raw.endswith("?"), variadic=raw.startswith("*"))
    return ports


def _forward_ports(
    forward: Callable[..., Any], kind: str
) -> tuple[dict[str, Port], dict[str, Port], NumberedPorts | None]:
    hints = typing.get_type_hints(forward, include_extras=True)
    inputs = {}
    for argument in inspect.signature(forward).parameters.values():
        if argument.name == "self" or argument.kind in (argument.KEYWORD_ONLY, argument.VAR_KEYWORD):
            continue
        inputs[argument.name] = Port(
            argument.name,
            _dims_of(hints.get(argument.name)),
            optional=argument.default is not MISSING,
            variadic=argument.kind is argument.VAR_POSITIONAL,
        )
    returned = hints.get("return")
    extras = typing.get_args(returned)[1:] if typing.get_origin(returned) is Annotated else ()
    named = next((e for e in extras if isinstance(e, Ports)), None)
    numbered = next((e for e in extras if isinstance(e, NumberedPorts)), None)
    if kind == "metric":
        return inputs, {"value": Port("value", Dims("()"))}, None
    if named:
        return inputs, {n: Port(n, d) for n, d in named.dims.items()}, None
    if numbered:
        return inputs, {}, numbered
    if kind == "loss":
        return inputs, {"loss": Port("loss", Dims("()"))}, None
    dims = next((e for e in extras if isinstance(e, Dims)), Dims())
    return inputs, {"y": Port("y", dims)}, None


def _dims_of(annotation: Any) -> Dims:
    """The Dims in an annotation, also inside ``Annotated[...] | None``."""
    if typing.get_origin(annotation) is Annotated:
        for extra in typing.get_args(annotation)[1:]:
            if isinstance(extra, Dims):
                return extra
    for part in typing.get_args(annotation):
        if typing.get_origin(part) is Annotated:
            return _dims_of(part)
    return Dims()

"""Checks a whole graph: every problem at once, each at its node, and shapes and costs of all that can be known."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from builder.compiler.blocks import BlockShapes, block_parameters
from builder.compiler.inference import (
    FROM_VALUES,
    Cache,
    Inference,
    Meta,
    NodeError,
    Resolved,
    infer,
    resolve,
)
from builder.compiler.memory import memory_problem
from builder.compiler.order import data_order, example_of, owner_of
from builder.compiler.ports import crowded, dtype_name, fed_by_muted, misfit, other_kind, unconnected
from builder.compiler.report import NodeReport, Problem, Report, at
from builder.compiler.settings import setting_problems
from builder.compiler.symbols import ClashError, Symbols
from builder.compiler.weights import under_settings
from builder.graph import Flat, FlatNode, Graph, flatten
from components.spec import Dims
from components.tensor_spec import TensorSpec

Metas = Mapping[str, Sequence[Meta]]
_BLOCKS = Cache(1000)
"""What nodes with block parameters give, and what was found of the nodes inside."""
LONGEST_WAY = 12  # nodes of a circle that a message names


def check(graph: Graph, memory_budget: int | None = None, fixes: bool = True) -> Report:
    """Checks a graph without allocating a tensor.

    Args:
        graph: the graph with its blocks.
        memory_budget: bytes that training may take; what the machine has where None.
        fixes: also look for edits that repair what is wrong.
    """
    analysis = Analysis(flatten(graph), memory_budget)
    if fixes and analysis.report.problems:
        from builder.compiler.fixes import add_fixes

        add_fixes(graph, analysis)
    return analysis.report


@dataclass(frozen=True)
class _Inside:
    """What is known of a node inside a block parameter."""

    resolved: Resolved
    result: Inference


class Analysis:
    """One walk over an unfolded graph in the direction of the data."""

    def __init__(self, flat: Flat, memory_budget: int | None = None) -> None:
        self.flat = flat
        self.order, circles = data_order(flat)
        every = {**flat.nodes, **flat.inner}
        self.owners = {path: owner for path, node in every.items() if (owner := owner_of(node, flat))}
        self.examples = {path: found for path, node in every.items() if (found := example_of(node, flat))}
        self._failed = {error.node for error in flat.errors}
        for attempt in itertools.count():
            try:
                self._walk(circles, attempt)
                break
            except ClashError:
                continue
        if problem := memory_problem(self.report, memory_budget):
            self.report.problems.append(problem)

    def _walk(self, circles: Sequence[Sequence[str]], attempt: int) -> None:
        self.report = Report()
        self.symbols = Symbols()
        self.metas: dict[tuple[str, str], Meta] = {}
        self.values: dict[str, dict[str, Any]] = {}
        self._said: set[tuple[str, ...]] = set()
        self._shared: dict[str, Resolved] = {}  # by owner, the values of those that share its weights
        self._insides: dict[str, _Inside] = {}  # by path inside a block parameter
        for error in self.flat.errors:
            self._problem(error.node, error.port, (error.message, error.message_zh))
        for circle in circles:
            self._report_circle(circle)
        specs = self._read_datasets()
        plain = [size for ports in specs.values() for spec in ports.values() for size in spec.shape]
        plain += [size for node in self.flat.nodes.values() for size in _integers(node.params)]
        self.symbols = Symbols((size for size in plain if isinstance(size, int)), attempt)
        for path in self.order:
            self._visit(self.flat.nodes[path], specs)

    # -------------------------------------------------------------- problems

    def _problem(self, path: str, port: str, message: tuple[str, str], code: str = "invalid", param: str = "") -> None:
        """Reports a problem; once for all copies of a repeated block."""
        first = re.sub(r"/n\d+/", "/n0/", path)
        key = (first, port, code, message[0].replace(path, first))
        if path == first or key not in self._said:
            self.report.problems.append(at(path, port, message, code, param))
        self._said.add(key)

    def _report_circle(self, circle: Sequence[str]) -> None:
        shown = [*circle[:LONGEST_WAY], *(["..."] if len(circle) > LONGEST_WAY else []), circle[0]]
        way = " -> ".join(shown)
        message = (
            f"These nodes form a cycle: {way}. Data can only flow forward: remove one of the wires.",
            f"这些节点构成环：{way}。数据只能向前流动，请删除其中一条连线。",
        )
        for path in circle:
            self._problem(path, "", message, "cycle")

    def _add(self, node: FlatNode, inputs: Metas, error: NodeError) -> None:
        arriving = []
        for port, metas in inputs.items():
            for number, (meta, source) in enumerate(zip(metas, node.inputs[port], strict=False), 1):
                labels = (f"input {number}", f"输入 {number}") if node.component.inputs[port].variadic else (port, port)
                arriving.append((*labels, self.shape(meta), f"{source[0]}.{source[1]}"))
        if len(arriving) > 1:
            en = " and ".join(f"{label} {shape} from {source}" for label, _, shape, source in arriving)
            zh = "、".join(f"{label} {shape}（来自 {source}）" for _, label, shape, source in arriving)
        else:
            en = zh = "".join(f"{label} {shape}" for label, _, shape, _ in arriving)
        message = (self._named(error.pair[0], en), self._named(error.pair[1], zh))
        self._problem(node.path, error.port, message, error.code, error.param)

    def _named(self, text: str, shapes: str) -> str:
        """A message with the shapes filled in and the stand-in primes turned back into axis names."""
        return self.symbols.rename(text).replace("{shapes}", shapes)

    # -------------------------------------------------------------- data sets

    def _read_datasets(self) -> dict[str, dict[str, TensorSpec]]:
        """What each data set brings. Read first: no axis may stand as a prime that a plain size is a multiple of."""
        specs: dict[str, dict[str, TensorSpec]] = {}
        for path, node in self.flat.nodes.items():
            if node.component.kind == "dataset":
                resolved = resolve(node.component, node.params, {})
                self.values[path] = resolved.values
                for error in resolved.errors:
                    self._add(node, {}, error)
                if not resolved.errors:
                    specs[path] = self._read(node, resolved.values)
        return specs

    def _read(self, node: FlatNode, values: dict[str, Any]) -> dict[str, TensorSpec]:
        try:
            return node.component.factory(**values).spec()
        except Exception as error:  # a person's own file may be anything
            text = str(error) or type(error).__name__
            message = (getattr(error, "message", text), getattr(error, "message_zh", text))
            self._problem(node.path, "", message, "data", getattr(error, "parameter", ""))
            return {}

    def _visit_dataset(self, node: FlatNode, specs: Mapping[str, TensorSpec]) -> None:
        outputs = {}
        try:
            for port, spec in specs.items():
                self.metas[node.path, port] = Meta(
                    self.symbols.numbers(spec.shape), getattr(torch, spec.dtype), spec.high
                )
                outputs[port] = spec
        except ValueError as error:  # too many axes
            self._problem(node.path, "", (str(error), "图中大小可变的维度过多。"), "data")
        if outputs:
            self.report.nodes[node.path] = NodeReport(outputs=outputs, params=self.values[node.path])

    # -------------------------------------------------------------- one node

    def _visit(self, node: FlatNode, specs_of: Mapping[str, Mapping[str, TensorSpec]]) -> None:
        before = len(self.report.problems)
        for message in setting_problems(node, self.flat, self._failed):
            self._problem(node.path, "", message, "setting")
        if node.component.kind == "dataset":
            self._visit_dataset(node, specs_of.get(node.path, {}))
            return
        waiting = self._check_wires(node)
        inputs, specs = self._arriving(node)
        fitting = self._check_ports(node, inputs)
        resolved = self._resolve(node, inputs if fitting else {})
        self.values[node.path] = resolved.values
        self.report.nodes[node.path] = NodeReport(specs, {}, resolved.values)
        if waiting or not fitting or len(self.report.problems) > before or not _runs(node):
            return
        try:
            result = self._settled(node, resolved, self._infer(node, resolved))
        except NodeError as error:
            self._add(node, inputs, error)
            return
        self._record(node, specs, resolved, result)

    def _arriving(self, node: FlatNode) -> tuple[dict[str, list[Meta]], dict[str, tuple[TensorSpec, ...]]]:
        """The tensors that are known to arrive, by port; and as the report shows them."""
        found, specs = {}, {}
        for name, ends in node.inputs.items():
            port = node.component.inputs.get(name)
            if port is not None and port.dims.kind == "tensor":
                known = [end for end in ends if end in self.metas]
                if known:
                    found[name] = [self.metas[end] for end in known]
                    specs[name] = tuple(self.report.nodes[path].outputs[output] for path, output in known)
        return found, specs

    def _varying(self, inputs: Metas) -> frozenset[int]:
        twin = self.symbols.twin
        return frozenset([size for metas in inputs.values() for m in metas for size in m.shape if size in twin])

    def resolved(self, node: FlatNode, **changes: Any) -> Resolved:
        """The values of a node as it is wired, with other parameters tried."""
        inputs, _ = self._arriving(node)
        return resolve(node.component, {**node.params, **changes}, inputs, self._varying(inputs))

    def _resolve(self, node: FlatNode, inputs: Metas, varying: frozenset[int] | None = None) -> Resolved:
        """The values of a node; those that share weights have the values that the first of them found."""
        owner = self.examples.get(node.path, node.path)
        earlier = self._shared.get(owner)
        found = self.flat.find(owner)
        params = earlier.values if earlier is not None else found.params if found is not None else node.params
        resolved = resolve(node.component, params, inputs, self._varying(inputs) if varying is None else varying)
        if owner != node.path and found is not None:
            self._check_difference(node, owner, found.params if earlier is None else earlier.values)
        for error in resolved.errors:
            if earlier is not None and error.code == "mismatch":
                error = _shared_mismatch(error, owner)
            self._add(node, inputs, error)
        if self.examples and earlier is None and inputs and not resolved.errors:
            self._shared[owner] = resolved
        return resolved

    def _check_difference(self, node: FlatNode, owner: str, values: Mapping[str, Any]) -> None:
        """Who takes the weights of a node takes all of its module: a parameter of its own would have no effect."""
        for name, value in node.component.check(node.params)[0].items():
            own = values.get(name, node.component.parameters[name].default)
            if name in node.params and value != own and node.component.parameters[name].inferred is None:
                message = (
                    f"It has the weights of '{owner}' and so its parameters: {name} is {own!r} there. Got {value!r} here.",
                    f"它使用“{owner}”的权重，因此参数也相同：该处 {name} 为 {own!r}，此处为 {value!r}。",
                )
                self._problem(node.path, "", message, "sharing", name)
        for name in block_parameters(node.component, values):
            if name not in node.blocks:
                message = (
                    f"It has the weights of '{owner}', whose {name} is {values[name]!r}: choose the same {name} here. "
                    f"Got {node.params.get(name)!r} instead.",
                    f"它使用“{owner}”的权重，该处 {name} 为 {values[name]!r}：此处须选择相同的 {name}，"
                    f"收到 {node.params.get(name)!r}。",
                )
                self._problem(node.path, "", message, "sharing", name)

    def _infer(self, node: FlatNode, resolved: Resolved) -> Inference:
        """Shapes with the primes; where a size may or may not follow from an axis, also with their twins."""
        result, inputs = self._run(node, resolved), resolved.inputs
        arriving = [m.shape for metas in inputs.values() for m in metas]
        fresh = {size for m in result.outputs if m is not None for size in self.symbols.fresh(m.shape, arriving)}
        if fresh.difference(_integers(resolved.values)):
            twins = {p: [Meta(self.symbols.twins(m.shape), m.dtype, m.high) for m in ms] for p, ms in inputs.items()}
            varying = frozenset(self.symbols.twin[size] for size in resolved.varying)
            # Values that were inferred stay: none of them can follow from an axis that varies.
            other = self._run(node, resolve(resolved.component, resolved.values, twins, varying))
            for meta, twin in zip(result.outputs, other.outputs, strict=True):
                if meta is not None and twin is not None:
                    self.symbols.learn(meta.shape, twin.shape)
        return result

    def _run(self, node: FlatNode, resolved: Resolved) -> Inference:
        """What a node gives; its block parameters are functions that propagate shapes through what they stand for."""
        names = block_parameters(node.component, resolved.values)
        if not names:
            return resolved.infer()
        key = (
            resolved.component.factory,
            repr(resolved.values),
            repr(resolved.inputs),
            resolved.varying,
            self._inner(node),
        )
        found = _BLOCKS.get(key)
        if found is None:
            outer, self._insides = self._insides, {}
            try:
                parts = {
                    n: BlockShapes(n, node.blocks[n], functools.partial(self._inside, resolved.varying)) for n in names
                }
                result = infer(resolved.component, {**resolved.values, **parts}, resolved.inputs, resolved.varying)
                cost = result.cost + sum(part.flops for part in parts.values())
                found = Inference(result.outputs, result.parameters, cost), self._insides
                _BLOCKS.put(key, found)
            finally:
                self._insides = outer
        result, insides = found
        for path, inside in insides.items():
            self._settle_inside(path, inside, shared=node.path in self.examples)
        return result

    def _inner(self, node: FlatNode) -> str:
        """What the inference of a node with block parameters depends on beside its own values and inputs."""
        parts = [
            (n.path, n.component.id, id(n.component.factory), n.params, n.settings, n.inputs, self._earlier(n.path))
            for n in node.within()
        ]
        return repr((parts, [(name, block.inputs, block.outputs) for name, block in node.blocks.items()]))

    def _earlier(self, path: str) -> dict[str, Any] | None:
        """The values that nodes which share weights with this one have already settled."""
        earlier = self._shared.get(self.examples.get(path, path))
        return None if earlier is None else earlier.values

    def _settle_inside(self, path: str, inside: _Inside, shared: bool = False) -> None:
        """Notes what is known of a node inside a block parameter; the first call of the block is the one that is shown.

        With ``shared`` its weights belong to another node.
        """
        self._insides.setdefault(path, inside)
        known = self.report.nodes.get(path)
        if known is not None:
            if shared:
                self.report.nodes[path] = replace(known, parameters=0)
            return
        resolved, node = inside.resolved, self.flat.inner[path]
        self.values[path] = resolved.values
        arriving = [m for metas in resolved.inputs.values() for m in metas]
        for meta in [*arriving, *filter(None, inside.result.outputs)]:
            self.symbols.learn_multiples(meta.shape)
        inputs = {port: tuple(map(self.spec, metas)) for port, metas in resolved.inputs.items()}
        ports = node.component.outputs_for(resolved.values)
        outputs = {port: self.spec(m) for port, m in zip(ports, inside.result.outputs, strict=False) if m is not None}
        weights = 0 if shared or path in self.examples else inside.result.parameters
        self.report.nodes[path] = NodeReport(inputs, outputs, resolved.values, weights)
        if self.examples:
            self._shared.setdefault(self.examples.get(path, path), resolved)

    def _inside(
        self, varying: frozenset[int], node: FlatNode, inputs: dict[str, list[Meta]]
    ) -> tuple[Sequence[Meta | None], int]:
        """What a node inside a block parameter gives. The first call settles its parameters, the others keep them."""
        before = len(self.report.problems)
        for message in setting_problems(node, self.flat, self._failed):
            self._problem(node.path, "", message, "setting")
        fitting = self._check_ports(node, inputs)
        resolved = self._resolve(node, inputs if fitting else {}, varying)
        found, self.report.problems[before:] = self.report.problems[before:], []
        if found:
            raise _inside(node.path, (found[0].message, found[0].message_zh))
        try:
            result = self._settled(node, resolved, self._run(node, resolved))
        except NodeError as error:
            if error.code == "inside":
                raise
            shapes = ", ".join(self.shape(m) for metas in inputs.values() for m in metas)
            raise _inside(node.path, (self._named(error.pair[0], shapes), self._named(error.pair[1], shapes))) from None
        self._insides.setdefault(node.path, _Inside(resolved, result))
        return result.outputs, result.cost

    def _settled(self, node: FlatNode, resolved: Resolved, result: Inference) -> Inference:
        """The inference of a node under the settings of its weights; those of another node are settled there."""
        return result if node.path in self.owners else under_settings(node, resolved, result)

    def _record(
        self, node: FlatNode, specs: Mapping[str, tuple[TensorSpec, ...]], resolved: Resolved, result: Inference
    ) -> None:
        outputs, size = {}, 0
        if node.component.kind == "metric":
            outputs["value"] = TensorSpec((), "float32")
            self.metas[node.path, "value"] = Meta(())
        else:
            ports = node.component.outputs_for(resolved.values).values()
            for port, found in zip(ports, result.outputs, strict=False):
                if found is not None:
                    meta = self._named_axes(found, port.dims)
                    self.metas[node.path, port.name] = meta
                    outputs[port.name] = self.spec(meta)
                    size += meta.dtype.itemsize * self.symbols.one(meta.shape)
        parameters = 0 if node.path in self.examples else result.parameters
        shapes = [m.shape for metas in resolved.inputs.values() for m in metas]
        cost = self.symbols.per_sample(result.cost, shapes) if result.cost else 0
        self.report.nodes[node.path] = NodeReport(specs, outputs, resolved.values, parameters, cost, size)
        if "phase" in node.settings:
            self._check_phase(node, resolved.inputs, result)
        if node.component.kind == "loss" and (problem := self._class_problem(resolved.values, resolved.inputs)):
            self._problem(node.path, "logits", problem, "classes")

    def _check_phase(self, node: FlatNode, inputs: Metas, result: Inference) -> None:
        """A node that is passed by in other phases must give what its first input is."""
        given = inputs.get(node.passes or "", ())
        made = [m for m in result.outputs if m is not None]
        if node.component.kind in ("loss", "metric") or len(made) != 1 or not given or given[0].shape != made[0].shape:
            message = (
                "It acts in one phase only, so in the others its first input stands for its output: both must have the "
                f"same shape. Received {self.shape(given[0]) if given else 'nothing'}, gives "
                f"{', '.join(self.shape(m) for m in made)}.",
                "该节点只在一个阶段起作用，其他阶段由其第一个输入代替输出，两者形状必须相同。"
                f"收到 {self.shape(given[0]) if given else '无'}，给出 {'、'.join(self.shape(m) for m in made)}。",
            )
            self._problem(node.path, "", message, "setting")

    def _named_axes(self, meta: Meta, dims: Dims) -> Meta:
        """A size that depends on values becomes an axis of its own, under the name that the port gives it."""
        if FROM_VALUES not in meta.shape:
            return meta
        axes = next((a for a in dims.alternatives() if len(a) == len(meta.shape)), ["*"] * len(meta.shape))
        shape = (
            self.symbols.number(name if name.isidentifier() else "K") if size == FROM_VALUES else size
            for size, name in zip(meta.shape, axes, strict=True)
        )
        return Meta(tuple(shape), meta.dtype)

    # -------------------------------------------------------------- wires

    def _check_wires(self, node: FlatNode) -> bool:
        """Reports what is wrong with the wires of a node; True where an input is missing or not known."""
        waiting = bool(node.broken)
        for name, ends in node.inputs.items():
            port = node.component.inputs.get(name)
            if port is None:
                waiting = True  # reported while unfolding
                continue
            if len(ends) > 1 and not port.variadic:
                self._problem(node.path, name, crowded(port, ends), "wires")
                waiting = True
            for source, source_port in ends:
                feeding = self.flat.nodes[source]
                given = feeding.component.outputs_for(feeding.params).get(source_port)
                if given is not None and given.dims.kind != port.dims.kind:
                    self._problem(node.path, name, other_kind(port, (source, source_port), given), "kind")
                    waiting = True
                elif port.dims.kind == "tensor" and (source, source_port) not in self.metas:
                    waiting = True
        for name, port in node.component.inputs.items():
            if not port.optional and not node.inputs.get(name):
                waiting = True
                if name in node.inputs or name in node.broken:
                    continue  # a wire from a broken node, or through a block's open port, is no open port
                muted = node.muted.get(name)
                message = unconnected(port) if muted is None else fed_by_muted(port, muted)
                self._problem(node.path, name, message, "unconnected")
        return waiting

    def _check_ports(self, node: FlatNode, inputs: Metas) -> bool:
        """Holds ranks, fixed sizes and dtypes against what the ports declare."""
        fitting = True
        for name, metas in inputs.items():
            for meta in metas:
                message = misfit(node.component.inputs[name], meta.shape, meta.dtype, self.shape(meta))
                if message:
                    fitting = False
                    self._problem(node.path, name, message, "shape")
        return fitting

    def _class_problem(self, values: Mapping[str, Any], inputs: Metas) -> tuple[str, str] | None:
        """Fewer logits than classes would crash in training with an index error: say it now."""
        logits, targets = inputs.get("logits"), inputs.get("target")
        if not logits or not targets or targets[0].high is None or "class_axis" not in values:
            return None
        scores, classes = logits[0].shape[values["class_axis"]], targets[0].high
        if scores >= classes or self.symbols.varies(scores):
            return None
        return (
            f"The target has {classes} classes, but the logits only {scores}: set the last layer's size to {classes}.",
            f"目标有 {classes} 个类别，而 logits 只有 {scores} 个：请把最后一层的输出设为 {classes}。",
        )

    def spec(self, meta: Meta) -> TensorSpec:
        return TensorSpec(self.symbols.names(meta.shape), dtype_name(meta.dtype), meta.high)

    def shape(self, meta: Meta) -> str:
        return "(" + ", ".join(str(s) for s in self.symbols.names(meta.shape)) + ")"


# ------------------------------------------------------------------ helpers


def _runs(node: FlatNode) -> bool:
    """Whether a node computes on tensors; optimizers, schedules and strategies act on the loop."""
    return node.component.kind not in ("optimizer", "scheduler", "strategy", "init")


def _inside(path: str, message: tuple[str, str]) -> NodeError:
    return NodeError((f"Inside, at '{path}': {message[0]}", f"内部“{path}”处：{message[1]}"), "inside")


def _integers(value: Any) -> Iterable[int]:
    """The integers in parameter values."""
    if isinstance(value, int):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _integers(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _integers(item)


def _shared_mismatch(error: NodeError, owner: str) -> NodeError:
    message = (
        f"It shares the weights of '{owner}', but its input differs: {error.pair[0]}",
        f"它与“{owner}”共享权重，但输入不同：{error.pair[1]}",
    )
    return NodeError(message, "sharing", error.param, error.port)


def problems_at(report: Report, node: str) -> list[Problem]:
    """The problems of a node, or of anything inside it where it is a block."""
    return [p for p in report.problems if p.node == node or p.node.startswith(f"{node}/")]

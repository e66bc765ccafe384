"""Checks a whole graph: every problem at once, each at its node, and shapes and costs of all that can be known."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import networkx as nx
import torch

from builder.compiler.inference import Inference, Meta, NodeError, infer, resolve_params
from builder.compiler.report import NodeReport, Problem, Report, at
from builder.compiler.symbols import Symbols
from builder.graph import Flat, FlatNode, Graph, flatten
from components import registry
from components.spec import Port
from components.tensor_spec import TensorSpec

BATCH = "B"


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


class Analysis:
    """One walk over an unfolded graph in the direction of the data."""

    def __init__(self, flat: Flat, memory_budget: int | None = None) -> None:
        self.flat = flat
        self.report = Report()
        self.symbols = Symbols([BATCH])
        self.metas: dict[tuple[str, str], Meta] = {}
        self.values: dict[str, dict[str, Any]] = {}
        self.order: list[str] = []
        for error in flat.errors:
            self.report.problems.append(at(error.node, error.port, (error.message, error.message_zh)))
        self.failed = {error.node for error in flat.errors}
        self._sort()
        for path in self.order:
            self._visit(flat.nodes[path])
        self._check_memory(memory_budget)

    # -------------------------------------------------------------- order

    def _sort(self) -> None:
        dependencies = nx.DiGraph()
        dependencies.add_nodes_from(self.flat.nodes)
        for path, node in self.flat.nodes.items():
            for ends in node.inputs.values():
                dependencies.add_edges_from((source, path) for source, _ in ends)
        position = {path: index for index, path in enumerate(self.flat.nodes)}
        for component in list(nx.strongly_connected_components(dependencies)):
            member = next(iter(component))
            if len(component) > 1 or dependencies.has_edge(member, member):
                self._report_cycle(dependencies.subgraph(component), position)
                dependencies.remove_nodes_from(component)
        for path, node in self.flat.nodes.items():
            owner = owner_of(node, self.flat)
            if owner in dependencies and path in dependencies and not nx.has_path(dependencies, path, owner):
                dependencies.add_edge(owner, path)  # a sharer takes its values from the owner, which comes first
        self.order = list(nx.lexicographical_topological_sort(dependencies, key=position.__getitem__))

    def _report_cycle(self, members: nx.DiGraph, position: Mapping[str, int]) -> None:
        start = min(members, key=position.__getitem__)
        path = [a for a, _ in nx.find_cycle(members, start)]
        way = " -> ".join([*path, path[0]])
        message = (
            f"These nodes form a cycle: {way}. Data can only flow forward: remove one of the wires.",
            f"这些节点构成环：{way}。数据只能向前流动，请删除其中一条连线。",
        )
        for node in sorted(members, key=position.__getitem__):
            self.report.problems.append(at(node, "", message, "cycle"))
            self.failed.add(node)

    # -------------------------------------------------------------- one node

    def _visit(self, node: FlatNode) -> None:
        before = len(self.report.problems)
        self._check_settings(node)
        if node.component.kind == "dataset":
            self._visit_dataset(node)
            return
        waiting = self._check_wires(node)
        inputs = {
            port: [self.metas[end] for end in ends if end in self.metas]
            for port, ends in node.inputs.items()
            if port in node.component.inputs and node.component.inputs[port].dims.kind == "tensor"
        }
        inputs = {port: metas for port, metas in inputs.items() if metas}
        fitting = self._check_ports(node, inputs)
        params = self._shared_params(node)
        values, errors = resolve_params(node.component, params, inputs if fitting else {})
        for error in errors:
            self._add(node, inputs, error)
        self.values[node.path] = values
        specs = {port: tuple(self.spec(m) for m in metas) for port, metas in inputs.items()}
        self.report.nodes[node.path] = NodeReport(inputs=specs, params=values)
        if waiting or not fitting or len(self.report.problems) > before or not _runs(node):
            return
        try:
            result = infer(node.component, values, inputs)
        except NodeError as error:
            self._add(node, inputs, error)
            return
        self._record(node, inputs, values, result)

    def _visit_dataset(self, node: FlatNode) -> None:
        values, errors = resolve_params(node.component, node.params, {})
        for error in errors:
            self._add(node, {}, error)
        self.values[node.path] = values
        if errors:
            return
        try:
            specs = node.component.factory(**values).spec()
        except ValueError as error:
            message = str(error)
            pair = (message, getattr(error, "message_zh", message))
            self.report.problems.append(at(node.path, "", pair, "data", getattr(error, "parameter", "")))
            return
        outputs = {}
        for port, spec in specs.items():
            shape = self.symbols.numbers(spec.shape)
            dtype = getattr(torch, spec.dtype)
            self.metas[node.path, port] = Meta(shape, dtype, spec.high)
            outputs[port] = TensorSpec(spec.shape, spec.dtype, spec.high)
        self.report.nodes[node.path] = NodeReport(outputs=outputs, params=values)

    def _check_settings(self, node: FlatNode) -> None:
        init = node.settings.get("init")
        if init is not None:
            try:
                entry = registry.get(init["component"])
                errors = entry.check(init.get("params", {}))[1] if entry.kind == "init" else []
                if entry.kind != "init":
                    rule = (
                        f"The init setting must name an init component. Got '{entry.id}', a {entry.kind}, instead.",
                        f"初始化设置必须选择初始化组件，收到“{entry.id}”。",
                    )
                    self.report.problems.append(at(node.path, "", rule, "setting"))
                for error in errors:
                    self.report.problems.append(at(node.path, "", (error.message, error.message_zh), "setting"))
            except registry.UnknownComponentError as error:
                self.report.problems.append(at(node.path, "", (error.message, error.message_zh), "setting"))
        weights = node.settings.get("weights", {})
        if weights.get("from") == "shared":
            owner = self.flat.nodes.get(resolve_owner(node.path, weights.get("node", ""), self.flat))
            if owner is None or owner.path == node.path or owner.component.id != node.component.id:
                kind = node.component.id
                found = "nothing" if owner is None else "itself" if owner.path == node.path else owner.component.id
                rule = (
                    f"Weights can be shared only with another {kind} node. '{weights.get('node', '')}' is {found}.",
                    f"只能与另一个 {kind} 节点共享权重，“{weights.get('node', '')}”不符合（{found}）。",
                )
                self.report.problems.append(at(node.path, "", rule, "setting"))

    def _shared_params(self, node: FlatNode) -> Mapping[str, Any]:
        """A sharer has its owner's parameters: the weights are the same tensors."""
        owner = owner_of(node, self.flat)
        return self.values.get(owner, node.params) if owner else node.params

    def _check_wires(self, node: FlatNode) -> bool:
        """Reports what is wrong with the wires of a node; True where an input is missing or not known."""
        waiting = False
        for name, ends in node.inputs.items():
            port = node.component.inputs.get(name)
            if port is None:
                waiting = True  # reported while unfolding
                continue
            if len(ends) > 1 and not port.variadic:
                sources = ", ".join(f"{s}.{p}" for s, p in ends)
                message = (
                    f"Port '{name}' takes one wire; it has {len(ends)}: {sources}.",
                    f"端口“{name}”只能接一条连线，现有 {len(ends)} 条：{sources}。",
                )
                self.report.problems.append(at(node.path, name, message, "wires"))
                waiting = True
            for source, source_port in ends:
                feeding = self.flat.nodes[source].component.outputs_for(self.flat.nodes[source].params)
                given = feeding.get(source_port)
                if given is not None and given.dims.kind != port.dims.kind:
                    message = (
                        f"Port '{name}' takes a {port.dims.kind}; {source}.{source_port} gives a {given.dims.kind}.",
                        f"端口“{name}”需要 {port.dims.kind}，而 {source}.{source_port} 给出 {given.dims.kind}。",
                    )
                    self.report.problems.append(at(node.path, name, message, "kind"))
                    waiting = True
                elif port.dims.kind == "tensor" and (source, source_port) not in self.metas:
                    waiting = True
        for name, port in node.component.inputs.items():
            if not port.optional and not node.inputs.get(name):
                waiting = True
                if name not in node.inputs:  # a wire from a broken node is no open port
                    self.report.problems.append(at(node.path, name, _unconnected(port), "unconnected"))
        return waiting

    def _check_ports(self, node: FlatNode, inputs: Mapping[str, Sequence[Meta]]) -> bool:
        """Holds ranks and dtypes against what the ports declare."""
        fitting = True
        for name, metas in inputs.items():
            dims = node.component.inputs[name].dims
            for meta in metas:
                problem = None
                if not dims.accepts_rank(len(meta.shape)):
                    problem = (
                        f"Port '{name}' expects {dims}; received {self.shape(meta)}.",
                        f"端口“{name}”需要 {dims}，收到 {self.shape(meta)}。",
                    )
                elif not _dtype_fits(dims.dtype, meta.dtype):
                    kinds = {"float": ("real numbers", "浮点数"), "int": ("integers", "整数"), "bool": ("booleans", "布尔值")}
                    en, zh = kinds[dims.dtype]
                    dtype = str(meta.dtype).removeprefix("torch.")
                    problem = (
                        f"Port '{name}' expects {en}; received {dtype} of shape {self.shape(meta)}.",
                        f"端口“{name}”需要{zh}，收到形状 {self.shape(meta)} 的 {dtype}。",
                    )
                if problem:
                    fitting = False
                    self.report.problems.append(at(node.path, name, problem, "shape"))
        return fitting

    def _add(self, node: FlatNode, inputs: Mapping[str, Sequence[Meta]], error: NodeError) -> None:
        shapes = ", ".join(f"{p} {self.shape(m)}" for p, metas in inputs.items() for m in metas)
        message = (self._named(error.pair[0], shapes), self._named(error.pair[1], shapes))
        self.report.problems.append(at(node.path, error.port, message, error.code, error.param))

    def _named(self, text: str, shapes: str) -> str:
        """A message with the shapes filled in and the stand-in primes turned back into axis names."""
        text = text.replace("{shapes}", shapes)
        for name, prime in self.symbols.prime.items():
            text = text.replace(str(prime), name)
        return text

    def _record(
        self, node: FlatNode, inputs: Mapping[str, Sequence[Meta]], values: dict[str, Any], result: Inference
    ) -> None:
        names = list(node.component.outputs_for(values))
        outputs = {}
        if node.component.kind == "metric":
            outputs["value"] = TensorSpec((), "float32")
            self.metas[node.path, "value"] = Meta(())
        else:
            for name, meta in zip(names, result.outputs, strict=False):
                if meta is not None:
                    self.metas[node.path, name] = meta
                    outputs[name] = self.spec(meta)
        first = next((m.shape for metas in inputs.values() for m in metas), ())
        size = sum(m.bytes for m in result.outputs if m is not None)
        shared = owner_of(node, self.flat) is not None
        self.report.nodes[node.path] = NodeReport(
            {port: tuple(self.spec(m) for m in metas) for port, metas in inputs.items()},
            outputs,
            values,
            0 if shared else result.parameters,
            self.symbols.per_sample(result.cost, first),
            self.symbols.per_sample(size, first),
        )
        if node.component.kind == "loss":
            problem = _class_problem(inputs)
            if problem:
                self.report.problems.append(at(node.path, "logits", problem, "classes"))

    def _check_memory(self, budget: int | None) -> None:
        """Refuses what cannot be trained here: weights, gradients and two moments of Adam, with one sample's activations."""
        need = 16 * self.report.parameters + self.report.activation_bytes
        budget = machine_memory() if budget is None else budget
        if need > budget:
            path = max(self.report.nodes, key=lambda p: self.report.nodes[p].parameters)
            gigabytes = (need / 1e9, budget / 1e9, self.report.parameters, self.report.nodes[path].parameters)
            message = (
                "Training this graph needs about {:.1f} GB; {:.1f} GB are there. It has {:,} parameters, "
                "{:,} of them in this node.".format(*gigabytes),
                "训练该图约需 {:.1f} GB，可用 {:.1f} GB。共 {:,} 个参数，其中本节点 {:,} 个。".format(*gigabytes),
            )
            self.report.problems.append(at(path, "", message, "memory"))

    # -------------------------------------------------------------- naming

    def spec(self, meta: Meta) -> TensorSpec:
        return TensorSpec(self.symbols.names(meta.shape), str(meta.dtype).removeprefix("torch."), meta.high)

    def shape(self, meta: Meta) -> str:
        return "(" + ", ".join(str(s) for s in self.symbols.names(meta.shape)) + ")"


def owner_of(node: FlatNode, flat: Flat) -> str | None:
    """The path of the node whose weights this one uses, at the end of a chain of sharing; None for its own."""
    seen = {node.path}
    current = node
    while current.settings.get("weights", {}).get("from") == "shared":
        path = resolve_owner(current.path, current.settings["weights"].get("node", ""), flat)
        following = flat.nodes.get(path)
        if following is None or path in seen or following.component.id != node.component.id:
            return None
        seen.add(path)
        current = following
    return None if current is node else current.path


def resolve_owner(path: str, name: str, flat: Flat) -> str:
    """The path that a node's setting means: a neighbour in the same block first, else a path from the top."""
    beside = f"{path.rpartition('/')[0]}/{name}".lstrip("/")
    return beside if beside in flat.nodes else name


def _runs(node: FlatNode) -> bool:
    """Whether a node computes on tensors; optimizers, schedules and strategies act on the loop."""
    return node.component.kind not in ("optimizer", "scheduler", "strategy", "init")


def _unconnected(port: Port) -> tuple[str, str]:
    return (
        f"Port '{port.name}' is not connected; it expects {port.dims}.",
        f"端口“{port.name}”未连接，它需要 {port.dims}。",
    )


def _dtype_fits(wanted: str, dtype: torch.dtype) -> bool:
    if wanted == "any":
        return True
    if wanted == "bool":
        return dtype == torch.bool
    if wanted == "int":
        return not (dtype.is_floating_point or dtype.is_complex or dtype == torch.bool)
    return dtype.is_floating_point or dtype.is_complex


def _class_problem(inputs: Mapping[str, Sequence[Meta]]) -> tuple[str, str] | None:
    """Fewer logits than classes would crash in training with an index error: say it now."""
    logits, targets = inputs.get("logits"), inputs.get("target")
    if not logits or not targets or targets[0].high is None or targets[0].dtype.is_floating_point:
        return None
    shape, classes = logits[0].shape, targets[0].high
    if len(shape) < 2 or len(targets[0].shape) >= len(shape) or classes in shape[1:]:
        return None
    if max(shape[1], shape[-1]) >= classes:
        return None
    return (
        f"The target has {classes} classes, but the logits only {shape[1]}: set the last layer's size to {classes}.",
        f"目标有 {classes} 个类别，而 logits 只有 {shape[1]} 个：请把最后一层的输出设为 {classes}。",
    )


def machine_memory() -> int:
    """The machine's memory in bytes."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def problems_at(report: Report, node: str) -> list[Problem]:
    """The problems of a node, or of anything inside it where it is a block."""
    return [p for p in report.problems if p.node == node or p.node.startswith(f"{node}/")]

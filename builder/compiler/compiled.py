"""A graph as PyTorch: one module per node, and straight-line ``torch.fx`` programs for any of its values."""

from __future__ import annotations

import itertools
import keyword
import operator
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Literal

import torch
from torch import Tensor, fx, nn

from builder.compiler.check import Analysis
from builder.compiler.inference import arguments, build, initialise
from builder.compiler.report import CompileError
from builder.compiler.rng import isolated_rng
from builder.graph import FlatNode, Graph, flatten
from components import registry

End = tuple[str, str]
"""An output port of an unfolded node: (path, port)."""
Phase = Literal["train", "evaluate", "generate"]

_MODULE_KINDS = ("layer", "op", "loss", "transform", "metric", "regularizer", "sampler", "visualizer")
_PREDICTING_KINDS = ("layer", "op", "sampler")


class Compiled:
    """A checked graph with its modules. All programs share the submodules of ``root``, and so their parameters.

    Args:
        graph: the graph; CompileError (a ValueError) lists what is wrong with it.
        seed: of the weights; the global generator is left as it was.
        memory_budget: bytes that training may take; what the machine has where None.
    """

    def __init__(self, graph: Graph, seed: int = 0, memory_budget: int | None = None) -> None:
        self.graph = graph
        self.flat = flatten(graph)
        self.analysis = Analysis(self.flat, memory_budget)
        if self.analysis.report.problems:
            raise CompileError(self.analysis.report)
        self.report = self.analysis.report
        self._read = {end for node in self.flat.nodes.values() for ends in node.inputs.values() for end in ends}
        self.root = nn.Module()
        self._targets: dict[str, str] = {}
        self._datasets: dict[str, Any] = {}
        with isolated_rng(seed):
            for path in self.analysis.order:
                self._make(self.flat.nodes[path])

    # -------------------------------------------------------------- modules

    def _make(self, node: FlatNode) -> None:
        if node.component.kind not in _MODULE_KINDS or node.component.form == "op":
            return
        owner = self.flat.nodes[self.analysis.owners.get(node.path, node.path)]
        if owner.path not in self._targets:  # a sharer may stand before the owner
            module = build(node.component, self.analysis.values[node.path])
            initialise(module, owner.settings.get("init"))
            if owner.settings.get("frozen"):
                module.requires_grad_(False)
            for port in node.component.outputs:
                if hasattr(module, f"wants_{port}"):
                    setattr(module, f"wants_{port}", False)
            self._targets[owner.path] = _attach(self.root, owner.path, module)
        self._targets[node.path] = self._targets[owner.path]
        self._want((node.path, port) for port in node.component.outputs if (node.path, port) in self._read)

    def _want(self, ends: Iterable[End]) -> None:
        """Switches on the outputs that a module makes only where they are wanted, such as the weights of attention."""
        for path, port in ends:
            module = self.module(path)
            if module is not None and hasattr(module, f"wants_{port}"):
                setattr(module, f"wants_{port}", True)

    def module(self, path: str) -> nn.Module | None:
        """The module of a node; None for an op, a data set, an optimizer ..."""
        target = self._targets.get(path)
        return None if target is None else self.root.get_submodule(target)

    def target(self, path: str) -> str | None:
        """The name of a node's module in ``root`` (the owner's, where weights are shared)."""
        return self._targets.get(path)

    def dataset(self, path: str) -> Any:
        """The data set of a node."""
        if path not in self._datasets:
            self._datasets[path] = self.build(path)
        return self._datasets[path]

    def build(self, path: str, **runtime: Any) -> Any:
        """Creates what stands at a node that is no module: an optimizer (``params=...``), a schedule, a strategy."""
        node = self.flat.nodes[path]
        return registry.create(node.component.id, **runtime, **self.analysis.values[path])

    def of_kind(self, *kinds: str) -> list[FlatNode]:
        """The nodes of these kinds, in the order of the data."""
        return [self.flat.nodes[p] for p in self.analysis.order if self.flat.nodes[p].component.kind in kinds]

    # -------------------------------------------------------------- reach

    def passed(self, end: End, phase: Phase = "evaluate") -> End:
        """The value that stands for this one in a phase: a node that acts in another one hands on its first input."""
        while self.flat.nodes[end[0]].settings.get("phase", phase) != phase:
            end = next(iter(self.flat.nodes[end[0]].inputs.values()))[0]
        return end

    def sources(self, path: str, phase: Phase = "evaluate") -> dict[str, list[End]]:
        """By input port, the tensors that reach a node in a phase."""
        node = self.flat.nodes[path]
        return {
            port: [self.passed(end, phase) for end in ends]
            for port, ends in node.inputs.items()
            if node.component.inputs[port].dims.kind == "tensor"
        }

    def ancestors(self, ends: Iterable[End], phase: Phase = "evaluate", given: Collection[End] = ()) -> list[str]:
        """The paths that these values depend on, themselves included, in the order of the data.

        What lies behind the values ``given`` is left out.
        """
        wanted = set()
        stack = [self.passed(end, phase) for end in ends]
        while stack:
            end = stack.pop()
            if end[0] not in wanted and end not in given:
                wanted.add(end[0])
                stack += [source for sources in self.sources(end[0], phase).values() for source in sources]
        return [path for path in self.analysis.order if path in wanted]

    def parameters_of(self, ends: Iterable[End], phase: Phase = "evaluate") -> dict[str, nn.Parameter]:
        """The trainable parameters that these values depend on, by name in ``root``; shared ones once."""
        found: dict[str, nn.Parameter] = {}
        seen: set[int] = set()
        for path in self.ancestors(ends, phase):
            target = self._targets.get(path)
            if target is None:
                continue
            for name, parameter in self.root.get_submodule(target).named_parameters():
                if parameter.requires_grad and id(parameter) not in seen:
                    seen.add(id(parameter))
                    found[f"{target}.{name}"] = parameter
        return found

    # -------------------------------------------------------------- programs

    @property
    def predictions(self) -> list[End]:
        """What the model is for: the values that losses and metrics look at and that layers have made, in their order.

        Where nothing looks at any, the outputs that nobody reads.
        """
        learned = self._learned()
        looked_at = [
            end
            for node in self.of_kind("loss", "metric")
            for ends in node.inputs.values()
            for end in ends
            if end[0] in learned and self.flat.nodes[end[0]].component.kind in _PREDICTING_KINDS
        ]
        if not looked_at:
            made = [(p, port) for p in self.analysis.order if p in learned for port in self.report.nodes[p].outputs]
            looked_at = [
                e for e in made if e not in self._read and self.flat.nodes[e[0]].component.kind in _PREDICTING_KINDS
            ]
        order = {path: i for i, path in enumerate(self.analysis.order)}
        return sorted(dict.fromkeys(looked_at), key=lambda end: order[end[0]])

    def _learned(self) -> set[str]:
        """The paths that depend on a layer with weights; on any layer or op where no weights are anywhere."""
        for carries in (self._has_weights, lambda path: self.flat.nodes[path].component.kind in _PREDICTING_KINDS):
            found: set[str] = set()
            for path in self.analysis.order:
                sources = [s for ends in self.flat.nodes[path].inputs.values() for s, _ in ends]
                if carries(path) or any(s in found for s in sources):
                    found.add(path)
            if found:
                return found
        return set()

    def _has_weights(self, path: str) -> bool:
        module = self.module(path)
        kind = self.flat.nodes[path].component.kind
        return kind in _PREDICTING_KINDS and module is not None and any(True for _ in module.parameters())

    @property
    def model(self) -> fx.GraphModule:
        """From the data ports that predictions need to the predictions: one tensor, or a tuple of several."""
        return self.program(self.predictions, single=True)

    def program(
        self,
        ends: Sequence[End],
        single: bool = False,
        phase: Phase = "evaluate",
        given: Sequence[End] = (),
        no_grad: Collection[str] = (),
    ) -> fx.GraphModule:
        """Straight-line code for these values, returned as a tuple (with ``single``, a lone value bare).

        ``inputs`` of the result lists the (data set, port) of its positional arguments, ``outputs`` these ends. Each fx
        node carries ``meta["path"]``, the graph node that it came from.

        Args:
            ends: the values.
            single: returns a lone value bare.
            phase: nodes that act in another phase only hand on their first input.
            given: values that are passed in, behind those of the data sets, instead of computed.
            no_grad: paths that are computed without gradients, with all that they depend on; they come first.

        Raises:
            ValueError: an end that the graph does not have.
        """
        for path, port in ends:
            if (path, port) not in self.analysis.metas:
                raise ValueError(f"The graph computes no value '{path}.{port}'.")
        self._want(ends)
        graph = fx.Graph()
        paths = self.ancestors(ends, phase, given)
        values: dict[End, fx.Node] = {}
        inputs = self._placeholders(graph, paths, ends, values, phase, given)
        computed = [path for path in paths if self.flat.nodes[path].component.kind != "dataset"]
        plain = [path for path in computed if path in no_grad]
        if plain:
            graph.call_function(torch._C._set_grad_enabled, (False,))
            for path in plain:
                self._emit(graph, path, values, phase)
            graph.call_function(torch._C._set_grad_enabled, (True,))
        for path in computed:
            if path not in no_grad:
                self._emit(graph, path, values, phase)
        results = tuple(values[self.passed(end, phase)] for end in ends)
        graph.output(results[0] if single and len(results) == 1 else results)
        for item in reversed(graph.nodes):  # outputs that nobody reads
            if item.op == "call_function" and item.target is operator.getitem and not item.users:
                graph.erase_node(item)
        module = fx.GraphModule(self.root, graph)
        module.inputs, module.outputs = inputs, list(ends)  # type: ignore[assignment]
        return module

    def _placeholders(
        self,
        graph: fx.Graph,
        paths: Sequence[str],
        ends: Sequence[End],
        values: dict[End, fx.Node],
        phase: Phase,
        given: Sequence[End],
    ) -> list[End]:
        needed = {end for path in paths for sources in self.sources(path, phase).values() for end in sources}
        needed |= {self.passed(end, phase) for end in ends}
        inputs = [
            (path, port)
            for path in paths
            if self.flat.nodes[path].component.kind == "dataset"
            for port in self.report.nodes[path].outputs
            if (path, port) in needed
        ]
        inputs += [end for end in given if end in needed and end not in inputs]
        ports, used = [port for _, port in inputs], set[str]()
        for path, port in inputs:
            name = base = _identifier(port if ports.count(port) == 1 else f"{path.replace('/', '_')}_{port}")
            for number in itertools.count(2):
                if name not in used:
                    break
                name = f"{base}_{number}"
            used.add(name)
            values[path, port] = graph.placeholder(name, type_expr=Tensor)
            values[path, port].meta["path"] = path
        return inputs

    def _emit(self, graph: fx.Graph, path: str, values: dict[End, fx.Node], phase: Phase) -> None:
        node = self.flat.nodes[path]
        given = {port: [values[end] for end in ends] for port, ends in self.sources(path, phase).items()}
        args, kwargs = arguments(node.component, given)
        name = _identifier(node.path.replace("/", "_"))
        if node.component.form == "op":
            kwargs = {**kwargs, **self.analysis.values[node.path]}
            call = graph.create_node("call_function", node.component.factory, tuple(args), kwargs, name=name)
        else:
            call = graph.create_node("call_module", self._targets[node.path], tuple(args), kwargs, name=name)
        call.meta["path"] = node.path
        ports = list(node.component.outputs_for(self.analysis.values[node.path]))
        if len(ports) == 1 and not node.component.numbered:
            values[node.path, ports[0]] = call
            return
        for index, port in enumerate(ports):
            item = graph.call_function(operator.getitem, (call, index))
            item.meta["path"] = node.path
            values[node.path, port] = item


# Words that a module or a GraphModule has itself: a node of this name gets an underscore.
_RESERVED = frozenset({*dir(fx.GraphModule(nn.Module(), fx.Graph())), "inputs", "outputs", "self"})


def _attach(root: nn.Module, path: str, module: nn.Module) -> str:
    """Hangs a module into the tree at its path; the target's name."""
    *parents, last = path.split("/")
    parent, target = root, []
    for part in parents:
        name = _attribute(part)
        if name not in parent._modules:
            parent.add_module(name, nn.Module())
        parent = parent.get_submodule(name)
        target.append(name)
    parent.add_module(_attribute(last), module)
    return ".".join([*target, _attribute(last)])


def _attribute(name: str) -> str:
    """The name of a node's module; reserved words get a ``_``, also those that end in one, so that names stay apart."""
    reserved = keyword.iskeyword(name.rstrip("_")) or name.rstrip("_") in _RESERVED
    return f"{name}_" if reserved else name


def _identifier(name: str) -> str:
    return f"{name}_" if keyword.iskeyword(name) or name == "self" else name

"""A graph as PyTorch: one module per node, and straight-line ``torch.fx`` programs for any of its values."""

from __future__ import annotations

import functools
import itertools
import math
import operator
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Literal

import torch
from torch import Tensor, fx, nn

from builder.compiler.blocks import BlockFunction, block_parameters, order_within
from builder.compiler.check import Analysis
from builder.compiler.inference import NodeError, arguments, build
from builder.compiler.names import attribute, identifier, target_of
from builder.compiler.order import STOPS_GRADIENT
from builder.compiler.report import CompileError, at
from builder.compiler.rng import isolated_rng
from builder.compiler.warm_start import load_into
from builder.compiler.weights import initialise, parametrise
from builder.graph import FlatBlock, FlatNode, Graph, flatten
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
        self.averages: list[Average] = []
        """Modules whose weights follow those of others, to be updated after each training step."""
        with isolated_rng(seed):
            for path in self.analysis.order:
                self._make(self.flat.nodes[path])
            for path in [p for p in self._targets if p not in self.analysis.owners]:
                self._settle(self._node(path))
        self._followed: dict[tuple[float, str], tuple[list[Tensor], list[Tensor]]] = {}
        for average in self.averages:
            average.begin()
            twins, owners = self._followed.setdefault((average.decay, average.rise), ([], []))
            twins += average.twin.parameters()
            owners += average.owner.parameters()

    # -------------------------------------------------------------- modules

    def _make(self, node: FlatNode) -> None:
        if node.component.kind not in _MODULE_KINDS or node.component.form == "op":
            return
        owner = self._node(self.analysis.owners.get(node.path, node.path))
        if owner.path not in self._targets:  # a sharer may stand before the owner
            self._build(owner)
        self._targets[node.path] = self._targets[owner.path]
        self._want((node.path, port) for port in node.component.outputs if (node.path, port) in self._read)

    def _build(self, node: FlatNode) -> None:
        """Makes the module of a node and hangs it into the tree."""
        values, settings = self._values(node), node.settings
        weights = settings.get("weights", {})
        parts = {
            name: BlockFunction(name, node.blocks[name], functools.partial(self.part, node.blocks[name]))
            for name in block_parameters(node.component, values)
        }
        module = build(node.component, {**values, **parts})
        if any(module._modules.get(name) is not part for name, part in parts.items()):
            raise TypeError(f"{node.component.id} must keep its block parameters under their own names.")
        try:
            initialise(module, settings.get("init"))
            if weights.get("from") == "run":
                load_into(module, weights["run"], target_of(weights.get("node") or node.path))
        except NodeError as error:  # a file that changed since it was checked
            self.report.problems.append(at(node.path, "", error.pair, error.code))
            raise CompileError(self.report) from None
        for port in node.component.outputs:
            if hasattr(module, f"wants_{port}"):
                setattr(module, f"wants_{port}", False)
        self._targets[node.path] = _attach(self.root, node.path, module)
        for part in parts.values():
            for inner in order_within(part.block):
                self._make(inner)

    def _settle(self, node: FlatNode) -> None:
        """What lies over the weights of a node: behind all initialisation, so that it does not change any."""
        module, settings = self.root.get_submodule(self._targets[node.path]), node.settings
        weights = settings.get("weights", {})
        follows = weights.get("from") == "average"
        source = self._node(self.analysis.examples[node.path]) if follows else node
        parametrise(module, source.settings.get("parametrize", ()))  # a twin has the form of what it follows
        if settings.get("frozen"):
            module.requires_grad_(False)
        if follows:
            owner = self.root.get_submodule(self._targets[source.path])
            self.averages.append(Average(module, owner, weights.get("decay", 0.99), weights.get("rise", "constant")))

    def part(self, block: FlatBlock, ports: tuple[str, ...]) -> fx.GraphModule:
        """Straight-line code for a block parameter that is called with these of its ports."""
        graph = fx.Graph()
        values = {("", port): graph.placeholder(identifier(port), type_expr=Tensor) for port in ports}
        for node in order_within(block):
            sources = {
                port: [end for end in ends if end in values]
                for port, ends in node.inputs.items()
                if node.component.inputs[port].dims.kind == "tensor"
            }
            self._call(graph, node, sources, values)
        results = tuple(values[end] for end in block.outputs)
        graph.output(results[0] if len(results) == 1 else results)
        return fx.GraphModule(self.root, graph)

    def _values(self, node: FlatNode) -> dict[str, Any]:
        """The parameter values of a node; inside a block that shapes never went through, those of its weights' owner."""
        found = self.analysis.values.get(node.path)
        if found is None:
            found = self.analysis.values.get(self.analysis.examples.get(node.path, ""))
        return node.component.check(node.params)[0] if found is None else found

    def update_averages(self, progress: float) -> None:
        """Lets all twins follow one step, at once; ``progress`` is the share of the training that is over."""
        for (decay, rise), (twins, owners) in self._followed.items():
            share = 1.0 - decay
            if rise == "cosine":
                share *= (math.cos(math.pi * progress) + 1.0) / 2.0
            if twins:
                with torch.no_grad():  # here: entering it costs as much as all else where there are no twins
                    torch._foreach_lerp_(twins, owners, share)

    def _node(self, path: str) -> FlatNode:
        """The node of a path, also inside a block parameter."""
        node = self.flat.find(path)
        if node is None:
            raise ValueError(f"The graph has no node '{path}'.")
        return node

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
        node = self.flat.nodes[end[0]]
        while node.settings.get("phase", phase) != phase and node.passes is not None:
            end = node.inputs[node.passes][0]
            node = self.flat.nodes[end[0]]
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

    def differentiated(self, ends: Iterable[End], phase: Phase = "evaluate") -> list[str]:
        """The paths among the ancestors of these values to which gradients flow from them."""
        wanted = set()
        stack = [self.passed(end, phase)[0] for end in ends]
        while stack:
            path = stack.pop()
            if path not in wanted and STOPS_GRADIENT not in self.flat.nodes[path].component.tags:
                wanted.add(path)
                stack += [source for sources in self.sources(path, phase).values() for source, _ in sources]
        return [path for path in self.analysis.order if path in wanted]

    def inside(self, path: str) -> list[str]:
        """The paths inside the block parameters of a node, or of the owner of its weights."""
        return [node.path for node in self._node(self.analysis.owners.get(path, path)).within()]

    def parameters_of(self, ends: Iterable[End], phase: Phase = "evaluate") -> dict[str, nn.Parameter]:
        """The trainable parameters that these values depend on, by name in ``root``; shared ones once."""
        found: dict[str, nn.Parameter] = {}
        seen: set[int] = set()
        paths = (p for path in self.differentiated(ends, phase) for p in (path, *self.inside(path)))
        for target in filter(None, map(self._targets.get, paths)):
            for name, parameter in self.root.get_submodule(target).named_parameters():
                if parameter.requires_grad and id(parameter) not in seen:
                    seen.add(id(parameter))
                    found[f"{target}.{name}"] = parameter
        return found

    # -------------------------------------------------------------- programs

    @property
    def predictions(self) -> list[End]:
        """What the model is for: the values that losses and metrics look at and that layers have made, in their order.

        Where they look at none, those that views show; where nothing looks at any, the outputs that nobody reads. What
        lies behind a node that acts only where a model is judged, an attack for example, is no prediction.
        """
        learned = self._learned()

        def seen_by(*kinds: str) -> list[End]:
            return [
                end
                for node in self.of_kind(*kinds)
                for ends in self.sources(node.path).values()
                for end in ends
                if end[0] in learned
                and self.flat.nodes[end[0]].component.kind in _PREDICTING_KINDS
                and not any(self.flat.nodes[p].settings.get("phase") == "evaluate" for p in self.ancestors([end]))
            ]

        looked_at = seen_by("loss", "metric") or seen_by("visualizer")
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
        if self.flat.nodes[path].component.kind not in _PREDICTING_KINDS:
            return False
        modules = map(self.module, (path, *self.inside(path)))
        return any(True for module in modules if module is not None for _ in module.parameters())

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
            name = base = identifier(port if ports.count(port) == 1 else f"{path.replace('/', '_')}_{port}")
            for number in itertools.count(2):
                if name not in used:
                    break
                name = f"{base}_{number}"
            used.add(name)
            values[path, port] = graph.placeholder(name, type_expr=Tensor)
            values[path, port].meta["path"] = path
        return inputs

    def _emit(self, graph: fx.Graph, path: str, values: dict[End, fx.Node], phase: Phase) -> None:
        self._call(graph, self.flat.nodes[path], self.sources(path, phase), values)

    def _call(
        self, graph: fx.Graph, node: FlatNode, sources: Mapping[str, Sequence[End]], values: dict[End, fx.Node]
    ) -> None:
        """Adds the call of a node to a program, and its outputs to the values."""
        args, kwargs = arguments(
            node.component, {port: [values[end] for end in ends] for port, ends in sources.items()}
        )
        name = identifier(node.path.replace("/", "_"))
        if node.component.form == "op":
            kwargs = {**kwargs, **self._values(node)}
            call = graph.create_node("call_function", node.component.factory, tuple(args), kwargs, name=name)
        else:
            call = graph.create_node("call_module", self._targets[node.path], tuple(args), kwargs, name=name)
        call.meta["path"] = node.path
        ports = list(node.component.outputs_for(self._values(node)))
        if len(ports) == 1 and not node.component.numbered:
            values[node.path, ports[0]] = call
            return
        for index, port in enumerate(ports):
            item = graph.call_function(operator.getitem, (call, index))
            item.meta["path"] = node.path
            values[node.path, port] = item


class Average:
    """A module whose weights are the moving average of another's: t <- d t + (1 - d) x.

    Args:
        twin: the module that follows; it is not trained, and its buffers are its own.
        owner: the module that is followed.
        decay: d.
        rise: ``constant``, or ``cosine`` where d rises to 1 along half a cosine over the training.
    """

    def __init__(self, twin: nn.Module, owner: nn.Module, decay: float, rise: str) -> None:
        self.twin, self.owner, self.decay, self.rise = twin.requires_grad_(False), owner, decay, rise

    def begin(self) -> None:
        """Starts from the owner's weights."""
        self.twin.load_state_dict(self.owner.state_dict())


def _attach(root: nn.Module, path: str, module: nn.Module) -> str:
    """Hangs a module into the tree at its path; the target's name."""
    *parents, last = path.split("/")
    parent, target = root, []
    for part in parents:
        name = attribute(part)
        if name not in parent._modules:
            parent.add_module(name, nn.Module())
        parent = parent.get_submodule(name)
        target.append(name)
    parent.add_module(attribute(last), module)
    return ".".join([*target, attribute(last)])

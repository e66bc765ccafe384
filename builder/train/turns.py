"""What a training step computes: turns of one optimizer after the other, each value once as long as it holds.

A value holds until an optimizer has acted that owns weights which it depends on. A later turn of the same step takes
it as it is, and computes again only what has changed.
"""

from __future__ import annotations

import copy
import operator
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import fx, nn

from builder.compiler import Compiled, End
from builder.compiler.order import STOPS_GRADIENT
from builder.compiler.rng import isolated_rng
from components.scheduled import Scheduled


@dataclass(frozen=True)
class Actor:
    """An optimizer that acts in a step: the values that it looks at, and the parameters that it trains, by identity.

    One that does not ``differentiate`` needs no graph of gradients behind these values.
    """

    ends: Sequence[End]
    owned: frozenset[int]
    differentiates: bool = True


@dataclass
class Turn:
    """One program of a step.

    ``given`` are values that earlier turns have computed, ``keeps`` those that later ones take from this one, and
    ``absent`` inputs of nodes of which nothing is read that depends on them; ``no_grad`` are the paths whose values
    nobody differentiates.
    """

    ends: list[End]
    given: list[End] = field(default_factory=list)
    absent: list[End] = field(default_factory=list)
    keeps: list[End] = field(default_factory=list)
    no_grad: frozenset[str] = frozenset()


class Planner:
    """Plans the turns of steps in which different optimizers act.

    Args:
        compiled: the graph.
        actors: all optimizers, in their order.
    """

    def __init__(self, compiled: Compiled, actors: Sequence[Actor]) -> None:
        self.compiled, self.actors = compiled, actors
        self._sources: dict[str, dict[str, list[End]]] = {}
        self._codes: dict[str, Code | None] = {}
        self._owners = self._owners_by_path()
        self._reach = [self._reached(actor.ends) if actor.differentiates else set() for actor in actors]

    def plan(self, acting: Sequence[int], simultaneous: bool = False) -> list[Turn]:
        """The turns of a step in which these optimizers act: one each, or simultaneously one for all."""
        groups = [list(acting)] if simultaneous and acting else [[number] for number in acting]
        turns: list[Turn] = []
        computed: dict[str, int] = {}  # by path, the last turn that has computed it
        holding: dict[str, frozenset[str]] = {}  # by path, the ports whose values hold
        inside: list[dict[str, set[str]]] = []  # of each turn, what it computes
        differentiated: list[set[str]] = []
        for number, group in enumerate(groups):
            ends = list(dict.fromkeys(self._passed(end) for actor in group for end in self.actors[actor].ends))
            wanted, given = self._wanted(ends, holding)
            for end in given:
                if end not in turns[computed[end[0]]].keeps:
                    turns[computed[end[0]]].keeps.append(end)
            turns.append(Turn(ends, given, self._absent(wanted, given)))
            inside.append(wanted)
            differentiated.append(set())
            holding |= {path: self._computed(path, ports) for path, ports in wanted.items()}
            computed |= dict.fromkeys(wanted, number)
            for actor in group:
                for path in self._reach[actor]:
                    if self._owners[path] >> (actor + 1) & 1:
                        differentiated[computed[path]].add(path)
            changed = sum(1 << (actor + 1) for actor in group)
            holding = {path: ports for path, ports in holding.items() if not self._owners[path] & changed}
        for turn, wanted, needed in zip(turns, inside, differentiated, strict=True):
            turn.no_grad = self._plain(wanted, needed)
        return turns

    # -------------------------------------------------------------- the graph

    def _passed(self, end: End) -> End:
        return self.compiled.passed(end, "train")

    def _inputs(self, path: str) -> dict[str, list[End]]:
        if path not in self._sources:
            self._sources[path] = self.compiled.sources(path, "train")
        return self._sources[path]

    def _needed(self, path: str, port: str) -> list[End]:
        """The inputs that an output of a node depends on."""
        code, sources = self.code(path), self._inputs(path)
        return [e for name, ends in sources.items() if code is None or name in code.needs[port] for e in ends]

    def code(self, path: str) -> Code | None:
        """What a node with several outputs computes, where its code shows it."""
        if path not in self._codes:
            node, module = self.compiled.flat.nodes[path], self.compiled.module(path)
            ports = list(self.compiled.report.nodes[path].outputs)
            is_plain = len(ports) > 1 and node.component.form == "class" and "stochastic" not in node.component.tags
            inputs = list(self._inputs(path))
            self._codes[path] = follow(module, ports, inputs) if is_plain and module is not None else None
        return self._codes[path]

    def _is_data(self, path: str) -> bool:
        return self.compiled.flat.nodes[path].component.kind == "dataset"

    def _reached(self, ends: Iterable[End]) -> set[str]:
        """The paths to which gradients flow from these values."""
        stack = [self._passed(end) for end in ends]
        seen: set[End] = set()
        while stack:
            end = stack.pop()
            if end not in seen and STOPS_GRADIENT not in self.compiled.flat.nodes[end[0]].component.tags:
                seen.add(end)
                stack += self._needed(*end)
        return {path for path, _ in seen}

    def _owners_by_path(self) -> dict[str, int]:
        """By path, whose parameters its value depends on, in bits: 0 for any that is trained, n + 1 for the n-th actor."""
        bits: dict[int, int] = {}
        for number, actor in enumerate(self.actors):
            for parameter in actor.owned:
                bits[parameter] = bits.get(parameter, 1) | 1 << (number + 1)
        found: dict[str, int] = {}
        for path in self.compiled.analysis.order:
            total = 0
            for parameter in _parameters(self.compiled, path):
                total |= bits.get(id(parameter), int(parameter.requires_grad))
            for ends in self._inputs(path).values():
                for source, _ in ends:
                    total |= found[source]
            found[path] = total
        return found

    # -------------------------------------------------------------- one turn

    def _wanted(
        self, ends: Sequence[End], holding: Mapping[str, Collection[str]]
    ) -> tuple[dict[str, set[str]], list[End]]:
        """What a turn computes, by path its output ports, and the earlier values that it takes."""
        wanted: dict[str, set[str]] = {}
        given: dict[End, None] = {}
        stack = list(ends)
        while stack:
            path, port = stack.pop()
            if self._is_data(path):
                continue
            if path not in wanted and port in holding.get(path, ()):
                given[path, port] = None
            elif port not in wanted.setdefault(path, set()):
                wanted[path].add(port)
                stack += self._needed(path, port)
        return wanted, [end for end in given if end[0] not in wanted]

    def _absent(self, wanted: Mapping[str, Collection[str]], given: Collection[End]) -> list[End]:
        """The inputs of these nodes that their wanted outputs do not depend on, and that nobody else computes."""
        found: dict[End, None] = {}
        for path, ports in wanted.items():
            if self.code(path) is not None:
                needed = {end for port in ports for end in self._needed(path, port)}
                found |= dict.fromkeys(e for ends in self._inputs(path).values() for e in ends if e not in needed)
        return [e for e in found if e[0] not in wanted and e not in given and not self._is_data(e[0])]

    def _computed(self, path: str, ports: Collection[str]) -> frozenset[str]:
        """The outputs of a node that there are where these are wanted."""
        return frozenset(self.compiled.report.nodes[path].outputs if self.code(path) is None else ports)

    def _plain(self, wanted: Mapping[str, Collection[str]], differentiated: Collection[str]) -> frozenset[str]:
        """The computed paths that would build a graph of gradients for nobody, with all that they depend on."""
        found: set[str] = set()
        for path in self.compiled.analysis.order:
            if path in wanted and path not in differentiated:
                sources = {source for ends in self._inputs(path).values() for source, _ in ends}
                if all(source in found for source in sources if source in wanted):
                    found.add(path)
        keep: set[str] = set()
        for path in reversed(self.compiled.analysis.order):
            if path in found and (self._owners[path] or path in keep):
                keep.add(path)
                keep |= {source for ends in self._inputs(path).values() for source, _ in ends if source in found}
        return frozenset(keep) if any(self._owners[path] for path in keep) else frozenset()


def _parameters(compiled: Compiled, path: str) -> Iterable[nn.Parameter]:
    """The parameters that a node computes with, also in the parts of the graph that it calls."""
    modules = [module for p in (path, *compiled.inside(path)) if (module := compiled.module(p)) is not None]
    return (parameter for module in modules for parameter in module.parameters())


# ------------------------------------------------------------------ only what is read of a node


@dataclass(frozen=True)
class Code:
    """The straight-line code of a module's forward, with the inputs (by name) that each output port depends on."""

    graph: fx.Graph
    results: Mapping[str, fx.Node]
    needs: Mapping[str, frozenset[str]]


def follow(module: nn.Module, ports: Sequence[str], inputs: Sequence[str]) -> Code | None:
    """What a module computes for each output port; None where its code does not show it.

    The code is followed with symbols in place of tensors, which works where it is straight-line. Modules that keep
    state are left alone, because following could change it, and so are those whose strength changes with a schedule:
    their code would keep the strength of the moment.
    """
    if any(True for _ in module.buffers()) or any(isinstance(part, Scheduled) for part in module.modules()):
        return None
    try:
        with isolated_rng(0):
            graph = fx.Tracer().trace(copy.copy(module))  # a copy, because tracing leaves constants behind
    except Exception:  # any code may stand there, and none of it has to be traceable
        return None
    results = graph.output_node().args[0]
    names = {str(node.target) for node in graph.nodes if node.op == "placeholder"}
    if not isinstance(results, tuple | list) or len(results) != len(ports) or names != set(inputs):
        return None
    found = {port: result for port, result in zip(ports, results, strict=True) if isinstance(result, fx.Node)}
    if len(found) < len(ports) or any(_changes_its_argument(n) or _is_constant(n) for n in graph.nodes):
        return None
    needs = {port: frozenset(str(n.target) for n in _behind([r]) if n.op == "placeholder") for port, r in found.items()}
    return Code(graph, found, needs)


def _changes_its_argument(node: fx.Node) -> bool:
    name = str(node.target) if node.op == "call_method" else getattr(node.target, "__name__", "")
    return node.op in ("call_method", "call_function") and name.endswith("_") and not name.endswith("__")


def _is_constant(node: fx.Node) -> bool:
    """Whether a tensor was made while following, perhaps of weights that will change."""
    return node.op == "get_attr" and str(node.target).startswith("_tensor_constant")


def _behind(results: Iterable[fx.Node]) -> set[fx.Node]:
    """The nodes that lead to these, themselves included."""
    stack = list(results)
    seen = set(stack)
    while stack:
        for source in stack.pop().all_input_nodes:
            if source not in seen:
                seen.add(source)
                stack.append(source)
    return seen


def without_unread(program: fx.GraphModule, planner: Planner, absent: Collection[End]) -> None:
    """Puts in place of a node with several outputs the code of those that the program reads.

    Args:
        program: whose ``inputs`` hold the values ``absent`` too; they leave it.
        planner: knows the codes.
        absent: values that nothing depends on behind that.
    """
    for node in list(program.graph.nodes):
        code = planner.code(node.meta["path"]) if node.op == "call_module" else None
        if code is None:
            continue
        ports = list(code.results)
        read = {ports[int(user.args[1])]: user for user in node.users}
        if len(read) == len(ports):
            continue
        names = [str(item.target) for item in code.graph.nodes if item.op == "placeholder"]
        values = dict(zip(names, node.args, strict=False)) | node.kwargs
        copied: dict[fx.Node, Any] = {}
        needed = _behind(code.results[port] for port in read)
        with program.graph.inserting_before(node):
            for item in code.graph.nodes:
                if item not in needed:
                    continue
                if item.op == "placeholder":
                    copied[item] = values[str(item.target)]
                    continue
                copied[item] = program.graph.node_copy(item, copied.__getitem__)
                copied[item].meta["path"] = node.meta["path"]
                if item.op in ("call_module", "get_attr"):
                    copied[item].target = f"{node.target}.{item.target}"
        for port, user in read.items():
            user.replace_all_uses_with(copied[code.results[port]])
            program.graph.erase_node(user)
        program.graph.erase_node(node)
    places = [node for node in program.graph.nodes if node.op == "placeholder"]
    inputs: list[End] = list(program.inputs)  # type: ignore[arg-type]
    for node, end in zip(places, list(inputs), strict=True):
        if end in absent:
            program.graph.erase_node(node)
            inputs.remove(end)
    program.inputs = inputs  # type: ignore[assignment]
    program.recompile()


def idle_outputs(compiled: Compiled, program: fx.GraphModule) -> list[tuple[nn.Module, str]]:
    """The switches (``wants_<port>``) of outputs that modules of a program need not make, because it reads none."""
    read: dict[tuple[nn.Module, str], bool] = {}
    for item in program.graph.nodes:
        if item.op != "call_module":
            continue
        module = program.get_submodule(str(item.target))
        path = item.meta["path"]
        taken = {user.args[1] for user in item.users if user.target is operator.getitem}
        for index, port in enumerate(compiled.report.nodes[path].outputs):
            name = f"wants_{port}"
            if name in vars(module):
                read[module, name] = read.get((module, name), False) or index in taken
    return [switch for switch, is_read in read.items() if not is_read]

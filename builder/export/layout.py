"""Which parts of a graph an export computes as wholes: what becomes a class with a forward, and what is called by name.

Every use of the model says what it computes, in a *demand*: one turn of a training step, an evaluation, a prediction.
A block whose nodes are computed together in each demand is closed: its class has a forward. One of which a demand needs
only a part is open: its layers are called one by one. The same holds for the model as a whole.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from torch import Tensor

from builder.compiler import Compiled, End
from builder.compiler.compiled import Phase
from builder.compiler.names import target_of
from builder.export.scopes import Key, Leaf, Reference, Scope, Value, resolve, scope_tree, view
from builder.graph import FlatNode
from components.scheduled import Scheduled

WHOLE = ""
"""Stands for the model in the order of a computation."""


@dataclass(frozen=True)
class Demand:
    """Values that are computed together.

    Args:
        ends: the values.
        phase: the phase in which they are.
        order: the paths that are computed, as the app orders them.
        given: values that are there already.
        absent: those of them that are not, because what reads them has no use for them here.
    """

    ends: tuple[End, ...]
    phase: Phase
    order: tuple[str, ...]
    given: frozenset[End] = frozenset()
    absent: frozenset[End] = frozenset()


def demand(compiled: Compiled, ends: Iterable[End], phase: Phase = "evaluate") -> Demand:
    """The demand for these values and nothing else."""
    found = tuple(dict.fromkeys(ends))
    nodes = compiled.flat.nodes
    order = [p for p in compiled.ancestors(found, phase) if nodes[p].component.kind != "dataset"]
    return Demand(found, phase, tuple(order))


def is_optional(node: FlatNode) -> bool:
    """Whether a class can say of a node that it acts in training only: it has one input, which it hands on."""
    return node.settings.get("phase") == "train" and sum(len(ends) for ends in node.inputs.values()) == 1


@dataclass
class Layout:
    """The scopes of a graph with what is live in them.

    Args:
        compiled: the graph.
        forward: what the model's own forward gives.
        demands: what else is computed.
    """

    compiled: Compiled
    forward: list[End]
    demands: Sequence[Demand]
    keeps: Collection[str] = ()
    """Paths of modules that the model holds although nothing computes them here."""
    root: Scope = field(init=False)
    view: Scope = field(init=False)
    """The root with the items of open scopes in their place."""
    whole: bool = field(init=False, default=False)
    """Whether every demand that needs a part of the model needs all of it: then it is called as one."""
    inside: set[str] = field(init=False, default_factory=set)
    """The items of the view that the model's forward computes."""

    def __post_init__(self) -> None:
        self.all = [*self.demands, demand(self.compiled, self.forward)]
        self._needs = [self._structural(d) for d in self.all]
        self._apart: set[str] = set()
        while True:
            self.root = scope_tree(self.compiled)
            self.scopes = {s.prefix: s for s in self.root.scopes() if s.block}
            self._open()
            seen = view(self.root)
            self.view = dataclasses.replace(seen, items=dict(seen.items))
            self._mark()
            found = self._disordered()
            if found is None or found in self._apart:
                break
            self._apart.add(found)
        self.outside = self._outside()
        self._prune()
        self.settles = self._settings()
        self.taken = [leaf for leaf in _all_leaves(self.root) if leaf.blocks]

    # -------------------------------------------------------------- what a demand needs

    def passed(self, end: End, phase: Phase) -> End:
        """The value that stands for this one, where nodes of other phases are passed by unless a class can say so."""
        while True:
            node = self.compiled.flat.nodes[end[0]]
            if node.settings.get("phase", phase) == phase or is_optional(node) or node.passes is None:
                return end
            end = node.inputs[node.passes][0]

    def _structural(self, d: Demand) -> set[str]:
        """The paths that a demand computes; those that act in training only count in every phase."""
        wanted: set[str] = set()
        stack = [self.passed(end, d.phase) for end in d.ends]
        while stack:
            end = stack.pop()
            node = self.compiled.flat.nodes[end[0]]
            if end[0] in wanted or end in d.given or node.component.kind == "dataset":
                continue
            wanted.add(end[0])
            stack += [self.passed(e, d.phase) for ends in _tensors(node).values() for e in ends]
        return wanted & set(d.order) | {p for p in wanted if is_optional(self.compiled.flat.nodes[p])}

    def is_random(self, path: str) -> bool:
        """Whether a node draws random numbers, itself or in a block that it takes."""
        node = self.compiled.flat.find(path)
        return node is not None and any("stochastic" in n.component.tags for n in (node, *node.within()))

    def _is_harmless(self, path: str, phase: Phase) -> bool:
        """Whether computing a node for nothing changes nothing else."""
        module = self.compiled.module(path)
        keeps_state = module is not None and any(True for _ in module.buffers())
        return not (phase == "train" and (self.is_random(path) or keeps_state))

    # -------------------------------------------------------------- open and closed

    def _open(self) -> None:
        """Opens the scopes that some demand needs only in part, and those that share their weights with such."""
        scopes = self.scopes
        for scope in scopes.values():
            if scope.owner and not self._reaches(scope, scopes):
                scope.owner = ""
            if scope.twin not in scopes:
                scope.twin = ""
        paths = {prefix: {leaf.path for leaf in s.leaves()} for prefix, s in scopes.items()}
        families = [self._family(scope, scopes) for scope in scopes.values() if not scope.owner]
        for members in families:
            relative = {p.removeprefix(m) for m in members for n in self._needs for p in n & paths[m]}
            alike = len({self._passing(m) for m in members}) == 1
            if not alike or any(not self._fits(m, {f"{m}{r}" for r in relative} & paths[m]) for m in members):
                self._apart |= set(members)
            for member in members:
                scopes[member].open = member in self._apart
        _close_within(self.root)

    def _passing(self, prefix: str) -> tuple[frozenset[str], ...]:
        """Which nodes of a scope are passed by, in each way in which it is needed."""
        nodes = [n for p, n in self.compiled.flat.nodes.items() if p.startswith(prefix) and not is_optional(n)]
        phases = {
            d.phase for d, need in zip(self.all, self._needs, strict=True) if any(p.startswith(prefix) for p in need)
        }
        ways = {
            frozenset(n.path.removeprefix(prefix) for n in nodes if n.settings.get("phase", phase) != phase)
            for phase in phases
        }
        if phases:
            self.scopes[prefix].phase = min(phases)
        return tuple(ways) if len(ways) < 2 else (frozenset({prefix}),)

    def _reaches(self, scope: Scope, scopes: dict[str, Scope]) -> bool:
        """Whether the use whose weights a scope shares can be called where the scope stands."""
        owner, outer = scopes.get(scope.owner), scope
        while outer.inherits:
            outer = scopes[outer.prefix.removesuffix(f"{outer.attribute}/")]
        around = outer.prefix.removesuffix(f"{outer.attribute}/")
        return owner is not None and owner.block == scope.block and scope.owner.startswith(around)

    def _family(self, scope: Scope, scopes: dict[str, Scope]) -> list[str]:
        """The uses of a block that are one module."""
        found = [scope.prefix]
        while True:
            more = [p for p, s in scopes.items() if s.owner in found and p not in found]
            if not more:
                return found
            found += more

    def _fits(self, prefix: str, union: set[str]) -> bool:
        """Whether a scope can be computed as a whole wherever something of it is needed."""
        for d, need in zip(self.all, self._needs, strict=True):
            mine = {p for p in need if p.startswith(prefix)}
            if mine and not all(self._is_spare(p, d, need, union) for p in union - mine):
                return False
        return True

    def _is_spare(self, path: str, d: Demand, need: set[str], among: set[str]) -> bool:
        """Whether a node may be computed in a demand that does not need it."""
        if not self._is_harmless(path, d.phase):
            return False
        nodes = self.compiled.flat.nodes
        read = {e for p in need for ends in _tensors(nodes[p]).values() for e in ends}
        for end in (self.passed(e, d.phase) for ends in _tensors(nodes[path]).values() for e in ends):
            is_data = nodes[end[0]].component.kind == "dataset"
            if end not in read if is_data else end[0] not in need and end[0] not in among:
                return False
        return True

    # -------------------------------------------------------------- what is live

    def _mark(self) -> None:
        before = -1
        while before != (before := self._extent()):  # a scope that gives more may need more
            for d in self.all:
                self.trace(d)
            self._call_references()
            self._level()
        self.inside = set(self.trace(self.all[-1]))
        self.whole = bool(self.inside) and WHOLE not in self._apart and all(map(self._takes_whole, self.demands))
        self.results = self._results()
        self.view.results = {("", *end): resolve(self.view, end) for end in self.results}
        self.view.live = set(self.view.results)
        self.forward_items = self.trace(demand(self.compiled, self.results))
        self.view.kept = {resolve(self.view, end) for d in self.demands for end in (*d.ends, *d.given)}

    def _extent(self) -> int:
        return sum(len(item.live) for item in self.view.items.values())

    def trace(self, d: Demand, optional: bool = False) -> dict[str, set[Key]]:
        """The items of the view that a demand computes, in their order, with what is wanted of each.

        With ``optional`` the nodes that act in training only are passed by elsewhere.
        """
        given = {resolve(self.view, end) for end in d.given}
        wanted = {self.resolved(resolve(self.view, end), d.phase, optional) for end in d.ends} | given
        found: dict[str, set[Key]] = {}
        for id, item in reversed(self.view.items.items()):
            here = {value for value in wanted if value.item == id}
            item.live |= {value.key for value in here}
            keys = {value.key for value in here - given}
            for scope in (item,) if isinstance(item, Scope) else item.blocks.values():
                if isinstance(scope, Scope) and here:
                    _mark(scope)
            if keys:
                found[id] = keys
                wanted |= {self.resolved(value, d.phase, optional) for value in reads(item)}
        return dict(reversed(found.items()))

    def resolved(self, value: Value, phase: Phase, optional: bool = False) -> Value:
        """The value of the view that stands for this one in a phase."""
        return passing(self.view, value, phase, optional)

    # -------------------------------------------------------------- the order

    def sequence(self, d: Demand) -> list[str]:
        """The items that a demand computes, in the app's order as far as their wires allow; ``WHOLE`` for the model."""
        found = self.trace(d, optional=not self.whole)
        place = {path: index for index, path in enumerate(d.order)}
        position = {id: index for index, id in enumerate(self.view.items)}

        def of(id: str) -> str:
            return WHOLE if self.whole and id in self.inside else id

        key: dict[str, tuple[int, int]] = {}
        before: dict[str, set[str]] = {}
        given = {resolve(self.view, end) for end in d.given}
        for id in found:
            item = self.view.items[id]
            first = min((place[leaf.path] for leaf in leaves_of(item) if leaf.path in place), default=len(place))
            key[of(id)] = min(key.get(of(id), (first, position[id])), (first, position[id]))
            sources = {self.resolved(v, d.phase, not self.whole) for v in reads(item)} - given
            before.setdefault(of(id), set()).update(of(v.item) for v in sources if v.item in found)
        ordered: list[str] = []
        while len(ordered) < len(key):
            ready = [name for name in key if name not in ordered and before[name] - {name} <= set(ordered)]
            if not ready:
                raise CrossedError(next(name for name in key if name not in ordered))
            ordered.append(min(ready, key=key.__getitem__))
        return ordered

    def _disordered(self) -> str | None:
        """A scope that would draw random numbers in another order than the app, or that its wires cross; None for none."""
        for d in self.demands:
            if d.phase != "train":
                continue
            try:
                names = self.sequence(d)
            except CrossedError as error:
                return error.name if error.name == WHOLE else self._around(error.name)
            inside = [id for id in self.view.items if id in self.inside]
            ids = [id for name in names for id in (inside if name == WHOLE else [name])]
            mine = [leaf.path for id in ids for leaf in _in_order(self.view.items[id])]
            place = {path: index for index, path in enumerate(d.order)}
            mine = [p for p in mine if p in place and self._is_marked(p)]
            theirs = [p for p in d.order if self._is_marked(p) and p in set(mine)]
            wrong = next((p for p, q in zip(mine, theirs, strict=True) if p != q), None)
            if wrong is not None:
                if self.whole:
                    return WHOLE
                found = next(
                    (s for s in self._closed() if wrong.startswith(s) or _next(theirs, mine).startswith(s)), None
                )
                if found is not None:
                    return found
        return None

    def _closed(self) -> list[str]:
        return [item.prefix for item in self.view.items.values() if isinstance(item, Scope)]

    def _around(self, id: str) -> str | None:
        item = self.view.items[id]
        return item.prefix if isinstance(item, Scope) else next(iter(self._closed()), None)

    def _is_marked(self, path: str) -> bool:
        """Whether the place of a node in the order can be seen: it draws, or others use its state."""
        module = self.compiled.module(path)
        shared = module is not None and self.compiled.analysis.owners.get(path) is not None
        return self.is_random(path) or (shared and any(True for _ in module.buffers()))  # type: ignore[union-attr]

    def _outside(self) -> set[str]:
        """The paths of modules that hang in no class: losses and visualizers without weights, state or blocks."""
        found = set()
        for id, item in self.view.items.items():
            if isinstance(item, Scope) or item.blocks or item.owner != item.path or (self.whole and id in self.inside):
                continue
            module = self.compiled.module(item.path)
            if item.node.component.kind not in ("loss", "visualizer") or module is None:
                continue
            text = inspect.getsource(type(module))
            if not module.state_dict() and ".training" not in text and not isinstance(module, Scheduled):
                found.add(item.path)
        return found

    def _call_references(self) -> None:
        """Makes the scopes that block parameters take as functions give what stands at their ports."""
        for leaf in _all_leaves(self.root):
            for block in leaf.blocks.values():
                scope = self.scopes.get(f"{block.path}/") if isinstance(block, Reference) else None
                if scope is not None and leaf.live:
                    scope.called = True
                    scope.live |= {key for key in scope.results if key[0] != ""}
                    _mark(view(scope))
                    if scope.owner:
                        self.scopes[scope.owner].live |= scope.live

    def _level(self) -> None:
        """Gives the scopes that are one module, or its moving average, the same results: they are one class."""
        scopes = [item for item in self.view.items.values() if isinstance(item, Scope)]
        for scope in scopes:
            other = next((s for s in scopes if s.prefix in (scope.owner, scope.twin)), None)
            if other is not None:
                for one, two in ((scope, other), (other, scope)):
                    for key in list(one.live):
                        two.live.add(_mirrored(key, one, two))
                    _mark(two)

    def _takes_whole(self, d: Demand) -> bool:
        """Whether a demand needs the model as it stands, or nothing of it."""
        found = self.trace(d)
        if not self.inside & found.keys():
            return True
        need = self._needs[self.all.index(d)]
        paths = {leaf.path for id in self.inside for leaf in leaves_of(self.view.items[id])}
        if any(end[0] in paths for end in d.given) or not all(self._is_spare(p, d, need, paths) for p in paths - need):
            return False
        values = [value for id in self.inside for value in reads(self.view.items[id])]
        return all(self.resolved(v, d.phase) == self.resolved(v, "evaluate") for v in values)

    def _results(self) -> list[End]:
        """What the model's forward gives: what it is asked for, and where it is called as one, what others read of it."""
        ends = dict.fromkeys(self.forward)
        if self.whole:
            known = {resolve(self.view, end) for end in ends}
            for d in self.demands:
                outside = [self.view.items[id] for id in self.trace(d) if id not in self.inside]
                values = [self.resolved(v, d.phase) for item in outside for v in reads(item)]
                values += [self.resolved(resolve(self.view, end), d.phase) for end in d.ends]
                for value in values:
                    if value.item in self.inside and value not in known:
                        known.add(value)
                        ends[self.view.origins[value]] = None
        return list(ends)

    # -------------------------------------------------------------- what is kept

    def _settings(self) -> dict[str, set[str]]:
        """By setting, the uses of blocks that say it of all that is within."""
        found: dict[str, set[str]] = {"frozen": set(), "parametrize": set(), "weights": set()}
        for prefix, scope in self.scopes.items():
            around = prefix.removesuffix(f"{scope.attribute}/")
            if scope.settings.get("frozen"):
                found["frozen"].add(prefix)
            if scope.twin.startswith(around) and scope.twin:
                found["weights"].add(prefix)
            given = list(scope.settings.get("parametrize", ()))
            if given and all(list(leaf.node.settings.get("parametrize", ())) == given for leaf in scope.leaves()):
                found["parametrize"].add(prefix)
        for name, prefixes in found.items():  # the outermost says it
            found[name] = {p for p in prefixes if not any(p != q and p.startswith(q) for q in prefixes)}
        return found

    def _pair_twins(self, paths: set[str]) -> None:
        """A moving average holds the same modules as what it follows."""
        for scope in self.scopes.values():
            if scope.twin:
                for one, two in ((scope.prefix, scope.twin), (scope.twin, scope.prefix)):
                    pairs = {f"{two}{p.removeprefix(one)}" for p in self.constructed if p.startswith(one)}
                    self.constructed |= pairs & paths

    def state(self, compiled: Compiled) -> dict[str, Tensor]:
        """The weights that the model's class holds, with values of a graph of the same form; each has its own memory."""
        prefixes = tuple(f"{compiled.target(path)}." for path in sorted(self.held))
        found = {n: t for n, t in compiled.root.state_dict().items() if n.startswith(prefixes)}
        return {name: tensor.detach().cpu().clone().contiguous() for name, tensor in found.items()}

    @property
    def held(self) -> set[str]:
        """The paths of the modules that the model's class holds."""
        inner = [n.path for p in self.constructed for n in self.compiled.flat.find(p).within()]  # type: ignore[union-attr]
        return self.constructed | {p for p in inner if self.compiled.target(p) == target_of(p)}

    def settled(self, path: str, setting: str) -> bool:
        """Whether the use of a block around a node says this of all that is within."""
        return path.startswith(tuple(self.settles[setting]))

    def _prune(self) -> None:
        """Drops the items that are neither computed nor hold a module that is."""
        live = {leaf.path for item in self.view.items.values() for leaf in _live_leaves(item)} | set(self.keeps)
        leaves = {leaf.path: leaf for leaf in _all_leaves(self.root)}
        constructed = {leaves[p].owner for p in live if p in leaves and leaves[p].owner}
        taken = [b.path for p in live if p in leaves for b in leaves[p].blocks.values() if isinstance(b, Reference)]
        constructed |= {
            leaf.owner for path in taken for leaf in leaves.values()
            if leaf.owner and (leaf.path == path or leaf.path.startswith(f"{path}/"))
        }  # fmt: skip
        constructed |= {
            path.rpartition("/")[0] for path in taken if path.rpartition("/")[0] in leaves
        }  # it holds its block
        twins = [leaf for leaf in leaves.values() if leaf.owner in constructed]
        self.constructed: set[str] = {str(p) for p in constructed} | {
            t for leaf in twins if (t := self.compiled.analysis.examples.get(leaf.path))
        }
        self._pair_twins(set(leaves))
        self.constructed -= self.outside
        live -= self.outside
        _prune(self.root, self.constructed, live)
        for leaf in self.root.leaves():
            if leaf.path in live and leaf.owner:
                _bring(self.root, leaf.path, leaf.owner)


def _tensors(node: FlatNode) -> dict[str, list[End]]:
    return {p: ends for p, ends in node.inputs.items() if node.component.inputs[p].dims.kind == "tensor"}


class CrossedError(Exception):
    """Wires lead out of an item and back into it; ``name`` is one of those that wait for each other."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def _in_order(item: Leaf | Scope) -> Iterator[Leaf]:
    """The live nodes of an item, as its class computes them."""
    if isinstance(item, Leaf):
        yield item
        return
    for inner in item.items.values():
        if inner.live:
            yield from _in_order(inner)


def _next(theirs: Sequence[str], mine: Sequence[str]) -> str:
    return next(q for p, q in zip(mine, theirs, strict=True) if p != q)


def passing(scope: Scope, value: Value, phase: str, optional: bool = False) -> Value:
    """The value of a scope that stands for this one in a phase: nodes of other phases hand on their first input.

    With ``optional`` those that a class passes by itself are passed by too.
    """
    while value.item:
        item = scope.items[value.item]
        if isinstance(item, Scope) or item.node.settings.get("phase", phase) == phase:
            break
        if item.node.passes is None or (is_optional(item.node) and not optional):
            break
        value = item.inputs[item.node.passes][0]
    return value


def leaves_of(item: Leaf | Scope) -> Iterator[Leaf]:
    """The nodes of an item."""
    return item.leaves() if isinstance(item, Scope) else iter((item,))


def reads(item: Leaf | Scope) -> list[Value]:
    """What an item reads: a node all its inputs, a scope those that its live results need."""
    if isinstance(item, Leaf):
        return [value for values in item.inputs.values() for value in values]
    return [value for key, value in item.inputs.items() if key in item.used]


def _mirrored(key: Key, one: Scope, two: Scope) -> Key:
    """The result of another use of a block that stands where this one does."""
    if key[0] != "":
        return key
    end = f"{two.prefix}{key[1].removeprefix(one.prefix)}", key[2]
    two.results["", *end] = resolve(two, end)
    return ("", *end)


def _all_leaves(scope: Scope) -> Iterator[Leaf]:
    """The leaves of a scope, also in the block parameters of others."""
    for leaf in scope.leaves():
        yield leaf
        for block in leaf.blocks.values():
            if isinstance(block, Scope):
                yield from _all_leaves(block)


def _live_leaves(item: Leaf | Scope) -> Iterator[Leaf]:
    """The leaves that are computed where their item is."""
    if not item.live:
        return
    if isinstance(item, Leaf):
        yield item
        for block in item.blocks.values():
            if isinstance(block, Scope):
                yield from (leaf for inner in block.items.values() for leaf in _live_leaves(inner))
    else:
        yield from (leaf for inner in item.items.values() for leaf in _live_leaves(inner))


def _close_within(scope: Scope, closed: bool = False) -> None:
    """What stands in a closed scope is closed: it is computed with it."""
    for item in scope.items.values():
        if isinstance(item, Scope):
            item.open = item.open and not closed
            _close_within(item, closed or not item.open)


def _mark(scope: Scope) -> None:
    """Finds what the live results of a scope depend on, inner scopes included."""
    wanted = {scope.results[key] for key in scope.live}
    for name, item in reversed(scope.items.items()):
        item.live |= {value.key for value in wanted if value.item == name}
        if not item.live:
            continue
        if isinstance(item, Scope):
            _mark(item)
            wanted |= {item.inputs[key] for key in item.used}
        else:
            wanted |= {value for values in item.inputs.values() for value in values}
            for block in item.blocks.values():
                if isinstance(block, Scope):
                    _mark(block)
    scope.used |= {value.key for value in wanted if not value.item}


def _prune(scope: Scope, constructed: Collection[str], live: Collection[str]) -> None:
    for name, item in list(scope.items.items()):
        if isinstance(item, Scope):
            _prune(item, constructed, live)
            if not item.items:
                del scope.items[name]
        elif item.path not in live and item.path not in constructed:
            del scope.items[name]


def _bring(scope: Scope, path: str, owner: str) -> None:
    """Makes the scopes on the way to a sharing node take its owner's module along, from the first one around both."""
    for item in scope.items.values():
        if isinstance(item, Scope) and path.startswith(item.prefix) and not item.owner:
            if not owner.startswith(item.prefix) and owner not in item.modules and not item.open:
                item.modules.append(owner)
            _bring(item, path, owner)

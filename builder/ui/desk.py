"""A desk: one graph with its edit history, what of it is open and selected, and where it is saved. Plain data, no views."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeVar

from builder.graph import BLOCK_PREFIX, Document, Edge, Graph, GraphError, History
from builder.train.health import FIGURES
from builder.ui.expansion import Frame, Way

_T = TypeVar("_T")
MANY = 12  # changed nodes that are still brought into view together
FRESH = 10_000  # ms
COLOURINGS = ("family", "optimizer", "parameters", "flops", "memory", "receptive", *FIGURES)


def new_id() -> str:
    """An id that nobody guesses: it names the desk in the address."""
    return secrets.token_hex(6)


@dataclass(frozen=True)
class Notice:
    """A short message over the canvas, in both languages. ``id`` is the time in ms: later ones have a greater one everywhere."""

    id: int
    kind: Literal["info", "error"]
    en: str
    zh: str

    def text(self, language: str) -> str:
        return self.zh if language == "zh" else self.en


class Focus(NamedTuple):
    """Nodes to bring into view; a new number asks again. ``closer`` also zooms in where they would be unreadably small."""

    number: int = 0
    nodes: tuple[str, ...] = ()
    closer: bool = False


class Fresh(NamedTuple):
    """The block that was made last: its number, the node that uses it, and the state of the graph then."""

    number: int = 0
    node: str = ""
    state: Document | None = None


class Compared(NamedTuple):
    """An earlier graph, as a state, with which the one on the desk is compared; what it is called in both languages."""

    state: Document
    en: str
    zh: str

    def name(self, language: str) -> str:
        return self.zh if language == "zh" else self.en


@dataclass
class Desk:
    """``graph`` is the whole, ``shown`` the way to the part on the canvas: uses of blocks, and block parameters as
    ``node/parameter``. ``within`` goes on from there, through uses that are expanded, to the part in which the selection
    lies: the two together are the ``scope``, the part that is edited. ``expanded`` holds the uses that are drawn open.
    """

    graph: Graph
    id: str = field(default_factory=new_id)
    file: str | None = None
    shown: tuple[str, ...] = ()
    within: tuple[str, ...] = ()
    expanded: dict[Way, Frame] = field(default_factory=dict)
    selection: tuple[str, ...] = ()
    wires: tuple[Edge, ...] = ()
    notices: list[Notice] = field(default_factory=list)
    acks: dict[str, int] = field(default_factory=dict)
    focus: Focus = field(default_factory=Focus)
    fresh: Fresh = field(default_factory=Fresh)
    arranged: int = 0
    colouring: str = "family"  # what the colours of the nodes show, of COLOURINGS
    table: bool = False  # whether the table of nodes lies under the canvas; a comparison takes its place
    compared: Compared | None = None
    dialog: str | None = None
    clipboard: Graph | None = None
    suggested: tuple[int, Sequence[Any]] = (0, ())  # what fits at a port: the number of the question, and the answer
    copied: tuple[int, str] = (0, "")  # the latest copy as the text of a graph file, under the time in ms
    saved: Document | None = None
    changed_at: float = 0.0
    kept: tuple[float, str | None, tuple[Way, ...]] | None = None
    analysis: tuple[Document, Any] | None = None  # the state that was checked, and the check's analysis
    history: History = field(init=False)

    def __post_init__(self) -> None:
        self.history = History(self.graph)

    # ------------------------------------------------------------ what is open

    @property
    def scope(self) -> tuple[str, ...]:
        """The way to the part that is edited; to set it opens that part on the canvas."""
        return (*self.shown, *self.within)

    @scope.setter
    def scope(self, way: Iterable[str]) -> None:
        self.shown, self.within = tuple(way), ()

    @property
    def open_graph(self) -> Graph:
        """The part that is edited: the whole, or the block that ``scope`` leads to."""
        return self.part(self.scope)

    def part(self, scope: Iterable[str]) -> Graph:
        """The graph, or the block that a way leads to."""
        current = self.graph
        for step in scope:
            current = self.graph.blocks[block_of(current, step)]
        return current

    @property
    def blocks(self) -> dict[str, Graph]:
        return self.graph.blocks

    @property
    def shows_training(self) -> bool:
        """Whether nodes wear the colours of optimizers; a comparison has colours of its own."""
        return self.colouring == "optimizer" and self.compared is None

    @property
    def state(self) -> Document:
        """The graph as it is now, as a state of the history: the same object as long as nothing changes."""
        return self.history.states[self.history.cursor]

    @property
    def title(self) -> str:
        return str(self.graph.meta.get("title") or "")

    def titled(self, language: str) -> str:
        """The title in a language, as far as the graph has it."""
        meta = self.graph.meta
        chosen = meta.get("title_zh") if language == "zh" else meta.get("title")
        return str(chosen or meta.get("title") or meta.get("title_zh") or "")

    @property
    def dirty(self) -> bool:
        """Whether there is something that no file holds."""
        return bool(self.changed_at) and (self.file is None or self.saved != self.state)

    def enter(self, step: str) -> None:
        """Opens a block in place: that of a use, or of a parameter (``node/parameter``)."""
        block_of(self.open_graph, step, self.blocks)
        self.scope = (*self.scope, step)
        self.select(())

    def open_called(self, node: str, parameter: str) -> None:
        """Opens what a block parameter stands for: its block, or the node that it refers to."""
        graph = self.open_graph
        value = graph.nodes[node]["params"].get(parameter) if node in graph else None
        if not isinstance(value, Mapping):
            self.enter(f"{node}/{parameter}")
            return
        target = str(value.get("node", ""))
        first, *rest = target.removeprefix("/").split("/")
        beside = first in graph and not target.startswith("/")
        scope, last = self._way((first, *rest), self.scope if beside else ())
        if last is None:
            raise GraphError(f"There is no node '{target}'.", f"没有节点“{target}”。", node)
        self.scope = scope
        if _is_step(self.open_graph, last, self.blocks):
            self.enter(last)
        else:
            self.show(("/".join((*scope, last))).split("/"))

    def _way(self, path: Iterable[str], scope: tuple[str, ...] = ()) -> tuple[tuple[str, ...], str | None]:
        """The way into the blocks that a path of names crosses, and its last step; None where it leads nowhere."""
        parts, current, step = list(path), self.part(scope), None
        while parts:
            node = parts.pop(0)
            if step is not None:
                scope = (*scope, step)
                current = self.graph.blocks[block_of(current, step)]
            if node not in current:
                return scope, None
            step = node
            if parts and _is_step(current, f"{node}/{parts[0]}", self.blocks):
                step = f"{node}/{parts.pop(0)}"
            if not _is_step(current, step, self.blocks):
                break
        return scope, step

    def leave(self, depth: int) -> None:
        """Goes back so that ``depth`` blocks stay open; the block that was left is selected."""
        if depth < len(self.shown):
            left = self.shown[depth].partition("/")[0]
            self.scope = self.shown[:depth]
            self.select((left,))

    def select(self, nodes: Iterable[str], wires: Iterable[Edge] = ()) -> None:
        """Selects what exists of these."""
        graph = self.open_graph
        self.selection = tuple(n for n in nodes if n in graph)
        present = set(graph.wires())
        self.wires = tuple(w for w in wires if w in present)

    def show(self, path: Iterable[str]) -> None:
        """Opens the blocks on the way to a node, unless they are drawn open; selects it and brings it into view."""
        before = self.shown
        self.scope, step = self._way(path)
        self._keep_shown(before)
        self.settle()
        self.select(() if step is None else (step.partition("/")[0],))
        self.focus = Focus(self.focus.number + 1, self.selection, closer=True)

    def _keep_shown(self, shown: tuple[str, ...]) -> None:
        """Keeps this part on the canvas where the scope can be reached from it through expanded blocks."""
        rest = self.scope[len(shown) :]
        ways = [(*shown, *rest[: depth + 1]) for depth in range(len(rest))]
        if self.scope[: len(shown)] == shown and all(way in self.expanded for way in ways):
            self.shown, self.within = shown, rest

    def drawn_parts(self) -> list[Way]:
        """The ways to the parts that are on the canvas: what is shown, and what is expanded in it."""
        found = [self.shown]
        for way in sorted(self.expanded, key=len):
            if way[:-1] in found and _is_step(self.part(way[:-1]), way[-1], self.blocks):
                found.append(way)
        return found

    def canvas_id(self, node: str) -> str:
        """The canvas's id of a node of the part that is edited."""
        return "/".join((*self.within, node))

    def toggle(self, ways: Iterable[Way]) -> None:
        """Expands uses of blocks, or collapses them where all are expanded; what was selected in one leaves with it."""
        ways = list(ways)
        collapse = all(way in self.expanded for way in ways)
        for way in ways:
            if not collapse:
                self.expanded.setdefault(way, Frame())
                continue
            del self.expanded[way]
            if self.scope[: len(way)] == way:
                self.within = way[len(self.shown) : -1]
                self.select(way[-1:])

    def find(self, path: Sequence[str]) -> None:
        """Shows a node that is there.

        Raises:
            GraphError: the path leads to no node.
        """
        if self._way(path)[1] is None:
            name = "/".join(path)
            raise GraphError(f"There is no node '{name:.80}'.", f"没有节点“{name:.80}”。")
        self.show(path)

    # ------------------------------------------------------------ edits

    def edit(self, change: Callable[[Graph], _T], label: str = "", joined: bool = False) -> _T:
        """Applies a change to the open graph and records it; where it raises, everything stays as it was.

        A ``joined`` change makes one step with the one before it.
        """
        try:
            result = change(self.open_graph)
        except Exception:
            self.graph = self.history.current()
            raise
        self.record(label, joined)
        return result

    def record(self, label: str = "", joined: bool = False) -> None:
        """Records the graph as it is now, as one step, or as a part of the one before."""
        if self.history.push(self.graph, label, joined):
            self.changed_at = time.time()
        self.settle()

    def replace(self, graph: Graph, label: str = "") -> None:
        """Puts another graph in the place of the whole, as one step."""
        self.graph = graph
        self.record(label)

    def undo(self) -> None:
        """Goes back by one step."""
        if self.history.can_undo:
            self._travel(self.history.undo())

    def redo(self) -> None:
        """Goes forward by one step."""
        if self.history.can_redo:
            self._travel(self.history.redo())

    def _travel(self, graph: Graph) -> None:
        before = dict(self.open_graph.nodes(data=True))
        self.graph = graph
        self.changed_at = time.time()
        self.make_room_anew()
        self.settle()
        changed = tuple(n for n, data in self.open_graph.nodes(data=True) if before.get(n) != data)
        if 0 < len(changed) <= MANY:  # a change out of sight is brought into view
            self.focus = Focus(self.focus.number + 1, changed)

    def make_room_anew(self) -> None:
        """Lets the neighbours of expanded blocks find their places again: positions have changed as a whole."""
        self.expanded = {way: Frame() for way in self.expanded}

    def settle(self) -> None:
        """Lets go of open blocks and selected things that are no more."""
        current, shown = self.graph, self.shown
        for depth, node in enumerate(self.scope):
            try:
                current = self.graph.blocks[block_of(current, node, self.blocks)]
            except GraphError:
                self.scope = self.scope[:depth]
                self._keep_shown(shown)
                break
        self.select(self.selection, self.wires)

    def mark_saved(self, file: str | None) -> None:
        """Remembers that the graph as it is now lies in a file."""
        self.file = file
        self.saved = self.state

    # ------------------------------------------------------------ messages

    def tell(self, en: str, zh: str, kind: Literal["info", "error"] = "info") -> None:
        """Shows a notice; only the latest few are kept."""
        now = int(time.time() * 1000)
        id = max(now, self.notices[-1].id + 1) if self.notices else now
        self.notices = [*self.notices, Notice(id, kind, en, zh)][-4:]

    @property
    def fresh_notices(self) -> list[Notice]:
        """The notices of the last seconds: a page that is drawn anew does not repeat old ones."""
        return [notice for notice in self.notices if time.time() * 1000 - notice.id < FRESH]

    def refuse(self, error: GraphError) -> None:
        """Says why an edit was not made."""
        self.tell(error.message, error.message_zh, "error")

    # ------------------------------------------------------------ as data

    def to_data(self) -> dict[str, Any]:
        """The desk as JSON-able data, without its history."""
        return {
            "format": "layerloom-desk",
            "version": 1,
            "file": self.file,
            "changed_at": self.changed_at,
            "scope": list(self.shown),
            "within": list(self.within),
            "expanded": [list(way) for way in self.expanded],
            "selection": list(self.selection),
            "graph": self.state,
        }

    def copy(self) -> Desk:
        """A desk of its own with the same graph, history and place."""
        twin = Desk(self.history.current(), file=self.file, shown=self.shown, within=self.within)
        twin.selection, twin.expanded = self.selection, {way: Frame() for way in self.expanded}
        twin.history.states = list(self.history.states)
        twin.history.labels = list(self.history.labels)
        twin.history.cursor = self.history.cursor
        twin.saved, twin.changed_at = self.saved, self.changed_at
        return twin


def block_of(graph: Graph, step: str, blocks: Mapping[str, Graph] | None = None) -> str:
    """The name of the block that a step leads into: a node that is a use of it, or ``node/parameter`` that holds it.

    Raises:
        GraphError: there is no such block.
    """
    node, _, parameter = step.partition("/")
    name = None
    if node in graph and parameter:
        name = graph.nodes[node]["params"].get(parameter)
    elif node in graph and graph.nodes[node]["component"].startswith(BLOCK_PREFIX):
        name = graph.nodes[node]["component"].removeprefix(BLOCK_PREFIX)
    if not isinstance(name, str) or (blocks is not None and name not in blocks):
        raise GraphError(f"'{step}' is not a block that can be opened.", f"“{step}”不是可以打开的模块。", node)
    return name


def _is_step(graph: Graph, step: str, blocks: Mapping[str, Graph]) -> bool:
    try:
        block_of(graph, step, blocks)
    except GraphError:
        return False
    return True

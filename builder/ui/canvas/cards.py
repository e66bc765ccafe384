"""What the card of each node of a graph says: title, ports, shapes, figures, badges and problems. Nothing is drawn here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from builder.graph import BLOCK_PREFIX, PORT_IN, PORT_OUT, Graph
from builder.graph.acting import mode_of
from builder.graph.layout import Size
from builder.ui.catalogue import Catalogue, Entry, PortInfo
from builder.ui.facts import Facts, acting, trained_by
from builder.ui.text import text
from components.glossary import parameter_label
from components.tensor_spec import TensorSpec

if TYPE_CHECKING:
    from builder.compiler.ownership import Turn

WIDTH = 216
TOP, NAME, LINE, CALL, GAP, ROW, BOTTOM = 9, 19, 16, 20, 6, 21, 8
NO_END = 1_000_000  # as the last epoch in which an optimizer acts: to the end of the training
MODE_MARKS = {"mute": "⊘", "bypass": "↷"}
Wired = tuple[list[str], list[str]]


@dataclass(frozen=True)
class Call:
    """A part of the graph that a node takes as a parameter: the block of this name, or what stands at another node."""

    parameter: str
    label: str
    target: str


@dataclass(frozen=True)
class Training:
    """A node's part in training: the places of the optimizers that train it, and its own place if it is one.

    ``names`` are those optimizers; ``colour`` is the number of the colour that the node takes, 0 for none.
    """

    by: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    place: int = 0

    @property
    def colour(self) -> int:
        return self.place or (self.by[0] if self.by else 0)


@dataclass(frozen=True)
class Card:
    """What one node shows."""

    id: str
    title: str
    label: str
    detail: str
    family: str
    inputs: tuple[PortInfo, ...]
    outputs: tuple[PortInfo, ...]
    shapes: Mapping[str, TensorSpec] = field(default_factory=dict, hash=False)
    parameters: int = 0
    flops: int = 0
    badges: tuple[tuple[str, str], ...] = ()  # (text, tooltip)
    error: str = ""
    waiting: str = ""
    block: bool = False
    mode: str = ""
    expanded: bool = False
    unknown: bool = False
    bad_ports: frozenset[str] = frozenset()
    open_ports: frozenset[str] = frozenset()
    calls: tuple[Call, ...] = ()
    training: Training | None = None

    @property
    def header(self) -> int:
        """The height above the rows of ports."""
        return TOP + NAME + LINE + (LINE if self.detail else 0) + CALL * len(self.calls) + GAP

    @property
    def size(self) -> Size:
        rows = max(len(self.inputs), len(self.outputs))
        return WIDTH, self.header + ROW * rows + BOTTOM

    def port_y(self, port: str, output: bool) -> float:
        """How far below the card's top the middle of a port lies."""
        names = [p.name for p in (self.outputs if output else self.inputs)]
        row = names.index(port) if port in names else 0
        return self.header + ROW * row + ROW / 2


def cards_of(
    graph: Graph,
    blocks: Mapping[str, Graph],
    catalogue: Catalogue,
    facts: Mapping[str, Facts],
    language: str,
    training: Mapping[str, Training] | None = None,
) -> dict[str, Card]:
    """The card of every node of the open graph.

    Args:
        training: what each node has to do with training, where that is shown; None where it is not.
    """
    wired = _wired(graph)
    found = {
        node: _card(node, graph, blocks, catalogue, facts.get(node) or Facts(), wired[node], language) for node in graph
    }
    if training is None:
        return found
    return {node: replace(card, training=training.get(node, Training())) for node, card in found.items()}


def training_of(turns: Sequence[Turn], graph: Graph, scope: Sequence[str]) -> dict[str, Training]:
    """What the nodes of the open graph have to do with training."""
    trained, optimizers = trained_by(turns, graph, scope), acting(turns, graph, scope)
    return {
        node: Training(
            tuple(turn.place for turn in trained.get(node, ())),
            tuple(turn.path for turn in trained.get(node, ())),
            optimizers[node].place if node in optimizers else 0,
        )
        for node in {**trained, **optimizers}
    }


def _card(
    node: str,
    graph: Graph,
    blocks: Mapping[str, Graph],
    catalogue: Catalogue,
    facts: Facts,
    wired: Wired,
    language: str,
) -> Card:
    data = graph.nodes[node]
    component, params, settings = data["component"], data["params"], data["settings"]
    entry = catalogue.get(component)
    is_block = component.startswith(BLOCK_PREFIX)
    ports = catalogue.ports(component, params, blocks)
    if component in (PORT_IN, PORT_OUT):
        label, family = text(component, language), "Block"
    elif is_block:
        label = f"{text('block', language)} · {component.removeprefix(BLOCK_PREFIX)}"
        family = "Block"
    elif entry:
        label, family = entry.label(language), entry.family
    else:
        label, family = f"{text('unknown', language)} · {component}", "Unknown"
    inputs, outputs = _with_wired(ports or ((), ()), wired)
    calls = _calls(params, entry, language)
    errors = [p for p in facts.problems if p.code != "unconnected"]
    waiting = [p for p in facts.problems if p.code == "unconnected"]
    return Card(
        id=node,
        title=str(settings.get("name") or node),
        label=label,
        detail=_detail({k: v for k, v in params.items() if k not in calls}, language),
        family=family,
        inputs=inputs,
        outputs=outputs,
        shapes=facts.outputs,
        parameters=facts.parameters,
        flops=facts.flops,
        badges=_badges(settings, catalogue, language),
        error=errors[0].text(language) if errors else "",
        waiting=waiting[0].text(language) if waiting and not errors else "",
        block=is_block,
        mode=mode_of(graph, node) or "",
        unknown=ports is None,
        bad_ports=frozenset(p.port for p in errors if p.port),
        open_ports=frozenset(p.port for p in waiting),
        calls=tuple(calls.values()),
    )


def _calls(params: Mapping[str, Any], entry: Entry | None, language: str) -> dict[str, Call]:
    found = {}
    for block in entry.blocks if entry else ():
        target = called(params.get(block.name))
        if target:
            found[block.name] = Call(block.name, parameter_label(block.name, language), target)
    return found


def called(value: Any) -> str:
    """What a block parameter stands for: the name of a block, or the path of a node; empty where it has no value."""
    if isinstance(value, Mapping):
        return str(value.get("node") or "")
    return value if isinstance(value, str) else ""


def _wired(graph: Graph) -> dict[str, Wired]:
    """By node the names of the inputs and of the outputs at which wires end, in the order of the wires."""
    found: dict[str, Wired] = {node: ([], []) for node in graph}
    for edge in graph.wires():
        found[edge.target][0].append(edge.target_port)
        found[edge.source][1].append(edge.source_port)
    return found


def _with_wired(
    ports: tuple[tuple[PortInfo, ...], tuple[PortInfo, ...]], wired: Wired
) -> tuple[tuple[PortInfo, ...], tuple[PortInfo, ...]]:
    """The ports, and those that a wire names although the node does not have them: they are shown, not dropped."""
    sides = []
    for known, used in zip(ports, wired, strict=True):
        names = {p.name for p in known}
        sides.append((*known, *(PortInfo(name, kind="missing") for name in dict.fromkeys(used) if name not in names)))
    return sides[0], sides[1]


def _detail(params: Mapping[str, Any], language: str) -> str:
    """The values that were set by hand, in one line."""
    shown = [f"{parameter_label(k, language)} {_value(v)}" for k, v in params.items() if v is not None]
    return " · ".join(shown)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "✓" if value else "✗"
    if isinstance(value, Mapping) and set(value) == {"param"}:
        return f"= {value['param']}"
    if isinstance(value, list | tuple):
        return "×".join(_value(v) for v in value) if len(value) < 5 else f"{len(value)}…"
    text_ = str(value)
    return text_ if len(text_) < 24 else f"{text_[:23]}…"


def _badges(settings: Mapping[str, Any], catalogue: Catalogue, language: str) -> tuple[tuple[str, str], ...]:
    """Small marks with their meaning, for settings that change what a node does."""

    def mark(sign: str, key: str, **values: Any) -> None:
        badges.append((sign, text(key, language, **values)))

    badges: list[tuple[str, str]] = []
    if settings.get("mode") in MODE_MARKS:
        mark(MODE_MARKS[settings["mode"]], f"mark_{settings['mode']}")
    repeat = settings.get("repeat", 1)
    if isinstance(repeat, int) and repeat > 1:
        mark(f"×{repeat}", "repeated", n=repeat)
    if settings.get("frozen"):
        mark("❄", "weights_frozen")
    weights = settings.get("weights") or {}
    node = str(weights.get("node") or "")
    if weights.get("from") == "shared":
        mark("⚭", "weights_shared", node=node)
    elif weights.get("from") == "average":
        mark("EMA", "mark_average", node=node)
    elif weights.get("from") == "run":
        mark("⤓", "mark_run", run=str(weights.get("run") or ""))
    for name, sign, key in (("regularize", "λ", "mark_regularized"), ("parametrize", "W′", "mark_parametrized")):
        parts = [str(item.get("component")) for item in settings.get(name) or ()]
        if parts:
            mark(sign, key, names=", ".join(catalogue[p].label(language) if p in catalogue else p for p in parts))
    phase = settings.get("phase")
    if phase in ("train", "evaluate", "generate"):
        mark(text(f"phase_mark_{phase}", language), f"mark_phase_{phase}")
    if settings.get("every", 1) != 1:
        mark(f"1/{settings['every']}", "mark_every", n=settings["every"])
    if settings.get("epochs"):
        first, last = settings["epochs"]
        end = last if last < NO_END else "∞"
        mark(f"{first}–{end}", "mark_epochs", first=first, last=end)
    subset = settings.get("subset")
    if subset:
        per_class = "_per_class" if subset.get("per_class") else ""
        mark(f"n={subset.get('count')}", f"mark_subset{per_class}", n=subset.get("count"))
    return tuple(badges)

"""A graph as React Flow draws it: a card a node, with a small child node (a *pin*) a port, and the wires between pins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from typing import TYPE_CHECKING, Any

from builder.graph import BLOCK_PREFIX, PORT_IN, PORT_OUT, Edge, Graph
from builder.graph.acting import mode_of
from builder.graph.alignment import Box
from builder.graph.layout import Point, Size, layered
from builder.graph.room import make_room
from builder.ui import numbers, theme
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
SETTLING = 6  # rounds
PIN_W, PIN_H, OVERHANG = 22, 20, 6

Element = dict[str, Any]


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
    shapes: Mapping[str, TensorSpec] = field(default_factory=dict)
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
    found = {node: _card(node, graph, blocks, catalogue, facts.get(node) or Facts(), language) for node in graph}
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
    node: str, graph: Graph, blocks: Mapping[str, Graph], catalogue: Catalogue, facts: Facts, language: str
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
    inputs, outputs = _with_wired(graph, node, ports or ((), ()))
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


def _with_wired(
    graph: Graph, node: str, ports: tuple[tuple[PortInfo, ...], tuple[PortInfo, ...]]
) -> tuple[tuple[PortInfo, ...], tuple[PortInfo, ...]]:
    """The ports, and those that a wire names although the node does not have them: they are shown, not dropped."""
    sides = []
    for known, used in (
        (ports[0], [e.target_port for e in graph.wires_into(node)]),
        (ports[1], [e.source_port for e in graph.wires_from(node)]),
    ):
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
    parts = [str(item.get("component")) for item in settings.get("parametrize") or ()]
    if parts:
        names = ", ".join(catalogue[part].label(language) if part in catalogue else part for part in parts)
        mark("W′", "mark_parametrized", names=names)
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


# ------------------------------------------------------------------ React Flow elements


def html_of(card: Card, language: str) -> str:
    """The inside of a card. Every text is escaped: names come from files. One line: a blank line would end the HTML."""
    e = escape
    pill = ""
    if card.parameters:
        tip = text("n_parameters", language, exact=f"{card.parameters:,}")
        pill = f'<span class="pill" title="{e(tip)}">{e(numbers.short(card.parameters).replace(" ", ""))}</span>'
    cost = ""
    if card.flops:
        tip, figure = text("n_flops", language, exact=f"{card.flops:,}"), numbers.short(card.flops).replace(" ", "")
        cost = f'<span class="cost" title="{e(tip)}">{e(figure)} FLOPs</span>'
    badges = "".join(f'<span class="pill" title="{e(tip)}">{e(mark)}</span>' for mark, tip in card.badges)
    badges += _places(card.training, language) if card.training else ""
    calls = "".join(
        f'<div class="call" data-parameter="{e(call.parameter)}" title="{e(text("call_help", language, name=call.target))}">'
        f"<span>{e(call.label)}</span><b>{e(call.target)}</b></div>"
        for call in card.calls
    )
    rows = []
    for index in range(max(len(card.inputs), len(card.outputs))):
        left = e(card.inputs[index].name) if index < len(card.inputs) else ""
        right, badge = "", ""
        if index < len(card.outputs):
            port = card.outputs[index]
            right = e(port.name)
            spec = card.shapes.get(port.name)
            if spec is not None:
                shape = numbers.shape(spec.shape)
                badge = f'<code class="shape" title="{e(f"{shape} {spec.dtype}")}">{e(shape)}</code>'
        rows.append(f'<div class="row"><span class="in">{left}</span>{badge}<span class="out">{right}</span></div>')
    detail = f'<div class="detail" title="{e(card.detail)}">{e(card.detail)}</div>' if card.detail else ""
    issue = ""
    if card.error or card.waiting:
        kind = "error" if card.error else "waiting"
        issue = f'<div class="issue {kind}" role="note">{e(card.error or card.waiting)}</div>'
    return " ".join(
        (
            f'<div class="card"><div class="head">{_fold(card, language)}<span class="name" title="{e(card.title)}">{e(card.title)}</span>'
            f'{badges}{pill}</div><div class="kind"><span class="label" title="{e(card.label)}">{e(card.label)}</span>{cost}</div>{detail}{calls}'
            f'<div class="rows">{"".join(rows)}</div></div>{issue}'
        ).split()
    )


def _fold(card: Card, language: str) -> str:
    """The chevron that expands a block where it stands."""
    tip = text("collapse_block" if card.expanded else "expand_block", language)
    return f'<b class="fold" title="{escape(tip)}"></b>' if card.block and not card.unknown else ""


def _places(training: Training, language: str) -> str:
    """The numbers of optimizers as pills in their colours."""
    if training.place:
        tip = text("acts_as", language, place=training.place)
        return f'<span class="pill turn {theme.turn(training.place)}" title="{escape(tip)}">{training.place}</span>'
    tip = text("trained_by", language, names=", ".join(training.names))
    return "".join(
        f'<span class="pill by {theme.turn(place)}" title="{escape(tip)}">{place}</span>' for place in training.by
    )


def elements(
    graph: Graph, cards: Mapping[str, Card], selection: Sequence[str], wires: Sequence[Edge], language: str
) -> tuple[list[Element], list[Element]]:
    """The nodes and edges for React Flow; a pin's id is ``<node>.<port>``, an edge's ``<node>.<port>-><node>.<port>``."""
    nodes: list[Element] = []
    for id, card in cards.items():
        nodes.append(_body(card, graph.nodes[id]["position"] or (0, 0), id in selection, language))
        used_in = {e.target_port for e in graph.wires_into(id)}
        used_out = {e.source_port for e in graph.wires_from(id)}
        nodes += [_pin(card, p, False, p.name in used_in) for p in card.inputs]
        nodes += [_pin(card, p, True, p.name in used_out) for p in card.outputs]
    return nodes, [_edge(graph, cards, edge, edge in wires, lane) for lane, edge in enumerate(graph.wires())]


def _body(card: Card, position: Sequence[float], selected: bool, language: str) -> Element:
    states = {"is-error": card.error, "is-waiting": card.waiting, "is-block": card.block, "is-unknown": card.unknown}
    classes = ["body", theme.slug(card.family), *(name for name, on in states.items() if on)]
    if card.mode:
        classes += ["is-silent", f"is-{card.mode}"]
    if card.training is not None:
        classes += ["is-trained", theme.turn(card.training.colour)] if card.training.colour else ["is-untrained"]
    width, height = card.size
    return {
        "id": card.id,
        "pos": (float(position[0]), float(position[1])),
        "data": {"content": html_of(card, language)},
        "node_type": "default",
        "source_position": "right",
        "target_position": "left",
        "connectable": False,
        "selectable": True,
        "deletable": False,
        "selected": selected,
        "className": " ".join(classes),
        "style": {"width": f"{width}px", "height": f"{height}px"},
        "width": width,
        "height": height,
    }


def _pin(card: Card, port: PortInfo, output: bool, used: bool) -> Element:
    states = {
        "used": used,
        "optional": port.optional,
        "many": port.variadic,
        "schedule": port.kind == "schedule",
        "missing": port.kind == "missing",
        "bad": port.name in card.bad_ports,
        "open": not output and port.name in card.open_ports,
        "silent": bool(card.mode),
    }
    classes = ["pin", "out" if output else "in", theme.slug(card.family), *(name for name, on in states.items() if on)]
    x = card.size[0] - PIN_W + OVERHANG if output else -OVERHANG
    return {
        "id": f"{card.id}.{port.name}",
        "pos": (float(x), card.port_y(port.name, output) - PIN_H / 2),
        "data": {"content": ""},
        # React Flow calls a node that only gives an "input" of the flow.
        "node_type": "input" if output else "output",
        "source_position": "right",
        "target_position": "left",
        "connectable": True,
        "draggable": False,
        "selectable": False,
        "deletable": False,
        "focusable": False,
        "parentNode": card.id,
        "className": " ".join(classes),
        "style": {"width": f"{PIN_W}px", "height": f"{PIN_H}px"},
        "width": PIN_W,
        "height": PIN_H,
    }


def edge_id(edge: Edge, within: Sequence[str] = ()) -> str:
    """The canvas's id of a wire, of one ``within`` expanded blocks with the way there."""
    way = "".join(f"{use}/" for use in within)
    return f"{way}{edge.source}.{edge.source_port}->{way}{edge.target}.{edge.target_port}"


def _edge(graph: Graph, cards: Mapping[str, Card], edge: Edge, selected: bool, lane: int) -> Element:
    source, target = cards[edge.source], cards[edge.target]
    left = (graph.nodes[edge.source]["position"] or (0, 0))[0] + source.size[0]
    right = (graph.nodes[edge.target]["position"] or (0, 0))[0]
    ports = {p.name: p for p in target.inputs}
    port = ports.get(edge.target_port)
    label = ""
    if port is not None and port.variadic:
        siblings = graph.wires_into(edge.target, edge.target_port)
        label = str(siblings.index(edge) + 1) if len(siblings) > 1 else ""
    states = {
        "schedule": port is not None and port.kind == "schedule",
        "bad": edge.target_port in target.bad_ports,
        "silent": "mute" in (source.mode, target.mode),
        "passing": "bypass" in (source.mode, target.mode),
    }
    return {
        "id": edge_id(edge),
        "source": f"{edge.source}.{edge.source_port}",
        "target": f"{edge.target}.{edge.target_port}",
        # A wire that goes back to the left turns round the nodes like a line feed.
        "edge_type": "default" if right > left - 24 else "smoothstep",
        "pathOptions": {"offset": 18 + 7 * (lane % 5)},  # so that two that turn at the same place stay apart
        "selected": selected,
        "focusable": False,  # a wire is chosen from the list of a node's wires
        "deletable": False,
        "label": label,
        "label_show_bg": bool(label),
        "className": " ".join(["wire", theme.slug(source.family), *(name for name, on in states.items() if on)]),
    }


# ------------------------------------------------------------------ automatic layout


def arrange(graph: Graph, cards: Mapping[str, Card], aspect: float) -> dict[str, Point]:
    """New places for all nodes of the open graph."""
    return _layered(graph, cards, list(graph.nodes), aspect)


def arrange_some(graph: Graph, cards: Mapping[str, Card], nodes: Sequence[str]) -> dict[str, Point]:
    """New places for some nodes, in the shape of the area that they take; others move only where they would be covered."""
    boxes = boxes_of(graph, cards)
    own = [boxes[node] for node in nodes]
    left, top = min(box.x for box in own), min(box.y for box in own)
    width, height = max(b.x + b.width for b in own) - left, max(b.y + b.height for b in own) - top
    chosen = [node for node in graph.nodes if node in nodes]
    found: dict[str, Point] = {}
    for _ in range(SETTLING):  # until the shape that comes out is the shape that was asked for
        before, found = found, _layered(graph, cards, chosen, width / height)
        if found == before:
            break
        width = max(x + cards[node].size[0] for node, (x, _) in found.items())
        height = max(y + cards[node].size[1] for node, (_, y) in found.items())
    placed = {node: (left + x, top + y) for node, (x, y) in found.items()}
    return placed | make_room(boxes | {n: Box(*placed[n], *cards[n].size) for n in placed}, chosen)


def boxes_of(graph: Graph, cards: Mapping[str, Card]) -> dict[str, Box]:
    """Where the nodes lie, with their sizes."""
    places = {node: graph.nodes[node]["position"] or (0.0, 0.0) for node in cards}
    return {node: Box(places[node][0], places[node][1], *card.size) for node, card in cards.items()}


def _layered(graph: Graph, cards: Mapping[str, Card], nodes: Sequence[str], aspect: float) -> dict[str, Point]:
    def anchor(node: str, port: str, output: bool) -> float:
        return cards[node].port_y(port, output)

    sizes = {node: cards[node].size for node in nodes}
    standing = {node: (x, y) for node in nodes for x, y in [graph.nodes[node]["position"] or (0.0, 0.0)]}
    return layered(nodes, graph.wires(), sizes, anchor=anchor, aspect=aspect, standing=standing)


def place_missing(graph: Graph, catalogue: Catalogue, aspect: float = 1.0) -> None:
    """Arranges the graph, and each of its blocks, where nodes have no place yet (as in files written by hand)."""
    for part in (graph, *graph.blocks.values()):
        if any(data["position"] is None for _, data in part.nodes(data=True)):
            cards = cards_of(part, graph.blocks, catalogue, {}, "en")
            for node, (x, y) in arrange(part, cards, aspect).items():
                part.nodes[node]["position"] = [x, y]

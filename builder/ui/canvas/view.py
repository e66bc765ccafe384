"""A graph as React Flow draws it: a card a node, with a small child node (a *pin*) a port, and the wires between pins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from html import escape
from typing import Any

from builder.graph import Edge, Graph
from builder.ui import numbers, theme
from builder.ui.canvas.cards import Card, Training
from builder.ui.catalogue import PortInfo
from builder.ui.text import text

PIN_W, PIN_H, OVERHANG = 22, 20, 6
KEPT = 4096  # cards whose drawing is kept: an edit changes few of them

# What React Flow is told of an element: what it is like, and what is its own.
Element = dict[str, Any]
_CARD = {"sourcePosition": "right", "targetPosition": "left", "deletable": False}
_PIN = {
    **_CARD,
    "connectable": True,
    "draggable": False,
    "selectable": False,
    "focusable": False,
    "width": PIN_W,
    "height": PIN_H,
}
KINDS: Mapping[str, Element] = {
    "card": {**_CARD, "type": "default", "connectable": False, "selectable": True},
    # React Flow calls a node that only gives an "input" of the flow.
    "out": {**_PIN, "type": "input"},
    "in": {**_PIN, "type": "output"},
    # A wire is chosen from the list of a node's wires.
    "wire": {"type": "default", "focusable": False, "deletable": False, "label": "", "labelShowBg": False},
}


@lru_cache(KEPT)
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
    edges = list(graph.wires())
    used_in = {(e.target, e.target_port) for e in edges}
    used_out = {(e.source, e.source_port) for e in edges}
    for id, card in cards.items():
        nodes.append(_body(card, graph.nodes[id]["position"] or (0, 0), id in selection, language))
        inputs = frozenset(p.name for p in card.inputs if (id, p.name) in used_in)
        outputs = frozenset(p.name for p in card.outputs if (id, p.name) in used_out)
        nodes += map(dict, _pins(card, inputs, outputs))
    return nodes, [_edge(graph, cards, edge, edge in wires, lane) for lane, edge in enumerate(edges)]


def _body(card: Card, position: Sequence[float], selected: bool, language: str) -> Element:
    states = {"is-error": card.error, "is-waiting": card.waiting, "is-block": card.block, "is-unknown": card.unknown}
    classes = ["body", theme.slug(card.family), *(name for name, on in states.items() if on)]
    if card.mode:
        classes += ["is-silent", f"is-{card.mode}"]
    if card.training is not None:
        classes += ["is-trained", theme.turn(card.training.colour)] if card.training.colour else ["is-untrained"]
    width, height = card.size
    return {
        "like": "card",
        "id": card.id,
        "pos": (float(position[0]), float(position[1])),
        "content": html_of(card, language),
        "selected": selected,
        "className": " ".join(classes),
        "width": width,
        "height": height,
    }


@lru_cache(KEPT)
def _pins(card: Card, used_in: frozenset[str], used_out: frozenset[str]) -> tuple[Element, ...]:
    """The pins of a card, of which these are wired."""
    inputs = (_pin(card, port, False, port.name in used_in) for port in card.inputs)
    return (*inputs, *(_pin(card, port, True, port.name in used_out) for port in card.outputs))


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
        "like": "out" if output else "in",
        "id": f"{card.id}.{port.name}",
        "pos": (float(x), card.port_y(port.name, output) - PIN_H / 2),
        "parentNode": card.id,
        "className": " ".join(classes),
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
    own: Element = {
        "like": "wire",
        "id": edge_id(edge),
        "source": f"{edge.source}.{edge.source_port}",
        "target": f"{edge.target}.{edge.target_port}",
        "selected": selected,
        "className": " ".join(["wire", theme.slug(source.family), *(name for name, on in states.items() if on)]),
    }
    if right <= left - 24:  # a wire that goes back to the left turns round the nodes like a line feed
        own |= {
            "type": "smoothstep",
            "pathOptions": {"offset": 18 + 7 * (lane % 5)},
        }  # two that turn at one place stay apart
    if label:
        own |= {"label": label, "labelShowBg": True}
    return own

"""What a person did on the canvas, as the bridge reports it. Nothing from the browser is trusted: each event is validated."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

Id = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=120)]
_PATH = r"[A-Za-z][A-Za-z0-9_]*(/[A-Za-z][A-Za-z0-9_]*){0,20}"
Path = Annotated[str, Field(pattern=rf"^{_PATH}$", max_length=1000)]  # a node, or one within expanded blocks: use/node
End = Annotated[str, Field(pattern=rf"^{_PATH}(\.[A-Za-z][A-Za-z0-9_]*)?$", max_length=1000)]
PortEnd = Annotated[str, Field(pattern=rf"^{_PATH}\.[A-Za-z][A-Za-z0-9_]*$", max_length=1000)]
WireId = Annotated[str, Field(max_length=2000)]
MAX_PASTE = 5_000_000  # characters
Coordinate = Annotated[float, Field(ge=-1e7, le=1e7, allow_inf_nan=False)]


class _Event(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    seq: Annotated[int, Field(ge=1)]


class Add(_Event):
    """A card was dropped on the canvas (or on a wire), or added by click."""

    type: Literal["add"]
    component: Annotated[str, Field(max_length=160)]
    x: Coordinate
    y: Coordinate
    wire: WireId | None = None


class Move(_Event):
    """Nodes lie somewhere else."""

    type: Literal["move"]
    positions: Annotated[dict[Path, tuple[Coordinate, Coordinate]], Field(max_length=20_000)]


class Connect(_Event):
    """A wire was drawn, from port to port, or with one end on a node as a whole."""

    type: Literal["connect"]
    source: End
    target: End


class Suggest(_Event):
    """A wire was dropped beside all ports: what fits there? The answer carries the number of the question."""

    type: Literal["suggest"]
    end: PortEnd
    output: bool
    number: Annotated[int, Field(ge=1, lt=2**53)]


class Extend(_Event):
    """Something was chosen from what fits: place it with its port at the point where the wire was dropped, and wire it."""

    type: Literal["extend"]
    component: Annotated[str, Field(max_length=160)]
    port: Id
    end: PortEnd
    output: bool
    x: Coordinate
    y: Coordinate


class Rewire(_Event):
    """An end of a wire was taken up and put on another port, on a node, or nowhere (None)."""

    type: Literal["rewire"]
    wire: WireId
    end: End | None


class Insert(_Event):
    """A node without wires was dropped on a wire."""

    type: Literal["insert"]
    node: Path
    x: Coordinate
    y: Coordinate
    wire: WireId


class Paste(_Event):
    """Text came from the system's clipboard (None: it could not be read), for a place of the canvas or none."""

    type: Literal["paste"]
    text: Annotated[str, Field(max_length=MAX_PASTE)] | None
    at: tuple[Coordinate, Coordinate] | None = None


class Select(_Event):
    """Other nodes or wires are selected."""

    type: Literal["select"]
    nodes: Annotated[list[Path], Field(max_length=20_000)]
    edges: Annotated[list[WireId], Field(max_length=20_000)]


class Open(_Event):
    """A node was double-clicked; or what one of its block parameters stands for was clicked."""

    type: Literal["open"]
    node: Path
    parameter: Id | None = None


class Expand(_Event):
    """The chevron of a block was clicked: draw it open, or closed again."""

    type: Literal["expand"]
    node: Path


class Show(_Event):
    """A node was looked for and chosen: the ids on the way to it, from the whole graph."""

    type: Literal["show"]
    path: Annotated[list[Id], Field(min_length=1, max_length=64)]


class Command(_Event):
    """A command of the table of commands."""

    type: Literal["command"]
    name: Id


class Escape(_Event):
    """Deselect, or leave the open block."""

    type: Literal["escape"]


class Poll(_Event):
    """Something is still loading: look again."""

    type: Literal["poll"]


Event = (
    Add
    | Move
    | Connect
    | Suggest
    | Extend
    | Rewire
    | Insert
    | Paste
    | Select
    | Open
    | Expand
    | Show
    | Command
    | Escape
    | Poll
)


class Batch(NamedTuple):
    """The events that Python has not confirmed to this page yet, in order. ``bad`` counts what was unreadable."""

    client: str
    events: list[Event]
    last: int
    bad: int


_EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="type")])
_CLIENT = re.compile(r"[a-z0-9]{4,16}")
MAX_EVENTS = 1000


def parse(payload: Any) -> Batch:
    """What the browser sent, as far as it is readable; one bad event does not hold up the others."""
    if not isinstance(payload, dict) or not isinstance(client := payload.get("client"), str):
        return Batch("", [], 0, 1)
    given = payload.get("events")
    if not _CLIENT.fullmatch(client) or not isinstance(given, list):
        return Batch("", [], 0, 1)
    events, last, bad = [], 0, 0
    for item in given[:MAX_EVENTS]:
        try:
            event = _EVENT.validate_python(item)
            events.append(event)
            last = max(last, event.seq)
        except ValidationError:
            bad += 1
            seq = item.get("seq") if isinstance(item, dict) else None
            last = max(last, seq) if isinstance(seq, int) else last
    return Batch(client, events, last, bad)

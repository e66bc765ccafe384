"""Copy, cut and paste: nodes travel as the text of a graph file, between tabs, windows and programs.

The page writes the text of a copy to the system's clipboard and brings what it reads there; where the browser refuses either, the
desk's own clipboard serves.
"""

from __future__ import annotations

import time

from builder.graph import Graph, GraphError, dumps, edit, loads
from builder.graph.graph import substitute
from builder.ui import actions
from builder.ui.canvas.arrangement import place_missing
from builder.ui.canvas.cards import WIDTH
from builder.ui.desk import Desk, Focus
from builder.ui.warm import WARMUP

FRESH = 10.0  # seconds for which a copy's text is sent to the page
HEIGHT = 84.0  # of a usual card: what is pasted at a point has its middle there


def copy(desk: Desk) -> None:
    """Takes copies of the selected nodes to the clipboard."""
    part = edit.clip(desk.open_graph, actions.selected(desk), desk.blocks)
    desk.clipboard, desk.copied = part, (int(time.time() * 1000), text_of(part))


def cut(desk: Desk) -> None:
    """Takes the selected nodes away, to the clipboard."""
    copy(desk)
    actions.delete(desk)


def paste(desk: Desk, at: tuple[float, float] | None = None) -> None:
    """Places what was copied, here or on another desk, and selects it.

    Args:
        desk: the desk.
        at: where the middle of it comes to lie; beside where it came from if None.

    Raises:
        GraphError: nothing was copied, or it cannot stand in the part that is open.
    """
    part = desk.clipboard
    if part is None:
        raise GraphError("Nothing was copied yet.", "尚未复制任何内容。")
    offset = None if at is None else _to(part, at)
    new = desk.edit(lambda graph: edit.paste(graph, part, desk.blocks, bool(desk.scope), offset), "paste")
    desk.select(new)
    desk.focus = Focus(desk.focus.number + 1, desk.selection)


def paste_text(desk: Desk, text: str, at: tuple[float, float] | None = None) -> None:
    """Places the nodes of a graph file's text and selects them. GraphError where it is no such text, and nothing changes."""
    part = _read(text)
    if not len(part):
        raise GraphError("The copied graph has no nodes.", "复制的图没有节点。")
    place_missing(part, WARMUP.wait_for_catalogue())
    desk.clipboard = part
    paste(desk, at)


def text_of(part: Graph) -> str:
    """Clipped nodes as a graph file; a value that they take from a block around them is written as it is by default."""
    whole = part.copy()
    for _, data in whole.nodes(data=True):
        data["params"] = substitute(data["params"], part.block_params, strict=False)
    return dumps(whole)


def fresh(desk: Desk) -> dict[str, object]:
    """What was copied just now, for the page to write to the system's clipboard; its number is the time in ms."""
    number, text = desk.copied
    return {"number": number, "text": text if time.time() * 1000 - number < FRESH * 1000 else ""}


def _read(text: str) -> Graph:
    if not text.lstrip("\ufeff \t\r\n").startswith("{"):
        raise GraphError(
            "What was pasted is not a graph. Copy nodes, or the text of a graph file.",
            "粘贴的内容不是图。请复制节点，或图文件的文本。",
        )
    try:
        return loads(text)
    except GraphError as error:
        raise GraphError(
            f"What was pasted cannot be used. {error.message}", f"粘贴的内容无法使用。{error.message_zh}"
        ) from None


def _to(part: Graph, at: tuple[float, float]) -> tuple[float, float]:
    """The way that brings the middle of clipped nodes to a point."""
    places = [data["position"] for _, data in part.nodes(data=True) if data["position"] is not None]
    if not places:
        return at
    (left, right), (top, bottom) = ((min(values), max(values)) for values in zip(*places, strict=True))
    return at[0] - (left + right + WIDTH) / 2, at[1] - (top + bottom + HEIGHT) / 2

"""What the desk does with the events of the canvas."""

from __future__ import annotations

from builder.graph import GraphError, edit
from builder.ui import actions, clipboard, commands, suggestions, wiring
from builder.ui.canvas import events
from builder.ui.canvas.events import Batch, Event
from builder.ui.canvas.view import edge_id
from builder.ui.desk import Desk
from builder.ui.warm import WARMUP


def take(desk: Desk, batch: Batch) -> None:
    """Takes the events of a batch that are new, each once and in order."""
    seen = desk.acks.pop(batch.client, 0)
    for event in batch.events:
        if event.seq > seen:
            handle(desk, event)
    if batch.bad and batch.last > seen:
        desk.tell(
            "The canvas sent something unreadable; reload the page if it goes on.",
            "画布发送了无法识别的内容；若反复出现，请刷新页面。",
            "error",
        )
    if batch.client:
        desk.acks[batch.client] = max(seen, batch.last)
    for old in list(desk.acks)[:-8]:
        del desk.acks[old]


def handle(desk: Desk, event: Event) -> None:
    """Makes the edit of one event; a refused one is told to the person."""
    try:
        _handle(desk, event)
    except GraphError as error:
        desk.refuse(error)


def _handle(desk: Desk, event: Event) -> None:
    match event:
        case events.Add():
            actions.add(desk, event.component, (event.x, event.y), event.wire)
        case events.Move():
            known = {n: p for n, p in event.positions.items() if n in desk.open_graph}
            desk.edit(lambda graph: edit.move(graph, known), "move")
        case events.Connect():
            wiring.connect(desk, event.source, event.target)
        case events.Rewire():
            wiring.rewire(desk, event.wire, event.end)
        case events.Insert():
            wiring.insert(desk, event.node, event.wire, (event.x, event.y))
        case events.Suggest():
            suggestions.answer(desk, event.end, event.output, event.number)
        case events.Paste():
            if event.text is None:
                clipboard.paste(desk, event.at)
            else:
                clipboard.paste_text(desk, event.text, event.at)
        case events.Extend():
            point = (event.x, event.y)
            wiring.extend(
                desk, WARMUP.wait_for_catalogue(), event.component, event.port, event.end, event.output, point
            )
        case events.Select():
            by_id = {edge_id(edge): edge for edge in desk.open_graph.wires()}
            desk.select(event.nodes, [by_id[e] for e in event.edges if e in by_id])
        case events.Open():
            if event.parameter is not None:
                desk.open_called(event.node, event.parameter)
            elif actions.is_block(desk.open_graph, event.node):
                desk.enter(event.node)
        case events.Escape():
            if desk.selection or desk.wires:
                desk.select(())
            elif desk.scope:
                desk.leave(len(desk.scope) - 1)
        case events.Command():
            commands.run(desk, event.name)
        case events.Poll():
            pass

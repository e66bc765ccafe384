"""What the desk does with the events of the canvas."""

from __future__ import annotations

from builder.graph import GraphError
from builder.ui import actions, clipboard, commands, drawn_parts, suggestions, wiring
from builder.ui.canvas import events
from builder.ui.canvas.events import Batch, Event
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
            point = (event.x, event.y)
            if event.wire is None:
                position, note = drawn_parts.land(desk, point)
                note(actions.add(desk, event.component, position))
            else:
                wire = drawn_parts.reach_wire(desk, event.wire)
                position, note = drawn_parts.land(desk, point, desk.scope)
                note(actions.add(desk, event.component, position, wire))
        case events.Move():
            drawn_parts.move(desk, event.positions)
        case events.Connect():
            source, target = drawn_parts.reach_both(desk, event.source, event.target)
            wiring.connect(desk, source, target)
        case events.Rewire():
            wire = drawn_parts.reach_wire(desk, event.wire)
            wiring.rewire(desk, wire, None if event.end is None else drawn_parts.beside(desk, event.end))
        case events.Insert():
            wire = drawn_parts.reach_wire(desk, event.wire)
            node = drawn_parts.beside(desk, event.node)
            wiring.insert(desk, node, wire, drawn_parts.stored(desk, node, (event.x, event.y)))
        case events.Suggest():
            suggestions.answer(desk, drawn_parts.reach(desk, event.end), event.output, event.number)
        case events.Paste():
            at, note = (None, None) if event.at is None else drawn_parts.land(desk, event.at)
            if event.text is None:
                clipboard.paste(desk, at)
            else:
                clipboard.paste_text(desk, event.text, at)
            if note is not None:
                for node in desk.selection:
                    note(node)
        case events.Extend():
            end = drawn_parts.reach(desk, event.end)
            point, note = drawn_parts.land(desk, (event.x, event.y), desk.scope)
            catalogue = WARMUP.wait_for_catalogue()
            note(wiring.extend(desk, catalogue, event.component, event.port, end, event.output, point))
        case events.Select():
            drawn_parts.select(desk, event.nodes, event.edges)
        case events.Open():
            node = drawn_parts.reach(desk, event.node)
            if event.parameter is not None:
                desk.open_called(node, event.parameter)
            elif actions.is_block(desk.open_graph, node):
                desk.enter(node)
        case events.Expand():
            desk.select((drawn_parts.reach(desk, event.node),))
            actions.toggle_expanded(desk)
        case events.Show():
            desk.find(event.path)
        case events.Escape():
            if desk.selection or desk.wires:
                drawn_parts.edit_part(desk, ())
                desk.select(())
            elif desk.shown:
                desk.leave(len(desk.shown) - 1)
        case events.Command():
            commands.run(desk, event.name)
        case events.Poll():
            pass

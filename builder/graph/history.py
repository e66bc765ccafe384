"""Undo and redo as pure data: a list of documents that share what did not change between them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from builder.graph.document import Document, restored, to_document
from builder.graph.graph import Graph


class History:
    """The states of one graph, with a cursor. Holds at least ``limit`` steps back; only JSON-able data is kept."""

    def __init__(self, graph: Graph, limit: int = 500) -> None:
        self.limit = limit
        self.states: list[Document] = [to_document(graph)]
        self.labels: list[str] = [""]
        self.cursor = 0

    def push(self, graph: Graph, label: str = "", joined: bool = False) -> bool:
        """Records the graph after an edit and forgets what was undone; False where nothing changed.

        A ``joined`` edit makes one step with the edit before it, under that one's label.
        """
        document = to_document(graph)
        present = self.states[self.cursor]
        if document == present and _same_types(document, present):
            return False
        del self.states[self.cursor + 1 :], self.labels[self.cursor + 1 :]
        if joined and self.can_undo:
            label = self.labels.pop()
            del self.states[-1]
        self.states.append(_share(document, self.states[-1]))
        self.labels.append(label)
        if len(self.states) > self.limit + 1:
            del self.states[0], self.labels[0]
        self.cursor = len(self.states) - 1
        return True

    @property
    def can_undo(self) -> bool:
        return self.cursor > 0

    @property
    def can_redo(self) -> bool:
        return self.cursor < len(self.states) - 1

    @property
    def undo_label(self) -> str:
        """The label of the step that undo takes back; empty where there is none."""
        return self.labels[self.cursor] if self.can_undo else ""

    @property
    def redo_label(self) -> str:
        """The label of the step that redo takes again; empty where there is none."""
        return self.labels[self.cursor + 1] if self.can_redo else ""

    def current(self) -> Graph:
        """The graph at the cursor, a copy that may be edited."""
        return restored(self.states[self.cursor])

    def undo(self) -> Graph:
        """The graph one step back; the first state stays where there is none."""
        self.cursor = max(0, self.cursor - 1)
        return self.current()

    def redo(self) -> Graph:
        """The graph one step forward; the last state stays where there is none."""
        self.cursor = min(len(self.states) - 1, self.cursor + 1)
        return self.current()


def _share(new: Any, old: Any) -> Any:
    """``new``, with every part that equals the old one's taken from the old one: 500 steps cost little memory."""
    if type(new) is type(old) and new == old and _same_types(new, old):
        return old
    if isinstance(new, dict) and isinstance(old, Mapping):
        return {key: _share(value, old.get(key)) for key, value in new.items()}
    if isinstance(new, list) and isinstance(old, list):
        keyed = {_key(item): item for item in old}
        return [_share(item, keyed.get(_key(item))) for item in new]
    return new


def _same_types(new: Any, old: Any) -> bool:
    """Whether equal values are also written alike: 1, 1.0 and True are equal, but not in a file."""
    if isinstance(new, dict):
        return list(new) == list(old) and all(_same_types(value, old[key]) for key, value in new.items())
    if isinstance(new, list):
        return all(_same_types(a, b) for a, b in zip(new, old, strict=True))
    return type(new) is type(old)


def _key(item: Any) -> str:
    """What tells the items of a list apart: a node's id, a wire's ends."""
    if isinstance(item, dict):
        return str(item.get("id") or (item.get("from"), item.get("to")))
    return repr(item)

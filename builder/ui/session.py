"""Which desk a browser tab works at: kept in the process while it runs and in the autosave folder beyond that.

The address carries the desk's id, so a refresh comes back to the same desk with its history. A second tab at the same address gets
a copy: two people (or tabs) never write over each other. Opening another graph takes a new desk, and the old one stays to return to.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import streamlit as st
from streamlit.runtime import Runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from builder.graph import Graph, GraphError, from_document, load, write_atomic
from builder.graph.file import migrate, parse
from builder.ui import workspace
from builder.ui.canvas.arrangement import place_missing
from builder.ui.desk import Desk
from builder.ui.expansion import Frame
from builder.ui.warm import WARMUP

PARAMETER = "desk"
DESK_ID = re.compile(r"[a-z0-9]{8,32}")
FIRST = "lenet5"
KEPT_IN_MEMORY = 64
KEPT_ON_DISK = 40


@dataclass(frozen=True)
class Recent:
    """A desk that can be returned to."""

    id: str
    title: str
    title_zh: str
    nodes: int
    changed_at: float
    file: str | None = None


class Desks:
    """The desks of this process, by id, and the tabs that work at them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._desks: OrderedDict[str, Desk] = OrderedDict()
        self._owners: dict[str, str] = {}

    def attach(self, id: str, session: str) -> tuple[Desk | None, bool]:
        """The desk of an id for a tab, and whether it is a copy because another tab works at it.

        Raises:
            GraphError: the kept file of this id cannot be read.
        """
        with self._lock:
            desk = self._desks.get(id) or _restore(id)
            if desk is None:
                return None, False
            owner = self._owners.get(desk.id)
            taken = owner is not None and owner != session and _is_active(owner)
            if taken:
                desk = desk.copy()
            self._keep(desk, session)
            return desk, taken

    def add(self, desk: Desk, session: str) -> None:
        """Takes a new desk in."""
        with self._lock:
            self._keep(desk, session)

    def all(self) -> list[Desk]:
        """The desks in memory."""
        with self._lock:
            return list(self._desks.values())

    def _keep(self, desk: Desk, session: str) -> None:
        self._desks[desk.id] = desk
        self._desks.move_to_end(desk.id)
        self._owners[desk.id] = session
        while len(self._desks) > KEPT_IN_MEMORY:
            old, _ = self._desks.popitem(last=False)
            self._owners.pop(old, None)


@st.cache_resource(show_spinner=False)
def desks() -> Desks:
    """The desks of this process."""
    return Desks()


def _is_active(session: str) -> bool:
    return Runtime.exists() and Runtime.instance().is_active_session(session)


def _session_id() -> str:
    context = get_script_run_ctx()
    return context.session_id if context else ""


def current() -> Desk:
    """The desk of this tab. On the first visit it shows a gallery graph that is ready to train."""
    asked = st.query_params.get(PARAMETER)
    desk: Desk | None = st.session_state.get("desk")
    if desk is not None and asked in (None, desk.id):
        _set_address(desk)
        return desk
    failure: GraphError | None = None
    copied = False
    if asked and DESK_ID.fullmatch(asked):
        try:
            desk, copied = desks().attach(asked, _session_id())
        except GraphError as error:
            desk, failure = None, error
    else:
        desk = None
    if desk is None:
        desk = fresh(load(workspace.GALLERY / f"{FIRST}.json"))
    if failure:
        desk.tell(
            f"The kept work of this address could not be read; its file is left as it is. {failure.message}",
            f"无法读取此地址保留的工作，文件保持原样。{failure.message_zh}",
            "error",
        )
    if copied:
        desk.tell(
            "This graph is open in another tab, so you are working on a copy here.",
            "此图已在另一个标签页中打开，这里是它的副本。",
        )
    take(desk)
    return desk


def fresh(graph: Graph, file: str | None = None) -> Desk:
    """A desk for a graph; nodes without a place get one."""
    place_missing(graph, WARMUP.wait_for_catalogue())
    desk = Desk(graph, file=file)
    if file is not None:
        desk.mark_saved(file)
    return desk


def take(desk: Desk) -> None:
    """Makes a desk the one of this tab."""
    desks().add(desk, _session_id())
    before: Desk | None = st.session_state.get("desk")
    if before is not None and before is not desk:
        keep(before)
        desk.acks = {**before.acks, **desk.acks}  # what this tab has sent is not taken again
        if desk.clipboard is None:
            desk.clipboard = before.clipboard  # what was copied can be pasted into another graph
    st.session_state["desk"] = desk
    _set_address(desk)


def _set_address(desk: Desk) -> None:
    if st.query_params.get(PARAMETER) != desk.id:
        st.query_params[PARAMETER] = desk.id


# ------------------------------------------------------------------ on disk


def file_of(id: str) -> Path:
    """The file where the desk of an id is kept."""
    if not DESK_ID.fullmatch(id):
        raise ValueError(f"A desk's id must match {DESK_ID.pattern}. Got {id!r} instead.")
    return workspace.autosave_folder() / f"{id}.json"


def keep(desk: Desk) -> bool:
    """Writes the desk to the autosave folder if it has changed since it was written; False where that fails, which it tells."""
    stamp = (desk.changed_at, desk.file, tuple(desk.expanded))
    if not desk.changed_at or desk.kept == stamp:
        return True
    desk.kept = stamp  # where it cannot be written it is tried again with the next edit, and said each time
    try:
        write_atomic(file_of(desk.id), json.dumps(desk.to_data(), ensure_ascii=False))
        workspace.keep_latest(workspace.autosave_folder(), KEPT_ON_DISK)
    except OSError as error:
        desk.tell(
            f"Your work could not be kept automatically: {error.strerror or error}. Download it to be safe.",
            f"无法自动保存你的工作：{error.strerror or error}。请下载以防丢失。",
            "error",
        )
        return False
    return True


def _restore(id: str) -> Desk | None:
    path = file_of(id)
    if not path.is_file():
        return None
    return read_desk(id, path.read_bytes())


def read_desk(id: str, data: bytes) -> Desk:
    """The desk in an autosave file; GraphError where it cannot be read."""
    found = parse(data)
    if not isinstance(found, dict) or found.get("format") != "layerloom-desk":
        raise GraphError("This is not an autosave file.", "这不是自动保存文件。")
    graph = from_document(migrate(found.get("graph")))
    desk = fresh(graph)
    desk.id = id
    file = found.get("file")
    if isinstance(file, str) and workspace.NAME.fullmatch(file):
        desk.file = file
    changed = found.get("changed_at")
    desk.changed_at = float(changed) if isinstance(changed, int | float) else 0.0
    scope = found.get("scope")
    if isinstance(scope, list) and all(isinstance(node, str) for node in scope):
        desk.scope = tuple(scope)
        desk.settle()
    expanded = found.get("expanded")
    if isinstance(expanded, list):
        ways = [tuple(way) for way in expanded if isinstance(way, list) and all(isinstance(step, str) for step in way)]
        desk.expanded = {way: Frame() for way in ways if way}
    within = found.get("within")
    if isinstance(within, list) and all(isinstance(use, str) for use in within):
        desk.within = tuple(within)
        desk.settle()
    selection = found.get("selection")
    if isinstance(selection, list):
        desk.select([node for node in selection if isinstance(node, str)])
    return desk


def follow(file: str | None, now: str | None, only: frozenset[str] | None = None) -> frozenset[str]:
    """Tells all desks, in memory and kept, that their file has another name now, or is no more; the ids of those it concerns.

    Args:
        file: the name that the file had; None for desks that had none, to be told with ``only``.
        now: its name; None where it is gone: its desks hold the only copies then, and are kept as unsaved work.
        only: the desks to tell; all where it is None.
    """
    concerned = set()
    for desk in desks().all():
        if desk.file == file and (only is None or desk.id in only):
            concerned.add(desk.id)
            desk.file = now
            desk.changed_at = desk.changed_at or (time.time() if now is None else 0.0)
            keep(desk)
    for path in workspace.autosave_folder().glob("*.json"):
        if path.stem in concerned or not DESK_ID.fullmatch(path.stem) or (only is not None and path.stem not in only):
            continue
        try:
            data = parse(path.read_bytes())
            if isinstance(data, dict) and data.get("file") == file:
                write_atomic(path, json.dumps({**data, "file": now}, ensure_ascii=False))
                concerned.add(path.stem)
        except (GraphError, OSError):
            continue  # such a desk says itself what is wrong when it is opened; its graph is whole
    return frozenset(concerned)


def recent(but: str) -> list[Recent]:
    """The kept desks, the latest first, without the one of this id."""
    found = []
    for path in workspace.autosave_folder().glob("*.json"):
        if path.stem == but or not DESK_ID.fullmatch(path.stem):
            continue
        try:
            data = parse(path.read_bytes())
            meta, nodes = data["graph"]["meta"], data["graph"]["nodes"]
            title = str(meta.get("title") or data.get("file") or "")
            changed = float(data["changed_at"])
            file = data.get("file")
            named = file if isinstance(file, str) else None
            found.append(Recent(path.stem, title, str(meta.get("title_zh") or title), len(nodes), changed, named))
        except (GraphError, OSError, KeyError, TypeError, ValueError, AttributeError):
            continue  # not a desk of ours: it is not offered, and not touched
    return sorted(found, key=lambda r: r.changed_at, reverse=True)

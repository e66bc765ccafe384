"""What becomes of a desk's graph as a file. Opening anything takes a new desk; the old one stays under Recent work."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from builder.graph import Graph, GraphError, load
from builder.ui import saved_graphs, session
from builder.ui.canvas.arrangement import place_missing
from builder.ui.desk import Desk
from builder.ui.versions import Version
from builder.ui.warm import WARMUP

STARTERS = Path(__file__).parent / "starters"


def open_graph(graph: Graph, file: str | None = None) -> Desk:
    """Puts a graph on a new desk in this tab; where the former one holds what no file does, the desk says where it is."""
    before: Desk | None = st.session_state.get("desk")
    desk = session.fresh(graph, file)
    session.take(desk)
    if before is not None and before.dirty:
        en, zh = before.titled("en") or "Untitled", before.titled("zh") or "未命名"
        desk.tell(
            f"“{en}” is kept: File, Open, Recent work.",
            f"“{zh}”已保留：文件 › 打开 › 最近的工作。",
        )
    return desk


def open_saved(name: str) -> Desk:
    """Opens a saved graph; GraphError where it cannot be read."""
    return open_graph(saved_graphs.read(name), name)


def save(desk: Desk, name: str) -> None:
    """Saves the desk's graph under a name, which is its file from now on; GraphError where that is not possible."""
    desk.mark_saved(saved_graphs.write(name, desk.graph))
    desk.tell(f"Saved as {desk.file}.json.", f"已保存为 {desk.file}.json。")


def restore(desk: Desk, version: Version) -> None:
    """Puts an earlier state of its file on the desk, as one step; the present state is kept as a version first.

    Raises:
        GraphError: the version cannot be read, or the present state cannot be kept; the desk stays as it is.
    """
    graph = version.graph()
    if desk.file is not None:
        saved_graphs.keep_version(desk.file, desk.graph)
    _put(desk, graph, "restore")
    desk.tell("Restored. Undo brings the former state back.", "已恢复。可用“撤销”回到之前的状态。")


def start(desk: Desk, starter: str) -> None:
    """Puts a first graph on an empty desk, as one step.

    Raises:
        GraphError: the desk is not empty.
    """
    if len(desk.graph):
        raise GraphError(
            "A first graph needs an empty desk: choose File, New.", "只有空白画布才能放入起步图：请选择“文件 › 新建”。"
        )
    _put(desk, load(STARTERS / f"{starter}.json"), "start")


def _put(desk: Desk, graph: Graph, label: str) -> None:
    place_missing(graph, WARMUP.wait_for_catalogue())
    desk.replace(graph, label)
    desk.arranged += 1  # all of it is brought into view


def name_for(desk: Desk) -> str:
    """The name of the desk's file, or one that suits its title."""
    return desk.file or saved_graphs.name_of(desk.titled("en"))


def ask(desk: Desk, dialog: str) -> None:
    """Asks for a dialog, or for what needs none: it comes with the next drawing."""
    desk.dialog = dialog


def at_once(desk: Desk) -> Desk:
    """Does what was asked for and needs no dialog; the desk that is to be drawn."""
    asked = desk.dialog
    if asked == "new":
        desk.dialog = None
        return open_graph(Graph())
    if asked == "save" and desk.file:
        desk.dialog = None
        try:
            save(desk, desk.file)
        except GraphError as error:
            desk.refuse(error)
    return desk


def rename(name: str, new: str) -> str:
    """Renames a saved graph; desks where it is open follow. The new name."""
    now = saved_graphs.rename(name, new)
    session.follow(name, now)
    return now


@dataclass(frozen=True)
class Deletion:
    """A deletion that can be taken back: the graph in the bin, and the desks that had it open."""

    graph: saved_graphs.Deleted
    desks: frozenset[str]

    def undo(self) -> str:
        """Brings the graph back, to its desks too; the name that it has now."""
        name = saved_graphs.restore(self.graph)
        session.follow(None, name, self.desks)
        return name


def delete(name: str) -> Deletion:
    """Moves a saved graph to the bin. Desks where it is open keep it as unsaved work."""
    return Deletion(saved_graphs.delete(name), session.follow(name, None))

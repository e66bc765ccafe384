"""What a person can ask for by key, by button or by name: one table for the canvas, the bar and the list of shortcuts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from builder.graph import GraphError
from builder.graph.alignment import Axis, Side
from builder.ui import actions, block_dialogs, clipboard, files, placing
from builder.ui.desk import COLOURINGS, Desk
from builder.ui.text import text
from builder.ui.warm import WARMUP

Needs = Literal["nodes", "block", "two_nodes", "three_nodes", "selection", "graph", "nothing", "undo", "redo", ""]
Group = Literal["file", "edit", "place", "wires", "view", "go"]
Menu = Literal["node", "block", "wire", "canvas"]

MENUS: dict[Needs, tuple[Menu, ...]] = {
    "nodes": ("node",), "block": ("block",), "selection": ("node", "wire"), "graph": ("canvas",), "undo": ("canvas",), "redo": ("canvas",),
}  # fmt: skip


@dataclass(frozen=True)
class Command:
    """A command; its label is the text ``command_<name>``.

    ``run`` is None where the page in the browser does it itself (keyboard.js). ``keys`` are combinations in the spelling of the web
    ("Ctrl+Shift+Z", "Delete"; Ctrl means the command key of a Mac too), the first being the one that is shown.
    ``needs`` says what must be there for it, ``group`` (its label is ``commands_<group>``) where it stands in lists, ``offered``
    which menus of the right mouse button have it beyond those of what it needs.
    """

    group: Group
    name: str
    run: Callable[[Desk], None] | None = None
    keys: tuple[str, ...] = ()
    icon: str = ""
    needs: Needs = ""
    offered: tuple[Menu, ...] = ()

    @property
    def menus(self) -> tuple[Menu, ...]:
        """The menus of the right mouse button in which it stands: those that follow from its needs, and ``offered``."""
        return (*MENUS.get(self.needs, ()), *self.offered)

    def label(self, language: str) -> str:
        return text(f"command_{self.name}", language)

    def possible(self, desk: Desk) -> bool:
        """Whether there is something for it to act on."""
        return {
            "": True,
            "nodes": bool(desk.selection),
            "block": any(actions.is_block(desk.open_graph, node) for node in desk.selection),
            "two_nodes": len(desk.selection) > 1,
            "three_nodes": len(desk.selection) > 2,
            "selection": bool(desk.selection or desk.wires),
            "graph": len(desk.open_graph) > 0,
            "nothing": len(desk.graph) == 0,
            "undo": desk.history.can_undo,
            "redo": desk.history.can_redo,
        }[self.needs]


def _asks(dialog: str) -> Callable[[Desk], None]:
    return lambda desk: files.ask(desk, dialog)


def _starts(starter: str) -> Callable[[Desk], None]:
    return lambda desk: files.start(desk, starter)


def _replace(desk: Desk) -> None:
    if len(desk.selection) != 1:
        raise GraphError("Select one node to replace it.", "请选中一个要替换的节点。")
    desk.dialog = "replace"


def _select_all(desk: Desk) -> None:
    desk.select(desk.open_graph.nodes)


def _alignments() -> Iterator[Command]:
    """The commands that line selected nodes up, or space them evenly."""
    sides: tuple[tuple[Side, str, str], ...] = (
        ("left", "Alt+A", "align_horizontal_left"), ("center", "Alt+H", "align_horizontal_center"),
        ("right", "Alt+D", "align_horizontal_right"), ("top", "Alt+W", "align_vertical_top"),
        ("middle", "Alt+V", "align_vertical_center"), ("bottom", "Alt+S", "align_vertical_bottom"),
    )  # fmt: skip
    for side, keys, icon in sides:
        yield Command("place", f"align_{side}", partial(placing.align, side=side), (keys,), icon, "two_nodes")
    axes: tuple[tuple[Axis, str], ...] = (
        ("horizontal", "horizontal_distribute"),
        ("vertical", "vertical_distribute"),
    )
    for axis, icon in axes:
        yield Command("place", f"distribute_{axis}", partial(placing.spread, axis=axis), (), icon, "three_nodes")


def _table(desk: Desk) -> None:
    desk.table, desk.compared = desk.compared is not None or not desk.table, None


def _colour(name: str, desk: Desk) -> None:
    desk.colouring = name


COMMANDS: dict[str, Command] = {
    command.name: command
    for command in (
        Command("file", "new", _asks("new"), (), "note_add"),
        Command("file", "open_graph", _asks("open"), ("Ctrl+O",), "folder_open"),
        Command("file", "save", _asks("save"), ("Ctrl+S",), "save"),
        Command("file", "save_as", _asks("save_as"), ("Ctrl+Shift+S",), "save_as"),
        Command("file", "versions", _asks("versions"), (), "history"),
        Command("file", "upload", _asks("upload"), (), "upload"),
        Command("file", "manage", _asks("manage"), (), "folder_managed"),
        Command("file", "start_images", _starts("images"), (), "image", "nothing"),
        Command("file", "start_table", _starts("table"), (), "table", "nothing"),
        Command("file", "start_gallery", _asks("gallery"), (), "grid_view"),
        Command("file", "compare", _asks("compare"), (), "difference"),
        Command("file", "train", None, ("Ctrl+Enter",), "play_arrow"),
        Command("edit", "undo", Desk.undo, ("Ctrl+Z",), "undo", "undo"),
        Command("edit", "redo", Desk.redo, ("Ctrl+Shift+Z", "Ctrl+Y"), "redo", "redo"),
        Command("edit", "cut", clipboard.cut, ("Ctrl+X",), "content_cut", "nodes"),
        Command("edit", "copy", clipboard.copy, ("Ctrl+C",), "content_copy", "nodes"),
        Command("edit", "paste", clipboard.paste, ("Ctrl+V",), "content_paste", offered=("canvas",)),
        Command("edit", "duplicate", actions.duplicate, ("Ctrl+D",), "content_copy", "nodes"),
        Command("edit", "duplicate_wired", actions.duplicate_wired, ("Ctrl+Shift+D",), "schema", "nodes"),
        Command("edit", "delete", actions.delete, ("Delete", "Backspace"), "delete", "selection"),
        Command("edit", "mute", actions.mute, ("Ctrl+M",), "block", "nodes"),
        Command("edit", "bypass", actions.bypass, ("Ctrl+B",), "step_over", "nodes"),
        Command("edit", "replace", _replace, ("R",), "find_replace", "nodes"),
        Command("edit", "compare_here", _asks("compare_here"), (), "science", "nodes"),
        Command("edit", "group", actions.group, ("Ctrl+G",), "select_all", "nodes"),
        Command("edit", "expand", actions.toggle_expanded, ("E",), "unfold_more", "block"),
        Command("edit", "keep_block", block_dialogs.ask_to_keep, (), "bookmark_add", "block"),
        Command("edit", "my_blocks", block_dialogs.ask_for_library, (), "bookmarks"),
        Command("edit", "select_all", _select_all, ("Ctrl+A",), "select_all", "graph"),
        Command("place", "arrange", placing.arrange, (), "auto_awesome_mosaic", "graph"),
        Command(
            "place",
            "arrange_selection",
            placing.arrange_selection,
            ("Ctrl+Shift+A",),
            "dashboard_customize",
            "two_nodes",
            offered=("node",),
        ),
        *_alignments(),
        Command("wires", "connect", None, ("C",), "cable", "nodes"),
        Command("wires", "wires", None, ("W",), "conversion_path", "nodes"),
        Command("view", "fit", None, ("F",), "fit_screen", offered=("canvas",)),
        Command("view", "table", _table, ("T",), "table_chart", offered=("canvas",)),
        *(Command("view", f"colour_{name}", partial(_colour, name), (), "palette") for name in COLOURINGS),
        Command("view", "zoom_selection", None, ("Shift+F",), "center_focus_strong", "nodes"),
        Command("view", "zoom_reset", None, ("0",), "crop_free"),
        Command("view", "zoom_in", None, ("+", "="), "zoom_in"),
        Command("view", "zoom_out", None, ("-",), "zoom_out"),
        Command("view", "minimap", None, ("M",), "map"),
        Command("view", "shortcuts", None, ("?",), "keyboard"),
        Command("go", "palette", None, ("Ctrl+K", "Ctrl+Shift+P"), "manage_search"),
        Command("go", "find", None, ("Ctrl+F",), "my_location", "graph"),
        Command("go", "search", None, ("/",), "search"),
        Command("go", "open", None, ("Enter",), "open_in_full", "block"),
        Command("go", "escape", None, ("Escape",), "close"),
    )
}


def run(desk: Desk, name: str) -> None:
    """Does what a command stands for.

    Raises:
        GraphError: there is no such command, or it cannot be done now.
    """
    command = COMMANDS.get(name)
    if command is None or command.run is None:
        raise GraphError(f"There is no command {name!r:.80}.", f"没有命令 {name!r:.80}。")
    WARMUP.wait()
    command.run(desk)


def attempt(desk: Desk, name: str) -> None:
    """Runs a command; where it cannot be done, the desk says why."""
    try:
        run(desk, name)
    except GraphError as error:
        desk.refuse(error)


def hint(name: str, language: str) -> str:
    """A command's label with its keys, for tooltips."""
    command = COMMANDS[name]
    return "  ".join((command.label(language), *map(shown, command.keys[:1])))


def shown(keys: str) -> str:
    """A combination of keys as people write it."""
    names = {"Delete": "Del", "Escape": "Esc"}
    return names.get(keys, keys)


def as_data(desk: Desk, language: str) -> list[Mapping[str, Any]]:
    """The commands for the browser."""
    return [
        {
            "name": command.name,
            "label": command.label(language),
            "also": command.label("en" if language == "zh" else "zh"),
            "keys": list(command.keys),
            "shown": shown(command.keys[0]) if command.keys else "",
            "icon": command.icon,
            "menus": list(command.menus),
            "group": text(f"commands_{command.group}", language),
            "here": command.run is None,
            "possible": command.possible(desk),
        }
        for command in COMMANDS.values()
    ]

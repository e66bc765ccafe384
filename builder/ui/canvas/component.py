"""The canvas as Streamlit components: streamlit-flow draws, the bridge (a component v2) listens, the palette offers cards."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from streamlit.components import v2 as components_v2
from streamlit_flow import streamlit_flow
from streamlit_flow.elements import StreamlitFlowEdge, StreamlitFlowNode
from streamlit_flow.layouts import Layout
from streamlit_flow.state import StreamlitFlowState

from builder.graph.layout import Point
from builder.ui.canvas.parts import parts_of
from builder.ui.canvas.view import KINDS, Element

WEB = Path(__file__).parent / "web"
BRIDGE = (
    "queue", "dom", "drawn", "viewport", "parts", "snap", "held", "frame", "focus", "search", "chooser", "map", "overlay", "menu",
    "labels", "wires", "ways",
    "suggest", "pickup", "clipboard", "drop", "files", "finder", "typing", "keyboard", "spoken", "bridge",
)  # fmt: skip
_IMPORT = re.compile(r"^import .*? from \"\./.*?\";\n", re.MULTILINE)
_EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)


@functools.cache
def bundle(*modules: str) -> str:
    """Several of our modules as one: Streamlit takes a component's script as a single text, without imports among files."""
    sources = [(WEB / f"{name}.js").read_text(encoding="utf-8") for name in modules]
    return "\n".join(_EXPORT.sub("", _IMPORT.sub("", source)) for source in sources)


@functools.cache
def _bridge() -> Callable[..., Any]:
    texts = {"CARD_CSS": "card.css", "FRAME_GUARD": "guard.js"}
    constants = [f"const {n} = {json.dumps((WEB / f).read_text(encoding='utf-8'))};\n" for n, f in texts.items()]
    script = "".join(constants) + bundle(*BRIDGE)
    return components_v2.component("layerloom_bridge", js=script, isolate_styles=False)


@functools.cache
def _palette() -> Callable[..., Any]:
    return components_v2.component("layerloom_palette", js=bundle("dom", "search", "palette"), isolate_styles=False)


@functools.cache
def _paint() -> Callable[..., Any]:
    return components_v2.component("layerloom_paint", js=bundle("paint"), isolate_styles=False)


@functools.cache
def _shell() -> Callable[..., Any]:
    return components_v2.component("layerloom_shell", js=bundle("shell"), isolate_styles=False)


@functools.cache
def _ways() -> Callable[..., Any]:
    return components_v2.component("layerloom_ways", js=bundle("ways_found"), isolate_styles=False)


def mount_shell() -> None:
    """Mounts what every page needs in the browser."""
    _shell()(key="shell")


def mount_bridge(data: dict[str, Any], on_events: Callable[[], None]) -> None:
    """Mounts the bridge; ``on_events`` is called when ``st.session_state.bridge.events`` holds what a person did."""
    _bridge()(key="bridge", data=data, on_events_change=on_events, height="content")


def mount_paint(css: str) -> None:
    """Lets the canvas wear a style sheet for as long as this is mounted; no node is drawn anew."""
    _paint()(key="paint", data={"css": css}, height="content")


def mount_ways(view: str, ways: Mapping[str, Sequence[Point]]) -> None:
    """Gives the wires of a view the ways on which they run."""
    _ways()(key="ways", data={"view": view, "ways": ways}, height="content")


def mount_palette(data: dict[str, Any]) -> None:
    """Mounts the palette."""
    _palette()(key="palette_cards", data=data, height="stretch")


class _Envelope(Layout):
    """Carries words for the bridge along with the graph, so that both arrive as one. The layout itself leaves nodes alone."""

    def __init__(self, envelope: dict[str, Any]) -> None:
        self.envelope = envelope

    def __to_dict__(self) -> dict[str, Any]:
        envelope = {**self.envelope, "kinds": KINDS}
        return {"elkOptions": {"elk.algorithm": "org.eclipse.elk.fixed"}, "envelope": envelope}


def mount_canvas(nodes: Sequence[Element], edges: Sequence[Element], envelope: dict[str, Any]) -> None:
    """Draws nodes and edges. What the canvas gives back is ignored: the bridge reports what matters.

    The constant timestamp leaves it to the bridge when React Flow takes a push over.
    """
    state = StreamlitFlowState(
        cast("list[StreamlitFlowNode]", parts_of(nodes)), cast("list[StreamlitFlowEdge]", parts_of(edges)), timestamp=0
    )
    streamlit_flow(
        "canvas_flow",
        state,
        height=600,
        fit_view=False,
        show_controls=False,
        allow_new_edges=True,
        get_node_on_click=True,
        get_edge_on_click=True,
        min_zoom=0.1,
        layout=_Envelope(envelope),
    )

"""A Plotly figure that is updated in place: zoom, legend and hover stay while data grow, and colours follow the theme.

Streamlit's own chart is built anew with every change of its data, which flashes and forgets the zoom.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import plotly
import streamlit as st
import streamlit.components.v1 as v1
from streamlit.components import v2

SCRIPT = Path(__file__).with_name("chart.js")
LIBRARY = Path(plotly.__file__).parent / "package_data"


@functools.cache
def _renderer() -> Callable[..., Any]:
    """The component. A component that is never mounted serves plotly.js, so that the browser keeps it."""
    served = v1.declare_component("plotly", path=str(LIBRARY))
    script = SCRIPT.read_text(encoding="utf-8").replace("PLOTLY_URL", f"component/{served.name}/plotly.min.js")
    return v2.component("layerloom_chart", js=script, isolate_styles=False)


def show(
    figure: Any, key: str, on_point: Callable[[Any], None] | None = None, sheet: Mapping[str, Any] | None = None
) -> None:
    """Draws a figure.

    Args:
        figure: a ``plotly.graph_objects.Figure``, or a dictionary with ``data`` and ``layout``. A colour may be two,
            ``"#2f6fed|#6ea0ff"``: on a light and on a dark page (see ``both``).
        key: of this chart on the page.
        on_point: called with the ``customdata`` of a point that is clicked.
        sheet: small pictures of the points, shown under the pointer: ``uri`` of one image with ``columns`` and ``rows``
            of pictures, each ``width`` by ``height`` pixels, in the order of ``items``, the points' ``customdata``.
    """
    document = figure if isinstance(figure, Mapping) else json.loads(figure.to_json())
    clicked: dict[str, Any] = {}
    if on_point is not None:
        clicked["on_point_change"] = functools.partial(_clicked, key, on_point)
    data = {"figure": json.dumps(document), "clickable": on_point is not None, "sheet": sheet}
    _renderer()(key=key, data=data, height="content", **clicked)


def download(figure: Mapping[str, Any], key: str, name: str) -> None:
    """Lets the browser draw a figure of ``show`` as a picture and save it under a name, once; nothing is seen on the page."""
    _renderer()(key=key, data={"figure": json.dumps(figure), "picture": name}, height="content")


def both(light: Any, dark: Any) -> Any:
    """One figure of two that are the same but for their theme: a text that differs becomes the pair of both."""
    if isinstance(light, str) and isinstance(dark, str):
        return light if light == dark else f"{light}|{dark}"
    if isinstance(light, list) and isinstance(dark, list) and len(light) == len(dark):
        return [both(a, b) for a, b in zip(light, dark, strict=True)]
    if isinstance(light, dict) and isinstance(dark, dict):
        return {key: both(value, dark.get(key, value)) for key, value in light.items()}
    return light


def _clicked(key: str, on_point: Callable[[Any], None]) -> None:
    found = st.session_state[key]["point"]
    if found is not None:
        on_point(found)

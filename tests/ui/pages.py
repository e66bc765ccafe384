"""Single pages in Streamlit's own test harness."""

from __future__ import annotations

import json
from typing import Any

from streamlit.testing.v1 import AppTest

from builder.graph import Graph
from builder.ui import session
from builder.ui.desk import Desk
from builder.ui.warm import WARMUP


def open_page(name: str, graph: Graph | None = None, **address: str) -> AppTest:
    """Draws a page on its own, with torch loaded and a graph on the desk; it must not fail."""
    WARMUP.wait()
    app = AppTest.from_string(f"from builder.ui.pages import {name}\n{name}.page()\n", default_timeout=60)
    for key, value in address.items():
        app.query_params[key] = value
    if graph is not None:
        app.session_state["desk"] = session.fresh(graph)
    return run(app)


def run(app: AppTest) -> AppTest:
    """Draws again; it must not fail."""
    app.run()
    assert not app.exception, app.exception
    return app


def desk_of(app: AppTest) -> Desk:
    return app.session_state["desk"]


def said(app: AppTest) -> str:
    """All HTML and Markdown of the page in one text."""
    parts = [element.value for kind in ("markdown", "caption", "error", "info", "warning") for element in app.get(kind)]
    return "\n".join([*parts, *(element.proto.body for element in app.get("html"))])


def figure(app: AppTest, key: str) -> dict[str, Any]:
    """The figure of a chart on the page."""
    return json.loads(component(app, key)["figure"])


def component(app: AppTest, key: str) -> dict[str, Any]:
    """The data of a component on the page, by its key."""
    found = [e.proto for e in app.get("bidi_component") if e.proto.id.endswith(f"-{key}")]
    assert found, f"there is no component {key!r}"
    return json.loads(found[0].json)

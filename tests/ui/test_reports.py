"""Widgets that follow the graph: what a person chose counts, a late report of the browser does not."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from builder.ui.form import reports

PAGE = """
import streamlit as st
from builder.ui.form.reports import by_hand, follow

graph = st.session_state.setdefault("graph", {"x": "one", "puts": []})

def put():
    graph["x"] = st.session_state["field"]
    graph["puts"].append(graph["x"])

st.button("Undo", key="undo", on_click=lambda: graph.update(x="one"))
follow("field", graph["x"])
st.selectbox("x", ["one", "two"], key="field", on_change=by_hand("field", put, ["one", "two"]))
"""


def test_a_late_report_brings_nothing_back() -> None:
    app = AppTest.from_string(PAGE).run()
    app.selectbox(key="field").set_value("two").run()
    app.button(key="undo").click().run()
    assert app.selectbox(key="field").value == "one"
    app.selectbox(key="field").set_value("two")  # the browser has not heard of the undo when the next one is pressed
    app.button(key="undo").click().run()
    assert app.session_state["graph"] == {"x": "one", "puts": ["two"]}
    assert app.selectbox(key="field").value == "one"
    app.selectbox(key="field").set_value("two").run()  # chosen by hand
    assert app.session_state["graph"] == {"x": "two", "puts": ["two", "two"]}


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The session's state."""
    found: dict[str, Any] = {}
    monkeypatch.setattr(reports, "st", SimpleNamespace(session_state=found))
    return found


@pytest.mark.parametrize(
    ("report", "events", "taken"),
    [("old", {"seq": 1}, False), ("old", None, True), ("new", {"seq": 1}, True), ("new", None, True)],
)
def test_what_comes_with_an_event_of_the_canvas(
    state: dict[str, Any], report: str, events: object, taken: bool
) -> None:
    heard: list[str] = []
    state["field"] = "old"
    reports.follow("field", "given")
    assert state["field"] == "given"
    state |= {"field": report, "bridge": {"events": events}}
    reports.by_hand("field", lambda: heard.append(state["field"]))()
    assert heard == ([report] if taken else [])


def test_the_name_of_an_option_that_is_no_more_is_none(state: dict[str, Any]) -> None:
    heard: list[int] = []
    take = reports.by_hand("field", lambda: heard.append(state["field"]), range(3))
    reports.follow("field", 0)
    for report in ("auto (16)", 3, 2):
        state["field"] = report
        take()
    assert heard == [2]

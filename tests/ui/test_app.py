"""The app in Streamlit's own test harness: it draws without a browser, in both languages, and its buttons edit the graph."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from builder.ui import reactions, session
from builder.ui.canvas.events import Batch, Command
from builder.ui.desk import Desk
from builder.ui.warm import WARMUP

ROOT = Path(__file__).parents[2]


@pytest.fixture
def app(workspace: Path) -> Iterator[AppTest]:
    WARMUP.wait()
    started = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30).run()
    assert not started.exception
    yield started


def desk_of(app: AppTest) -> Desk:
    return app.session_state["desk"]


def select(app: AppTest, node: str) -> AppTest:
    desk_of(app).select((node,))
    return app.run()


def field(app: AppTest, name: str) -> str:
    """The key of a parameter's widget of the selected node."""
    (node,) = desk_of(app).selection
    return f"field-{node}-{name}"


def test_the_first_visit_opens_a_graph_that_is_ready_to_train(app: AppTest) -> None:
    assert desk_of(app).graph.meta["title"] == "LeNet-5 on MNIST"
    assert app.button(key="check_state").label == "Ready"
    assert app.button(key="undo").disabled
    assert not app.button(key="train").disabled


def test_a_parameter_is_set_undone_and_reset(app: AppTest) -> None:
    select(app, "conv2")
    app.text_input(key=f"{field(app, 'out_channels')}-text").set_value("12").run()
    assert desk_of(app).graph.nodes["conv2"]["params"]["out_channels"] == 12
    app.button(key="undo").click().run()
    assert desk_of(app).graph.nodes["conv2"]["params"]["out_channels"] == 16
    assert app.text_input(key=f"{field(app, 'out_channels')}-text").value == "16"
    app.button(key="redo").click().run()
    app.button(key="reset_out_channels").click().run()
    assert "out_channels" not in desk_of(app).graph.nodes["conv2"]["params"]
    assert app.text_input(key=f"{field(app, 'out_channels')}-text").value == "32"


def test_an_inferred_parameter_shows_what_it_is_and_can_be_overridden(app: AppTest) -> None:
    select(app, "fc1")
    key = f"{field(app, 'in_features')}-text"
    assert app.text_input(key=key).placeholder == "auto (400)"
    assert app.text_input(key=key).value == ""
    app.text_input(key=key).set_value("300").run()
    assert app.button(key="check_state").label.endswith("problem")
    app.button(key="fix_0").click().run()
    assert app.button(key="check_state").label == "Ready"
    assert "in_features" not in desk_of(app).graph.nodes["fc1"]["params"]


def test_switches_and_choices(app: AppTest) -> None:
    select(app, "conv1")
    app.toggle(key=field(app, "bias")).set_value(False).run()
    assert desk_of(app).graph.nodes["conv1"]["params"]["bias"] is False
    app.selectbox(key=f"{field(app, 'padding_mode')}-choice").set_value(1).run()
    assert desk_of(app).graph.nodes["conv1"]["params"]["padding_mode"] == "reflect"


def test_settings_of_nodes(app: AppTest) -> None:
    select(app, "fc1")
    app.toggle(key=field(app, "set-frozen")).set_value(True).run()
    app.selectbox(key=field(app, "set-init")).set_value("init_kaiming").run()
    app.text_input(key=field(app, "name")).set_value("Big one").run()
    settings = desk_of(app).graph.nodes["fc1"]["settings"]
    assert settings["frozen"] is True
    assert settings["init"]["component"] == "init_kaiming"
    assert settings["name"] == "Big one"
    select(app, "data")
    app.text_input(key=field(app, "set-batch_size")).set_value("16").run()
    assert desk_of(app).graph.nodes["data"]["settings"]["batch_size"] == 16
    app.text_input(key=field(app, "set-batch_size")).set_value("many").run()
    assert desk_of(app).graph.nodes["data"]["settings"]["batch_size"] == 16
    assert "'Batch size' must be an integer" in desk_of(app).notices[-1].en


def test_a_wire_without_a_mouse(app: AppTest) -> None:
    select(app, "conv2")
    app.selectbox(key=field(app, "in-x")).set_value("conv1.y").run()
    assert [e.source for e in desk_of(app).graph.wires_into("conv2")] == ["conv1"]
    app.selectbox(key=field(app, "in-x")).set_value("").run()
    assert desk_of(app).graph.wires_into("conv2") == []


def test_chinese_throughout(app: AppTest) -> None:
    app.button(key="language").click().run()
    assert app.button(key="check_state").label == "可以训练"
    assert app.button(key="train").label == "训练"
    select(app, "conv1")
    assert app.text_input(key=f"{field(app, 'kernel_size')}-text").label == "卷积核大小"


def test_the_edited_graph_is_kept_and_comes_back(app: AppTest, workspace: Path) -> None:
    select(app, "conv2")
    app.text_input(key=f"{field(app, 'out_channels')}-text").set_value("12").run()
    id = desk_of(app).id
    assert (workspace / "autosave" / f"{id}.json").is_file()
    again = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30)
    again.query_params["desk"] = id
    again.run()
    assert not again.exception
    assert desk_of(again).graph.nodes["conv2"]["params"]["out_channels"] == 12


@pytest.mark.parametrize("id", ["../../../etc", "nosuchdesk1", "%00", "x" * 500])
def test_a_strange_address_opens_the_first_graph(workspace: Path, id: str) -> None:
    WARMUP.wait()
    started = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30)
    started.query_params["desk"] = id
    started.run()
    assert not started.exception
    assert desk_of(started).graph.meta["title"] == "LeNet-5 on MNIST"


def test_a_link_to_a_graph_survives_a_run_that_is_cut_short(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    WARMUP.wait()
    started = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30)
    started.query_params["graph"] = "vit"
    with monkeypatch.context() as patched:
        patched.setattr(session, "place_missing", lambda *_: st.stop())  # what the next run does to the one before
        started.run()
    assert started.query_params["graph"] == "vit"
    started.run()
    assert desk_of(started).graph.meta["title"] == "Vision Transformer on digits"
    assert "graph" not in started.query_params


def test_a_new_graph_by_a_command_is_made_once(app: AppTest) -> None:
    before = desk_of(app)
    reactions.take(before, Batch("abcd1234", [Command(seq=1, type="command", name="new")], 1, 0))
    app.run()
    assert not app.exception
    now = desk_of(app)
    assert now is not before
    assert len(now.graph) == 0
    assert now.acks == {"abcd1234": 1}
    app.run()
    assert desk_of(app) is now


def test_every_component_can_be_looked_at(app: AppTest) -> None:
    from builder.graph import Graph
    from components import registry

    graph = Graph()
    for id in registry.all_components():
        graph.place(f"n_{id}", id, position=(0, 0))
    desk = desk_of(app)
    desk.graph = graph
    desk.record()
    for node in list(graph):
        select(app, node)
        assert not app.exception, node

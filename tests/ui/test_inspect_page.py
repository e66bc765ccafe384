"""The Inspect page without a browser: models, samples, views, nodes, and what goes wrong."""

from __future__ import annotations

import html
import sys
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from builder.graph import load
from builder.inspect import views
from builder.inspect.catalogue import TOPICS
from builder.train import train
from builder.ui import app_shell, looking, run_store, sample_panel, uploads
from builder.ui import workspace as workspaces
from builder.ui.pages import inspect as inspect_page
from tests.ui.pages import component, desk_of, figure, open_page, run, said
from tests.ui.runs import fake_run


@pytest.fixture(autouse=True)
def _workspace(workspace: Path) -> None:
    """Every test has a workspace of its own."""


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The pages that were gone to."""
    pages: list[str] = []
    monkeypatch.setattr(app_shell, "open_page", pages.append)
    return pages


def gallery(name: str) -> AppTest:
    """The page with a gallery graph on the desk."""
    return open_page("inspect", load(workspaces.GALLERY / f"{name}.json"))


def view(app: AppTest, name: str) -> AppTest:
    topic = next(topic.id for topic in TOPICS if any(entry.id == name for entry in topic.views))
    if app.button_group(key="inspect_topic").value != topic:
        app.button_group(key="inspect_topic").set_value(topic)
        run(app)
    app.button_group(key="inspect_pick").set_value(name)
    return run(app)


def trained(name: str = "iris") -> None:
    train(workspaces.GALLERY / "logistic_regression.json", run_store.folder() / name, epochs=3)


# ------------------------------------------------------------------ models


def test_an_untrained_graph_can_be_looked_into() -> None:
    app = open_page("inspect")
    assert app.selectbox(key="inspect_source").value == ""
    assert "random weights" in said(app)
    assert figure(app, "inspect_sample")["data"]
    view(app, "output")
    assert app.selectbox(key="inspect_node_output").value == "conv1"
    assert "Shows" in said(app)
    assert "Method" in said(app)
    assert "Limits" in said(app)


def test_a_run_of_the_graph_is_taken_first_and_the_address_says_so() -> None:
    trained()
    app = open_page("inspect")
    assert app.selectbox(key="inspect_source").value == ""  # the desk holds another graph
    app.selectbox(key="inspect_source").set_value("iris")
    run(app)
    assert "Finished" in said(app)
    assert app.query_params["run"] in ("iris", ["iris"])
    again = open_page("inspect", run="iris")
    assert again.selectbox(key="inspect_source").value == "iris"
    assert gallery("logistic_regression").selectbox(key="inspect_source").value == "iris"
    again.selectbox(key="inspect_source").set_value("")
    assert run(again).selectbox(key="inspect_source").value == "" and "run" not in again.query_params


def test_nodes_inside_a_graph_parameter_have_names() -> None:
    train(
        workspaces.GALLERY / "seq2seq_attention.json", run_store.folder() / "spelling", epochs=1,
        overrides=["data.samples=40"],
    )  # fmt: skip
    app = view(open_page("inspect", run="spelling"), "histograms")
    assert any(
        text.startswith("decoder/step/embedding · ") for text in app.selectbox(key="inspect_node_histograms").options
    )
    assert not app.error


@pytest.mark.parametrize("name", ["../../etc", "gone"])
def test_a_strange_address_shows_the_graph_of_the_desk(name: str) -> None:
    app = open_page("inspect", run=name)
    assert app.selectbox(key="inspect_source").value == ""
    assert not app.error


def test_a_graph_with_problems_leads_to_build(opened: list[str]) -> None:
    app = open_page("inspect")
    desk_of(app).edit(lambda graph: graph.nodes["fc1"]["params"].update(in_features=3), "break")
    run(app)
    assert "problems" in app.warning[0].value
    app.button(key="inspect_to_build").click()
    run(app)
    assert opened == ["build"]


def test_a_broken_checkpoint_is_one_message() -> None:
    fake_run("bad").file("checkpoints/best.safetensors").write_bytes(b"\x80\x05cos\nsystem\n")
    app = open_page("inspect", run="bad")
    assert app.selectbox(key="inspect_source").value == "bad"
    assert 1 <= len(app.error) <= 2
    assert all("page failed" not in e.value for e in app.error)


def test_figures_are_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    import builder.inspect as inspecting

    app = open_page("inspect")
    view(app, "prediction")
    calls: list[str] = []
    honest = inspecting.compute

    def compute(*args: object, **kwargs: object) -> object:
        calls.append(str(args[1]))
        return honest(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(inspecting, "compute", compute)
    run(app)
    assert calls == []
    app.number_input(key="sample_index").set_value(3)
    run(app)
    assert calls == ["prediction", "prediction"]  # for a light and a dark page
    app.number_input(key="sample_index").set_value(0)
    run(app)
    assert len(calls) == 2


# ------------------------------------------------------------------ samples


def test_samples_are_walked_through() -> None:
    app = open_page("inspect")
    assert component(app, "sample_strip")["chosen"] == 0
    assert [item["id"] for item in component(app, "sample_strip")["items"]] == list(range(sample_panel.STRIP))
    app.number_input(key="sample_index").set_value(30)
    run(app)
    strip = component(app, "sample_strip")
    assert strip["chosen"] == 30
    assert [item["id"] for item in strip["items"]] == list(range(24, 36))
    assert all(item["picture"].startswith("data:image/png;base64,") for item in strip["items"])
    app.button(key="sample_random").click()
    run(app)
    assert 0 <= app.number_input(key="sample_index").value < 500
    app.session_state["sample_index"] = 499
    app.button_group(key="sample_split").set_value("test")
    run(app)
    assert component(app, "sample_strip")["items"][-1]["id"] <= 499


def test_a_whole_graph_is_one_sample() -> None:
    app = gallery("gcn")
    assert not [n for n in app.number_input if n.key == "sample_index"]
    assert not app.error


# ------------------------------------------------------------------ views


def test_nodes_are_stepped_through_and_kept_between_views() -> None:
    app = open_page("inspect")
    view(app, "output")
    app.button(key="node_next").click()
    run(app)
    assert app.selectbox(key="inspect_node_output").value == "tanh1"
    assert "tanh1" in figure(app, "inspect_output")["layout"]["title"]["text"]
    view(app, "filters")
    assert app.selectbox(key="inspect_node_filters").value == "conv1"  # tanh1 has no weights
    assert app.button(key="node_previous").disabled
    app.selectbox(key="inspect_node_filters").set_value("conv2")
    run(app)
    view(app, "output")
    assert app.selectbox(key="inspect_node_output").value == "conv2"


def test_a_view_begins_with_its_own_node_until_one_is_chosen() -> None:
    app = open_page("inspect")
    view(app, "filters")
    assert app.selectbox(key="inspect_node_filters").value == "conv1"
    view(app, "neighbours")
    assert app.selectbox(key="inspect_node_neighbours").value != "conv1"


def test_options_of_a_view_change_the_figure() -> None:
    app = open_page("inspect")
    view(app, "output")
    app.selectbox(key="inspect_node_output").set_value("conv1")
    run(app)
    every = figure(app, "inspect_output")
    app.selectbox(key="inspect_opt_output_channel").set_value(2)
    run(app)
    assert figure(app, "inspect_output") != every


@pytest.mark.parametrize("name", ["vit", "sentiment_bilstm", "denoising_autoencoder"])
def test_every_view_is_drawn(name: str) -> None:
    app = gallery(name)
    found = views(looking.inspector(looking.of_graph(desk_of(app).graph)))
    assert len(found) > 5
    for spec in found:
        view(app, spec.id)
        assert not app.error, (spec.id, app.error[0].value)
        assert html.escape(spec.help) in said(app)


def test_the_worst_mistakes_are_pictures_to_click_on() -> None:
    app = open_page("inspect")
    view(app, "mistakes")
    strip = component(app, "mistakes_strip")
    assert len(strip["items"]) == 12
    assert all("→" in item["caption"] for item in strip["items"])
    assert any(item["wrong"] for item in strip["items"])
    app.selectbox(key="inspect_opt_mistakes_count").set_value(24)
    run(app)
    assert len(component(app, "mistakes_strip")["items"]) == 24


def test_names_of_classes_stay_text() -> None:
    evil = "<img src=x onerror=alert(1)>"
    rows = "a,b,kind\n" + "".join(f'{i},{i % 7},"{evil if i % 2 else "plain"}"\n' for i in range(60))
    kept = uploads.keep("evil.csv", rows.encode())
    app = gallery("logistic_regression")
    desk = desk_of(app)
    desk.graph.nodes["data"].update(component="data_csv", params={"file": kept})
    desk.graph.nodes["linear"]["params"]["out_features"] = 2
    desk.record("data")
    run(app)
    view(app, "confusion")
    assert not app.error
    assert "<img" not in component(app, "inspect_confusion")["figure"]
    assert "<img src=x" not in said(app)


def test_chinese_throughout() -> None:
    app = open_page("inspect")
    app.session_state["ui_language"] = "zh"
    run(app)
    assert app.selectbox(key="inspect_source").label == "模型"
    assert "方法" in said(app)
    assert app.button(key="inspect_export").label == "导出"


def test_a_map_that_hardly_depends_on_the_weights_is_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builder.inspect.sanity.rank_correlation", lambda one, other: 0.91)
    app = gallery("logistic_regression")
    view(app, "saliency")
    assert ["0.91" in warning.value.replace("\\", "") for warning in app.warning] == [True]
    app.selectbox(key="inspect_opt_saliency_sanity").set_value("off")
    run(app)
    assert not app.warning


def test_a_topic_keeps_its_view() -> None:
    app = gallery("logistic_regression")
    view(app, "filters")
    view(app, "prediction")
    app.button_group(key="inspect_topic").set_value("inside")
    run(app)
    assert app.button_group(key="inspect_pick").value == "filters"


def test_the_landscape_of_a_run_is_drawn_around_its_weights_and_along_its_path() -> None:
    trained()
    app = open_page("inspect")
    app.selectbox(key="inspect_source").set_value("iris")
    app = view(run(app), "landscape")
    assert not app.error and {"contour", "surface"} <= {
        trace["type"] for trace in figure(app, "inspect_landscape")["data"]
    }
    app.selectbox(key="inspect_opt_landscape_plane").set_value("path")
    assert (
        "0, 1, 2, 3" in figure(run(app), "inspect_landscape")["layout"]["title"]["subtitle"]["text"] and not app.error
    )


def test_the_first_umap_is_said_to_take_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "umap.umap_", None)
    del sys.modules["umap.umap_"]
    assert inspect_page._compiles({"method": "umap"})
    assert not inspect_page._compiles({"method": "tsne"})
    assert not inspect_page._compiles({})

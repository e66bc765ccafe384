"""Samples in the figures of the Inspect page: thumbnails under the pointer, and where a click leads."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from builder.graph import load
from builder.ui import looking, view_points
from builder.ui import workspace as workspaces
from tests.ui.pages import component, open_page, run


@pytest.fixture(autouse=True)
def _workspace(workspace: Path) -> None:
    """Every test has a workspace of its own."""


def test_the_points_of_a_projection_have_pictures() -> None:
    app = open_page("inspect", load(workspaces.GALLERY / "mlp.json"))
    app.button_group(key="inspect_topic").set_value("representation")
    run(app)
    app.button_group(key="inspect_pick").set_value("projection")
    run(app)
    sheet = component(app, "inspect_projection")["sheet"]
    source = looking.of_graph(load(workspaces.GALLERY / "mlp.json"))
    batch = looking.inspector(source).batch("valid", sheet["items"][40:41])
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(sheet["uri"].partition(",")[2]))))
    y, x = 40 // sheet["columns"] * sheet["height"], 40 % sheet["columns"] * sheet["width"]
    own = next(iter(batch.values()))[0, 0].numpy()
    np.testing.assert_array_equal(pixels[y : y + 8, x : x + 8], (own * 255).round())


def test_the_strongest_samples_of_a_unit_can_be_clicked_in_the_figure_and_below_it() -> None:
    app = open_page("inspect", load(workspaces.GALLERY / "mlp.json"))
    app.button_group(key="inspect_topic").set_value("units")
    run(app)
    figure, items = component(app, "inspect_activating"), component(app, "activating_strip")["items"]
    assert figure["clickable"] and len(items) == 12
    assert "picture" not in items[0] and items[0]["caption"].startswith(f"#{items[0]['id']} · ")


def test_large_images_are_small_on_the_sheet_and_rows_have_none() -> None:
    faces = looking.of_graph(load(workspaces.GALLERY / "lenet5.json"))
    sheet = view_points._sheet(faces, "valid", np.array([0, 5, 9]))
    assert sheet is not None and sheet["items"] == [0, 5, 9] and max(sheet["width"], sheet["height"]) <= 32
    iris = looking.of_graph(load(workspaces.GALLERY / "logistic_regression.json"))
    assert view_points._sheet(iris, "valid", np.array([0, 1])) is None


SCRIPT = """
import streamlit as st
from builder.graph import load
from builder.ui import looking, view_points, workspace
source = looking.of_graph(load(workspace.GALLERY / "logistic_regression.json"))
view_points.{call}
st.write(dict(st.session_state))
"""


@pytest.mark.parametrize(
    ("call", "found"),
    [
        ('_choose(source, "valid", 3)', {"sample_split": "valid", "sample_index": 3, "sample_way": "data"}),
        ('_choose(source, "valid", 10**6)', {}),
        ('_choose(source, "valid", "3")', {}),
        ('_choose(source, "valid", True)', {}),
        (
            '_open_cell("test", 3, ["a → b", 4, 2, 1])',
            {"inspect_opt_mistakes_truth": 2, "inspect_opt_mistakes_predicted": 1, "inspect_opt_mistakes_split": "test", "inspect_pick": "mistakes"},
        ),
        ('_open_cell("test", 3, ["a → b", 0, 2, 1])', {}),  # an empty cell
        ('_open_cell("test", 3, ["a → b", 4, 3, 1])', {}),
        ('_open_cell("test", 3, 7)', {}),
    ],
)  # fmt: skip
def test_where_a_click_leads(call: str, found: dict[str, object]) -> None:
    from streamlit.testing.v1 import AppTest

    app = AppTest.from_string(SCRIPT.format(call=call), default_timeout=60).run()
    assert not app.exception, app.exception
    keys = ("sample_split", "sample_index", "sample_way", "inspect_pick")
    keys += tuple(f"inspect_opt_mistakes_{name}" for name in ("truth", "predicted", "split"))
    assert {key: app.session_state[key] for key in keys if key in app.session_state} == found


def test_neighbours_are_a_strip_to_click_on() -> None:
    app = open_page("inspect", load(workspaces.GALLERY / "mlp.json"))
    app.button_group(key="inspect_topic").set_value("representation")
    run(app)
    app.button_group(key="inspect_pick").set_value("neighbours")
    run(app)
    items = component(app, "neighbours_strip")["items"]
    assert len(items) == 12
    assert all("picture" in item and " · " in item["caption"] for item in items)

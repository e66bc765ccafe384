"""Taking a view away from the Inspect page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from builder.graph import load
from builder.ui import looking, view_download
from builder.ui import workspace as workspaces
from tests.ui.pages import component, open_page, run


@pytest.fixture(autouse=True)
def _workspace(workspace: Path) -> None:
    """Every test has a workspace of its own."""


def test_a_view_is_offered_as_picture_page_and_numbers() -> None:
    app = open_page("inspect", load(workspaces.GALLERY / "mlp.json"))
    names = {element.proto.id.rpartition("-")[2]: element.proto.label for element in app.get("download_button")}
    assert names == {"view_save_html": "Page that stands alone (HTML)", "view_save_json": "Numbers (JSON)"}
    app.button(key="view_save_png").click()
    run(app)
    asked = component(app, "view_picture")
    assert asked["picture"] == "sample-data-valid-sample-0.png"
    assert json.loads(asked["figure"])["data"]
    run(app)
    with pytest.raises(AssertionError, match="no component"):
        component(app, "view_picture")  # the next drawing asks for it no more


def test_a_file_holds_the_view_in_the_language_of_the_page() -> None:
    source = looking.of_graph(load(workspaces.GALLERY / "mlp.json"))
    sample = looking.inspector(source).sample("valid", 1)
    numbers = json.loads(view_download._content(source, "json", "prediction", "", sample, {}, "zh", False))
    assert numbers["statement"]["name"] == "预测"
    assert numbers["statement"]["sample"] == "验证样本 1"
    assert len(numbers["data"]["probabilities"]) == 10
    page = view_download._content(source, "html", "prediction", "", sample, {}, "en", True).decode()
    assert "background: #16181d" in page


def test_a_file_name_is_plain() -> None:
    assert (
        view_download.file_stem("output", "block/n0/conv", "", "valid sample 3")
        == "output-block-n0-conv-valid-sample-3"
    )
    assert view_download.file_stem("../../x", "名") == "x"

"""Pictures at a node: a plot of lines, grids of what an output sees, and that the panel shows them for what is selected."""

from __future__ import annotations

import re
import urllib.parse

import pytest

from builder.compiler.sampling import sampling
from builder.graph import Edge, Graph
from builder.ui import drawing, theme
from builder.ui.curve_html import Line, plot
from builder.ui.sampling_html import picture, words
from builder.ui.text import text
from components import get
from tests.ui.pages import desk_of, open_page, run, said


def drawings(html: str) -> list[str]:
    """The drawings for a light page."""
    found = re.findall(r'class="\w+ on-light" src="data:image/svg\+xml,([^"]*)"', html)
    return [urllib.parse.unquote(source) for source in found]


# ------------------------------------------------------------------ plots


def test_a_plot_holds_each_line_between_its_axes() -> None:
    html = plot([Line((0, 1, 2), (5, -5, 0), theme.BLUE, "a < b"), Line((0, 2), (0, 1), theme.ORANGE)], 'x "y"', (1.0,))
    (svg,) = drawings(html)
    first, second = re.findall(r"<polyline points='([^']*)'", svg)
    points = [tuple(map(float, point.split(","))) for point in first.split()]
    assert [x for x, _ in points] == sorted(x for x, _ in points)
    assert points[0][1] < points[2][1] < points[1][1], "up is more"
    assert len(second.split()) == 2
    assert re.findall(r">([-\d.e]+)</text>", svg) == ["-5", "0", "5", "0", "1", "2"]
    assert "a &lt; b" in html
    assert 'alt="x &quot;y&quot;"' in html
    assert html.count("<i ") == 1, "a line without a name is not in the legend"


@pytest.mark.parametrize(
    ("low", "high", "marks"),
    [
        (-0.9993, 0.9993, ["-1", "0", "1"]), (-0.17, 4, ["-0.5", "0", "4"]), (0.0003, 0.9997, ["0", "1"]),
        (0.1, 1 + 1e-9, ["0", "1"]), (-1.758, 4.2, ["-2", "0", "5"]), (0, 3e-5, ["0", "3e-05"]), (-7, 0, ["-7", "0"]),
    ],
)  # fmt: skip
def test_the_upright_axis_ends_at_round_numbers(low: float, high: float, marks: list[str]) -> None:
    (svg,) = drawings(plot([Line((0, 9), (low, high), theme.BLUE)], ""))
    assert re.findall(r"text-anchor='end'>([-\d.e]+)</text>", svg) == [*marks, "9"]


def test_a_level_line_can_be_drawn() -> None:
    (svg,) = drawings(plot([Line((0, 20), (1, 1), theme.BLUE)], ""))
    assert "nan" not in svg
    (svg,) = drawings(plot([Line((0, 20), (0, 0), theme.BLUE)], ""))
    assert "nan" not in svg


def test_both_themes_have_their_colours() -> None:
    html = plot([Line((0, 1), (0, 1), theme.BLUE)], "")
    light, dark = re.findall(r'src="data:image/svg\+xml,([^"]*)"', html)
    assert theme.BLUE[0] in urllib.parse.unquote(light)
    assert theme.BLUE[1] in urllib.parse.unquote(dark)


def test_an_alternative_text_has_no_power() -> None:
    assert 'alt="&lt;b&gt;&quot;"' in drawing.image(lambda mode: "", "k", 1, 1, '<b>"')


# ------------------------------------------------------------------ grids


def test_a_grid_marks_what_counts() -> None:
    found = sampling(get("conv_dilated"), {"dilation": 2})
    assert found is not None
    html = picture(found, theme.BLUE, "en")
    places, channels = drawings(html)
    assert places.count(f"fill='{theme.BLUE[0]}'") == 9
    assert places.count("<rect") == 121
    assert places.count("<circle") == 9
    assert channels.count("<rect") == channels.count(f"fill='{theme.BLUE[0]}'") == 16
    assert 'alt="9 values in a window of 5 × 5; rings: the next output, 1 further"' in html


@pytest.mark.parametrize(
    ("id", "params", "said"),
    [
        ("conv_transposed", {}, ["one value", "rings: the next output, 1/2 further"]),
        ("conv_standard", {"dims": 1}, ["3 values in a window of 3", "rings: the next output, 1 further"]),
        ("pool_global_avg", {"keepdim": True}, ["the whole map"]),
        ("nonlocal_block", {}, ["one value", "a little of all others", "rings: the next output, 1 further"]),
    ],
)
def test_words(id: str, params: dict[str, object], said: list[str]) -> None:
    found = sampling(get(id), params)
    assert found is not None
    assert words(found, "en") == said
    assert all(re.search(r"[一-鿿]", part) for part in words(found, "zh"))


# ------------------------------------------------------------------ the panel


def training() -> Graph:
    graph = Graph()
    graph.place("data", "data_digits", position=(0, 0))
    graph.place("conv", "conv_dilated", {"out_channels": 8, "dilation": 3}, position=(300, 0))
    graph.place("act", "act_leaky_relu", {"negative_slope": 0.5}, position=(600, 0))
    graph.place("lin", "linear", position=(900, 0))
    graph.place("warm", "sched_warmup", position=(0, 300))
    graph.place("cosine", "sched_cosine", position=(0, 500))
    graph.wire(Edge("data", "x", "conv", "x"))
    graph.wire(Edge("conv", "y", "act", "x"))
    graph.wire(Edge("act", "y", "lin", "x"))
    graph.wire(Edge("cosine", "schedule", "warm", "then"))
    graph.training["epochs"] = 7
    return graph


def test_the_panel_shows_the_picture_of_what_is_selected() -> None:
    app = open_page("build", training())
    desk = desk_of(app)

    def of(node: str) -> str:
        desk.select([node])
        return said(run(app))

    assert "the output goes from -2 at x = -4 to 4 at x = 4; its slope lies between 0.5 and 1." in of("act")
    assert "9 values in a window of 7 × 7" in of("conv")
    assert text("curve_factor", "en", epochs=7) in of("warm")
    assert text("curve_chain", "en") in of("cosine")
    plain = of("lin")
    assert "form-plot" not in plain
    assert "form-sampling" not in plain


def test_a_wrong_value_leaves_the_form_without_a_picture() -> None:
    graph = training()
    graph.nodes["conv"]["params"]["dilation"] = 0
    app = open_page("build", graph)
    desk_of(app).select(["conv"])
    shown = said(run(app))
    assert "form-sampling" not in shown
    assert "dilation" in shown

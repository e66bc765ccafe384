"""Figures of all nodes: rows of the table, files of it, colours on a scale, and a difference in words and colours."""

from __future__ import annotations

import csv
import io
import itertools
import math
import re
from html import unescape
from pathlib import Path

import pytest

from builder.compiler import check
from builder.graph import Graph, clone, edit, load, to_document
from builder.graph.difference import difference
from builder.ui import colouring, commands, differences, reactions
from builder.ui.canvas import events
from builder.ui.catalogue import Catalogue
from builder.ui.desk import COLOURINGS, Compared, Desk
from builder.ui.measures import MEASURES, Measures, measured, measured_state
from builder.ui.node_table import as_csv, as_markdown, table_data
from builder.ui.warm import WARMUP
from tests.ui.pages import component, desk_of, open_page, run, said

GALLERY = Path(__file__).parents[2] / "graphs"


@pytest.fixture(autouse=True)
def _ready(workspace: Path) -> None:
    WARMUP.wait()


def gallery(name: str) -> Graph:
    return load(GALLERY / f"{name}.json")


def rows_of(measures: Measures) -> dict:
    return {row.path: row for row in measures.walk()}


# ------------------------------------------------------------------ rows


@pytest.mark.parametrize("name", ["lenet5", "resnet_small", "lora_finetune", "byol", "ddpm", "gan", "pointer_network"])
def test_totals_are_those_of_the_check(name: str) -> None:
    graph = gallery(name)
    report, total = check(graph), measured(graph).total
    assert (total.parameters, total.flops, total.memory) == (report.parameters, report.flops, report.activation_bytes)


def test_blocks_sum_up_what_is_inside() -> None:
    rows = rows_of(measured(gallery("resnet_small")))
    block = rows["res1"]
    assert block.component == "block:residual"
    assert block.parameters == sum(row.parameters for row in block.inside) == 4960
    assert block.reach[0].extents[0].size == 11
    assert block.outputs["y"].shape == ("B", 16, 14, 14)


def test_repeated_blocks_have_a_row_for_each_copy(nested: Graph) -> None:
    rows = rows_of(measured(nested))
    assert [row.path for row in rows["many"].inside] == ["many/n0", "many/n1", "many/n2"]
    assert all(row.is_copy for row in rows["many"].inside)
    assert not rows["many/n0/fc"].is_copy


@pytest.mark.parametrize(
    ("name", "path", "label"),
    [
        ("byol", "online1/encoder", "Block · encoder"),
        ("ddpm", "objective/denoiser/res1", "Block · residual"),
        ("adversarial_training", "attack/model", "Block · classifier"),
    ],
)
def test_rows_of_blocks_say_what_they_are_wherever_they_are(
    name: str, path: str, label: str, catalogue: Catalogue
) -> None:
    data = table_data(measured(gallery(name)), catalogue, [], "en")
    words = {row["path"]: row["cells"]["component"]["text"] for row in data["rows"]}
    assert words[path] == label
    assert all(words.values())


def test_a_block_inside_a_block_is_no_copy_whatever_its_name(nested: Graph) -> None:
    outer = Graph()
    outer.place("n0", "block:pair")
    nested.blocks["outer"] = outer
    nested.place("around", "block:outer")
    rows = rows_of(measured(nested))
    assert rows["around/n0"].component == "block:pair"
    assert not rows["around/n0"].is_copy
    assert rows["many/n0"].is_copy


def test_frozen_weights_are_not_trainable() -> None:
    graph = gallery("lenet5")
    edit.set_setting(graph, "fc1", "frozen", True)
    rows = measured(graph)
    found = rows_of(rows)
    assert (found["fc1"].parameters, found["fc1"].trainable) == (48120, 0)
    assert rows.total.parameters - rows.total.trainable == 48120


def test_of_weights_under_lora_only_the_low_rank_parts_are_trainable() -> None:
    rows = rows_of(measured(gallery("lora_finetune")))
    attention = rows["block/n0/attention"]
    assert attention.parameters == 64 * 192 + 192 + 64 * 64 + 64 + attention.trainable
    assert attention.trainable == 4 * (64 + 192) + 4 * (64 + 64)


def test_shared_weights_count_once() -> None:
    rows = measured(gallery("siamese_triplet"))
    shared = [row for row in rows.walk() if row.shares]
    assert shared
    assert all(row.parameters == 0 for row in shared)


def test_a_broken_graph_is_measured_as_far_as_it_goes() -> None:
    graph = gallery("lenet5")
    graph.place("odd", "no_such_component")
    edit.set_param(graph, "conv2", "kernel_size", 50)
    rows = rows_of(measured(graph))
    assert rows["conv1"].parameters == 156
    assert rows["odd"].component == "no_such_component"
    assert rows["fc1"].outputs == {}


def test_a_state_is_measured_once() -> None:
    desk = Desk(gallery("lenet5"))
    first = measured_state(desk.state)
    assert measured_state(desk.state) is first
    desk.edit(lambda graph: edit.set_param(graph, "fc1", "out_features", 50))
    assert measured_state(desk.state) is not first
    desk.undo()
    assert measured_state(desk.state) is first


# ------------------------------------------------------------------ the table


def test_the_table_for_the_browser(catalogue: Catalogue) -> None:
    data = table_data(measured(gallery("lenet5")), catalogue, ["conv1"], "en")
    rows = {row["path"]: row["cells"] for row in data["rows"]}
    conv2 = rows["conv2"]
    assert conv2["outputs"]["text"] == "(B,16,10,10)"
    assert conv2["receptive"] == {
        "text": "14×14", "value": 196, "title": "14×14 of 28×28 at data.x, step 2",
    }  # fmt: skip
    assert conv2["parameters"]["value"] == 2416
    assert conv2["parameters"]["title"] == "2,416, 3.9% of the total"
    assert rows["fc1"]["receptive"]["text"] == "whole input"
    assert "parameters" not in rows["tanh1"]
    assert data["total"]["cells"]["parameters"]["value"] == 61706
    assert data["selected"] == ["conv1"]


def test_a_field_beyond_the_border_is_the_whole_input(catalogue: Catalogue) -> None:
    data = table_data(measured(gallery("resnet_small")), catalogue, [], "zh")
    rows = {row["path"]: row["cells"] for row in data["rows"]}
    assert rows["res3/relu2"]["receptive"]["text"] == "整个输入（47×47）"


def test_csv_holds_exact_figures(catalogue: Catalogue) -> None:
    lines = list(csv.DictReader(io.StringIO(as_csv(measured(gallery("lenet5")), catalogue, "en"))))
    found = {line["Node"]: line for line in lines}
    assert found["conv1"]["Parameters"] == "156"
    assert found["conv1"]["Receptive field"] == "5×5"
    assert lines[-1]["Node"] == "Total"
    assert sum(int(line["FLOPs"]) for line in lines[:-1]) == int(lines[-1]["FLOPs"])
    assert sum(float(line["FLOPs (%)"]) for line in lines[:-1]) == pytest.approx(100, abs=0.1)


def test_csv_holds_no_formulas(catalogue: Catalogue) -> None:
    graph = Graph()
    graph.place("-cmd", "act_relu")
    graph.place("=1+1", "no_such")
    text = as_csv(measured(graph), catalogue, "en")
    assert "'=1+1" in text
    assert "\n=" not in text
    assert "\n-" not in text


def test_markdown_is_a_table(catalogue: Catalogue) -> None:
    graph = gallery("lenet5")
    lines = as_markdown(measured(graph), catalogue, "en").splitlines()
    assert len(lines) == len(graph) + 3
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in lines} == {11}


# ------------------------------------------------------------------ colours


def test_the_scale_is_logarithmic() -> None:
    scale = colouring.scale_of([10, 10**8, 0])
    assert scale is not None
    assert [scale.step(v) for v in (10, 99, 101, 10**4 * 3, 10**8)] == [0, 0, 1, 3, 6]
    assert scale.bounds[0] == 10
    assert scale.bounds[-1] == pytest.approx(10**8)


def test_edges_of_the_scale() -> None:
    assert colouring.scale_of([0, 0]) is None
    assert heat({"a": 0}) == {}
    assert heat({"a": 5, "b": 5, "c": 0}) == {"a": "var(--heat-3)", "b": "var(--heat-3)"}
    assert heat({"a": 5, "b": 50, "c": math.inf})["c"] == "var(--heat-6)"


def heat(values: dict[str, float]) -> dict[str, str]:
    return colouring.heat(values, colouring.scale_of(values.values()))


def test_a_linear_scale_begins_at_nothing() -> None:
    scale = colouring.Scale(0.0, 1.0, linear=True)
    assert [scale.step(v) for v in (0.0, 0.1, 0.15, 0.5, 0.99, 1.0)] == [0, 0, 1, 3, 6, 6]
    assert scale.bounds == pytest.approx([i / 7 for i in range(8)])
    assert colouring.heat({"a": 0.0}, scale) == {"a": "var(--heat-0)"}
    assert "0%" in colouring.legend_html(scale, "{:.0%}".format)


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, two: str) -> float:
    high, low = sorted((luminance(one), luminance(two)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def pairs() -> list[tuple[str, str]]:
    found = re.findall(
        r"light-dark\((#\w{6}),(#\w{6})\)", colouring.heat_css() + differences.ADDED + differences.CHANGED
    )
    assert len(found) == colouring.STEPS + 2
    return found


@pytest.mark.parametrize(("light", "dark"), pairs())
def test_text_on_every_colour_keeps_its_contrast(light: str, dark: str) -> None:
    assert contrast("#1b1f27", light) >= 4.5
    assert contrast("#e9ebf1", dark) >= 4.5


def test_the_steps_are_even_and_one_way() -> None:
    for theme in (0, 1):
        steps = [luminance(pair[theme]) ** (1 / 3) for pair in colouring.HEAT]  # about the lightness that one sees
        differing = [b - a for a, b in itertools.pairwise(steps)]
        assert all(d < 0 for d in differing) or all(d > 0 for d in differing)


def test_names_stay_within_the_rules() -> None:
    css = colouring.rules({'a"]{} body{display:none} [x="': "red", "use/conv1": "red"})
    assert 'data-id="use/conv1"' in css
    assert "body{display" not in css
    assert css.count("{") == 1


@pytest.mark.parametrize("measure", MEASURES)
def test_every_measure_colours_the_canvas(measure: str) -> None:
    app = open_page("build", gallery("lenet5"))
    app.button(key=f"colour_choice_{measure}").click()
    run(app)
    assert desk_of(app).colouring == measure
    css = component(app, "bridge")["families"]
    assert '[data-id="conv1"]' in css
    assert '[data-id="optimizer"]' not in css.split(".react-flow__node.body:is", 1)[1]
    assert "heat-steps" in said(app)
    app.button(key="colour_choice_family").click()
    run(app)
    assert "react-flow__node.body:is" not in component(app, "bridge")["families"]
    assert "heat-steps" not in said(app)


def test_inside_a_block_its_nodes_are_coloured() -> None:
    desk_graph = gallery("resnet_small")
    app = open_page("build", desk_graph)
    desk_of(app).enter("res1")
    desk_of(app).colouring = "flops"
    run(app)
    assert '[data-id="shortcut"]' in component(app, "bridge")["families"]


def test_colours_are_commands() -> None:
    desk = Desk(gallery("lenet5"))
    for name in COLOURINGS:
        commands.run(desk, f"colour_{name}")
        assert desk.colouring == name


# ------------------------------------------------------------------ the drawer


def test_the_table_opens_by_key_and_a_row_selects_its_node() -> None:
    app = open_page("build", gallery("resnet_small"))
    reactions.handle(desk_of(app), events.Command(seq=1, type="command", name="table"))
    run(app)
    data = component(app, "node_table")
    assert len(data["rows"]) > 30
    desk_of(app).show(("res1", "conv2"))
    run(app)
    assert component(app, "node_table")["selected"] == ["res1/conv2"]
    app.button(key="drawer_close").click()
    run(app)
    assert not desk_of(app).table


def test_an_empty_graph_says_so() -> None:
    app = open_page("build", Graph())
    app.button(key="table").click()
    run(app)
    assert "The graph has no nodes yet." in said(app)


# ------------------------------------------------------------------ comparison


def changed_lenet() -> tuple[Graph, Graph]:
    before = gallery("lenet5")
    after = clone(before)
    edit.set_param(after, "conv1", "out_channels", 8)
    edit.rename_node(after, "conv2", "second", after)
    edit.remove_nodes(after, ["tanh4"])
    edit.add_node(after, "drop_dropout", (0, 0))
    return before, after


def test_a_difference_in_words() -> None:
    found = difference(*changed_lenet())
    assert differences.words(found, "en") == [
        ("added", "+1 node"), ("removed", "−1 node"), ("changed", "1 changed"), ("renamed", "1 renamed"), ("wires", "2 wires differ"),
    ]  # fmt: skip
    assert differences.words(difference(Graph(), Graph()), "zh") == []


def test_a_change_as_html_is_escaped(catalogue: Catalogue) -> None:
    before, after = changed_lenet()
    edit.set_param(after, "fc1", "bias", "<script>")
    nodes = {node.after: node for node in difference(before, after).body.nodes}
    html = differences.node_html(nodes["conv1"], catalogue, "en")
    assert "<del>6</del> → <ins>8</ins>" in html
    assert "was conv2" in differences.node_html(nodes["second"], catalogue, "en")
    assert "<script>" not in differences.node_html(nodes["fc1"], catalogue, "en")


def test_colours_of_a_difference() -> None:
    before, after = changed_lenet()
    colours = differences.colours(difference(before, after), Desk(after))
    (new,) = set(after) - set(before) - {"second"}
    assert colours[new] == differences.ADDED
    assert colours["conv1"] == colours["second"] == differences.CHANGED
    assert "fc1" not in colours


def test_a_change_in_a_block_colours_its_uses_and_leads_there() -> None:
    before = gallery("resnet_small")
    after = clone(before)
    edit.set_param(after.blocks["residual"], "conv1", "kernel_size", 5)
    found, desk = difference(before, after), Desk(after)
    assert set(differences.colours(found, desk)) == {"res1", "res2", "res3"}
    assert differences.way_into(after, "residual") == ("res1",)
    desk.enter("res1")
    assert differences.colours(found, desk) == {"conv1": differences.CHANGED}


def test_a_change_deep_inside_colours_what_is_around_it() -> None:
    before = gallery("byol")
    after = clone(before)
    edit.set_param(after.blocks["encoder"], "conv1", "kernel_size", 5)
    colours = differences.colours(difference(before, after), Desk(after))
    assert {"online1", "online2", "target1"} <= set(colours)
    assert set(colours.values()) == {differences.CHANGED}


def test_the_drawer_lists_what_differs() -> None:
    before, after = changed_lenet()
    app = open_page("build", after)
    desk = desk_of(app)
    desk.compared = Compared(to_document(before), "LeNet <b>", "LeNet")
    run(app)
    words = unescape(said(app))
    assert "+1 node" in words
    assert "Compared with “LeNet <b>”" in words
    assert "LeNet &lt;b&gt;" in said(app)
    assert "61.7 K" in words
    shown = next(b for b in app.button if (b.key or "").startswith("compare_show_") and "conv1" in b.label)
    shown.click()
    run(app)
    assert desk_of(app).selection == ("conv1",)
    app.button(key="drawer_close").click()
    run(app)
    assert desk_of(app).compared is None


def test_the_dialog_offers_all_graphs_there_are() -> None:
    app = open_page("build", gallery("lenet5"))
    app.button(key="compare").click()
    run(app)
    offered = {button.key for button in app.button}
    assert {"compare_as_opened", "compare_gallery_mlp", "compare_gallery_vit"} <= offered
    assert app.button(key="compare_as_opened").disabled  # nothing was done yet


def test_undoing_all_leaves_no_difference() -> None:
    app = open_page("build", gallery("lenet5"))
    desk = desk_of(app)
    desk.compared = Compared(desk.history.states[0], "As opened", "打开时")
    desk.edit(lambda graph: edit.remove_nodes(graph, ["tanh4"]))
    run(app)
    assert "−1 node" in said(app)
    desk_of(app).undo()
    run(app)
    assert "Nothing differs." in said(app)

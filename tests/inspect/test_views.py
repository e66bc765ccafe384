"""Every view of every kind of model, in both languages and themes."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable

import numpy as np
import plotly.graph_objects as go
import pytest

from builder.inspect import InspectError, Inspector, Option, ViewSpec, arrays, compute, notice, options, views
from builder.inspect.catalogue import VIEWS
from tests.inspect.graphs import ZOO, Node, build

Zoo = Callable[[str], Inspector]

ANSWER = ["sample", "prediction"]
INSIDE = ["output", "filters"]
CAMS = ["grad_cam", "grad_cam_pp", "score_cam", "guided_grad_cam"]
GRADIENTS = ["saliency", "smoothgrad", "integrated_gradients"]
PARTS = ["deeplift", "occlusion", "lime"]
BY_INPUT = [*GRADIENTS, *PARTS, "cascade"]
RELUS = [*GRADIENTS[:2], "guided_backprop", "deconvnet", *GRADIENTS[2:], *PARTS, "cascade"]
CLASSES = ["confusion", "classes", "calibration", "mistakes"]
ATTENTION = ["attention", "attention_links", "attention_overview", "attention_statistics"]
DEPTH = ["attention_rollout", "attention_flow"]
SPACE = ["projection", "neighbours"]
IMAGINED = ["activation_maximization", "feature_inversion"]
UNITS = ["activating", *IMAGINED]
EXPECTED = {
    "cnn": [
        *ANSWER,
        *INSIDE,
        *UNITS,
        *CAMS,
        *RELUS,
        *CLASSES[:3],
        "slices",
        "mistakes",
        *SPACE,
        "probes",
        "similarity",
    ],
    "regression": [
        *ANSWER,
        *INSIDE,
        "activating",
        *BY_INPUT,
        "slices",
        "mistakes",
        "parity",
        *SPACE,
        "probes",
        "similarity",
    ],
    "autoencoder": ["sample", "reconstruction", *INSIDE, *UNITS, "mistakes", *SPACE, "similarity"],
    "gpt": [*ANSWER, "tokens", *INSIDE, *ATTENTION, *DEPTH, "activating", *BY_INPUT, *CLASSES, *SPACE, "similarity"],
    "gcn": [*ANSWER, "network", *INSIDE, *GRADIENTS, "cascade", *CLASSES, "projection", "probes", "similarity"],
    "unjudged": [*ANSWER, *INSIDE, *UNITS, *BY_INPUT, *SPACE, "similarity"],
}


def view(inspector: Inspector, id: str) -> ViewSpec:
    return next(v for v in views(inspector) if v.id == id)


def chinese(text: str) -> bool:
    return any("\u4e00" <= character <= "\u9fff" for character in text)


def texts(figure: go.Figure) -> str:
    return json.dumps(json.loads(figure.to_json() or ""), ensure_ascii=False)


@pytest.mark.parametrize("model", EXPECTED)
def test_which_views_apply(zoo: Zoo, model: str) -> None:
    assert [v.id for v in views(zoo(model))] == EXPECTED[model]


@pytest.mark.parametrize("model", ZOO)
def test_every_view_is_drawn(zoo: Zoo, model: str) -> None:
    inspector = zoo(model)
    sample = inspector.sample()
    for spec in views(inspector):
        nodes = spec.nodes or ("",)
        for node in {spec.node, nodes[-1]}:
            for language, dark in (("en", False), ("zh", True)):
                given = sample if spec.needs_sample else None
                figure, data = compute(inspector, spec.id, node, given, language=language, dark=dark)
                assert figure.layout.title.text
                assert json.loads(figure.to_json() or "")["data"]
                assert all(isinstance(a, np.ndarray) for a in arrays(data).values())
            assert chinese(figure.layout.title.text + figure.layout.title.subtitle.text)


@pytest.mark.parametrize("model", ["cnn", "vit", "gpt", "gcn", "recurrent"])
def test_every_choice_is_drawn(zoo: Zoo, model: str) -> None:
    inspector = zoo(model)
    sample = inspector.sample()
    for spec in views(inspector):
        found = options(inspector, spec.id, spec.node, sample)
        quick = {"sanity": "off"} if any(o.name == "sanity" for o in found) else {}
        for option in found:
            if option.name in ("method", "truth", "predicted"):  # slow, or no such sample: tests of their own
                continue
            values = [c.value for c in option.choices] or [option.low, option.high]
            assert option.default in (values if option.choices else range(option.low, option.high + 1))
            assert all(c.text("en") and c.text("zh") for c in option.choices)
            few = {"split": ["test"], "samples": values[:1], "sanity": []}
            for value in few.get(option.name, {*values[:3], values[-1]}):
                figure, _ = compute(inspector, spec.id, spec.node, sample, **{**quick, option.name: value})
                assert figure.data


def test_without_data_the_views_of_a_sample_remain() -> None:
    nodes: dict[str, Node] = {
        "data": ("data_input", {"shape": [3, 9, 12]}), "conv": ("conv_standard", {"out_channels": 4, "kernel_size": 3}),
        "pool": ("pool_global_avg", {"keepdim": False}), "fc": ("linear", {"out_features": 3}),
    }  # fmt: skip
    inspector = Inspector(build(nodes, ["data.x conv.x", "conv.y pool.x", "pool.y fc.x"]))
    drawing = inspector.upload_drawing([])
    offered = views(inspector)
    assert {"prediction", "output", "filters", "grad_cam", "lime"} <= {spec.id for spec in offered}
    for spec in offered:
        assert "split" not in {option.name for option in options(inspector, spec.id, spec.node, drawing)}
        assert compute(inspector, spec.id, spec.node, drawing if spec.needs_sample else None)[0].data


def test_every_view_says_what_how_and_what_not() -> None:
    ids = [v.id for v in VIEWS]
    assert len(set(ids)) == len(ids)
    for entry in VIEWS:
        for language in ("en", "zh"):
            about = entry.about(language)
            assert len(about) == 3 and all(about.values()) and entry.label(language)


def test_the_first_node_of_a_view_is_worth_looking_at(zoo: Zoo) -> None:
    cnn = zoo("cnn")
    assert view(cnn, "output").node == "conv1"
    assert view(cnn, "grad_cam").node == "relu2"
    assert view(cnn, "projection").node == "flatten"  # what the classes are read off
    assert view(zoo("autoencoder"), "projection").node == "down"


def test_every_view_has_one_topic(zoo: Zoo) -> None:
    for spec in views(zoo("cnn")):
        assert any(entry.id == spec.id for entry in spec.topic.views)
        assert spec.topic.label("en") and chinese(spec.topic.label("zh"))


def test_an_attribution_stands_beside_that_of_random_weights(zoo: Zoo) -> None:
    inspector = zoo("cnn")
    sample = inspector.sample()
    figure, data = compute(inspector, "saliency", "", sample)
    plain_figure, without = compute(inspector, "saliency", "", sample, sanity="off")
    assert data.sanity is not None and without.sanity is None
    np.testing.assert_array_equal(data.values, without.values)
    assert len([t for t in figure.data if t.type == "heatmap"]) == 3
    assert len([t for t in plain_figure.data if t.type == "heatmap"]) == 2
    assert "rank correlation" in figure.layout.title.subtitle.text
    assert notice(without) == ""
    alike = dataclasses.replace(data, sanity=dataclasses.replace(data.sanity, correlation=0.93))
    assert "0.93" in notice(alike) and chinese(notice(alike, "zh"))
    assert notice(dataclasses.replace(data, sanity=dataclasses.replace(data.sanity, correlation=0.2))) == ""
    assert notice(compute(inspector, "prediction", "", sample)[1]) == ""


def test_options_change_the_figure(zoo: Zoo) -> None:
    inspector = zoo("cnn")
    sample = inspector.sample()
    one, data = compute(inspector, "output", "conv1", sample, channel=2)
    np.testing.assert_allclose(one.data[0].z, data.array[2])
    for answer in (3, 8):
        figure, data = compute(inspector, "saliency", "", sample, answer=answer, gradient="signed")
        assert data.answer == str(answer) and f'"{answer}"' in figure.layout.title.subtitle.text


def test_heads_of_attention_can_be_chosen(zoo: Zoo) -> None:
    inspector = zoo("vit")
    sample = inspector.sample()
    matrix, data = compute(inspector, "attention", "encoder", sample, show="matrix", show_head=1)
    np.testing.assert_allclose(matrix.data[0].z, data.weights[1])
    mean, _ = compute(inspector, "attention", "encoder", sample, show="matrix", show_head=-1)
    np.testing.assert_allclose(mean.data[0].z, data.weights.mean(0), rtol=1e-5)
    image, _ = compute(inspector, "attention", "encoder", sample, query=6, show_head=0)
    maps = [trace for trace in image.data if trace.type == "heatmap"]
    assert len(maps) == 1
    np.testing.assert_allclose(maps[0].z, data.over_image(6)[0])
    assert "2,2" in image.layout.title.subtitle.text  # token 6: the class token, four patches of row 1, two of row 2


def test_a_second_answer_can_be_chosen(zoo: Zoo) -> None:
    inspector = zoo("two_heads")
    choices = {o.name: o for o in options(inspector, "mistakes")}
    assert [c.value for c in choices["head"].choices] == [0, 1]
    _, data = compute(inspector, "mistakes", head=1)
    assert data.evaluation.head.task == "image"
    assert all(o.name != "head" for o in options(inspector, "confusion"))  # only one has classes


@pytest.mark.parametrize(
    ("arguments", "chosen", "reason"),
    [
        (("nonsense",), {}, "no view 'nonsense'"),
        (("attention", "conv1"), {}, "no view 'attention'"),
        (("output", "fc9"), {}, "does not apply to 'fc9'"),
        (("output", ""), {}, "does not apply to ''"),
        (("prediction",), {}, "needs a sample"),
        (("confusion",), {"split": "all"}, "'split' must be one of"),
        (("confusion",), {"colour": "red"}, "no option 'colour'"),
        (("mistakes",), {"count": 7}, "'count' must be one of"),
        (("mistakes",), {"count": True}, "'count' must be one of"),
    ],
)
def test_what_cannot_be_drawn_is_said(
    zoo: Zoo, arguments: tuple[str, ...], chosen: dict[str, object], reason: str
) -> None:
    with pytest.raises(InspectError, match=reason) as caught:
        compute(zoo("cnn"), *arguments, **chosen)
    assert chinese(caught.value.text("zh"))


@pytest.mark.parametrize("value", [-1, 34, 1.0, "3", True, None])
def test_an_integer_option_keeps_its_range(zoo: Zoo, value: object) -> None:
    inspector = zoo("gcn")
    with pytest.raises(InspectError, match="'position' must be an integer from 0 to 33"):
        compute(inspector, "prediction", "", inspector.sample(), position=value)


def test_names_of_a_persons_own_data_are_not_markup(zoo: Zoo) -> None:
    inspector = Inspector(ZOO["table"]())
    nasty = '<a href="javascript:alert(1)">x</a>'
    inspector.heads = [dataclasses.replace(inspector.heads[0], names=(nasty, "b", "c"))]
    sample = inspector.sample()
    for id in ("prediction", "saliency", "confusion", "classes", "mistakes", "projection"):
        spec = view(inspector, id)
        figure, _ = compute(inspector, id, spec.node, sample if spec.needs_sample else None)
        assert "<a href" not in texts(figure)
    assert "&lt;a href" in texts(compute(inspector, "confusion")[0])


def test_an_upload_is_looked_at_like_any_sample(zoo: Zoo) -> None:
    for model, sample in (
        ("gpt", zoo("gpt").upload_text("The import system")),
        ("sentiment", zoo("sentiment").upload_text("a wonderful film")),
        ("table", zoo("table").upload_row([5, 3, 1.5, 0.2])),
    ):
        inspector = zoo(model)
        for spec in views(inspector):
            if spec.needs_sample:
                figure, _ = compute(inspector, spec.id, spec.node, sample)
                assert figure.data


def test_an_option_of_a_kind() -> None:
    assert Option("n", "n", "n", 1, (), 0, 3).kind == "integer"
    assert Option("n", "n", "n", 1, (), 0, 3).check(3) == 3

"""What is compared: choices as they are written, plans of graphs, places that choices take."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.comparison import Choice, Plan, default_folder, parse_choices, planned, plans
from builder.comparison.variants import applied, misfits
from builder.gallery import graph_files
from builder.graph import Graph, GraphError, flatten, from_document, load, to_document

GRAPHS = Path(__file__).parents[2] / "graphs"
MLP = GRAPHS / "mlp.json"
WITH_PLANS = [path for path in graph_files() if load(path).meta.get("comparisons")]


def test_choices_are_read_as_they_are_written() -> None:
    found = parse_choices("opt_sgd:lr=0.1:momentum=0.9, opt_adam:betas=[0.9,0.99],none")
    assert [choice.name for choice in found] == ["opt_sgd:lr=0.1:momentum=0.9", "opt_adam:betas=[0.9,0.99]", "none"]
    assert found[0] == Choice("opt_sgd", (("lr", "0.1"), ("momentum", "0.9")))
    assert [choice.folder for choice in found] == ["opt_sgd_lr=0.1_momentum=0.9", "opt_adam_betas=_0.9_0.99_", "none"]


@pytest.mark.parametrize("text", ["", "a,,b", "../x", "a:lr", "a:lr=", "1a", "a b", "a:lr=1:=2"])
def test_what_is_no_choice_is_refused(text: str) -> None:
    with pytest.raises(GraphError, match="A choice is written as"):
        parse_choices(text)


def test_choices_say_which_place_they_take() -> None:
    def place(choices: str) -> str:
        return Plan(("fc",), parse_choices(choices)).place

    assert place("act_relu,none") == "component"
    assert place("none,init_xavier,init_zero") == "init"
    assert place("norm_weight,none") == "parametrize"
    assert place("reg_l2:strength=0.01,none") == "regularize"
    with pytest.raises(GraphError, match="'act_relu' and 'init_xavier' do not take the same place"):
        place("act_relu,init_xavier")
    with pytest.raises(GraphError, match="no component 'act_reluu'"):
        place("act_reluu")


def test_parameters_and_settings_of_several_nodes_are_set() -> None:
    graph = load(MLP)
    fcs = [node for node in graph if graph.nodes[node]["component"] == "linear"]
    found = applied(graph, fcs, Choice.parse("init_random"), "init").graph
    assert all(found.nodes[node]["settings"]["init"]["component"] == "init_random" for node in fcs)
    assert all("init" not in applied(found, fcs, Choice("none"), "init").graph.nodes[n]["settings"] for n in fcs)
    normed = applied(graph, fcs[:1], Choice.parse("norm_weight"), "parametrize").graph
    assert normed.nodes[fcs[0]]["settings"]["parametrize"] == [{"component": "norm_weight", "params": {}}]
    (optimizer,) = [node for node in graph if graph.nodes[node]["component"].startswith("opt_")]
    other = applied(graph, [optimizer], Choice.parse("opt_sgd:lr=0.25"), "component")
    (node,) = other.nodes
    assert other.graph.nodes[node]["component"] == "opt_sgd" and other.graph.nodes[node]["params"]["lr"] == 0.25
    for text, words in (("opt_sgd:rate=1", "rate"), ("opt_sgd:lr=much", "lr")):
        with pytest.raises(GraphError, match=words):
            applied(graph, [optimizer], Choice.parse(text), "component")


def test_a_choice_acts_where_the_node_was_bypassed() -> None:
    graph = applied(load(MLP), ["relu1"], Choice("none"), "component").graph
    assert "relu1" not in flatten(graph).nodes
    assert "relu1" in flatten(applied(graph, ["relu1"], Choice("act_relu"), "component").graph).nodes


def test_what_does_not_fit_is_told_with_the_reason() -> None:
    found = misfits(load(MLP), ["relu1"], parse_choices("act_gelu,conv_standard,data_iris"), "component")
    assert [misfit is None for misfit in found.values()] == [True, False, False]
    wrong = found[Choice("conv_standard")]
    assert wrong is not None and wrong.message and wrong.message_zh != wrong.message


def test_a_graph_brings_plans_along() -> None:
    graph = load(MLP)
    with pytest.raises(GraphError, match=r"Say what to compare: .* \(none\)"):
        planned(graph)
    graph.meta["comparisons"] = [{"name": "act", "nodes": ["relu1"], "choices": ["act_relu", "act_tanh"], "seeds": 2}]
    (plan,) = plans(graph)
    assert planned(graph) == planned(graph, "act") == plan == Plan.from_json(plan.to_json())
    assert planned(graph, seeds=5, epochs=2, choices=parse_choices("none")) == Plan(
        ("relu1",), (Choice("none"),), 5, 2, "act"
    )
    assert default_folder("graphs/mlp.json", plan).name == "mlp-act"
    graph.meta["comparisons"] *= 2
    with pytest.raises(GraphError, match=r"\(act, act\)"):
        planned(graph)


@pytest.mark.parametrize(
    ("comparison", "place"),
    [
        ({"name": "a", "nodes": [], "choices": ["x"]}, "nodes"),
        ({"name": "a", "nodes": ["x"]}, "choices"),
        ({"name": "a", "nodes": ["x"], "choices": ["a b"]}, "component:param=value"),
        ({"name": "a", "nodes": ["../x"], "choices": ["a"]}, "a node's id or path"),
        ({"name": "a", "nodes": ["x"], "choices": ["a"], "seeds": 0}, "at least 1"),
    ],
)
def test_a_broken_plan_is_a_broken_file(comparison: dict[str, object], place: str) -> None:
    document = to_document(Graph()) | {"meta": {"comparisons": [comparison]}}
    with pytest.raises(GraphError, match=place):
        from_document(document)


@pytest.mark.parametrize("path", WITH_PLANS, ids=lambda path: path.stem)
def test_every_choice_of_the_gallery_can_be_trained(path: Path) -> None:
    graph = load(path)
    found = plans(graph)
    assert len({plan.name for plan in found}) == len(found)
    for plan in found:
        assert plan.title and plan.title_zh
        wrong = {c.name: m for c, m in misfits(graph, plan.nodes, plan.choices, plan.place).items() if m}
        assert not wrong, plan.name

"""What is offered at a loose end of a wire."""

from __future__ import annotations

from typing import Any

import pytest

from builder.compiler import check
from builder.graph import Edge, Graph, GraphError, load
from builder.ui import suggestions
from builder.ui.catalogue import Catalogue
from builder.ui.desk import Desk
from builder.ui.facts import facts_of
from builder.ui.suggestions import Suggestion
from builder.ui.workspace import GALLERY

LONG = 60.0  # seconds: all is proved, however slow the machine is


def offered(
    graph: Graph, catalogue: Catalogue, end: str, output: bool = True, scope: tuple[str, ...] = (), budget: float = LONG
) -> list[Suggestion]:
    desk = Desk(graph, shown=scope)
    facts = facts_of(check(graph, fixes=False), graph, scope)
    return suggestions.suggest(desk, catalogue, facts, end, output, budget)


def ids(found: list[Suggestion], first: int | None = None) -> list[str]:
    return [s.component for s in found[:first]]


def fed(component: str, **params: Any) -> Graph:
    """A graph whose node ``at`` gives what a data set of this shape does."""
    graph = Graph()
    graph.place("at", component, params, position=(0, 0))
    return graph


@pytest.fixture(scope="module")
def lenet() -> Graph:
    return load(GALLERY / "lenet5.json")


def test_a_map_of_features_is_normalised_activated_pooled_convolved_or_flattened(
    lenet: Graph, catalogue: Catalogue
) -> None:
    found = offered(lenet, catalogue, "conv1.y")
    assert {"norm_batch", "act_relu", "act_tanh"} <= set(ids(found, 4))
    assert {"pool_avg", "conv_standard", "op_flatten"} <= set(ids(found, 16))
    assert not {"embedding", "data_iris", "opt_adam", "attn_multi_head", "rnn_lstm"} & set(ids(found))


def test_pooled_maps_go_on_to_a_convolution_or_are_flattened(lenet: Graph, catalogue: Catalogue) -> None:
    assert ids(offered(lenet, catalogue, "pool1.y"), 2) == ["conv_standard", "op_flatten"]


def test_logits_as_many_as_the_classes_lead_to_a_loss_and_a_metric(lenet: Graph, catalogue: Catalogue) -> None:
    found = offered(lenet, catalogue, "fc3.y")
    assert set(ids(found, 2)) == {"loss_cross_entropy", "metric_accuracy"}
    assert [s.port for s in found[:2]] == ["logits", "logits"]


def test_features_that_are_no_logits_lead_on(lenet: Graph, catalogue: Catalogue) -> None:
    first = ids(offered(lenet, catalogue, "fc1.y"), 2)
    assert "act_relu" in first
    assert not {"loss_cross_entropy", "metric_accuracy"} & set(first)


def test_a_loss_leads_to_an_optimizer(lenet: Graph, catalogue: Catalogue) -> None:
    found = offered(lenet, catalogue, "loss.loss")
    assert ids(found, 1) == ["opt_adam"]


def test_tokens_are_embedded(catalogue: Catalogue) -> None:
    assert ids(offered(fed("data_sentiment"), catalogue, "at.x"), 1) == ["embedding"]


def test_a_sequence_of_vectors_meets_attention_and_recurrence(catalogue: Catalogue) -> None:
    graph = fed("data_sentiment")
    graph.place("embed", "embedding", position=(300, 0))
    graph.wire(Edge("at", "x", "embed", "x"))
    first = set(ids(offered(graph, catalogue, "embed.y"), 12))
    assert "attn_multi_head" in first


def test_schedules_meet_optimizers_only(lenet: Graph, catalogue: Catalogue) -> None:
    found = offered(lenet, catalogue, "cosine.schedule")
    assert ids(found, 1) == ["opt_adam"]
    for suggestion in found:
        port = next(p for p in catalogue[suggestion.component].inputs if p.name == suggestion.port)
        assert port.kind == "schedule"


def test_before_an_input_stands_what_gives_what_it_takes(lenet: Graph, catalogue: Catalogue) -> None:
    found = offered(lenet, catalogue, "conv2.x", output=False)
    assert "pool_avg" in ids(found, 8)
    assert "data_mnist" in ids(found)
    assert "data_iris" not in ids(found)
    schedules = offered(lenet, catalogue, "optimizer.schedule", output=False)
    assert {catalogue[s.component].kind for s in schedules} == {"scheduler"}


def test_what_was_not_reached_in_time_comes_behind_what_was_proved(lenet: Graph, catalogue: Catalogue) -> None:
    nothing = offered(lenet, catalogue, "conv1.y", budget=0.0)
    assert not any(s.proved for s in nothing)
    assert [s.score for s in nothing] == sorted((s.score for s in nothing), reverse=True)
    everything = offered(lenet, catalogue, "conv1.y")
    proofs = [s.proved for s in everything]
    assert proofs == sorted(proofs, reverse=True)
    assert set(ids(everything)) < set(ids(nothing)), "what is proved not to fit is left out"


def test_without_a_known_shape_the_declarations_decide(catalogue: Catalogue) -> None:
    found = offered(fed("conv_standard"), catalogue, "at.y")
    assert "act_relu" in ids(found, 5)
    assert "embedding" not in ids(found)


def test_blocks_of_the_graph_and_ports_of_a_block_are_offered(nested: Graph, catalogue: Catalogue) -> None:
    assert "block:pair" in ids(offered(nested, catalogue, "data.x"))
    inside = offered(nested, catalogue, "fc.y", scope=("one",))
    assert Suggestion("port_out", "x", 0.5) in inside
    assert "block:pair" not in ids(inside), "a block cannot stand in itself"


def test_an_unknown_port_is_refused(lenet: Graph, catalogue: Catalogue) -> None:
    with pytest.raises(GraphError, match=r"no port 'conv1\.z'"):
        offered(lenet, catalogue, "conv1.z")
    with pytest.raises(GraphError, match="no port"):
        offered(lenet, catalogue, "gone.y")


def test_items_carry_name_family_and_the_shape_that_would_come_out(lenet: Graph, catalogue: Catalogue) -> None:
    desk = Desk(lenet)
    desk.suggested = (7, [s for s in offered(lenet, catalogue, "conv1.y") if s.component == "pool_max"])
    data = suggestions.as_data(desk, catalogue, "en")
    assert data["number"] == 7
    (item,) = data["items"]
    assert item["id"] == "pool_max"
    assert item["port"] == "x"
    assert item["about"].endswith("(B,6,14,14)")
    assert suggestions.as_data(desk, catalogue, "zh")["items"][0]["title"] == catalogue["pool_max"].name_zh

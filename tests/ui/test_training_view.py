"""What the canvas shows of training: colours by optimizer, the order of a step, marks of weights, links to blocks."""

from __future__ import annotations

from html import unescape
from pathlib import Path

import pytest

from builder.graph import Graph, GraphError, edit
from builder.ui import actions, reactions, theme
from builder.ui.canvas import cards, events, view
from builder.ui.catalogue import Catalogue
from builder.ui.checking import checked
from builder.ui.desk import Desk
from builder.ui.facts import plain_path
from builder.ui.warm import WARMUP
from tests.ui.conftest import chain
from tests.ui.pages import desk_of, open_page, run, said
from tests.ui.training_graphs import adversarial


@pytest.fixture(autouse=True)
def _ready(workspace: Path) -> None:
    WARMUP.wait()


def cards_on(desk: Desk, catalogue: Catalogue) -> dict[str, cards.Card]:
    known = checked(desk)
    training = cards.training_of(known.turns, desk.graph, desk.scope)
    return cards.cards_of(desk.open_graph, desk.blocks, catalogue, known.facts, "en", training)


def classes(desk: Desk, catalogue: Catalogue) -> dict[str, set[str]]:
    nodes, _ = view.elements(desk.open_graph, cards_on(desk, catalogue), (), (), "en")
    return {node["id"]: set(node["className"].split()) for node in nodes if "parentNode" not in node}


def test_nodes_wear_the_colour_of_the_optimizer_that_trains_them(catalogue: Catalogue) -> None:
    found = classes(Desk(adversarial()), catalogue)
    for node in ("real", "fake", "opt_d"):
        assert {"is-trained", "turn-1"} <= found[node]
    for node in ("maker", "opt_g"):
        assert {"is-trained", "turn-2"} <= found[node]
    for node in ("data", "noise", "loss"):
        assert "is-untrained" in found[node]


def test_optimizers_are_numbered_in_the_order_of_the_step(catalogue: Catalogue) -> None:
    graph = adversarial()
    graph.nodes["opt_d"]["settings"]["order"] = 1
    found = cards_on(Desk(graph), catalogue)
    assert [found[node].training.place for node in ("opt_g", "opt_d")] == [1, 2]  # type: ignore[union-attr]
    html = view.html_of(found["opt_d"], "en")
    assert 'class="pill turn turn-2" title="Number 2 in the step">2<' in html
    assert 'title="Trained by opt_d">2<' in view.html_of(found["real"], "en")


def test_inside_a_block_its_nodes_are_coloured(catalogue: Catalogue) -> None:
    desk = Desk(adversarial())
    desk.enter("fake")
    found = classes(desk, catalogue)
    assert {"is-trained", "turn-1"} <= found["fc"]
    assert "is-untrained" in found["x"]


def test_nothing_is_coloured_where_training_is_not_shown(catalogue: Catalogue) -> None:
    graph = adversarial()
    found = cards.cards_of(graph, graph.blocks, catalogue, {}, "en")
    assert all(card.training is None for card in found.values())


def test_there_is_a_colour_for_every_place() -> None:
    css = theme.turn_css()
    assert all(f".{theme.turn(place)}{{" in css for place in range(1, 40))


def test_the_toggle_shows_the_legend() -> None:
    app = open_page("build", adversarial())
    assert "A training step" not in said(app)
    app.button(key="colour_choice_optimizer").click()
    run(app)
    words = unescape(said(app))
    assert "A training step" in words
    assert "every 3 steps · epochs 2 to 9 · 16 weights" in words
    app.button(key="legend_show_2").click()
    run(app)
    assert desk_of(app).selection == ("opt_g",)
    app.button(key="colour_choice_family").click()
    run(app)
    assert "A training step" not in said(app)


# ------------------------------------------------------------------ marks


@pytest.mark.parametrize(
    ("settings", "mark", "tip"),
    [
        ({"weights": {"from": "average", "node": "other", "decay": 0.9}}, "EMA", "Moving average of other"),
        ({"weights": {"from": "run", "run": "early"}}, "⤓", "Weights of the run early"),
        ({"parametrize": [{"component": "peft_lora"}, {"component": "gone"}]}, "W′", "gone"),
        ({"regularize": [{"component": "reg_l1"}, {"component": "gone"}]}, "λ", "Regularized: L1 regularization, gone"),
        ({"phase": "train"}, "train", "Acts in training only"),
        ({"every": 5}, "1/5", "Acts at every 5th step"),
        ({"epochs": [3, 1_000_000]}, "3–∞", "epochs 3 to ∞"),
        ({"subset": {"count": 4, "per_class": True}}, "n=4", "4 samples of each class"),
    ],
)
def test_settings_leave_a_mark_on_the_card(catalogue: Catalogue, settings: dict, mark: str, tip: str) -> None:
    graph = chain()
    graph.nodes["fc"]["settings"].update(settings)
    html = unescape(view.html_of(cards.cards_of(graph, {}, catalogue, {}, "en")["fc"], "en"))
    assert f">{mark}</span>" in html
    assert tip in html


# ------------------------------------------------------------------ blocks as parameters


def test_a_card_names_the_block_that_its_node_takes(catalogue: Catalogue) -> None:
    graph = adversarial()
    card = cards.cards_of(graph, graph.blocks, catalogue, {}, "en")["penalty"]
    assert card.calls == (cards.Call("critic", "Critic", "real"),)
    assert "real" not in card.detail
    assert 'data-parameter="critic"' in view.html_of(card, "en")
    assert card.header == cards.TOP + cards.NAME + cards.LINE + cards.CALL + cards.GAP


def test_a_click_on_the_name_opens_the_block() -> None:
    desk = Desk(adversarial())
    reactions.handle(desk, events.Open(seq=1, type="open", node="penalty", parameter="critic"))
    assert desk.scope == ("real",)
    desk.leave(0)
    assert desk.selection == ("real",)


def test_weights_of_a_block_parameter_count_at_its_node() -> None:
    graph = adversarial()
    graph.nodes["penalty"]["params"]["critic"] = "critic"
    desk = Desk(graph)
    assert checked(desk).facts["penalty"].parameters == 5
    desk.enter("penalty/critic")
    assert checked(desk).facts["fc"].parameters == 5
    assert desk.open_graph is desk.graph.blocks["critic"]
    desk.leave(0)
    assert desk.selection == ("penalty",)


def test_a_reference_to_a_layer_selects_it() -> None:
    graph = adversarial()
    graph.nodes["penalty"]["params"]["critic"] = {"node": "real/fc"}
    desk = Desk(graph)
    desk.open_called("penalty", "critic")
    assert (desk.scope, desk.selection) == (("real",), ("fc",))
    desk = Desk(graph)
    graph.nodes["penalty"]["params"]["critic"] = {"node": "nowhere"}
    with pytest.raises(GraphError, match="nowhere"):
        desk.open_called("penalty", "critic")
    assert desk.scope == ()


@pytest.mark.parametrize(
    ("path", "scope", "selection"),
    [
        ("penalty", (), ("penalty",)),
        ("penalty/critic/fc", ("penalty/critic",), ("fc",)),
        ("real/fc", ("real",), ("fc",)),
        ("real/gone", ("real",), ()),
        ("gone", (), ()),
    ],
)
def test_a_path_is_shown(path: str, scope: tuple[str, ...], selection: tuple[str, ...]) -> None:
    graph = adversarial()
    graph.nodes["penalty"]["params"]["critic"] = "critic"
    desk = Desk(graph)
    desk.show(plain_path(path))
    assert (desk.scope, desk.selection) == (scope, selection)


def test_a_block_that_a_parameter_takes_cannot_hold_itself() -> None:
    graph = adversarial()
    graph.blocks["critic"].place("inner", "gan_wgan_gp", {"critic": "critic"})
    desk = Desk(graph)
    desk.enter("real")
    assert not actions.may_hold(desk, "critic")


def test_renaming_a_block_renames_it_where_it_is_a_parameter() -> None:
    graph = adversarial()
    graph.nodes["penalty"]["params"]["critic"] = "critic"
    desk = Desk(graph)
    desk.edit(lambda _: edit.rename_block(desk.graph, "critic", "judge"))
    assert desk.graph.nodes["penalty"]["params"]["critic"] == "judge"
    assert desk.graph.nodes["real"]["component"] == "block:judge"


def test_a_block_parameter_that_is_no_more_is_left() -> None:
    graph = adversarial()
    graph.nodes["penalty"]["params"]["critic"] = "critic"
    desk = Desk(graph)
    desk.enter("penalty/critic")
    desk.graph = Graph()
    desk.settle()
    assert desk.scope == ()

"""The forms of the training graph: whose weights, turns of optimizers, subsets and samplers, blocks as parameters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from builder.graph import Graph
from builder.ui import run_store
from tests.ui.conftest import chain
from tests.ui.pages import desk_of, open_page, run, said
from tests.ui.runs import fake_run
from tests.ui.training_graphs import adversarial


@pytest.fixture(autouse=True)
def _workspace(workspace: Path) -> None:
    """Every test has a workspace of its own."""


def build(graph: Graph, node: str) -> AppTest:
    """The Build page with a node selected."""
    app = open_page("build", graph)
    desk_of(app).select((node,))
    return run(app)


def settings(app: AppTest, node: str) -> dict[str, Any]:
    return desk_of(app).open_graph.nodes[node]["settings"]


def key(node: str, name: str) -> str:
    return f"field-{node}-{name}"


def problems(app: AppTest) -> list[str]:
    found = desk_of(app).analysis
    assert found is not None
    return [problem.message for problem in found[1][0].problems]


# ------------------------------------------------------------------ what has weights


def test_only_what_has_weights_offers_their_settings() -> None:
    graph = chain()
    graph.place("tanh", "act_tanh")
    graph.place("old", "act_tanh", settings={"frozen": True})
    app = build(graph, "tanh")
    drawn = [widget.key for kind in ("toggle", "selectbox") for widget in app.get(kind)]
    names = ("set-frozen", "set-init", "set-weights", "set-phase")
    assert [key("tanh", name) in drawn for name in names] == [False, False, False, True]
    desk_of(app).select(("old",))
    run(app)
    app.toggle(key=key("old", "set-frozen")).set_value(False).run()
    assert "frozen" not in settings(app, "old")


# ------------------------------------------------------------------ optimizers


def test_an_optimizer_trains_what_is_chosen() -> None:
    app = build(adversarial(), "opt_d")
    trains = app.multiselect(key=key("opt_d", "set-parameters"))
    assert trains.value == ["real"]
    assert set(trains.options) == {"maker", "real", "real/fc"}
    trains.set_value(["real", "maker"])
    run(app)
    assert settings(app, "opt_d")["parameters"] == ["real", "maker"]
    app.multiselect(key=key("opt_d", "set-parameters")).set_value([])
    run(app)
    assert "parameters" not in settings(app, "opt_d")


def test_turns_of_an_optimizer() -> None:
    app = build(adversarial(), "opt_d")
    for name, text, value in (
        ("order", "-2", -2), ("every", "5", 5), ("accumulate", "4", 4), ("clip_value", "0.5", 0.5), ("clip_norm", "1", 1.0),
    ):  # fmt: skip
        app.text_input(key=key("opt_d", f"set-{name}")).set_value(text)
        run(app)
        assert settings(app, "opt_d")[name] == value
    app.text_input(key=key("opt_d", "set-last_epoch")).set_value("8")
    run(app)
    assert settings(app, "opt_d")["epochs"] == [1, 8]
    app.text_input(key=key("opt_d", "set-first_epoch")).set_value("3")
    run(app)
    assert settings(app, "opt_d")["epochs"] == [3, 8]
    app.text_input(key=key("opt_d", "set-last_epoch")).set_value("")
    run(app)
    assert settings(app, "opt_d")["epochs"][0] == 3
    assert app.text_input(key=key("opt_d", "set-last_epoch")).value == ""
    app.text_input(key=key("opt_d", "set-first_epoch")).set_value("")
    run(app)
    assert "epochs" not in settings(app, "opt_d")
    app.selectbox(key=key("opt_d", "set-decay")).set_value("weights")
    run(app)
    assert settings(app, "opt_d")["decay"] == "weights"
    app.text_input(key=key("opt_d", "set-every")).set_value("0")
    run(app)
    assert settings(app, "opt_d")["every"] == 5
    assert "at least 1" in desk_of(app).notices[-1].en
    assert problems(app) == []


def test_the_form_of_a_beginner_stays_short() -> None:
    graph = chain()
    graph.place("loss", "loss_cross_entropy", position=(0, 300))
    graph.place("optimizer", "opt_sgd", position=(300, 300))
    app = build(graph, "optimizer")
    (fold,) = [e for e in app.expander if e.label == "More settings"]
    assert not fold.proto.expanded
    folded = {w.key for w in (*fold.text_input, *fold.multiselect, *fold.selectbox)}
    assert key("optimizer", "set-parameters") in folded
    assert key("optimizer", "set-clip_norm") not in folded
    app.text_input(key=key("optimizer", "set-every")).set_value("2")
    run(app)
    assert [e.proto.expanded for e in app.expander if e.label == "More settings"] == [True]


def test_updates_of_a_step() -> None:
    app = open_page("build", adversarial())
    app.selectbox(key="graph_updates").set_value("simultaneous")
    run(app)
    assert desk_of(app).graph.training["updates"] == "simultaneous"
    app.selectbox(key="graph_updates").set_value("alternating")
    run(app)
    assert "updates" not in desk_of(app).graph.training
    assert not [w for w in open_page("build", chain()).selectbox if w.key == "graph_updates"]


# ------------------------------------------------------------------ data sets


def test_a_labelled_subset_and_a_sampler_of_batches() -> None:
    app = build(adversarial(), "data")
    app.text_input(key=key("data", "set-subset")).set_value("4")
    run(app)
    app.toggle(key=key("data", "set-subset-per-class")).set_value(True)
    run(app)
    app.text_input(key=key("data", "set-subset_seed")).set_value("0")
    run(app)
    assert settings(app, "data")["subset"] == {"count": 4, "per_class": True, "seed": 0}
    app.selectbox(key=key("data", "set-batch_sampler")).set_value("sampler_m_per_class")
    run(app)
    assert settings(app, "data")["sampler"]["component"] == "sampler_m_per_class"
    fields = [w for w in app.text_input if str(w.key).startswith(key("data", "batch_sampler-sampler_m_per_class"))]
    fields[0].set_value("3")
    run(app)
    assert list(settings(app, "data")["sampler"]["params"].values()) == [3]
    assert problems(app) == []
    app.text_input(key=key("data", "set-subset")).set_value("")
    run(app)
    assert "subset" not in settings(app, "data")


# ------------------------------------------------------------------ weights


def test_where_weights_come_from() -> None:
    graph = chain()
    graph.place("teacher", "linear", {"out_features": 5}, position=(300, 300))
    fake_run("earlier", graph=chain())
    weights = run_store.folder() / "earlier" / "checkpoints"
    weights.mkdir(exist_ok=True)
    (weights / "best.safetensors").write_bytes(b"")
    app = build(graph, "teacher")
    source = key("teacher", "set-weights")
    assert set(app.selectbox(key=source).options) >= {
        "its own",
        "shared with a node",
        "average of a node",
        "from a run",
    }
    app.selectbox(key=source).set_value("shared")
    run(app)
    assert settings(app, "teacher")["weights"] == {"from": "shared", "node": "fc"}
    app.selectbox(key=source).set_value("average")
    run(app)
    app.text_input(key=key("teacher", "set-average_decay")).set_value("0.9")
    run(app)
    app.selectbox(key=key("teacher", "set-average_rise")).set_value("cosine")
    run(app)
    assert settings(app, "teacher")["weights"] == {"from": "average", "node": "fc", "decay": 0.9, "rise": "cosine"}
    app.selectbox(key=source).set_value("run")
    run(app)
    app.selectbox(key=key("teacher", "set-weights_run")).set_value("earlier")
    run(app)
    app.selectbox(key=key("teacher", "set-weights_run_node")).set_value("fc")
    run(app)
    assert settings(app, "teacher")["weights"] == {"from": "run", "run": "earlier", "node": "fc"}
    app.selectbox(key=source).set_value("own")
    run(app)
    assert "weights" not in settings(app, "teacher")


def test_a_use_of_a_block_takes_the_weights_of_another() -> None:
    app = build(adversarial(), "fake")
    assert app.selectbox(key=key("fake", "set-weights_node")).value == "real"
    app.selectbox(key=key("fake", "set-weights")).set_value("average")
    run(app)
    assert settings(app, "fake")["weights"] == {"from": "average", "node": "real", "decay": 0.99}
    assert problems(app) == []


def test_parametrisations_are_added_ordered_and_removed() -> None:
    app = build(chain(), "fc")
    for number, name in enumerate(("norm_spectral", "peft_lora")):
        app.selectbox(key=key("fc", f"parametrize-add-{number}")).set_value(name)
        run(app)
    app.text_input(key=f"{key('fc', 'parametrize-1-peft_lora-rank')}-text").set_value("2")
    run(app)
    now = settings(app, "fc")["parametrize"]
    assert [item["component"] for item in now] == ["norm_spectral", "peft_lora"]
    assert now[1]["params"] == {"rank": 2}
    app.button(key="up_parametrize_1").click()
    run(app)
    assert [item["component"] for item in settings(app, "fc")["parametrize"]] == ["peft_lora", "norm_spectral"]
    for _ in range(2):
        app.button(key="cut_parametrize_0").click()
        run(app)
    assert "parametrize" not in settings(app, "fc")


def test_a_layer_is_regularized() -> None:
    app = build(chain(), "fc")
    offered = app.selectbox(key=key("fc", "regularize-add-0"))
    assert "L1 regularization" in offered.options
    assert not any("WEISSI" in option for option in offered.options)
    offered.set_value("reg_l1")
    run(app)
    app.text_input(key=f"{key('fc', 'regularize-0-reg_l1-strength')}-text").set_value("0.5")
    run(app)
    app.selectbox(key=key("fc", "set-regularize_on_0")).set_value("all")
    run(app)
    assert settings(app, "fc")["regularize"] == [{"component": "reg_l1", "params": {"strength": 0.5}, "on": "all"}]
    app.selectbox(key=key("fc", "set-regularize_on_0")).set_value("weights")
    run(app)
    assert settings(app, "fc")["regularize"] == [{"component": "reg_l1", "params": {"strength": 0.5}}]
    assert problems(app) == []


def test_an_optimizer_regularizes_all_that_it_trains() -> None:
    app = build(adversarial(), "opt_d")
    app.selectbox(key=key("opt_d", "regularize-add-0")).set_value("reg_weissi")
    run(app)
    assert settings(app, "opt_d")["regularize"] == [{"component": "reg_weissi", "params": {}}]
    assert problems(app) == []


def test_a_phase() -> None:
    app = build(chain(), "act")
    app.selectbox(key=key("act", "set-phase")).set_value("train")
    run(app)
    assert settings(app, "act")["phase"] == "train"
    app.selectbox(key=key("act", "set-phase")).set_value("")
    run(app)
    assert "phase" not in settings(app, "act")


# ------------------------------------------------------------------ blocks as parameters


def test_a_block_parameter_offers_what_fits() -> None:
    app = build(adversarial(), "penalty")
    choice = app.selectbox(key=key("penalty", "critic-block"))
    assert choice.value == "node real"
    assert "critic · own weights" in choice.options
    assert "fake · shared" in choice.options
    assert "data · shared" not in choice.options
    assert "penalty · shared" not in choice.options
    choice.set_value("block critic")
    run(app)
    assert desk_of(app).graph.nodes["penalty"]["params"]["critic"] == "critic"
    assert "gives score" in said(app).replace("\\", "")
    assert problems(app) == []


def test_the_block_behind_a_parameter_is_opened() -> None:
    app = build(adversarial(), "penalty")
    app.button(key="open_critic").click()
    run(app)
    assert desk_of(app).scope == ("real",)
    desk_of(app).leave(0)
    desk_of(app).graph.nodes["penalty"]["params"]["critic"] = "critic"
    desk_of(app).record()
    desk_of(app).select(("penalty",))
    run(app)
    app.button(key="open_critic").click()
    run(app)
    assert desk_of(app).scope == ("penalty/critic",)
    desk_of(app).select(("fc",))
    run(app)
    app.text_input(key="field-penalty/critic-fc-out_features-text").set_value("2")
    run(app)
    assert desk_of(app).graph.blocks["critic"].nodes["fc"]["params"]["out_features"] == 2


def test_a_new_block_has_the_ports_that_are_needed() -> None:
    app = build(adversarial(), "penalty")
    app.selectbox(key=key("penalty", "critic-block")).set_value("\0new")
    run(app)
    desk = desk_of(app)
    assert desk.graph.nodes["penalty"]["params"]["critic"] == "critic2"
    assert desk.scope == ("penalty/critic",)
    assert {n: d["component"] for n, d in desk.open_graph.nodes(data=True)} == {"x": "port_in", "score": "port_out"}
    desk.undo()
    assert desk.scope == ()
    assert "critic2" not in desk.graph.blocks


def test_a_problem_inside_a_block_parameter_shows_at_the_node() -> None:
    graph = adversarial()
    graph.nodes["penalty"]["params"]["critic"] = "critic"
    graph.blocks["critic"].nodes["fc"]["params"]["in_features"] = 99
    app = build(graph, "penalty")
    assert any("99" in message for message in problems(app))
    assert "99" in said(app)


def test_a_schedule_can_be_wired_to_any_node_that_takes_one() -> None:
    graph = chain()
    graph.place("reverse", "layer_grl", position=(300, 300))
    graph.place("ramp", "sched_warmup", position=(0, 300))
    app = build(graph, "reverse")
    wire = app.selectbox(key=key("reverse", "in-schedule"))
    assert list(wire.options) == ["optional", "ramp.schedule"]
    wire.set_value("ramp.schedule")
    run(app)
    assert [e.source for e in desk_of(app).graph.wires_into("reverse", "schedule")] == ["ramp"]


@pytest.mark.parametrize("node", ["opt_d", "penalty"])
def test_the_forms_speak_chinese(node: str) -> None:
    app = open_page("build", adversarial())
    app.session_state["ui_language"] = "zh"
    desk_of(app).select((node,))
    run(app)
    if node == "opt_d":
        assert app.multiselect(key=key(node, "set-parameters")).label == "训练对象"
    else:
        assert "critic · 自有权重" in app.selectbox(key=key(node, "critic-block")).options

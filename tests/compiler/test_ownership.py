"""What each optimizer trains, read from the graph, is what the compiled graph hands it."""

from __future__ import annotations

from builder.compiler import Compiled
from builder.compiler.check import Analysis
from builder.compiler.ownership import turns
from builder.graph import Graph, flatten
from tests.compiler.build import given, graph


def two(**critic: object) -> Graph:
    """A generator and a critic, each with its optimizer."""
    return graph(
        {
            "data": given(5),
            "made": ("linear", {"out_features": 5}),
            "norm": "norm_batch",
            "stopped": "op_stop_gradient",
            "judge": ("linear", {"out_features": 1}, dict(critic)),
            "again": ("linear", {"out_features": 1}, {"weights": {"from": "shared", "node": "judge"}}),
            "teacher": ("linear", {"out_features": 1}, {"weights": {"from": "average", "node": "judge"}}),
            "loss_judge": "loss_mse",
            "loss_made": "loss_mse",
            "trains_made": ("opt_sgd", {}, {"parameters": ["made", "norm"], "order": 2, "every": 5, "epochs": [2, 9]}),
            "trains_judge": ("opt_sgd", {}, {"order": 1}),
        },
        [
            "data.x made.x",
            "made.y norm.x",
            "norm.y stopped.x again.x teacher.x",
            "stopped.y judge.x",
            "judge.y loss_judge.prediction",
            "teacher.y loss_judge.target",
            "again.y loss_made.prediction",
            "teacher.y loss_made.target",
            "loss_judge.loss trains_judge.loss",
            "loss_made.loss trains_made.loss",
        ],
    )


def test_turns_say_who_trains_what_and_when():
    first, second = turns(Analysis(flatten(two())))
    assert (first.path, first.place, first.every, first.epochs) == ("trains_judge", 1, 1, None)
    assert (second.path, second.place, second.every, second.epochs) == ("trains_made", 2, 5, (2, 9))
    assert second.nodes == {"made", "norm"}


def test_a_stopped_gradient_and_a_twin_train_nothing_behind():
    made = two()
    for wire in made.wires_into("loss_judge", "target"):
        made.unwire(wire)
    from builder.graph.edit import edge_between

    made.wire(edge_between("data.x", "loss_judge.target"))
    flat = flatten(made)
    first = turns(Analysis(flat))[0]
    assert first.nodes == {"judge"}


def test_what_is_read_from_the_graph_is_what_the_compiled_graph_reaches():
    compiled = Compiled(two())
    for turn in turns(compiled.analysis):
        node = compiled.flat.nodes[turn.path]
        reached = compiled.parameters_of(node.inputs["loss"], "train")
        wanted = node.settings.get("parameters")
        names = {name.split(".")[0] for name in reached if wanted is None or name.split(".")[0] in wanted}
        assert names == {path for path in turn.nodes if path in {n.split(".")[0] for n in reached}}


def test_frozen_weights_belong_to_nobody():
    assert "judge" not in turns(Analysis(flatten(two(frozen=True))))[0].nodes

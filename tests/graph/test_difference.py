"""What tells two graphs apart: exactly what an edit did, and nothing where nothing was done."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builder.graph import Edge, Graph, clone, edit, from_document, load
from builder.graph.difference import BodyDifference, Change, Difference, NodeChange, difference
from tests.graph.documents import documents

GALLERY = sorted((Path(__file__).parents[2] / "graphs").glob("*.json"))
LENET = next(path for path in GALLERY if path.stem == "lenet5")


@pytest.fixture
def lenet() -> Graph:
    return load(LENET)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(documents())
def test_a_graph_does_not_differ_from_itself(document: dict) -> None:
    graph = from_document(document)
    assert difference(graph, clone(graph)) == Difference()


@pytest.mark.parametrize("path", GALLERY, ids=lambda path: path.stem)
def test_no_graph_of_the_gallery_differs_from_itself(path: Path) -> None:
    assert not difference(load(path), load(path))


@given(documents(), documents())
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_coming_and_going_mirror_each_other(one: dict, two: dict) -> None:
    before, after = from_document(one), from_document(two)
    there, back = difference(before, after), difference(after, before)
    for name in there.bodies.keys() | back.bodies.keys():
        a, b = there.bodies.get(name, BodyDifference()), back.bodies.get(name, BodyDifference())
        assert (set(a.added), set(a.removed)) == (set(b.removed), set(b.added))
        assert {(n.before, n.after) for n in a.nodes} == {(n.after, n.before) for n in b.nodes}
        assert sorted(a.wires_added) == sorted(b.wires_removed)
    assert set(there.blocks_added) == set(back.blocks_removed)


def test_a_parameter(lenet: Graph) -> None:
    after = clone(lenet)
    edit.set_param(after, "conv1", "out_channels", 8)
    edit.reset_param(after, "conv1", "padding")
    expected = NodeChange("conv1", "conv1", params=(Change("out_channels", 6, 8), Change("padding", 2, None)))
    assert difference(lenet, after) == Difference(BodyDifference(nodes=(expected,)))


def test_a_setting_and_the_training(lenet: Graph) -> None:
    after = clone(lenet)
    edit.set_setting(after, "fc1", "frozen", True)
    after.training["epochs"] = 5
    found = difference(lenet, after)
    assert found.body.nodes == (NodeChange("fc1", "fc1", settings=(Change("frozen", None, True),)),)
    assert found.training == (Change("epochs", 30, 5),)


def test_a_node_in_between(lenet: Graph) -> None:
    after = clone(lenet)
    new = edit.add_node(after, "drop_dropout", (0, 0))
    edit.disconnect(after, Edge("fc1", "y", "tanh3", "x"))
    edit.connect(after, Edge("fc1", "y", new, "x"))
    edit.connect(after, Edge(new, "y", "tanh3", "x"))
    body = difference(lenet, after).body
    assert (body.added, body.removed, body.nodes) == ((new,), (), ())
    assert set(body.wires_added) == {Edge("fc1", "y", new, "x"), Edge(new, "y", "tanh3", "x")}
    assert body.wires_removed == (Edge("fc1", "y", "tanh3", "x"),)
    assert body.touched == {"fc1", "tanh3"}


def test_another_component_at_the_same_node(lenet: Graph) -> None:
    after = clone(lenet)
    after.nodes["tanh1"]["component"] = "act_relu"
    assert difference(lenet, after).body.nodes == (NodeChange("tanh1", "tanh1", ("act_tanh", "act_relu")),)


def test_the_number_one_is_not_true(lenet: Graph) -> None:
    after = clone(lenet)
    lenet.nodes["fc1"]["params"]["odd"], after.nodes["fc1"]["params"]["odd"] = 1, True
    assert difference(lenet, after).body.nodes[0].params == (Change("odd", 1, True),)


def test_moving_changes_nothing(lenet: Graph) -> None:
    after = clone(lenet)
    edit.move(after, {"conv1": (500.0, 20.0)})
    assert not difference(lenet, after)


def test_the_order_at_a_port() -> None:
    graph = Graph()
    for id in ("a", "b", "c"):
        graph.place(id, "act_relu")
    graph.place("join", "op_concat")
    for id in ("a", "b", "c"):
        graph.wire(Edge(id, "y", "join", "xs"))
    after = clone(graph)
    edit.reorder(after, "join", "xs", ["b.y", "a.y", "c.y"])
    assert difference(graph, after).body == BodyDifference(nodes=(NodeChange("join", "join", reordered=("xs",)),))


@pytest.mark.parametrize("path", GALLERY, ids=lambda path: path.stem)
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_one_renamed_node_is_known_again(path: Path, data: st.DataObject) -> None:
    before = load(path)
    after = clone(before)
    node = data.draw(st.sampled_from(sorted(before.nodes)))
    edit.rename_node(after, node, "another_name", after)
    body = difference(before, after).body
    assert [(n.before, n.after) for n in body.nodes if n.renamed] == [(node, "another_name")]
    assert (body.added, body.removed, body.wires_added, body.wires_removed) == ((), (), (), ())
    assert not any(n.changed for n in body.nodes)


def test_renamed_and_changed_at_once(lenet: Graph) -> None:
    after = clone(lenet)
    edit.rename_node(after, "conv2", "second", after)
    edit.set_param(after, "second", "kernel_size", 3)
    found = difference(lenet, after)
    assert found.body.nodes == (NodeChange("conv2", "second", params=(Change("kernel_size", 5, 3),)),)
    assert found.counts == {"added": 0, "removed": 0, "changed": 1, "renamed": 1, "wires": 0}


def test_all_nodes_renamed(lenet: Graph) -> None:
    after = clone(lenet)
    for node in list(lenet):
        edit.rename_node(after, node, f"{node}_b", after)
    body = difference(lenet, after).body
    assert {(n.before, n.after) for n in body.nodes} == {(n, f"{n}_b") for n in lenet}
    assert (body.added, body.removed, body.wires_added, body.wires_removed) == ((), (), (), ())


def test_a_name_that_is_no_reference_does_not_follow() -> None:
    before = Graph()
    run = {"weights": {"from": "run", "run": "first", "node": "fc"}}
    before.place("fc", "linear", {"words": ["fc", "other"]}, run)
    after = clone(before)
    edit.rename_node(after, "fc", "head", after)
    assert difference(before, after).body.nodes == (NodeChange("fc", "head"),)


def test_all_nodes_of_a_long_chain_renamed_and_changed() -> None:
    before, after = Graph(), Graph()
    for graph, name, width in ((before, "a", 4), (after, "b", 9)):
        graph.place("first", "data_iris")
        for number in range(300):
            graph.place(f"{name}{number}", "linear", {"out_features": width + number % 3})
            graph.wire(
                Edge(f"{name}{number - 1}" if number else "first", "y" if number else "x", f"{name}{number}", "x")
            )
    body = difference(before, after).body
    assert [(n.before, n.after) for n in body.nodes] == [(f"a{i}", f"b{i}") for i in range(300)]
    assert (body.added, body.removed, body.wires_added, body.wires_removed) == ((), (), (), ())


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(data=st.data())
def test_random_edits_are_listed_exactly(data: st.DataObject) -> None:
    """Nodes go, come and change at random; what was done is what is found."""
    before = load(data.draw(st.sampled_from(GALLERY)))
    after = clone(before)
    nodes = sorted(before.nodes)
    gone = data.draw(st.sets(st.sampled_from(nodes), max_size=3))
    changed = data.draw(st.sets(st.sampled_from(nodes), max_size=3)) - gone
    lost = data.draw(
        st.sets(st.sampled_from([e for e in before.wires() if not gone & {e.source, e.target}] or [None]), max_size=2)
    )
    wires = [e for e in before.wires() if gone & {e.source, e.target}] + [e for e in lost if e is not None]
    edit.remove_nodes(after, gone)
    for node in changed:
        after.nodes[node]["params"]["changed_here"] = [1, {"a": None}]
    for edge in filter(None, lost):
        after.unwire(edge)
    come = {edit.add_node(after, "act_celu", (0, 0)) for _ in range(data.draw(st.integers(0, 2)))}
    body = difference(before, after).body
    assert (set(body.removed), set(body.added)) == (gone, come)
    assert {n.after for n in body.nodes} == changed
    assert sorted(body.wires_removed) == sorted(wires)
    assert body.wires_added == ()


# ------------------------------------------------------------------ blocks


def test_inside_a_block() -> None:
    before = load(next(path for path in GALLERY if path.stem == "resnet_small"))
    after = clone(before)
    name = next(iter(after.blocks))
    edit.set_param(after.blocks[name], "conv1", "kernel_size", 5)
    after.blocks[name].block_params["extra"] = 3
    found = difference(before, after)
    assert not found.body
    assert found.blocks[name].nodes[0].params[0].after == 5
    assert found.blocks[name].params == (Change("extra", None, 3),)
    assert found.counts["changed"] == 1


def test_a_renamed_block_is_known_again() -> None:
    before = load(next(path for path in GALLERY if path.stem == "resnet_small"))
    after = clone(before)
    name = next(iter(after.blocks))
    after.blocks["other"] = after.blocks.pop(name)
    for _, data in after.nodes(data=True):
        if data["component"] == f"block:{name}":
            data["component"] = "block:other"
    assert difference(before, after) == Difference(blocks_renamed=((name, "other"),))


def test_a_renamed_block_that_parameters_name_is_known_again() -> None:
    before = Graph()
    before.blocks["critic"], before.blocks["outer"] = Graph(), Graph()
    before.blocks["outer"].place("penalty", "gan_wgan_gp", {"critic": {"param": "judge"}})
    before.blocks["outer"].block_params["judge"] = "critic"
    before.place("penalty", "gan_wgan_gp", {"critic": "critic"})
    before.place("use", "block:outer", {"judge": "critic"})
    after = clone(before)
    edit.rename_block(after, "critic", "judge_of_images")
    assert difference(before, after) == Difference(blocks_renamed=(("critic", "judge_of_images"),))


def test_blocks_that_come_and_go() -> None:
    before = load(LENET)
    after = clone(before)
    edit.make_block(after, ["conv1", "tanh1"], "stem")
    found = difference(before, after)
    assert found.blocks_added == ("stem",)
    assert set(found.body.removed) == {"conv1", "tanh1"}
    assert difference(after, before).blocks_removed == ("stem",)


def test_as_data(lenet: Graph) -> None:
    after = clone(lenet)
    edit.set_param(after, "conv1", "out_channels", 8)
    edit.remove_nodes(after, ["tanh4"])
    found = difference(lenet, after).to_json()
    assert not found["equal"]
    assert found["counts"] == {"added": 0, "removed": 1, "changed": 1, "renamed": 0, "wires": 2}
    assert found["graph"]["changed"] == [
        {"before": "conv1", "after": "conv1", "params": [{"name": "out_channels", "before": 6, "after": 8}]}
    ]
    assert found["graph"]["wires_removed"] == ["fc2.y -> tanh4.x", "tanh4.y -> fc3.x"]

"""Copies: what they keep, what they name, and the blocks and parameters that come along."""

from __future__ import annotations

from builder.graph import Edge, Graph, dumps, edit, loads, to_document
from tests.compiler.build import graph, image
from tests.graph.small import net, refused, wires


def test_duplicate_with_the_wires_within() -> None:
    made = net()
    made.nodes["fc"]["position"] = [10, 20]
    made.nodes["out"]["settings"]["weights"] = {"from": "shared", "node": "fc"}
    new = edit.duplicate(made, ["fc", "relu", "out", "fc"])
    assert new == {"fc": "linear1", "relu": "relu1", "out": "linear2"}
    assert made.nodes["linear1"]["position"] == [50, 60]
    assert wires(made)[5:] == ["linear1.y relu1.x"]
    assert made.nodes["linear2"]["settings"]["weights"]["node"] == "linear1", "the copies share among themselves"
    assert made.nodes["out"]["settings"]["weights"]["node"] == "fc"
    alone = edit.duplicate(made, ["out"])["out"]
    assert made.nodes[alone]["settings"]["weights"]["node"] == "fc", "a copy alone shares with the original"
    made.nodes["linear1"]["params"]["out_features"] = 9
    assert made.nodes["fc"]["params"]["out_features"] == 4
    refused(lambda g: edit.duplicate(g, ["fc", "nope"]), "no node 'nope'")


def test_duplicate_with_the_wires_from_outside() -> None:
    made = net()
    made.unwire(Edge("data", "x", "fc", "x"))
    made.wire(Edge("data", "x", "fc", "x"), {"note": 1})
    new = edit.duplicate(made, ["fc", "relu", "add"], incoming=True)
    assert wires(made)[5:] == [
        "linear1.y relu1.x",
        "data.x add1.xs",
        "relu1.y add1.xs",
        "data.x linear1.x",
    ], "in the order of the wires that they follow; what leaves the nodes stays with them"
    assert made.extra_of(Edge("data", "x", new["fc"], "x")) == {"note": 1}


def test_copies_stay_on_the_canvas() -> None:
    made = net()
    edit.move(made, dict.fromkeys(made, (1e7, -1e7)))
    edit.duplicate(made, ["fc"])
    edit.paste(made, edit.clip(made, ["relu"], made.blocks), made.blocks, inside_block=False)
    edit.detach_block(made, edit.make_block(made, ["add", "out"], "part"))
    assert to_document(loads(dumps(made))) == to_document(made)


def referring() -> Graph:
    """Nodes that name each other, in the four ways there are."""
    return graph(
        {
            "data": image(4),
            "critic": "linear",
            "twin": ("linear", {}, {"weights": {"from": "shared", "node": "critic"}, "mode_to_come": [1]}),
            "penalty": ("gan_wgan_gp", {"critic": {"node": "critic"}}),
            "opt": ("opt_adam", {"lr": 0.1}, {"parameters": ["critic", "data"], "every": 2}),
        },
        ["data.x critic.x twin.x"],
    )


def test_what_copies_name_among_themselves_are_the_copies() -> None:
    made = referring()
    clipped = loads(dumps(edit.clip(made, list(made)[1:], made.blocks)))
    for new in (edit.duplicate(made, list(made)[1:]), None):
        if new is None:
            placed = edit.paste(made, clipped, made.blocks, inside_block=False)
            new = dict(zip(list(clipped), placed, strict=True))
        node = {old: made.nodes[id] for old, id in new.items()}
        assert node["twin"]["settings"] == {
            "weights": {"from": "shared", "node": new["critic"]}, "mode_to_come": [1],
        }  # fmt: skip
        assert node["penalty"]["params"] == {"critic": {"node": new["critic"]}}
        assert node["opt"]["params"] == {"lr": 0.1}
        assert node["opt"]["settings"] == {"parameters": [new["critic"], "data"], "every": 2}
    assert made.nodes["penalty"]["params"] == {"critic": {"node": "critic"}}


def test_a_clip_keeps_what_wires_carry() -> None:
    made = graph({"a": "linear", "b": "linear"})
    made.wire(Edge("a", "y", "b", "x"), {"note": "kept"})
    target = Graph()
    edit.paste(target, edit.clip(made, ["b", "a"], made.blocks), target.blocks, inside_block=False)
    assert target.extra_of(Edge("a", "y", "b", "x")) == {"note": "kept"}


# ------------------------------------------------------------------ blocks that come along


def line(component: str, params: dict | None = None) -> Graph:
    return graph({"x": "port_in", "f": (component, params or {}), "y": "port_out"}, ["x.y f.x", "f.y y.x"])


def holding() -> Graph:
    """A node that takes a block as a parameter, which takes another through a parameter of a block's use."""
    outer = graph(
        {"x": "port_in", "g": ("gan_wgan_gp", {"critic": {"param": "judge"}}), "y": "port_out"},
        ["x.y g.real g.fake", "g.loss y.x"],
    )
    outer.block_params["judge"] = "spare"
    return graph(
        {"use": ("block:outer", {"judge": "critic"}), "penalty": ("gan_wgan_gp", {"critic": "wrapped"})},
        (),
        {
            "critic": line("linear"),
            "spare": line("linear", {"out_features": 1}),
            "outer": outer,
            "wrapped": line("block:critic"),
            "unused": line("act_relu"),
        },
    )


def test_blocks_that_are_parameters_come_along() -> None:
    made = holding()
    assert set(edit.clip(made, ["penalty"], made.blocks).blocks) == {"wrapped", "critic"}
    assert set(edit.clip(made, ["use"], made.blocks).blocks) == {"outer", "critic", "spare"}


def test_blocks_that_differ_take_new_names_where_they_are_named() -> None:
    made, target = holding(), Graph()
    target.blocks["critic"] = line("act_relu")
    target.blocks["spare"] = line("linear", {"out_features": 1})
    part = edit.clip(made, ["use", "penalty"], made.blocks)
    use, penalty = edit.paste(target, part, target.blocks, inside_block=False)
    assert target.nodes[use]["params"] == {"judge": "critic2"}
    assert target.nodes[penalty]["params"] == {"critic": "wrapped"}
    assert target.blocks["wrapped"].nodes["f"]["component"] == "block:critic2"
    assert target.blocks["outer"].block_params == {"judge": "spare"}
    assert set(target.blocks) == {"critic", "spare", "critic2", "wrapped", "outer"}
    blocks = {name: to_document(block) for name, block in target.blocks.items()}
    edit.paste(target, part, target.blocks, inside_block=False)
    assert {name: to_document(block) for name, block in target.blocks.items()} == blocks, "a second time they are there"
    assert part.blocks["wrapped"].nodes["f"]["component"] == "block:critic", "the clip stays as it was"


def test_a_block_takes_a_new_name_where_one_that_it_holds_does() -> None:
    made, target = holding(), holding()
    made.blocks["critic"].nodes["f"]["params"] = {"out_features": 7}
    (penalty,) = edit.paste(target, edit.clip(made, ["penalty"], made.blocks), target.blocks, inside_block=False)
    assert target.nodes[penalty]["params"] == {"critic": "wrapped2"}
    assert target.blocks["wrapped2"].nodes["f"]["component"] == "block:critic2"


def test_blocks_that_differ_in_their_parameters_only() -> None:
    made, target = holding(), holding()
    made.blocks["outer"].block_params["judge"] = "critic"
    (use,) = edit.paste(target, edit.clip(made, ["use"], made.blocks), target.blocks, inside_block=False)
    assert target.nodes[use]["component"] == "block:outer2"


def test_parameters_of_the_block_around_come_along() -> None:
    block = graph({"x": "port_in", "f": ("linear", {"out_features": {"param": "width"}}), "y": "port_out"})
    block.block_params.update(width=8, depth=2)
    part = loads(dumps(edit.clip(block, ["f"], {})))
    assert part.block_params == {"width": 8}
    top, other, same = Graph(), Graph(), Graph()
    same.block_params["width"] = 3
    edit.paste(top, part, {}, inside_block=False)
    assert top.nodes["f"]["params"] == {"out_features": 8}
    for inside, width in ((other, 8), (same, 3)):
        edit.paste(inside, part, {}, inside_block=True)
        assert inside.nodes["f"]["params"] == {"out_features": {"param": "width"}}
        assert inside.block_params == {"width": width}


def test_ports_are_pasted_into_blocks_only() -> None:
    part = edit.clip(line("linear"), ["x", "f", "y"], {})
    made = net()
    edit.paste(made, part, made.blocks, inside_block=False)
    assert "x" not in made
    assert "f" in made
    refused(lambda g: edit.paste(g, edit.clip(part, ["x"], {}), g.blocks, False), "can be placed here")
    block = line("linear")
    assert edit.paste(block, part, {}, inside_block=True) == ["x2", "linear1", "y2"]


# ------------------------------------------------------------------ names that follow


def test_what_names_a_node_of_the_graph_from_inside_a_block_follows() -> None:
    block = line("linear")
    block.nodes["f"]["settings"]["weights"] = {"from": "average", "node": "fc", "decay": 0.9}
    inner = line("linear")
    made = graph(
        {
            "fc": "linear",
            "b": "block:part",
            "deep": ("linear", {}, {"weights": {"from": "shared", "node": "p/critic/f"}}),
            "p": ("gan_wgan_gp", {"critic": "inner"}),
            "q": ("gan_wgan_gp", {"critic": {"node": "/fc"}}),
        },
        (),
        {"part": block, "inner": inner},
    )
    edit.rename_node(made, "fc", "first", root=made)
    assert block.nodes["f"]["settings"]["weights"]["node"] == "first"
    assert made.nodes["q"]["params"] == {"critic": {"node": "/first"}}
    edit.rename_node(inner, "f", "fc", root=made)
    assert made.nodes["deep"]["settings"]["weights"]["node"] == "p/critic/fc"
    edit.rename_node(made, "p", "penalty", root=made)
    assert made.nodes["deep"]["settings"]["weights"]["node"] == "penalty/critic/fc"
    assert block.nodes["f"]["settings"]["weights"]["node"] == "first"


def test_a_block_under_another_name() -> None:
    made = holding()
    edit.rename_block(made, "critic", "judge")
    assert made.nodes["use"]["params"] == {"judge": "judge"}
    assert made.blocks["wrapped"].nodes["f"]["component"] == "block:judge"
    edit.rename_block(made, "spare", "other")
    assert made.blocks["outer"].block_params == {"judge": "other"}
    assert list(made.blocks) == ["judge", "other", "outer", "wrapped", "unused"]
    refused(lambda g: edit.rename_block(g, "critic", "outer"), "block's name must be unused", holding())

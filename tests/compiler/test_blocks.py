"""Blocks as parameters of nodes, and where weights come from: average, run, parametrisations, phases."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from builder.compiler import Compiled, apply_fix, check, warm_start
from builder.graph import Graph
from builder.graph.edit import rename_node
from tests.compiler.build import chain, given, graph, image


def critic_block() -> Graph:
    """x -> linear -> tanh -> linear -> score."""
    return graph(
        {
            "x": "port_in",
            "hidden": ("linear", {"out_features": 7}),
            "act": "act_tanh",
            "out": ("linear", {"out_features": 1}),
            "score": "port_out",
        },
        ["x.y hidden.x", "hidden.y act.x", "act.y out.x", "out.y score.x"],
    )


def penalised(value: object, *wires: str, **more: object) -> Graph:
    nodes = {
        "real": given(5),
        "fake": given(5),
        "critic": "block:critic",
        "penalty": ("gan_wgan_gp", {"critic": value}),
        **more,
    }
    wiring = ["real.x critic.x penalty.x_real", "fake.x penalty.x_fake", *wires]
    return graph(nodes, wiring, {"critic": critic_block()})  # type: ignore[arg-type]


def by_hand(hidden: nn.Linear, out: nn.Linear, x: torch.Tensor) -> torch.Tensor:
    return out(torch.tanh(hidden(x)))


def test_a_block_parameter_takes_the_weights_of_a_node():
    compiled = Compiled(penalised({"node": "critic"}))
    assert compiled.report.ok
    hidden, out = compiled.module("critic/hidden"), compiled.module("critic/out")
    assert set(compiled.parameters_of([("penalty", "loss")])) == {
        "critic.hidden.weight", "critic.hidden.bias", "critic.out.weight", "critic.out.bias",
    }  # fmt: skip
    assert len(list(compiled.root.parameters())) == 4
    program = compiled.program([("penalty", "loss")])
    real, fake = torch.randn(6, 5), torch.randn(6, 5)
    torch.manual_seed(3)
    (loss,) = program(real, fake)
    torch.manual_seed(3)
    share = torch.rand(6, 1)
    x = torch.lerp(fake, real, share).requires_grad_()
    assert isinstance(hidden, nn.Linear) and isinstance(out, nn.Linear)
    (slope,) = torch.autograd.grad(by_hand(hidden, out, x).sum(), x, create_graph=True)
    expected = 10 * (slope.norm(dim=1) - 1).square().mean()
    torch.testing.assert_close(loss, expected)
    loss.backward()
    assert hidden.weight.grad is not None


def test_a_block_parameter_may_have_weights_of_its_own():
    made = graph(
        {
            "data": given(4, 5),
            "start": given(3),
            "rnn": ("scan", {"cell": "cell"}),
        },
        ["data.x rnn.x", "start.x rnn.state"],
        {
            "cell": graph(
                {
                    "x": "port_in",
                    "state": "port_in",
                    "both": "op_concat",
                    "next": ("linear", {"out_features": 3}),
                    "act": "act_tanh",
                    "y": "port_out",
                    "new": "port_out",
                },
                ["x.y both.xs", "state.y both.xs", "both.y next.x", "next.y act.x", "act.y y.x new.x"],
            )
        },
    )
    compiled = Compiled(made)
    assert compiled.report.nodes["rnn"].outputs["y"].shape[1:] == (4, 3)
    assert compiled.report.parameters == 3 * 8 + 3
    assert list(compiled.root.state_dict()) == ["rnn.cell.next.weight", "rnn.cell.next.bias"]
    layer = compiled.module("rnn/cell/next")
    x, state = torch.randn(2, 4, 5), torch.randn(2, 3)
    y, last = compiled.program([("rnn", "y"), ("rnn", "state")])(x, state)
    for t in range(4):
        state = torch.tanh(layer(torch.cat([x[:, t], state], 1)))  # type: ignore[misc]
        torch.testing.assert_close(y[:, t], state)
    torch.testing.assert_close(last, state)


def test_a_block_parameter_may_be_another_nodes_block_parameter():
    made = penalised(
        "critic",
        "real.x again.x_real",
        "fake.x again.x_fake",
        again=("gan_wgan_gp", {"critic": {"node": "penalty/critic"}}),
    )
    made.unwire(made.wires_into("critic")[0])
    made.remove_node("critic")
    compiled = Compiled(made)
    assert len(list(compiled.root.parameters())) == 4
    assert compiled.module("again/critic/hidden") is compiled.module("penalty/critic/hidden")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("nothing", "uses the block 'nothing'"),
        ({"node": "nobody"}, "refers to the node 'nobody', which is not there"),
        ({"node": "critic/nobody"}, "there is no 'nobody'"),
        ({"node": "penalty"}, "nested more than"),
        (3, "must be the name of a block"),
        ({"node": ""}, "refers to the node '', which is not there"),
    ],
)
def test_a_bad_block_parameter_is_one_problem_at_its_node(value: object, words: str):
    report = check(penalised(value))
    assert words in report.problems[0].message
    assert {p.node for p in report.problems} == {"penalty"}


def test_what_does_not_fit_inside_a_block_is_said_at_the_node():
    made = graph(
        {"data": given(4, 5), "start": given(3), "rnn": ("scan", {"cell": "cell"})},
        ["data.x rnn.x", "start.x rnn.state"],
        {
            "cell": graph(
                {"x": "port_in", "state": "port_in", "sum": "op_add", "y": "port_out"},
                ["x.y sum.xs", "state.y sum.xs", "sum.y y.x"],
            )
        },
    )
    (problem,) = check(made).problems
    assert problem.node == "rnn" and "rnn/cell/sum" in problem.message


# ------------------------------------------------------------------ where weights come from


def twins(**weights: object) -> Graph:
    nodes = {
        "data": given(5),
        "online": "block:critic",
        "target": ("block:critic", {}, {"weights": {"from": "average", "node": "online", **weights}}),
    }
    return graph(nodes, ["data.x online.x target.x"], {"critic": critic_block()})  # type: ignore[arg-type]


def test_a_twin_follows_the_average():
    compiled = Compiled(twins(decay=0.9))
    online, target = compiled.module("online/out"), compiled.module("target/out")
    assert isinstance(online, nn.Linear) and isinstance(target, nn.Linear) and target is not online
    assert torch.equal(online.weight, target.weight)
    assert not list(filter(lambda p: p.requires_grad, target.parameters()))
    assert set(compiled.parameters_of([("target/out", "y")])) == set()
    before = online.weight.detach().clone()
    with torch.no_grad():
        online.weight += 1.0
    compiled.update_averages(0.5)
    torch.testing.assert_close(target.weight.detach(), before + 0.1)
    assert compiled.report.parameters == sum(p.numel() for p in online.parameters()) + 7 * 5 + 7


def test_the_decay_may_rise_along_a_cosine():
    compiled = Compiled(twins(decay=0.9, rise="cosine"))
    online, target = compiled.module("online/out"), compiled.module("target/out")
    assert isinstance(online, nn.Linear) and isinstance(target, nn.Linear)
    before = target.weight.detach().clone()
    with torch.no_grad():
        online.weight += 1.0
    compiled.update_averages(1.0)
    assert torch.equal(target.weight, before)


@pytest.fixture
def run(tmp_path, monkeypatch) -> dict[str, torch.Tensor]:
    """A run named 'first' with the weights of a critic."""
    monkeypatch.setenv("LAYERLOOM_WORKSPACE", str(tmp_path))
    weights = Compiled(
        chain(("data", given(5)), ("net", "block:critic")) if False else single(), seed=9
    ).root.state_dict()
    path = tmp_path / "runs" / "first" / warm_start.WEIGHTS
    path.parent.mkdir(parents=True)
    save_file(dict(weights), path)
    return dict(weights)


def single(width: int = 5, **settings: object) -> Graph:
    return graph(
        {"data": given(width), "net": ("block:critic", {}, settings)}, ["data.x net.x"], {"critic": critic_block()}
    )


def test_weights_come_from_a_run(run):
    compiled = Compiled(single(weights={"from": "run", "run": "first"}, frozen=True), seed=1)
    assert all(torch.equal(tensor, run[name]) for name, tensor in compiled.root.state_dict().items())
    assert compiled.parameters_of([("net/out", "y")]) == {}
    made = graph(
        {
            "data": given(7),
            "last": ("linear", {"out_features": 1}, {"weights": {"from": "run", "run": "first", "node": "net/out"}}),
        },
        ["data.x last.x"],
    )
    assert torch.equal(Compiled(made).root.state_dict()["last.weight"], run["net.out.weight"])


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ({"run": "second"}, "there is none with a checkpoint"),
        ({"run": "../first"}, "there is none with a checkpoint"),
        ({"run": "first", "node": "other"}, "has no weights of a node 'other/hidden'"),
    ],
)
def test_weights_that_are_not_there(run, weights: dict, words: str):
    report = check(single(weights={"from": "run", **weights}))
    assert words in report.problems[0].message
    assert report.problems[0].node.startswith("net/")


def test_weights_of_another_shape(run):
    report = check(single(6, weights={"from": "run", "run": "first"}))
    assert "weight is (7, 6) here and (7, 5) there" in report.problems[0].message


# ------------------------------------------------------------------ parametrisations


def test_a_parametrisation_lies_over_the_weights_of_a_block():
    lora = {"parametrize": [{"component": "peft_lora", "params": {"rank": 2}}]}
    plain, adapted = Compiled(single(), seed=4), Compiled(single(5, **lora), seed=4)
    x = torch.randn(3, 5)
    torch.testing.assert_close(adapted.model(x), plain.model(x))  # B is zero
    trained = adapted.parameters_of([("net/out", "y")])
    assert sum(p.numel() for p in trained.values()) == 2 * (5 + 7) + 2 * (7 + 1)
    assert adapted.report.parameters == plain.report.parameters + 2 * (5 + 7) + 2 * (7 + 1)


def test_parametrisations_lie_over_each_other():
    both = {"parametrize": [{"component": "norm_weight", "params": {}}, {"component": "norm_spectral", "params": {}}]}
    compiled = Compiled(single(5, **both))
    assert compiled.report.ok
    layer = compiled.module("net/hidden")
    assert isinstance(layer, nn.Linear)
    assert len(layer.parametrizations.weight) == 2  # type: ignore[union-attr, index]


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"component": "linear"}, "must name a component of kind parametrization"),
        ({"component": "peft_lora", "params": {"rank": 0}}, "must be an integer of at least 1"),
        ({"component": "peft_what"}, "There is no component 'peft_what'"),
    ],
)
def test_a_bad_parametrisation(setting: dict, words: str):
    report = check(single(parametrize=[setting]))
    assert words in report.problems[0].message


# ------------------------------------------------------------------ phases


def test_a_node_acts_in_its_phase():
    made = graph(
        {
            "data": given(5),
            "noise": ("op_scale", {"factor": 3.0}, {"phase": "train"}),
            "out": ("linear", {"out_features": 2}),
        },
        ["data.x noise.x", "noise.y out.x"],
    )
    compiled = Compiled(made)
    x = torch.randn(4, 5)
    (trained,) = compiled.program([("out", "y")], phase="train")(x)
    (evaluated,) = compiled.program([("out", "y")])(x)
    layer = compiled.module("out")
    assert isinstance(layer, nn.Linear)
    torch.testing.assert_close(trained, layer(3 * x))
    torch.testing.assert_close(evaluated, layer(x))


def test_a_node_of_one_phase_must_keep_the_shape():
    made = graph({"data": given(5), "out": ("linear", {"out_features": 2}, {"phase": "train"})}, ["data.x out.x"])
    (problem,) = check(made).problems
    assert problem.node == "out" and "Received (B, 5), gives (B, 2)" in problem.message


# ------------------------------------------------------------------ programs from values in between


def test_programs_from_given_values_and_without_gradients():
    made = graph(
        {
            "data": given(5),
            "one": ("linear", {"out_features": 4}),
            "two": ("linear", {"out_features": 3}),
            "side": ("linear", {"out_features": 3}),
            "sum": "op_add",
        },
        ["data.x one.x side.x", "one.y two.x", "two.y sum.xs", "side.y sum.xs"],
    )
    compiled = Compiled(made)
    x = torch.randn(2, 5)
    (whole,) = compiled.program([("sum", "y")])(x)
    part = compiled.program([("sum", "y")], given=[("one", "y")])
    assert part.inputs == [("data", "x"), ("one", "y")]  # type: ignore[comparison-overlap]
    (same,) = part(x, compiled.module("one")(x))  # type: ignore[misc]
    torch.testing.assert_close(same, whole)
    plain = compiled.program([("sum", "y"), ("one", "y")], no_grad={"one"})
    total, first = plain(x)
    assert not first.requires_grad and total.requires_grad
    torch.testing.assert_close(total, whole)


def test_image_graphs_still_compile():
    assert Compiled(
        chain(("data", image(1, 8, 8)), ("flat", "op_flatten"), ("out", ("linear", {"out_features": 2})))
    ).report.ok


def test_renaming_a_node_renames_it_in_block_parameters_and_in_what_an_optimizer_owns():
    made = penalised({"node": "critic"}, sgd=("opt_sgd", {}, {"parameters": ["critic/hidden"]}))
    rename_node(made, "critic", "judge")
    assert made.nodes["penalty"]["params"]["critic"] == {"node": "judge"}
    assert made.nodes["sgd"]["settings"]["parameters"] == ["judge/hidden"]


def test_who_shares_weights_shares_the_parameters():
    coupling = {"network": "net", "mask": "half"}
    made = graph(
        {
            "data": given(4),
            "there": ("flow_realnvp", coupling),
            "back": ("flow_realnvp", {**coupling, "reverse": True}, {"weights": {"from": "shared", "node": "there"}}),
        },
        ["data.x there.x", "there.z back.x"],
        {
            "net": graph(
                {
                    "x": "port_in",
                    "fc": ("linear", {"out_features": 8}),
                    "cut": "op_split",
                    "s": "port_out",
                    "t": "port_out",
                },
                ["x.y fc.x", "fc.y cut.x", "cut.y1 s.x", "cut.y2 t.x"],
            )
        },
    )
    (problem,) = check(made).problems
    assert (problem.node, problem.param) == (
        "back",
        "reverse",
    ) and "reverse is False there. Got True" in problem.message
    made.nodes["back"]["params"].pop("reverse")
    compiled = Compiled(made)
    assert compiled.report.parameters == 4 * 8 + 8 == sum(p.numel() for p in compiled.root.parameters())
    assert len(compiled.parameters_of([("back", "z")])) == 2


@pytest.mark.parametrize("source", ["shared", "average"])
def test_who_shares_the_weights_of_a_block_parameter_must_choose_it_too(source):
    part = graph({"x": "port_in", "f": ("linear", {"out_features": 4}), "y": "port_out"}, ["x.y f.x", "f.y y.x"])
    nodes: dict = {"data": given(3, 4), "a": ("map", {"block": "part"})}
    nodes["b"] = ("map", {}, {"weights": {"from": source, "node": "a"}})
    made = graph(nodes, ["data.x a.x b.x"], {"part": part})
    (problem,) = check(made).problems
    assert (problem.node, problem.code, problem.param) == ("b", "sharing", "block")
    assert (
        problem.message
        == "It has the weights of 'a', whose block is 'part': choose the same block here. Got None instead."
    )
    (fix,) = problem.fixes
    assert fix.label == "Set block of b to part"
    apply_fix(made, fix)
    assert check(made).ok


def test_what_is_handed_on_is_the_first_port_however_the_wires_came() -> None:
    made = graph(
        {
            "data": ("data_random", {"shape": [5], "num_classes": 2}),
            "net": ("linear", {"out_features": 2}),
            "attack": ("adv_pgd", {"model": {"node": "net"}}, {"phase": "train"}),
        },
        ["data.y attack.y", "data.x attack.x", "attack.x_adv net.x"],
    )
    compiled = Compiled(made)
    assert compiled.passed(("attack", "x_adv")) == ("data", "x")
    assert compiled.program([("net", "y")]).inputs == [("data", "x")]  # type: ignore[comparison-overlap]


def test_an_attack_on_a_model_that_does_not_fit_is_a_problem() -> None:
    made = graph(
        {
            "data": ("data_random", {"shape": [5], "num_classes": 2}),
            "net": ("linear", {"out_features": 2, "in_features": 4}),
            "attack": ("adv_pgd", {"model": {"node": "net"}}),
        },
        ["data.x attack.x", "data.y attack.y"],
    )
    assert any(p.node == "attack" and "Inside, at 'attack/model'" in p.message for p in check(made).problems)


@pytest.mark.parametrize(
    ("node", "settings", "words"),
    [
        ("sgd", {"parameters": ["net", "nobody"]}, "'parameters' names 'nobody'"),
        ("sgd", {"epochs": [5, 2]}, "first <= last. Got [5, 2]"),
        ("data", {"sampler": {"component": "linear"}}, "of kind sampler for batches. Got 'linear', a layer"),
        ("data", {"sampler": {"component": "seq2seq_greedy"}}, "of kind sampler for batches"),
        ("data", {"sampler": {"component": "sampler_pairs", "params": {"what": 1}}}, "'what' parameter"),
    ],
)
def test_a_setting_that_cannot_be_followed_is_a_problem_while_building(node: str, settings: dict, words: str) -> None:
    nodes: dict = {"data": ("data_iris", {}), "net": ("linear", {"out_features": 3}), "loss": "loss_cross_entropy"}
    nodes["sgd"] = ("opt_sgd", {})
    component = nodes[node]
    nodes[node] = (*component, settings)
    made = graph(nodes, ["data.x net.x", "net.y loss.logits", "data.y loss.target", "loss.loss sgd.loss"])
    (problem,) = check(made).problems
    assert problem.node == node and words in problem.message and problem.message_zh

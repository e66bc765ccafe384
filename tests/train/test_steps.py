"""What a step of several optimizers does: the same as loops that a person writes, with no value computed twice."""

from __future__ import annotations

import copy
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from builder.compiler import Compiled
from builder.graph import Edge, Graph
from builder.train import TrainError
from builder.train.devices import Devices
from builder.train.loader import Batch, batches
from builder.train.prepare import loaders_of
from builder.train.steps import Steps
from components import create
from tests.train.graphs import Node, assert_equal, build

Weights = dict[str, Tensor]
STEPS = 20
EPOCHS = 4


def block(graph: Graph, name: str, *sizes: int) -> None:
    """A block of linear layers ``fc1``, ``fc2`` ... with ReLU between them."""
    body = graph.blocks[name] = Graph()
    body.place("x", "port_in")
    last = "x"
    for number, size in enumerate(sizes, 1):
        if number > 1:
            body.place(f"relu{number}", "act_relu")
            body.wire(Edge(last, "y", f"relu{number}", "x"))
            last = f"relu{number}"
        body.place(f"fc{number}", "linear", {"out_features": size})
        body.wire(Edge(last, "y", f"fc{number}", "x"))
        last = f"fc{number}"
    body.place("y", "port_out")
    body.wire(Edge(last, "y", "y", "x"))


def mlp(weights: Mapping[str, Tensor], prefix: str) -> nn.Sequential:
    """The layers of a block as a module, with these weights."""
    layers: list[nn.Module] = []
    for number in range(1, 1 + sum(name.startswith(f"{prefix}.fc") for name in weights) // 2):
        weight = weights[f"{prefix}.fc{number}.weight"]
        layer = nn.Linear(weight.shape[1], weight.shape[0])
        layer.load_state_dict({"weight": weight, "bias": weights[f"{prefix}.fc{number}.bias"]})
        layers += [nn.ReLU()] * (number > 1) + [layer]
    return nn.Sequential(*layers)


def assert_close(weights: Mapping[str, Tensor], prefix: str, model: nn.Sequential, tolerance: float = 1e-6) -> None:
    linear = [layer for layer in model if isinstance(layer, nn.Linear)]
    for number, layer in enumerate(linear, 1):
        for name, parameter in layer.named_parameters():
            torch.testing.assert_close(
                weights[f"{prefix}.fc{number}.{name}"], parameter.detach(), atol=tolerance, rtol=0
            )


class Engine:
    """The steps of a graph without a run around them; ``calls`` counts the forwards of its modules."""

    def __init__(self, graph: Graph) -> None:
        self.graph, self.compiled, self.devices = graph, Compiled(graph), Devices()
        self.start: Weights = {k: t.clone() for k, t in self.compiled.root.state_dict().items()}
        self.steps = Steps(self.compiled, self.devices)
        self.loaders = list(loaders_of(self.compiled, "train", 0, training=True).values())
        self.logged: list[dict[str, float]] = []
        self.calls: Counter[str] = Counter()
        for name, module in self.compiled.root.named_modules():
            module.register_forward_hook(lambda *_, name=name: self.calls.update([name]))

    def batches(self, steps: int = STEPS) -> Iterator[tuple[int, int, float, Batch]]:
        """Number of the step and of the epoch, counted from 1, the moment before it, and the batch."""
        number, epoch = 0, 0
        while True:
            per_epoch = max(map(len, self.loaders))
            for place, batch in enumerate(batches(self.loaders, epoch)):
                if number == steps:
                    return
                number += 1
                yield number, epoch + 1, epoch + place / per_epoch, batch
            epoch += 1

    def run(self, steps: int = STEPS) -> Weights:
        self.compiled.root.train()
        with self.devices.own_random_numbers():
            self.devices.seed(0)
            for number, _, moment, batch in self.batches(steps):
                logged = self.steps(batch, number, moment, EPOCHS)
                names = [(self.steps.steps[i].names, values) for i, values in logged]
                self.logged.append({n: float(v) for ns, vs in names for n, v in zip(ns, vs, strict=True)})
        return self.compiled.root.state_dict()

    def by_hand(self, step: Callable[[Batch, int, int, float], None], steps: int = STEPS) -> None:
        """The same batches and random numbers for a step that a person wrote."""
        with self.devices.own_random_numbers():
            self.devices.seed(0)
            for number, epoch, moment, batch in self.batches(steps):
                step(batch, number, epoch, moment)


ADAM: Mapping[str, Any] = {"lr": 0.01, "betas": [0.5, 0.9]}


def adversarial(
    loss: str = "gan_nonsaturating",
    critic: Mapping[str, Any] | None = None,
    generator: Mapping[str, Any] | None = None,
    **training: Any,
) -> Graph:
    """A GAN on iris. The critic's optimizer comes first, as its node does."""
    graph = build(
        {
            "data": ("data_iris", {}, {"batch_size": 16}),
            "noise": ("noise_normal", {"size": 3}),
            "gan": (loss, {}),
            "opt_d": ("opt_adam", ADAM, {"parameters": ["real"], **(critic or {})}),
            "opt_g": ("opt_adam", ADAM, {"parameters": ["gen"], **(generator or {})}),
        },
        [],
        **training,
    )
    block(graph, "generator", 8, 4)
    block(graph, "critic", 8, 1)
    graph.place("gen", "block:generator")
    graph.place("real", "block:critic")
    graph.place("fake", "block:critic", {}, {"weights": {"from": "shared", "node": "real"}})
    for wire in (
        "data.x noise.x", "noise.z gen.x", "data.x real.x", "gen.y fake.x", "real.y gan.d_real", "fake.y gan.d_fake",
        "gan.loss_d opt_d.loss", "gan.loss_g opt_g.loss",
    ):  # fmt: skip
        source, target = wire.split()
        graph.wire(Edge(*source.split("."), *target.split(".")))
    return graph


def adam(model: nn.Module) -> torch.optim.Adam:
    return torch.optim.Adam(model.parameters(), 0.01, (0.5, 0.9))


def test_a_gan_equals_the_hand_written_loop() -> None:
    engine = Engine(adversarial())
    gen, disc = mlp(engine.start, "gen"), mlp(engine.start, "real")
    opt_g, opt_d = adam(gen), adam(disc)

    def step(batch: Batch, number: int, epoch: int, moment: float) -> None:
        x = batch.values["data", "x"]
        fake = gen(torch.randn(len(x), 3))
        loss_d = F.softplus(-disc(x)).mean() + F.softplus(disc(fake.detach())).mean()
        opt_d.zero_grad()
        loss_d.backward()
        opt_d.step()
        loss_g = F.softplus(-disc(fake)).mean()
        opt_g.zero_grad()
        loss_g.backward()
        opt_g.step()

    trained = engine.run()
    engine.by_hand(step)
    assert_close(trained, "gen", gen)
    assert_close(trained, "real", disc)
    assert engine.logged[0].keys() == {"gan.loss_d", "gan.loss_g"}


def test_values_are_computed_once_a_step() -> None:
    """Noise and fake images are drawn once, real ones are judged once, fake ones again when the critic has changed."""
    engine = Engine(adversarial())
    engine.run(steps=5)
    assert engine.calls["noise"] == engine.calls["gen.fc1"] == 5
    assert engine.calls["real.fc1"] == 3 * 5


def test_what_a_loss_does_not_look_at_is_not_computed() -> None:
    """The generator's loss needs no verdict on real images, and the critic's needs none of the generator's own."""
    engine = Engine(adversarial(critic={"epochs": [9, 9]}))
    engine.run(steps=5)
    assert engine.calls["gen.fc1"] == engine.calls["real.fc1"] == 5


def test_nobody_pays_for_gradients_that_nobody_takes() -> None:
    engine = Engine(adversarial(generator={"every": 5}))
    needs: list[bool] = []
    engine.compiled.root.get_submodule("gen.fc2").register_forward_hook(lambda *a: needs.append(a[2].requires_grad))
    engine.run(steps=5)
    assert needs == [False] * 4 + [True]


def test_wgan_gp_equals_the_hand_written_loop() -> None:
    graph = adversarial("gan_wgan", critic={"order": 1}, generator={"order": 2, "every": 5})
    graph.place("penalty", "gan_wgan_gp", {"critic": {"node": "real"}, "strength": 10.0})
    graph.wire(Edge("data", "x", "penalty", "x_real"))
    graph.wire(Edge("gen", "y", "penalty", "x_fake"))
    graph.wire(Edge("penalty", "loss", "opt_d", "loss"))
    engine = Engine(graph)
    gen, critic = mlp(engine.start, "gen"), mlp(engine.start, "real")
    opt_g, opt_d = adam(gen), adam(critic)

    def step(batch: Batch, number: int, epoch: int, moment: float) -> None:
        x = batch.values["data", "x"]
        fake = gen(torch.randn(len(x), 3))
        share = torch.rand(len(x), 1)
        between = torch.lerp(fake.detach(), x, share).requires_grad_()
        (slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
        penalty = 10 * ((slope.square().sum(1) + 1e-12).sqrt() - 1).square().mean()
        opt_d.zero_grad()
        (critic(fake.detach()).mean() - critic(x).mean() + penalty).backward()
        opt_d.step()
        if number % 5 == 0:
            opt_g.zero_grad()
            (-critic(fake).mean()).backward()
            opt_g.step()

    trained = engine.run()
    engine.by_hand(step)
    assert_close(trained, "gen", gen)
    assert_close(trained, "real", critic)
    assert engine.calls["penalty"] == STEPS
    assert [("gan.loss_g" in logged) for logged in engine.logged] == [n % 5 == 0 for n in range(1, STEPS + 1)]
    assert {"gan.loss_d", "penalty", "opt_d"} <= engine.logged[0].keys()


def byol() -> Graph:
    """BYOL on iris with Gaussian noise as its views; the second view is compared with the first."""
    graph = build(
        {
            "data": ("data_iris", {}, {"batch_size": 16}),
            "one": ("aug_gaussian_noise", {"std": 0.3}),
            "two": ("aug_gaussian_noise", {"std": 0.3}),
            "stop": ("op_stop_gradient", {}),
            "loss": ("ssl_byol", {}),
            "opt": ("opt_momentum", {"lr": 0.05}),
        },
        [],
        epochs=EPOCHS,
    )
    block(graph, "encoder", 8, 4)
    block(graph, "head", 8, 4)
    graph.place("online", "block:encoder")
    average = {"from": "average", "node": "online", "decay": 0.9, "rise": "cosine"}
    graph.place("target", "block:encoder", {}, {"weights": average})
    graph.place("predictor", "block:head")
    for wire in (
        "data.x one.x", "data.x two.x", "one.y online.x", "online.y predictor.x", "two.y target.x", "target.y stop.x",
        "predictor.y loss.prediction", "stop.y loss.target", "loss.loss opt.loss",
    ):  # fmt: skip
        source, target = wire.split()
        graph.wire(Edge(*source.split("."), *target.split(".")))
    return graph


def test_byol_equals_the_hand_written_loop() -> None:
    engine = Engine(byol())
    online, predictor = mlp(engine.start, "online"), mlp(engine.start, "predictor")
    target = copy.deepcopy(online).requires_grad_(False)
    optimizer = torch.optim.SGD([*online.parameters(), *predictor.parameters()], 0.05, momentum=0.9)

    def step(batch: Batch, number: int, epoch: int, moment: float) -> None:
        x = batch.values["data", "x"]
        one, two = x + 0.3 * torch.randn_like(x), x + 0.3 * torch.randn_like(x)
        loss = 2 - 2 * F.cosine_similarity(predictor(online(one)), target(two), dim=-1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        decay = 1 - (1 - 0.9) * (math.cos(math.pi * moment / EPOCHS) + 1) / 2
        with torch.no_grad():
            for slow, fast in zip(target.parameters(), online.parameters(), strict=True):
                slow.mul_(decay).add_(fast, alpha=1 - decay)

    trained = engine.run()
    engine.by_hand(step)
    for name, model in (("online", online), ("predictor", predictor), ("target", target)):
        assert_close(trained, name, model)
    assert not torch.equal(trained["target.fc1.weight"], trained["online.fc1.weight"])


def test_two_tasks_with_uncertainty_equal_the_hand_written_loop() -> None:
    graph = build(
        {
            "data": ("data_iris", {}, {"batch_size": 16}),
            "classes": ("linear", {"out_features": 3}),
            "back": ("linear", {"out_features": 4}),
            "ce": ("loss_cross_entropy", {}),
            "mse": ("loss_mse", {}),
            "both": ("mtlw_uncertainty", {"tasks": ["classification", "regression"]}),
            "opt": ("opt_adam", ADAM),
        },
        [],
    )
    block(graph, "trunk", 8, 8)
    graph.place("trunk", "block:trunk")
    for wire in (
        "data.x trunk.x", "trunk.y classes.x", "trunk.y back.x", "classes.y ce.logits", "data.y ce.target",
        "back.y mse.prediction", "data.x mse.target", "ce.loss both.losses", "mse.loss both.losses",
        "both.loss opt.loss",
    ):  # fmt: skip
        source, target = wire.split()
        graph.wire(Edge(*source.split("."), *target.split(".")))
    engine = Engine(graph)
    trunk = mlp(engine.start, "trunk")
    heads = {name: nn.Linear(8, size) for name, size in (("classes", 3), ("back", 4))}
    for name, head in heads.items():
        head.load_state_dict({p: engine.start[f"{name}.{p}"] for p in ("weight", "bias")})
    log_var = nn.Parameter(torch.zeros(2))
    parameters = [*trunk.parameters(), *heads["classes"].parameters(), *heads["back"].parameters(), log_var]
    optimizer = torch.optim.Adam(parameters, 0.01, (0.5, 0.9))

    def step(batch: Batch, number: int, epoch: int, moment: float) -> None:
        x, y = batch.values["data", "x"], batch.values["data", "y"]
        hidden = trunk(x)
        ce, mse = F.cross_entropy(heads["classes"](hidden), y), F.mse_loss(heads["back"](hidden), x)
        loss = torch.exp(-log_var[0]) * ce + torch.exp(-log_var[1]) * mse / 2 + log_var.sum() / 2
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    trained = engine.run()
    engine.by_hand(step)
    assert_close(trained, "trunk", trunk)
    for name, head in heads.items():
        torch.testing.assert_close(trained[f"{name}.weight"], head.weight.detach(), atol=1e-6, rtol=0)
    torch.testing.assert_close(trained["both.log_var"], log_var.detach(), atol=1e-6, rtol=0)
    assert engine.logged[0].keys() == {"ce", "mse", "both"}


# ------------------------------------------------------------------ order, periods, windows


def test_simultaneous_updates_see_the_weights_as_they_were() -> None:
    engine = Engine(adversarial(updates="simultaneous"))
    gen, disc = mlp(engine.start, "gen"), mlp(engine.start, "real")
    opt_g, opt_d = adam(gen), adam(disc)

    def step(batch: Batch, number: int, epoch: int, moment: float) -> None:
        x = batch.values["data", "x"]
        fake = gen(torch.randn(len(x), 3))
        judged = disc(fake)
        loss_d = F.softplus(-disc(x)).mean() + F.softplus(judged).mean()
        found_d = torch.autograd.grad(loss_d, list(disc.parameters()), retain_graph=True)
        found_g = torch.autograd.grad(F.softplus(-judged).mean(), list(gen.parameters()))
        for model, found, optimizer in ((disc, found_d, opt_d), (gen, found_g, opt_g)):
            for parameter, gradient in zip(model.parameters(), found, strict=True):
                parameter.grad = gradient
            optimizer.step()

    trained = engine.run()
    engine.by_hand(step)
    assert_close(trained, "gen", gen)
    assert_close(trained, "real", disc)
    assert engine.calls["real.fc1"] == 2 * STEPS
    alternating = Engine(adversarial()).run()
    assert not torch.allclose(trained["gen.fc1.weight"], alternating["gen.fc1.weight"], atol=1e-4)


def test_gradients_end_where_a_node_stops_them() -> None:
    """A critic that looks at a stopped copy trains itself alone, without being told so."""
    graph = adversarial()
    del graph.nodes["opt_d"]["settings"]["parameters"]
    graph.place("stop", "op_stop_gradient")
    graph.remove_edge("gen", "fake")
    graph.wire(Edge("gen", "y", "stop", "x"))
    graph.wire(Edge("stop", "y", "fake", "x"))
    graph.place("judged", "block:critic", {}, {"weights": {"from": "shared", "node": "real"}})
    graph.place("gan2", "gan_nonsaturating")
    graph.remove_edge("gan", "opt_g")
    for wire in ("gen.y judged.x", "real.y gan2.d_real", "judged.y gan2.d_fake", "gan2.loss_g opt_g.loss"):
        source, target = wire.split()
        graph.wire(Edge(*source.split("."), *target.split(".")))
    engine, plain = Engine(graph), Engine(adversarial())
    critic = engine.steps.steps[0]
    assert {id(p) for p in critic.parameters} == {
        id(p) for p in engine.compiled.root.get_submodule("real").parameters()
    }
    assert_equal(engine.run(), plain.run())


def test_the_order_is_a_setting() -> None:
    engine = Engine(adversarial(critic={"order": 1}))
    assert [step.path for step in engine.steps] == ["opt_g", "opt_d"]
    engine.run(steps=1)
    # The generator comes first: what it has made is outdated for the critic, the noise is not.
    assert engine.calls["noise"] == 1
    assert engine.calls["gen.fc1"] == 2


def test_a_period_and_a_window_say_when_an_optimizer_acts() -> None:
    engine = Engine(adversarial(critic={"epochs": [2, 3]}, generator={"every": 4}))
    critic, generator = engine.steps.steps
    assert [n for n in range(1, 13) if generator.acts(n, 1)] == [4, 8, 12]
    assert [e for e in range(1, 6) if critic.acts(7, e)] == [2, 3]
    start = engine.start
    trained = engine.run(steps=3)  # in the first epoch, before the generator's first step
    assert all(torch.equal(tensor, start[name]) for name, tensor in trained.items())
    assert engine.logged == [{}, {}, {}]
    assert engine.calls == {}


def test_what_is_not_outdated_is_used_again_across_three() -> None:
    """Two heads on a trunk: the trunk's optimizer acts last, so that its values serve all three."""
    nodes: dict[str, Node] = {
        "data": ("data_iris", {}, {"batch_size": 16}),
        "trunk": ("linear", {"out_features": 6}),
        "classes": ("linear", {"out_features": 3}),
        "decoder": ("linear", {"out_features": 4}),
        "ce": ("loss_cross_entropy", {}),
        "mse": ("loss_mse", {}),
        "a": ("opt_sgd", {"lr": 0.05}, {"parameters": ["classes"]}),
        "b": ("opt_sgd", {"lr": 0.05}, {"parameters": ["decoder"]}),
        "c": ("opt_sgd", {"lr": 0.05}, {"parameters": ["trunk"]}),
    }
    wires = [
        "data.x trunk.x", "trunk.y classes.x", "trunk.y decoder.x", "classes.y ce.logits", "data.y ce.target",
        "decoder.y mse.prediction", "data.x mse.target", "ce.loss a.loss", "mse.loss b.loss", "ce.loss c.loss",
        "mse.loss c.loss",
    ]  # fmt: skip
    engine = Engine(build(nodes, wires))
    layers = {name: nn.Linear(a, b) for name, a, b in (("trunk", 4, 6), ("classes", 6, 3), ("decoder", 6, 4))}
    for name, layer in layers.items():
        layer.load_state_dict({p: engine.start[f"{name}.{p}"] for p in ("weight", "bias")})
    optimizers = {name: torch.optim.SGD(layer.parameters(), 0.05) for name, layer in layers.items()}

    def step(batch: Batch, number: int, epoch: int, moment: float) -> None:
        x, y = batch.values["data", "x"], batch.values["data", "y"]
        for name in ("classes", "decoder", "trunk"):
            hidden = layers["trunk"](x)
            ce, mse = F.cross_entropy(layers["classes"](hidden), y), F.mse_loss(layers["decoder"](hidden), x)
            loss = {"classes": ce, "decoder": mse, "trunk": ce + mse}[name]
            for parameter, gradient in zip(
                layers[name].parameters(), torch.autograd.grad(loss, list(layers[name].parameters())), strict=True
            ):
                parameter.grad = gradient
            optimizers[name].step()

    trained = engine.run()
    engine.by_hand(step)
    for name, layer in layers.items():
        torch.testing.assert_close(trained[f"{name}.weight"], layer.weight.detach(), atol=1e-6, rtol=0)
    assert engine.calls["trunk"] == STEPS
    assert engine.calls["classes"] == engine.calls["decoder"] == 2 * STEPS


# ------------------------------------------------------------------ accumulation, clipping, decay


def regression(batch_size: int, **settings: Any) -> Graph:
    return build(
        {
            "data": ("data_iris", {}, {"batch_size": batch_size, "shuffle": False}),
            "fc": ("linear", {"out_features": 3}),
            "loss": ("loss_cross_entropy", {}),
            "opt": ("opt_momentum", {"lr": 0.1, "weight_decay": 0.1}, settings),
        },
        ["data.x fc.x", "fc.y loss.logits", "data.y loss.target", "loss.loss opt.loss"],
    )


@pytest.mark.parametrize("parts", [2, 3])
def test_accumulation_equals_the_large_batch(parts: int) -> None:
    count = len(create("data_iris").load("train"))
    whole = Engine(regression(count))
    expected = whole.run(steps=4)
    small = -(-count // parts)
    accumulating = Engine(regression(small, accumulate=parts))  # its last batch is smaller, and counts for less
    found = accumulating.run(steps=4 * parts)
    for name, tensor in expected.items():
        torch.testing.assert_close(found[name], tensor, atol=1e-6, rtol=0)
    partly = Engine(regression(small, accumulate=parts)).run(steps=4 * parts - 1)
    assert not torch.allclose(partly["fc.weight"], expected["fc.weight"], atol=1e-4)
    norms = [engine.steps.steps[0].gradient_norm() for engine in (whole, accumulating)]
    assert norms[0] == pytest.approx(norms[1], rel=1e-4)


def test_clipping_by_value_equals_torch() -> None:
    engine = Engine(regression(16, clip_value=0.01))
    layer = nn.Linear(4, 3)
    layer.load_state_dict({p: engine.start[f"fc.{p}"] for p in ("weight", "bias")})
    optimizer = torch.optim.SGD(layer.parameters(), 0.1, momentum=0.9, weight_decay=0.1)
    norms = []

    def step(batch: Batch, number: int, epoch: int, moment: float) -> None:
        optimizer.zero_grad()
        F.cross_entropy(layer(batch.values["data", "x"]), batch.values["data", "y"]).backward()
        norms.append(float(nn.utils.get_total_norm([p.grad for p in layer.parameters() if p.grad is not None])))
        nn.utils.clip_grad_value_(layer.parameters(), 0.01)
        optimizer.step()

    trained = engine.run()
    engine.by_hand(step)
    assert torch.equal(trained["fc.weight"], layer.weight)
    assert engine.steps.steps[0].gradient_norm() == pytest.approx(norms[-1], rel=1e-5)
    assert norms[-1] > 0.01


def test_decay_may_spare_what_has_fewer_than_two_axes() -> None:
    engine = Engine(regression(16, decay="weights"))
    groups = engine.steps.steps[0].optimizer.param_groups
    assert [(len(g["params"]), g["params"][0].dim(), g["weight_decay"]) for g in groups] == [(1, 2, 0.1), (1, 1, 0.0)]
    trained = engine.run()
    every = Engine(regression(16)).run()
    assert not torch.equal(trained["fc.bias"], every["fc.bias"])


def test_modules_follow_their_schedules() -> None:
    graph = regression(16)
    graph.remove_edge("loss", "opt")
    graph.place("weight", "loss_weight", {"weight": 2.0})
    graph.place("warmup", "sched_warmup", {"length": 2.0})
    graph.wire(Edge("loss", "loss", "weight", "x"))
    graph.wire(Edge("warmup", "schedule", "weight", "schedule"))
    graph.wire(Edge("weight", "y", "opt", "loss"))
    engine = Engine(graph)
    engine.run(steps=9)
    per_epoch = len(engine.loaders[0])
    for number, logged in enumerate(engine.logged):
        assert logged["opt"] == pytest.approx(2 * number / per_epoch / 2 * logged["loss"], rel=1e-5)


# ------------------------------------------------------------------ bad settings


def test_an_optimizer_without_anything_to_train_is_one_error_at_its_node() -> None:
    with pytest.raises(TrainError, match="nothing to train") as caught:
        Engine(regression(16, parameters=["data"]))
    assert caught.value.node == "opt"
    assert caught.value.message_zh


def test_decay_needs_an_optimizer_that_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Plain(torch.optim.Optimizer):
        def __init__(self, params: Any) -> None:
            super().__init__(params, {"lr": 0.1})

    monkeypatch.setattr(Compiled, "build", lambda self, path, params: Plain(params))
    with pytest.raises(TrainError, match="needs an optimizer with weight decay") as caught:
        Engine(regression(16, decay="weights"))
    assert caught.value.node == "opt"

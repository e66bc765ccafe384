"""What a node computes for which output is read from its code, where its code shows it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor, fx, nn
from torch.nn import functional as F

from builder.compiler import Compiled
from builder.train.devices import Devices
from builder.train.steps import Steps
from builder.train.turns import follow, without_unread
from components import create
from components.scheduled import Scheduled
from tests.train.test_steps import adversarial

PORTS, INPUTS = ("a", "b"), ("x", "y")


class Straight(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3))
        self.inner = nn.Linear(3, 3)

    def forward(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        return F.relu(self.inner(x)) * self.weight, (x + y).sum()


class Branching(Straight):
    def forward(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        return (x if x.sum() > 0 else y), y


class Following(Scheduled):
    """Its code has the strength of the moment in it."""

    def forward(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        return x * self.factor, y


class InPlace(Straight):
    def forward(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        z = x.clone()
        z.add_(y)
        return z, y


class Keeping(Straight):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("count", torch.zeros(()))

    def forward(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        self.count += 1
        return x * self.count, y


class Fixed(Straight):
    def forward(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        return x * (self.weight * 2), y  # the product is made while the code is followed


def test_outputs_depend_on_what_the_code_says() -> None:
    code = follow(Straight(), PORTS, INPUTS)
    assert code is not None
    assert code.needs == {"a": {"x"}, "b": {"x", "y"}}


@pytest.mark.parametrize("kind", [Branching, Following, InPlace, Keeping])
def test_code_that_does_not_show_it_is_left_alone(kind: type[nn.Module]) -> None:
    module = kind()
    assert follow(module, PORTS, INPUTS) is None
    assert "count" not in dict(module.named_buffers()) or module.get_buffer("count") == 0


@pytest.mark.parametrize(("ports", "inputs"), [(("a",), INPUTS), (PORTS, ("x",)), (PORTS, ("x", "y", "z"))])
def test_ports_that_are_not_wired_as_the_code_has_them(ports: Sequence[str], inputs: Sequence[str]) -> None:
    assert follow(Straight(), ports, inputs) is None


def test_following_leaves_the_module_and_the_random_numbers_as_they_are() -> None:
    module = Fixed()
    before, state = dict(vars(module)), torch.get_rng_state()
    follow(module, PORTS, INPUTS)
    assert vars(module).keys() == before.keys()
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("name", ["gan_nonsaturating", "gan_minimax", "gan_lsgan", "gan_hinge", "gan_wgan"])
def test_a_generators_loss_needs_no_real_images(name: str) -> None:
    code = follow(create(name), ("loss_d", "loss_g"), ("d_real", "d_fake"))
    assert code is not None
    assert code.needs == {"loss_d": {"d_real", "d_fake"}, "loss_g": {"d_fake"}}


def test_a_program_holds_only_what_it_reads() -> None:
    compiled = Compiled(adversarial())
    steps = Steps(compiled, Devices())
    given, absent = [("fake/fc2", "y")], [("real/fc2", "y")]
    program: fx.GraphModule = compiled.program([("gan", "loss_g")], phase="train", given=[*given, *absent])
    d_fake = torch.randn(5, 1)
    (expected,) = program(*(d_fake if end in given else torch.zeros(5, 1) for end in program.inputs))  # type: ignore[union-attr]
    without_unread(program, steps._planner, absent)
    assert program.inputs == given
    assert not [node for node in program.graph.nodes if node.op == "call_module"]
    assert {node.meta["path"] for node in program.graph.nodes if node.op.startswith("call")} == {"gan"}
    assert torch.equal(program(d_fake)[0], expected)

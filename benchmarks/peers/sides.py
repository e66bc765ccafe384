"""The two sides of a pair, ready to run: each a call that does one step of what the component is for."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrize import register_parametrization
from torch.optim.lr_scheduler import LRScheduler

from benchmarks.peers.pair import Given, Inputs, Pair
from benchmarks.peers.training import EPOCHS
from builder.compiler.inference import Meta, resolve_params
from components import create, get
from components.optimizer._estimator import GradientEstimator
from components.schedule._base import Schedule
from components.spec import Component, Tensors

Side = Callable[[], Any]
MATRIX = (256, 256)  # what is initialized


def sides(id: str, pair: Pair) -> tuple[Side, Side]:
    """The component's step and its peer's, which take the same input and begin with the same random numbers."""
    component = get(id)
    if component.kind == "optimizer":
        ours = lambda weights: create(id, params=weights, **pair.params)  # noqa: E731
        if isinstance(component.factory, type) and issubclass(component.factory, GradientEstimator):
            return descent(ours, backward=False), descent(pair.peer.build, backward=True)
        return update(ours), update(pair.peer.build)
    if component.kind == "scheduler":
        return factors(create(id, **pair.params)), rates(pair.peer.build)
    if component.kind == "init":
        return fill(create(id, **pair.params)), fill(pair.peer.build())
    tensors = drawn(pair.inputs)
    if component.kind == "transform":  # nothing is learned before it
        tensors = {port: [t.detach() for t in some] for port, some in tensors.items()}
    taken = {port: some for port, some in tensors.items() if pair.takes is None or port in pair.takes}
    return pass_of(lambda: built(component, pair, tensors), tensors), pass_of(pair.peer.build, taken)


# ------------------------------------------------------------------ layers and losses


class Pass:
    """Forward and, where there is something to learn, backward."""

    def __init__(self, layer: Callable[..., Any], inputs: Sequence[Tensor]) -> None:
        self.layer, self.inputs = layer, inputs
        weights = layer.parameters() if isinstance(layer, nn.Module) else ()
        self.leaves = [t for t in itertools.chain(inputs, weights) if t.requires_grad]
        self.slopes = [torch.randn_like(y) for y in self.outputs() if y.requires_grad]

    def outputs(self) -> list[Tensor]:
        result = self.layer(*self.inputs)
        return [y for y in (result if isinstance(result, tuple | list) else (result,)) if y is not None]

    def __call__(self) -> None:
        moving = [y for y in self.outputs() if y.requires_grad]
        if moving:
            torch.autograd.grad(moving, self.leaves, self.slopes, allow_unused=True)


def pass_of(build: Callable[[], Any], tensors: Mapping[str, list[Tensor]]) -> Pass:
    torch.manual_seed(0)
    return Pass(build(), [t for some in tensors.values() for t in some])


def drawn(inputs: Inputs) -> dict[str, list[Tensor]]:
    """Tensors by port; real numbers take gradients."""
    generator = torch.Generator().manual_seed(0)
    return {
        port: [draw(one, generator) for one in (given if isinstance(given, list) else [given])]
        for port, given in inputs.items()
    }


def draw(given: Given, generator: torch.Generator) -> Tensor:
    if callable(given):
        return given(generator)
    if not isinstance(given, Tensors):
        return torch.randn(given, generator=generator).requires_grad_()
    if given.kind == "int":
        return torch.randint(given.high, given.shape, generator=generator)
    return torch.rand(given.shape, generator=generator).requires_grad_()


def built(component: Component, pair: Pair, tensors: Mapping[str, list[Tensor]]) -> Callable[..., Any]:
    """The component with the parameters that follow from its inputs."""
    if pair.parametrizes:
        (x,) = tensors["x"]
        conv = nn.Conv2d(x.shape[1], x.shape[1], 3, padding=1)
        register_parametrization(conv, "weight", create(component.id, weight=conv.weight, **pair.params))
        return conv
    metas = {port: [Meta(tuple(t.shape), t.dtype) for t in some] for port, some in tensors.items()}
    values, errors = resolve_params(component, pair.params, metas)
    if errors:
        raise errors[0]
    return create(component.id, **values)


# ------------------------------------------------------------------ optimizers, schedules and initializers


Optimizer = torch.optim.Optimizer


def network() -> nn.Sequential:
    """A small convolutional network, a quarter of a million weights in 26 tensors."""
    torch.manual_seed(0)
    widths = (3, 32, 64, 64, 128, 128, 128)
    parts: list[nn.Module] = []
    for before, after in itertools.pairwise(widths):
        parts += [nn.Conv2d(before, after, 3, 2, 1), nn.BatchNorm2d(after), nn.ReLU()]
    return nn.Sequential(*parts, nn.Flatten(), nn.Linear(widths[-1], 10))


def update(build: Callable[[list[Tensor]], Optimizer]) -> Side:
    """A step by gradients that are there."""
    weights: list[Tensor] = list(network().parameters())
    for weight in weights:
        weight.grad = torch.randn_like(weight)
    return build(weights).step


def descent(build: Callable[[list[Tensor]], Optimizer], backward: bool) -> Side:
    """A step that looks at the loss itself, with a backward pass or without."""
    model = network()
    weights: list[Tensor] = list(model.parameters())
    x, y = torch.randn(8, 3, 64, 64), torch.randint(10, (8,))
    optimizer = build(weights)

    def loss() -> Tensor:
        value = F.cross_entropy(model(x), y)
        if backward:
            optimizer.zero_grad()
            value.backward()
        return value

    return lambda: optimizer.step(loss)  # type: ignore[arg-type]  # estimators look at tensors


def factors(of: Schedule) -> Side:
    return lambda: [of.factor(epoch, EPOCHS) for epoch in range(EPOCHS)]


def rates(build: Callable[[Optimizer], LRScheduler]) -> Side:
    """The same epochs with a scheduler of torch, which holds an optimizer."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], 0.1)

    def run() -> None:
        scheduler = build(optimizer)
        optimizer.step()  # a scheduler wants it to come first
        for _ in range(EPOCHS):
            scheduler.step()

    return run


def fill(initializer: Callable[[Tensor], Tensor]) -> Side:
    weight = torch.empty(MATRIX)
    return lambda: initializer(weight)

"""An optimizer whose weights are judged by their average over the training."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

import torch
from torch import Tensor


class AveragedWeights(torch.optim.Optimizer):
    """Keeps an average of the weights that another optimizer trains, and puts it in their place to be judged.

    Groups are the other optimizer's own: it sees the same learning rate, and a checkpoint holds both.

    Args:
        inner: the optimizer that trains.
        start: the share of the training after which weights count.
        each: takes the weights at the end of each epoch, or after each step.
        decay: what stays of the average when weights are added; None for the mean of all that were added.
    """

    def __init__(
        self, inner: torch.optim.Optimizer, start: float, each: Literal["epoch", "step"], decay: float | None
    ) -> None:
        super().__init__(inner.param_groups, inner.defaults)
        self.inner, self.start, self.each, self.decay = inner, start, each, decay
        self.state = inner.state
        self.averages: list[Tensor] = []
        self.moment, self.begin = 0.0, math.inf
        for group in self.param_groups:
            group["averaged"], group["averaged_at"] = 0, 0.0

    @property
    def weights(self) -> list[Tensor]:
        return [weight for group in self.param_groups for weight in group["params"]]

    def follow(self, moment: float, epochs: float) -> None:
        """Hears where the training stands, in epochs: before each step, and at the end of each epoch."""
        self.moment, self.begin = moment, self.start * epochs
        ends = moment == int(moment) and moment > self.param_groups[0]["averaged_at"]
        if self.each == "epoch" and ends and moment >= self.begin:
            self._add()

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        loss = self.inner.step(closure) if closure is not None else self.inner.step()
        if self.each == "step" and self.moment >= self.begin:
            self._add()
        return loss

    @torch.no_grad()
    def _add(self) -> None:
        """Adds the weights as they are to the average."""
        group = self.param_groups[0]
        if not self.averages:
            self.averages = [weight.clone() for weight in self.weights]
        else:
            share = 1 / (group["averaged"] + 1) if self.decay is None else 1 - self.decay
            torch._foreach_lerp_(self.averages, self.weights, share)
        group["averaged"] += 1
        group["averaged_at"] = self.moment

    @contextmanager
    def averaged(self) -> Iterator[bool]:
        """Within, the weights are the average; whether there is one yet. Behind it they are back."""
        kept = [weight.detach().clone() for weight in self.weights] if self.averages else []
        self._put(self.averages)
        try:
            yield bool(kept)
        finally:
            self._put(kept)

    @torch.no_grad()
    def _put(self, values: list[Tensor]) -> None:
        if values:
            torch._foreach_copy_(self.weights, values)

    # The average is no state of the inner optimizer, which takes a weight for new while it has none.

    def state_dict(self) -> dict[str, Any]:
        found = self.inner.state_dict()
        state = {index: dict(values) for index, values in found["state"].items()}
        for index, average in enumerate(self.averages):
            state.setdefault(index, {})["average"] = average
        return {**found, "state": state}

    @torch.no_grad()
    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        state = {index: dict(values) for index, values in state_dict["state"].items()}
        averages = {index: values.pop("average") for index, values in state.items() if "average" in values}
        self.inner.load_state_dict({**state_dict, "state": {i: values for i, values in state.items() if values}})
        self.param_groups, self.state = self.inner.param_groups, self.inner.state
        self.averages = [averages[i].to(w.device, w.dtype, copy=True) for i, w in enumerate(self.weights) if averages]

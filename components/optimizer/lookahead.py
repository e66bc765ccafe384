"""Lookahead: slow weights that follow fast ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated, Any

import torch
from torch import Tensor

from components.optimizer._inner import Inner, inner_optimizer
from components.registry import component
from components.spec import Count, Dims, DropRate, NonNegativeFloat, PositiveFloat, Probability, Runtime, example


class Lookahead(torch.optim.Optimizer):
    """Draws the weights back towards slow ones after every ``k`` steps of another optimizer.

    Groups and states are the other optimizer's own: it sees the same learning rate, and a checkpoint holds both.
    """

    def __init__(self, inner: torch.optim.Optimizer, k: int, alpha: float) -> None:
        super().__init__(inner.param_groups, inner.defaults)
        self.inner, self.k, self.alpha = inner, k, alpha
        self.state = inner.state
        for group in self.param_groups:
            group["lookahead_step"] = 0

    @torch.no_grad()
    def step(self, closure: Callable[[], Tensor] | None = None) -> Any:
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        trained = [[weight for weight in group["params"] if weight.grad is not None] for group in self.param_groups]
        # An optimizer takes a weight for new while it has no state of it, so the slow weights come in after its step.
        new = {weight: weight.clone() for weights in trained for weight in weights if "slow" not in self.state[weight]}
        self.inner.step()
        for weight, slow in new.items():
            self.state[weight]["slow"] = slow
        for group, weights in zip(self.param_groups, trained, strict=True):
            group["lookahead_step"] += 1
            if group["lookahead_step"] % self.k == 0:
                for weight in weights:
                    weight.copy_(self.state[weight]["slow"].lerp_(weight, self.alpha))
        return loss

    def load_state_dict(self, state_dict: Any) -> None:
        self.inner.load_state_dict(state_dict)
        self.param_groups, self.state = self.inner.param_groups, self.inner.state


@component(
    id="opt_lookahead",
    kind="optimizer",
    family="Optimizer",
    name="Lookahead",
    name_zh="Lookahead",
    help_zh="内层优化器先走 k 步，慢权重再向其靠近一段，训练更稳定。",
    source="Zhang et al., Lookahead Optimizer: k steps forward, 1 step back, arXiv 1907.08610",
    inputs={"*loss": Dims("()"), "schedule?": Dims("()", kind="schedule")},
    keywords="lookahead slow weights fast weights wrapper 慢权重",
    examples=(
        example(lr=0.1),
        example(inner="sgd", lr=0.05, momentum=0.5, steps=2, alpha=0.8, weight_decay=0.01),
        example(inner="lion", lr=0.05, steps=3),
        example(inner="radam", lr=0.05, steps=1, alpha=0.3),
    ),
)
def lookahead(
    params: Annotated[Iterable, Runtime()],
    inner: Inner = "adamw",
    lr: PositiveFloat = 1e-3,
    steps: Count = 5,
    alpha: Probability = 0.5,
    momentum: DropRate = 0.9,
    betas: tuple[DropRate, DropRate] = (0.9, 0.999),
    weight_decay: NonNegativeFloat = 0.0,
) -> torch.optim.Optimizer:
    r"""Lets another optimizer take some steps, then goes a part of that way and lets it start again from there.

    $$\phi_{t+1} = \phi_t + \alpha \, (\theta_{t,k} - \phi_t), \quad \theta_{t+1,0} = \phi_{t+1}$$

    The fast weights $\theta$ are those that compute; the inner optimizer keeps its averages when they are drawn back.

    Args:
        inner: the optimizer of the fast weights.
        lr: its learning rate.
        steps: of the fast weights between two moves of the slow ones.
        alpha: the part of the way that the slow weights go; 1 is the inner optimizer alone.
        momentum: the share of the last step that SGD keeps.
        betas: the shares of the last averages that the other optimizers keep.
        weight_decay: weight decay, as the inner optimizer has it.

    Source: Zhang et al., arXiv 1907.08610, algorithm 1.
    """
    return Lookahead(inner_optimizer(inner, params, lr, momentum, betas, weight_decay), steps, alpha)

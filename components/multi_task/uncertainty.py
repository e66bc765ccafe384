"""Losses weighted by a learned uncertainty of each task."""

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from components.errors import InputError
from components.registry import component
from components.spec import Dims, example

Tasks = Annotated[tuple[Literal["regression", "classification"], ...], Field(min_length=1, max_length=32)]


@component(
    id="mtlw_uncertainty",
    kind="loss",
    family="Multi-task loss weighting",
    name="Uncertainty weighting",
    name_zh="不确定性加权",
    help_zh="多任务损失的可学习加权：每个任务学习自身的噪声方差，噪声大的任务权重自动变小。",
    source="Kendall, Gal & Cipolla, Multi-Task Learning Using Uncertainty to Weigh Losses, arXiv 1705.07115",
    keywords="multi-task weights homoscedastic log variance kendall 多任务 权重 方差 同方差",
    examples=(
        example(losses=[(), ()]),
        example(losses=[(), (), ()], tasks=("regression", "classification", "regression")),
    ),
)
class UncertaintyWeighting(nn.Module):
    r"""Adds the losses of several tasks, each divided by a noise variance that is learned along.

    $$\ell = \sum_k \left(c_k\, e^{-s_k} L_k + \tfrac{1}{2} s_k\right), \quad s_k = \log \sigma_k^2$$

    with c = 1/2 for a squared error (the likelihood of a Gaussian) and c = 1 for a cross entropy (a softmax whose
    temperature is the variance). A large variance makes a task count less, and its logarithm costs: at rest it is
    2 c L, for a squared error the loss itself. The sum may fall below zero.

    Args:
        tasks: for each loss, in the order of the wires, whether it is a regression or a classification.

    Shape:
        losses: scalars.
        loss: a scalar.

    Raises:
        ValueError: the number of losses is not that of the tasks.

    Source: Kendall et al., arXiv 1705.07115, equations 7 and 10; trained through log variances, as they propose.
    """

    scale: Tensor

    def __init__(self, tasks: Tasks = ("regression", "regression")) -> None:
        super().__init__()
        self.tasks = tasks
        self.log_var = nn.Parameter(torch.zeros(len(tasks)))
        scale = torch.tensor([0.5 if task == "regression" else 1.0 for task in tasks])
        self.register_buffer("scale", scale, persistent=False)

    def forward(self, *losses: Annotated[Tensor, Dims("()")]) -> Tensor:
        if len(losses) != len(self.tasks):
            raise InputError(
                f"The 'tasks' parameter of mtlw_uncertainty must name one task for each loss. "
                f"Got {len(self.tasks)} tasks and {len(losses)} losses instead.",
                f"mtlw_uncertainty 的参数“tasks”必须与损失一一对应，收到 {len(self.tasks)} 个任务和 {len(losses)} 个损失。",
            )
        return (self.scale * torch.exp(-self.log_var) * torch.stack(losses) + self.log_var / 2).sum()

    def extra_repr(self) -> str:
        return f"tasks={self.tasks}"

"""Rprop: steps by the sign of the gradient alone, with a step size of its own for each weight."""

from collections.abc import Iterable
from typing import Annotated

import torch

from components.registry import component
from components.rules import require
from components.spec import Dims, PositiveFloat, Runtime, example

ETAS_RULE = ("a number below 1 and one above 1", "一个小于 1 的数和一个大于 1 的数")
SIZES_RULE = ("the smallest and the largest step, in this order", "最小步长和最大步长，依此顺序")


@component(
    id="opt_rprop",
    kind="optimizer",
    family="Optimizer",
    name="Rprop",
    name_zh="弹性反向传播 Rprop",
    help_zh="只看梯度的符号：符号不变就加大步长，翻转就减小；适合整批训练。",
    source="Riedmiller & Braun, A Direct Adaptive Method for Faster Backpropagation Learning: The RPROP Algorithm, ICNN 1993",
    inputs={"*loss": Dims("()"), "schedule?": Dims("()", kind="schedule")},
    keywords="rprop resilient sign full batch 符号 整批",
    examples=(example(lr=0.05), example(lr=0.1, etas=(0.4, 1.3), step_sizes=(1e-4, 0.5))),
)
def rprop(
    params: Annotated[Iterable, Runtime()],
    lr: PositiveFloat = 0.01,
    etas: tuple[PositiveFloat, PositiveFloat] = (0.5, 1.2),
    step_sizes: tuple[PositiveFloat, PositiveFloat] = (1e-6, 50.0),
) -> torch.optim.Optimizer:
    r"""Steps by the sign of each gradient; a step grows while the sign stays and shrinks when it turns.

    $$w_{t+1} = w_t - \Delta_t \, \mathrm{sign}(g_t), \quad
    \Delta_t = \begin{cases} \min(\eta^+ \Delta_{t-1}, \Delta_{\max}) & g_t g_{t-1} > 0 \\
    \max(\eta^- \Delta_{t-1}, \Delta_{\min}) & g_t g_{t-1} < 0 \\ \Delta_{t-1} & \text{else} \end{cases}$$

    Where the sign turns, the weight stays and the next gradient counts as having no sign before it. The size of a
    gradient means nothing, so batches should be large enough for its sign to be right.

    Args:
        lr: the first step of each weight; steps adapt from there, so a schedule moves only the first.
        etas: the factors of a step whose sign turned (below 1) and of one whose sign stayed (above 1).
        step_sizes: the smallest and the largest step.

    Source: Riedmiller & Braun, ICNN 1993; torch.optim.Rprop, which takes no weight back when the sign turns.
    """
    require(etas[0] < 1 < etas[1], "opt_rprop", "etas", ETAS_RULE, etas)
    require(step_sizes[0] <= step_sizes[1], "opt_rprop", "step_sizes", SIZES_RULE, step_sizes)
    return torch.optim.Rprop(params, lr, etas, step_sizes)

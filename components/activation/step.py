"""The step of the first neurons."""

from typing import Annotated

from torch import Tensor

from components.registry import component
from components.spec import Dims, example


@component(
    id="act_step",
    kind="layer",
    family="Activation",
    name="Step (Heaviside)",
    name_zh="阶跃函数 Step",
    help_zh="非负输出 1，否则输出 0；真实导数处处为零，可用直通梯度训练。",
    source="Rosenblatt, The perceptron, Psychological Review 1958",
    keywords="heaviside threshold binary perceptron straight-through 阈值 二值 感知机 直通",
    tags=("batch_independent",),
    examples=(example(x=(2, 5)), example(x=(2, 3, 4), straight_through=False)),
    xfail={"gradient-1": "The slope of a step is zero."},
)
def step(x: Annotated[Tensor, Dims("*")], *, straight_through: bool = True) -> Annotated[Tensor, Dims("*")]:
    r"""Gives one for what is not negative, else zero.

    $$y = \begin{cases} 1 & x \ge 0 \\ 0 & x < 0 \end{cases}$$

    Args:
        straight_through: passes the gradient on as if y were x; otherwise it is zero, and nothing before learns.

    Shape:
        x: (*), any shape.
        y: (*), the same.

    Source: Rosenblatt, Psychological Review 1958; the straight-through gradient of Bengio et al., arXiv 1308.3432.
    """
    y = (x >= 0).to(x.dtype)
    return y + (x - x.detach()) if straight_through else y

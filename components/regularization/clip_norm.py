"""Gradient clipping by norm, at a place of the graph."""

from typing import Annotated

import torch
from torch import Tensor

from components.registry import component
from components.spec import Dims, PositiveFloat, example

EPS = 1e-6  # beside the norm, as torch has it


@component(
    id="reg_clip_norm",
    kind="op",
    family="Regularization",
    name="Gradient clipping by norm",
    name_zh="梯度范数裁剪",
    help_zh="前向不变；反向时若流过此处的梯度范数超过上限，就整体缩小到上限，方向不变。要裁剪全部参数的梯度，请在优化器的设置中选择。",
    source="Pascanu et al., On the difficulty of training recurrent neural networks, arXiv 1211.5063",
    keywords="gradient clip rescale exploding recurrent 梯度裁剪 梯度爆炸 循环网络",
    examples=(example(x=(2, 3), max_norm=0.1), example(x=(2, 3, 5, 7), max_norm=100.0)),
)
def clip_gradient_norm(
    x: Annotated[Tensor, Dims("*")], *, max_norm: PositiveFloat = 1.0
) -> Annotated[Tensor, Dims("*")]:
    r"""Passes values on and shortens the gradient that comes back, where it is longer than a limit.

    $$y = x, \quad g_x = g_y \min\!\left(1, \frac{c}{\lVert g_y \rVert}\right)$$

    The norm is that of the whole tensor, all samples of a batch together. An optimizer clips the gradients of all its
    parameters by its settings.

    Args:
        max_norm: the greatest norm c.

    Shape:
        x, y: any.

    Source: Pascanu et al., arXiv 1211.5063, algorithm 1; of a single tensor torch.nn.utils.clip_grad_norm_.
    """
    if not (torch.is_grad_enabled() and x.requires_grad):
        return x
    y = x.view_as(x)
    y.register_hook(lambda gradient: gradient * (max_norm / (gradient.norm() + EPS)).clamp(max=1.0))
    return y

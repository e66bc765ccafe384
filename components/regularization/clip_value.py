"""Gradient clipping by value, at a place of the graph."""

from typing import Annotated

import torch
from torch import Tensor

from components.registry import component
from components.spec import Dims, PositiveFloat, example


@component(
    id="reg_clip_value",
    kind="op",
    family="Regularization",
    name="Gradient clipping by value",
    name_zh="梯度数值裁剪",
    help_zh="前向不变；反向时把流过此处的梯度逐个限制在 ±c 之内。要裁剪全部参数的梯度，请在优化器的设置中选择。",
    source="Pascanu et al., On the difficulty of training recurrent neural networks, arXiv 1211.5063",
    keywords="gradient clip clamp exploding recurrent 梯度裁剪 梯度爆炸 循环网络",
    tags=("batch_independent",),
    examples=(example(x=(2, 3), clip_value=0.1), example(x=(2, 3, 5, 7), clip_value=2.0)),
)
def clip_gradient_value(
    x: Annotated[Tensor, Dims("*")], *, clip_value: PositiveFloat = 1.0
) -> Annotated[Tensor, Dims("*")]:
    r"""Passes values on and limits each value of the gradient that comes back.

    $$y = x, \quad g_x = \min(\max(g_y, -c), c)$$

    An optimizer clips the gradients of all its parameters by its settings.

    Args:
        clip_value: the greatest magnitude c.

    Shape:
        x, y: any.

    Source: Pascanu et al., arXiv 1211.5063; of a single tensor torch.nn.utils.clip_grad_value_.
    """
    if not (torch.is_grad_enabled() and x.requires_grad):
        return x
    y = x.view_as(x)
    y.register_hook(lambda gradient: gradient.clamp(-clip_value, clip_value))
    return y

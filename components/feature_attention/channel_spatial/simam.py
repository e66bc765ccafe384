"""SimAM: attention without parameters, from how far a value stands out of its channel."""

import torch

from components.feature_attention._maps import Maps
from components.registry import component
from components.spec import PositiveFloat, example


@component(
    id="attn_simam",
    kind="layer",
    family="Channel+spatial attention",
    name="SimAM (parameter-free)",
    name_zh="SimAM 无参注意力",
    help_zh="按能量函数的闭式解，给偏离本通道均值越多的位置越大的权重；没有任何参数。",
    source="Yang et al., SimAM: A Simple, Parameter-Free Attention Module, ICML 2021",
    keywords="simam parameter-free energy neuron 无参数 能量函数",
    tags=("batch_independent",),
    examples=(example(x=(2, 3, 11)), example(x=(2, 3, 5, 7), eps=1e-2), example(x=(2, 3, 4, 5, 6))),
)
def simam(x: Maps, *, eps: PositiveFloat = 1e-4) -> Maps:
    r"""Scales each value by a gate that grows with its distance from the mean of its channel.

    $$y = x \, \sigma\left( \frac{(x - \mu)^2}{4 (s^2 + \lambda)} + \frac{1}{2} \right)$$

    Args:
        eps: the regulariser lambda, added to the variance.

    Shape:
        x: (B, C, L), (B, C, H, W) or (B, C, D, H, W).
        y: the same.

    Source: Yang et al., ICML 2021; the variance is over all positions but one, as in the authors' code.
    """
    axes = tuple(range(2, x.dim()))
    squared = (x - x.mean(axes, keepdim=True)).square()
    others = max(1, squared[0, 0].numel() - 1)
    variance = squared.sum(axes, keepdim=True) / others
    return x * torch.sigmoid(squared / (4 * (variance + eps)) + 0.5)

"""Dequantisation: whole numbers become real ones, so that a density can be fitted to them."""

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, Ports, example, ints


@component(
    id="flow_dequantization",
    kind="sampler",
    family="Normalizing flow",
    name="Uniform dequantisation",
    name_zh="均匀去量化",
    help_zh="给离散的像素值加上 0 到 1 之间的均匀噪声，流模型才能给出有意义的似然；向下取整即可还原。",
    source="Theis et al., A note on the evaluation of generative models, arXiv 1511.01844; Ho et al., Flow++, arXiv 1902.00275",
    keywords="normalizing flow density pixels noise 标准化流 似然 像素 噪声",
    tags=("stochastic", "random_in_evaluation"),
    examples=(example(x=ints(5, 3, high=4), levels=4), example(x=(2, 3, 5, 7), levels=16)),
)
class Dequantization(nn.Module):
    r"""Adds uniform noise to the level of each value.

    $$y = \mathrm{level}(x) + u, \quad u \sim \mathcal{U}(0, 1), \quad \lfloor y \rfloor = \mathrm{level}(x)$$

    The expected log-density of y is a lower bound of the log-probability of x.

    Args:
        levels: the number of different values: 256 for images of 8 bits.

    Shape:
        x: (B, *), integers from 0 to levels - 1, or numbers from 0 to 1 that stand for them.
        y: (B, *), from 0 to levels.
        logq: (B,), the log-density of the noise: 0.

    Source: Theis et al., arXiv 1511.01844, section 3.1; draws from torch's global generator.
    """

    def __init__(self, levels: Annotated[int, Field(ge=2)] = 256) -> None:
        super().__init__()
        self.levels = levels

    def forward(
        self, x: Annotated[Tensor, Dims("B *", dtype="any")]
    ) -> Annotated[tuple[Tensor, Tensor], Ports(y="B *", logq="B")]:
        level = (x * (self.levels - 1)).round() if x.is_floating_point() else x.to(torch.get_default_dtype())
        noise = torch.rand_like(level).clamp(1e-6, 1 - 1e-3)  # keeps y off the next level after rounding, and off 0
        return level + noise, level.new_zeros(x.shape[0])

    def extra_repr(self) -> str:
        return f"levels={self.levels}"

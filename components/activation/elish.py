"""An activation found by search: Swish for positive values, a gated ELU for negative ones."""

from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor

from components.registry import component
from components.spec import Dims, example


@component(
    id="act_elish",
    kind="layer",
    family="Activation",
    name="ELiSH (and HardELiSH)",
    name_zh="ELiSH / HardELiSH",
    help_zh="正半轴是 Swish，负半轴是 ELU 乘以 Sigmoid；硬形式用分段线性的 Sigmoid。",
    source="Basirat & Roth, The Quest for the Golden Activation Function, arXiv 1808.00783",
    keywords="elu swish sigmoid hardelish 搜索",
    tags=("batch_independent",),
    examples=(example(x=(2, 5)), example(x=(2, 3, 4), hard=True)),
)
def elish(x: Annotated[Tensor, Dims("*")], *, hard: bool = False) -> Annotated[Tensor, Dims("*")]:
    r"""Gates positive values as they are, and negative ones after an exponential.

    $$y = \begin{cases} x\, g(x) & x \ge 0 \\ (e^x - 1)\, g(x) & x < 0 \end{cases}, \quad
    g(x) = \sigma(x) \text{ or } \max\big(0, \min(1, \tfrac{x + 1}{2})\big)$$

    Args:
        hard: gates by three straight lines instead of the sigmoid (HardELiSH).

    Shape:
        x: (*), any shape.
        y: (*), the same.

    Source: Basirat & Roth, arXiv 1808.00783.
    """
    gate = ((x + 1) / 2).clamp(0, 1) if hard else torch.sigmoid(x)
    return F.elu(x) * gate

"""The Swish activation, also called SiLU."""

from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor

from components.registry import component
from components.spec import Dims, NonNegativeFloat, example


@component(
    id="act_swish",
    kind="layer",
    family="Activation",
    name="Swish / SiLU",
    name_zh="Swish",
    help_zh="用自身的 Sigmoid 作门控，平滑且非单调；β 为 1 时即 SiLU。",
    source="Ramachandran et al., Searching for Activation Functions, arXiv 1710.05941",
    keywords="silu gate smooth 门控 平滑",
    tags=("batch_independent",),
    examples=(example(x=(2, 5)), example(x=(2, 3, 4), beta=2.5)),
)
def swish(x: Annotated[Tensor, Dims("*")], *, beta: NonNegativeFloat = 1.0) -> Annotated[Tensor, Dims("*")]:
    r"""Weights each value by its own sigmoid.

    $$y = x\, \sigma(\beta x)$$

    Args:
        beta: sharpness of the gate: 0 halves the input, 1 is SiLU, a large value approaches ReLU.

    Shape:
        x: (*), any shape.
        y: (*), the same.

    Source: Ramachandran et al., arXiv 1710.05941 (with beta fixed); SiLU of Elfwing et al., arXiv 1702.03118.
    """
    return F.silu(x) if beta == 1 else x * torch.sigmoid(beta * x)

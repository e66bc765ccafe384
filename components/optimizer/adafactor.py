"""Adafactor: scaled steps whose memory is a row and a column for each matrix."""

from collections.abc import Iterable
from typing import Annotated

import torch
from pydantic import Field

from components.registry import component
from components.spec import Dims, NonNegativeFloat, PositiveFloat, Runtime, example


@component(
    id="opt_adafactor",
    kind="optimizer",
    family="Optimizer",
    name="Adafactor",
    name_zh="Adafactor",
    help_zh="把二阶矩分解为行与列的均值，内存远小于 Adam；步长相对于权重大小。",
    source="Shazeer & Stern, Adafactor: Adaptive Learning Rates with Sublinear Memory Cost, arXiv 1804.04235",
    inputs={"*loss": Dims("()"), "schedule?": Dims("()", kind="schedule")},
    keywords="adafactor memory factored low memory 省内存 分解",
    examples=(example(lr=0.1), example(lr=0.05, decay_power=0.5, clip=2.0, min_scale=0.1, weight_decay=0.01)),
)
def adafactor(
    params: Annotated[Iterable, Runtime()],
    lr: PositiveFloat = 0.01,
    decay_power: PositiveFloat = 0.8,
    min_scale: PositiveFloat = 1e-3,
    clip: Annotated[float, Field(ge=1.0)] = 1.0,
    weight_decay: NonNegativeFloat = 0.0,
) -> torch.optim.Optimizer:
    r"""Scales steps by row and column means of the squared gradient, relative to the size of the weights.

    $$\hat V_t = \frac{R_t C_t}{\mathrm{mean}(R_t)}, \quad U_t = \frac{G_t}{\sqrt{\hat V_t}}, \quad
    W_{t+1} = W_t - \max(\epsilon, \mathrm{rms}(W_t)) \, \min\!\left(\eta, \tfrac{1}{\sqrt t}\right)
    \frac{U_t}{\max(1, \mathrm{rms}(U_t) / d)}$$

    $R_t$ and $C_t$ are running means of $G^2$ over the rows and columns of the last two axes, with
    $\beta_t = 1 - t^{-p}$. Vectors keep the whole of $V$. An $(n, m)$ matrix costs $n + m$ numbers.

    Args:
        lr: the greatest relative step: a share of the root mean square of the weights of a tensor.
        decay_power: the p of the running means; the greater, the longer they remember.
        min_scale: the least size that a tensor of weights counts as having, so that zeros can move.
        clip: the root mean square d above which an update is scaled down.
        weight_decay: each step shrinks the weights by lr times this share, apart from the gradient.

    Source: Shazeer & Stern, arXiv 1804.04235, algorithms 4 and 5; torch.optim.Adafactor, which has no first moment.
    """
    return torch.optim.Adafactor(params, lr, -decay_power, (None, min_scale), clip, weight_decay)

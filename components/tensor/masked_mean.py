"""The mean of the steps that a sequence really has."""

from typing import Annotated

from torch import Tensor

from components.registry import component
from components.spec import Dims, bools, example


@component(
    id="op_masked_mean",
    kind="op",
    family="Tensor",
    name="Mean over a sequence",
    name_zh="序列平均",
    help_zh="对序列中未填充的步取平均，得到整段序列的一个向量。",
    source="torch.mean",
    keywords="average pooling mask pad sequence 平均 池化 填充",
    tags=("batch_independent",),
    examples=(example(x=(2, 5, 3), pad=bools(2, 5)), example(x=(2, 4, 3))),
)
def masked_mean(
    x: Annotated[Tensor, Dims("B T C")], pad: Annotated[Tensor, Dims("B T", dtype="bool")] | None = None
) -> Annotated[Tensor, Dims("B C")]:
    r"""Averages the steps of a sequence, leaving out the padding.

    $$y_n = \frac{\sum_t m_{nt}\, x_{nt}}{\max(1, \sum_t m_{nt})}, \quad m = \lnot\,\mathrm{pad}$$

    Shape:
        x: (B, T, C); pad: (B, T), True where a step is padding; none where absent.
        y: (B, C); zero for a sequence that is all padding.

    Source: torch.mean, restricted to a mask.
    """
    if pad is None:
        return x.mean(1)
    steps = (~pad).sum(1, keepdim=True).clamp(min=1)
    return x.masked_fill(pad.unsqueeze(-1), 0).sum(1) / steps

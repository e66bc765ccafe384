"""The logit: a bounded range becomes the whole line, as flows need it."""

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, Ports, PositiveFloat, Tensors, example


@component(
    id="flow_logit",
    kind="layer",
    family="Normalizing flow",
    name="Logit transform of a flow",
    name_zh="流模型的 logit 变换",
    help_zh="把 0 到 high 之间的数变到整条实数轴，并给出对数行列式；reverse 为逆变换。放在去量化之后。",
    source="Dinh et al., Density estimation using Real NVP, arXiv 1605.08803",
    keywords="normalizing flow invertible preprocessing sigmoid 标准化流 可逆 预处理",
    tags=("batch_independent",),
    examples=(
        example(x=Tensors((5, 3), "probability"), alpha=0.01),
        example(x=(2, 3, 5, 7), high=16.0, reverse=True),
    ),
)
class LogitTransform(nn.Module):
    r"""Takes the logit of values that lie between 0 and ``high``.

    $$p = \alpha + (1 - 2\alpha)\,x / h, \quad z = \log p - \log(1 - p)$$

    Args:
        high: upper end h of the values.
        alpha: what keeps p away from 0 and 1, where the logit has no value.
        reverse: compute the inverse.

    Shape:
        x: (B, *), from 0 to high (any number with reverse).
        z: the same.
        logdet: (B,), the log-determinant of the Jacobian of what this node computes.

    Source: Dinh et al., arXiv 1605.08803, section 4.1.
    """

    def __init__(
        self,
        high: PositiveFloat = 1.0,
        alpha: Annotated[float, Field(gt=0.0, lt=0.5)] = 0.05,
        reverse: bool = False,
    ) -> None:
        super().__init__()
        self.high, self.alpha, self.reverse = high, alpha, reverse

    def forward(
        self, x: Annotated[Tensor, Dims("B *")]
    ) -> Annotated[tuple[Tensor, Tensor], Ports(z="B *", logdet="B")]:
        slope = (1 - 2 * self.alpha) / self.high
        if self.reverse:
            p = torch.sigmoid(x)
            logdet = torch.log(p * (1 - p) / slope).flatten(1).sum(1)
            return (p - self.alpha) / slope, logdet
        p = self.alpha + slope * x
        return torch.logit(p), -torch.log(p * (1 - p) / slope).flatten(1).sum(1)

    def extra_repr(self) -> str:
        return f"high={self.high}, alpha={self.alpha}, reverse={self.reverse}"

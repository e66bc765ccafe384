"""ActNorm: a learned scale and shift for each channel that begins by normalising the first batch."""

from typing import Annotated

import torch
from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, InChannels, Ports, example


@component(
    id="flow_actnorm",
    kind="layer",
    family="Normalizing flow",
    name="ActNorm",
    name_zh="激活归一化（ActNorm）",
    help_zh="每个通道一个可学习的平移与缩放，由第一批训练数据初始化成均值 0、方差 1；可精确求逆。",
    source="Kingma & Dhariwal, Glow, arXiv 1807.03039",
    keywords="normalizing flow glow invertible affine 标准化流 可逆 归一化",
    examples=(example(x=(7, 3, 4, 5)), example(x=(7, 3), reverse=True)),
)
class ActNorm(nn.Module):
    r"""Shifts and scales each channel; its first training batch leaves with mean 0 and variance 1.

    $$z = (x + b)\, e^{s}, \quad \log\det = \frac{\text{values}}{C} \sum_c s_c$$

    Args:
        num_channels: size of axis 1.
        reverse: compute the inverse; such a node takes its weights from another one and is not set by the first batch.

    Shape:
        x: (B, C, *).
        z: the same.
        logdet: (B,), the log-determinant of the Jacobian of what this node computes.

    Source: Kingma & Dhariwal, arXiv 1807.03039, section 3.1.
    """

    ready: Tensor

    def __init__(self, num_channels: InChannels, reverse: bool = False) -> None:
        super().__init__()
        self.reverse = reverse
        self.shift = nn.Parameter(torch.zeros(num_channels))
        self.log_scale = nn.Parameter(torch.zeros(num_channels))
        self.register_buffer("ready", torch.tensor(False))

    def forward(
        self, x: Annotated[Tensor, Dims("B C *")]
    ) -> Annotated[tuple[Tensor, Tensor], Ports(z="B C *", logdet="B")]:
        if self.training and not self.reverse and not x.is_meta and not self.ready:
            self._normalise(x)
        shape = (-1, *[1] * (x.dim() - 2))
        shift, log_scale = self.shift.view(shape), self.log_scale.view(shape)
        logdet = (self.log_scale.sum() * x[0, 0].numel()).expand(x.shape[0])
        if self.reverse:
            return x * torch.exp(-log_scale) - shift, -logdet
        return (x + shift) * torch.exp(log_scale), logdet

    @torch.no_grad()
    def _normalise(self, x: Tensor) -> None:
        std, mean = torch.std_mean(x.transpose(0, 1).flatten(1), dim=1, correction=0)
        self.shift.copy_(-mean)
        self.log_scale.copy_(-torch.log(std + 1e-6))
        self.ready.fill_(True)

    def extra_repr(self) -> str:
        return f"{len(self.shift)}, reverse={self.reverse}"

"""SimCLR's loss: two views of an image among those of all others."""

from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, PositiveFloat, example


@component(
    id="ssl_simclr",
    kind="loss",
    family="Contrastive learning",
    name="SimCLR (NT-Xent)",
    name_zh="SimCLR 损失（NT-Xent）",
    help_zh="在同批所有视图中认出同一图像的另一个视图：带温度的归一化交叉熵，两个方向都算。",
    source="Chen et al., A Simple Framework for Contrastive Learning of Visual Representations, arXiv 2002.05709",
    keywords="simclr nt-xent contrastive views negatives self-supervised 对比学习 视图 自监督",
    examples=(example(z1=(5, 3), z2=(5, 3)), example(z1=(4, 2), z2=(4, 2), temperature=0.1)),
)
class SimClrLoss(nn.Module):
    r"""The normalised, temperature-scaled cross entropy over both views of a batch.

    $$\ell = -\frac{1}{2B} \sum_{i=1}^{2B} \log \frac{e^{\cos(z_i, z_{i'}) / \tau}}{\sum_{j \ne i}
    e^{\cos(z_i, z_j) / \tau}}$$

    where i' is the other view of the image of i; all views of the other images are its negatives.

    Args:
        temperature: tau; a small one looks at the most similar negatives only.

    Shape:
        z1: (B, D), projections of the first views.
        z2: (B, D), of the second views, in the same order.
        loss: a scalar.

    Source: Chen et al., arXiv 2002.05709, equation 1.
    """

    def __init__(self, temperature: PositiveFloat = 0.5) -> None:
        super().__init__()
        self.temperature = temperature

    def forward(self, z1: Annotated[Tensor, Dims("B D")], z2: Annotated[Tensor, Dims("B D")]) -> Tensor:
        z = F.normalize(torch.cat([z1, z2]), dim=-1)
        logits = z @ z.T / self.temperature  # (2B, 2B)
        itself = torch.eye(len(z), dtype=torch.bool, device=z.device)
        other = torch.arange(len(z), device=z.device).roll(len(z1))
        return F.cross_entropy(logits.masked_fill(itself, -torch.inf), other)

    def extra_repr(self) -> str:
        return f"temperature={self.temperature}"

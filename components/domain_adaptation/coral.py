"""Correlation alignment: two samples of features get the same covariance."""

from typing import Annotated

from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, example


@component(
    id="da_coral",
    kind="loss",
    family="Domain adaptation",
    name="Correlation alignment (CORAL)",
    name_zh="相关对齐 CORAL",
    help_zh="使源域与目标域特征的协方差矩阵一致；与两域的均值无关。",
    source="Sun & Saenko, Deep CORAL: Correlation Alignment for Deep Domain Adaptation, arXiv 1607.01719",
    keywords="coral covariance second order domain transfer 协方差 二阶 迁移",
    examples=(example(fs=(5, 3), ft=(5, 3)), example(fs=(5, 3), ft=(7, 3))),
)
class Coral(nn.Module):
    r"""The squared distance between the covariance matrices of two samples.

    $$\ell = \frac{1}{4 D^2} \lVert C_s - C_t \rVert_F^2$$

    Shape:
        fs: (B, D), features of the source domain.
        ft: (M, D), features of the target domain.
        loss: a scalar, not negative.

    Source: Sun & Saenko, arXiv 1607.01719, equations 1 to 3.
    """

    def forward(self, fs: Annotated[Tensor, Dims("B D")], ft: Annotated[Tensor, Dims("M D")]) -> Tensor:
        return (_covariance(fs) - _covariance(ft)).square().sum() / (4 * fs.shape[1] ** 2)


def _covariance(x: Tensor) -> Tensor:
    """The covariance (D, D) of x (B, D), unbiased; 0 for a single sample."""
    centred = x - x.mean(0)
    return centred.T @ centred / max(len(x) - 1, 1)

"""Maximum mean discrepancy: how far two samples of features are apart."""

from typing import Annotated, Literal

import torch
from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, PositiveFloat, example


@component(
    id="da_ddc_mmd",
    kind="loss",
    family="Domain adaptation",
    name="Maximum mean discrepancy",
    name_zh="最大均值差异（MMD）",
    help_zh="源域与目标域特征分布的距离；线性核时即两域均值的平方距离。",
    source="Tzeng et al., Deep Domain Confusion, arXiv 1412.3474",
    keywords="mmd ddc domain confusion kernel two-sample transfer 域混淆 核 迁移",
    examples=(example(fs=(5, 3), ft=(5, 3)), example(fs=(5, 3), ft=(7, 3), kernel="gaussian", bandwidth=2.0)),
)
class MaximumMeanDiscrepancy(nn.Module):
    r"""The squared distance between the means of two samples, in the space of a kernel.

    $$\ell = \overline{k(s_i, s_j)} + \overline{k(t_i, t_j)} - 2\, \overline{k(s_i, t_j)}$$

    With the linear kernel this is the squared distance of the two means.

    Args:
        kernel: linear, the dot product; or gaussian, exp(-|a - b|^2 / (2 bandwidth^2)), which sees more than the means.
        bandwidth: width of the Gaussian kernel, in units of the features.

    Shape:
        fs: (B, D), features of the source domain.
        ft: (M, D), features of the target domain.
        loss: a scalar, not negative; 0 for identical samples.

    Source: Tzeng et al., arXiv 1412.3474, equation 1; the kernels, Gretton et al., JMLR 2012, the biased estimate.
    """

    def __init__(self, kernel: Literal["linear", "gaussian"] = "linear", bandwidth: PositiveFloat = 1.0) -> None:
        super().__init__()
        self.kernel, self.bandwidth = kernel, bandwidth

    def forward(self, fs: Annotated[Tensor, Dims("B D")], ft: Annotated[Tensor, Dims("M D")]) -> Tensor:
        if self.kernel == "linear":
            return (fs.mean(0) - ft.mean(0)).square().sum()
        return self._gaussian(fs, fs) + self._gaussian(ft, ft) - 2 * self._gaussian(fs, ft)

    def _gaussian(self, a: Tensor, b: Tensor) -> Tensor:
        """The mean of the kernel over all pairs of a (B, D) and b (M, D)."""
        squares = (a[:, None] - b[None]).square().sum(-1)
        return torch.exp(-squares / (2 * self.bandwidth**2)).mean()

    def extra_repr(self) -> str:
        return f"kernel={self.kernel!r}, bandwidth={self.bandwidth}"

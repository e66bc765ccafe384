"""Whitening: features are mixed so that they have no correlation and variance 1."""

from typing import Annotated, Literal

import torch
from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, InFeatures, PositiveFloat, example


@component(
    id="dnorm_whitening",
    kind="transform",
    family="Data transform",
    name="Whitening (PCA, ZCA)",
    name_zh="白化（PCA、ZCA）",
    help_zh="用训练集的协方差做线性变换，使各特征互不相关且方差为 1；ZCA 使结果尽量接近原数据。",
    source="LeCun et al., Efficient BackProp, 1998; Bell & Sejnowski, Vision Research 1997",
    keywords="whiten decorrelate covariance sphering mahalanobis 去相关 协方差 主成分",
    tags=("batch_independent",),
    examples=(example(x=(5, 3)), example(x=(4, 3), method="pca", eps=1e-2), example(x=(2, 5, 3))),
)
class Whitening(nn.Module):
    r"""Subtracts the mean of the training data and turns their covariance into the identity.

    $$y = W (x - \mu), \quad W_{PCA} = (\Lambda + \epsilon)^{-1/2} V^\top, \quad W_{ZCA} = V W_{PCA}, \quad
    \mathrm{Cov}[x] = V \Lambda V^\top$$

    ``fit`` measures mean and covariance once, on the training split; W is kept with the weights and is the identity
    before that.

    Args:
        in_features: size of the last axis.
        method: ``zca`` stays as near to the data as it can; ``pca`` gives the principal components, the largest first.
        eps: added to the variance of each component, against division by zero.

    Shape:
        x: (B, *, in_features).
        y: the same.

    Source: LeCun et al. 1998, section 4.3; ZCA, Bell & Sejnowski 1997. The covariance is that of the whole training
    split (not n - 1).
    """

    mean: Tensor
    matrix: Tensor

    def __init__(
        self, in_features: InFeatures, method: Literal["zca", "pca"] = "zca", eps: PositiveFloat = 1e-5
    ) -> None:
        super().__init__()
        self.method, self.eps = method, eps
        self.register_buffer("mean", torch.zeros(in_features))
        self.register_buffer("matrix", torch.eye(in_features))

    @torch.no_grad()
    def fit(self, x: Tensor) -> None:
        """Measures mean and covariance of x (B, *, in_features)."""
        rows = x.flatten(0, -2).double()
        centred = rows - rows.mean(0)
        variances, axes = torch.linalg.eigh(centred.mT @ centred / len(rows))
        pca = (axes * (variances.clamp(min=0) + self.eps).rsqrt()).mT
        self.mean.copy_(rows.mean(0))
        self.matrix.copy_(axes @ pca if self.method == "zca" else pca.flip(0))

    def forward(self, x: Annotated[Tensor, Dims("B * C")]) -> Annotated[Tensor, Dims("B * C")]:
        return (x - self.mean) @ self.matrix.mT

    def extra_repr(self) -> str:
        return f"{len(self.mean)}, method={self.method!r}, eps={self.eps}"

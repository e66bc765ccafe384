"""The least-squares GAN loss."""

from typing import Annotated

from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, Ports, example


@component(
    id="gan_lsgan",
    kind="loss",
    family="GAN loss",
    name="Least-squares GAN loss",
    name_zh="LSGAN 最小二乘损失",
    help_zh="用平方误差代替交叉熵：判别器把真样本推向 b、假样本推向 a，生成器把假样本推向 c，训练更平稳。",
    source="Mao et al., Least Squares Generative Adversarial Networks, arXiv 1611.04076",
    keywords="lsgan gan adversarial squared error 生成对抗 平方误差",
    examples=(example(d_real=(5,), d_fake=(4,)), example(d_real=(5, 1), d_fake=(4, 1), a=-1.0, b=1.0, c=0.0)),
)
class LeastSquaresLoss(nn.Module):
    r"""Squared distances to target values take the place of cross entropy.

    $$\ell_d = \tfrac12 \mathbb{E}[(d_{real} - b)^2] + \tfrac12 \mathbb{E}[(d_{fake} - a)^2], \quad
    \ell_g = \tfrac12 \mathbb{E}[(d_{fake} - c)^2]$$

    Args:
        a: what the discriminator should say of generated samples.
        b: what it should say of real ones.
        c: what the generator wants it to say of generated ones.

    Shape:
        d_real, d_fake: (B, *), what the discriminator says of real and of generated samples, without a sigmoid.
        loss_d, loss_g: scalars, for the optimizers of the discriminator and of the generator.

    Source: Mao et al., arXiv 1611.04076, equation 2.
    """

    def __init__(self, a: float = 0.0, b: float = 1.0, c: float = 1.0) -> None:
        super().__init__()
        self.a, self.b, self.c = a, b, c

    def forward(
        self, d_real: Annotated[Tensor, Dims("B *")], d_fake: Annotated[Tensor, Dims("B *")]
    ) -> Annotated[tuple[Tensor, Tensor], Ports(loss_d="()", loss_g="()")]:
        loss_d = (d_real - self.b).square().mean() + (d_fake - self.a).square().mean()
        return loss_d / 2, (d_fake - self.c).square().mean() / 2

    def extra_repr(self) -> str:
        return f"a={self.a}, b={self.b}, c={self.c}"

"""The Wasserstein GAN loss."""

from typing import Annotated

from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, Ports, example


@component(
    id="gan_wgan",
    kind="loss",
    family="GAN loss",
    name="Wasserstein GAN loss",
    name_zh="WGAN 损失",
    help_zh="评论家（critic）给真假样本打分之差估计推土机距离；需要限制其斜率，例如加梯度惩罚。",
    source="Arjovsky et al., Wasserstein GAN, arXiv 1701.07875",
    keywords="wgan gan adversarial critic earth mover lipschitz 生成对抗 推土机距离 评论家",
    examples=(example(d_real=(5,), d_fake=(4,)), example(d_real=(5, 1), d_fake=(4, 1))),
)
class WassersteinLoss(nn.Module):
    r"""The critic widens the gap between its scores of real and generated samples; the generator closes it.

    $$\ell_d = \mathbb{E}[d_{fake}] - \mathbb{E}[d_{real}], \quad \ell_g = -\mathbb{E}[d_{fake}]$$

    For a critic of slope at most 1, the largest -loss_d is the earth mover's distance. The slope is bounded by a
    gradient penalty beside this loss, or by a parametrisation of the critic's weights.

    Shape:
        d_real, d_fake: (B, *), scores of the critic for real and for generated samples.
        loss_d, loss_g: scalars, for the optimizers of the critic and of the generator.

    Source: Arjovsky et al., arXiv 1701.07875, equations 2 and 3.
    """

    def forward(
        self, d_real: Annotated[Tensor, Dims("B *")], d_fake: Annotated[Tensor, Dims("B *")]
    ) -> Annotated[tuple[Tensor, Tensor], Ports(loss_d="()", loss_g="()")]:
        fake = d_fake.mean()
        return fake - d_real.mean(), -fake

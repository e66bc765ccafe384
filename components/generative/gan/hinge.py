"""The hinge GAN loss."""

from typing import Annotated

import torch.nn.functional as F
from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, Ports, example


@component(
    id="gan_hinge",
    kind="loss",
    family="GAN loss",
    name="Hinge GAN loss",
    name_zh="铰链 GAN 损失",
    help_zh="判别器只管间隔之内的样本（真样本低于 1、假样本高于 -1），常与谱归一化合用（SN-GAN）。",
    source="Lim & Ye, Geometric GAN, arXiv 1705.02894; Miyato et al., arXiv 1802.05957",
    keywords="sn-gan gan adversarial margin spectral 生成对抗 间隔 铰链",
    examples=(example(d_real=(5,), d_fake=(4,)), example(d_real=(5, 1), d_fake=(4, 1))),
)
class HingeLoss(nn.Module):
    r"""The discriminator learns from the samples within its margin; the generator raises its score.

    $$\ell_d = \mathbb{E}[\max(0, 1 - d_{real})] + \mathbb{E}[\max(0, 1 + d_{fake})], \quad
    \ell_g = -\mathbb{E}[d_{fake}]$$

    Shape:
        d_real, d_fake: (B, *), scores of the discriminator for real and for generated samples.
        loss_d, loss_g: scalars, for the optimizers of the discriminator and of the generator.

    Source: Lim & Ye, arXiv 1705.02894; Miyato et al., arXiv 1802.05957, equations 16 and 17.
    """

    def forward(
        self, d_real: Annotated[Tensor, Dims("B *")], d_fake: Annotated[Tensor, Dims("B *")]
    ) -> Annotated[tuple[Tensor, Tensor], Ports(loss_d="()", loss_g="()")]:
        return F.relu(1 - d_real).mean() + F.relu(1 + d_fake).mean(), -d_fake.mean()

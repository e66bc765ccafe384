"""The minimax loss of the first GAN."""

from typing import Annotated

import torch.nn.functional as F
from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, Ports, example


@component(
    id="gan_minimax",
    kind="loss",
    family="GAN loss",
    name="Minimax GAN loss",
    name_zh="生成对抗网络损失（极小极大）",
    help_zh="最初的 GAN 损失：判别器分辨真假，生成器最小化同一个值；判别器占优时生成器的梯度会消失。",
    source="Goodfellow et al., Generative Adversarial Networks, arXiv 1406.2661",
    keywords="gan adversarial generator discriminator saturating 生成对抗 判别器 生成器",
    examples=(example(d_real=(5,), d_fake=(4,)), example(d_real=(5, 1), d_fake=(4, 1))),
)
class MinimaxLoss(nn.Module):
    r"""The game in which the discriminator maximises, and the generator minimises, one value.

    $$V = \mathbb{E}[\log \sigma(d_{real})] + \mathbb{E}[\log(1 - \sigma(d_{fake}))], \quad
    \ell_d = -V, \; \ell_g = \mathbb{E}[\log(1 - \sigma(d_{fake}))]$$

    Where the discriminator cannot tell them apart, V is -log 4.

    Shape:
        d_real, d_fake: (B, *), logits of the discriminator for real and for generated samples.
        loss_d, loss_g: scalars, for the optimizers of the discriminator and of the generator.

    Source: Goodfellow et al., arXiv 1406.2661, equation 1.
    """

    def forward(
        self, d_real: Annotated[Tensor, Dims("B *")], d_fake: Annotated[Tensor, Dims("B *")]
    ) -> Annotated[tuple[Tensor, Tensor], Ports(loss_d="()", loss_g="()")]:
        caught = F.softplus(d_fake).mean()  # -log(1 - sigmoid)
        return F.softplus(-d_real).mean() + caught, -caught

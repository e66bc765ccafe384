"""The GAN loss in common use: the generator's gradient does not vanish."""

from typing import Annotated

import torch.nn.functional as F
from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, Ports, example


@component(
    id="gan_nonsaturating",
    kind="loss",
    family="GAN loss",
    name="Non-saturating GAN loss",
    name_zh="非饱和 GAN 损失",
    help_zh="常用的 GAN 损失：生成器最大化“被判为真”的对数概率，判别器很强时仍有梯度。",
    source="Goodfellow et al., Generative Adversarial Networks, arXiv 1406.2661",
    keywords="gan adversarial generator discriminator logistic 生成对抗 判别器 生成器",
    examples=(example(d_real=(5,), d_fake=(4,)), example(d_real=(5, 1), d_fake=(4, 1))),
)
class NonSaturatingLoss(nn.Module):
    r"""Cross entropy for the discriminator; the generator raises the log-probability that its samples pass for real.

    $$\ell_d = -\mathbb{E}[\log \sigma(d_{real})] - \mathbb{E}[\log(1 - \sigma(d_{fake}))], \quad
    \ell_g = -\mathbb{E}[\log \sigma(d_{fake})]$$

    Shape:
        d_real, d_fake: (B, *), logits of the discriminator for real and for generated samples.
        loss_d, loss_g: scalars, for the optimizers of the discriminator and of the generator.

    Source: Goodfellow et al., arXiv 1406.2661, section 3.
    """

    def forward(
        self, d_real: Annotated[Tensor, Dims("B *")], d_fake: Annotated[Tensor, Dims("B *")]
    ) -> Annotated[tuple[Tensor, Tensor], Ports(loss_d="()", loss_g="()")]:
        loss_d = F.softplus(-d_real).mean() + F.softplus(d_fake).mean()
        return loss_d, F.softplus(-d_fake).mean()

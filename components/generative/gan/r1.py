"""The R1 and R2 penalties: a discriminator that is flat where the data lie."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from torch import Tensor, nn

from components.registry import component
from components.slope import squared_slope
from components.spec import Block, Dims, NonNegativeFloat, example, sub


@component(
    id="gan_r1",
    kind="loss",
    family="GAN training",
    name="R1 / R2 gradient penalty",
    name_zh="R1/R2 梯度惩罚",
    help_zh="惩罚判别器在真实样本（R1）或生成样本（R2）处的梯度，使对抗训练收敛。",
    source="Mescheder et al., Which Training Methods for GANs do actually Converge?, arXiv 1801.04406",
    keywords="gan discriminator zero-centred dirac double backward 生成对抗 梯度惩罚 判别器",
    examples=(example(x=(5, 3), critic=sub("linear", in_features=3, out_features=1)),),
    xfail={"gradient": "it trains the discriminator alone: what made its input gets no gradient"},
)
class ZeroCentredPenalty(nn.Module):
    r"""Half the squared slope of a discriminator at the given samples.

    $$\ell = \frac{\gamma}{2}\, \mathbb{E}\left[\lVert \nabla_x D(x) \rVert^2\right]$$

    At real samples this is R1, at generated ones R2.

    Args:
        critic: gives a score for each sample: the discriminator, with its weights.
        gamma: the factor of the penalty.

    Shape:
        x: (B, *).
        loss: a scalar, for the discriminator's optimizer; nothing else gets a gradient from it.

    Source: Mescheder et al., arXiv 1801.04406, equations 9 and 10.
    """

    def __init__(
        self,
        critic: Annotated[Callable[..., Any], Block("x: B *", "score: B 1")],
        gamma: NonNegativeFloat = 10.0,
    ) -> None:
        super().__init__()
        self.critic, self.gamma = critic, gamma

    def forward(self, x: Annotated[Tensor, Dims("B *")]) -> Tensor:
        return self.gamma / 2 * squared_slope(self.critic, x).mean()

    def extra_repr(self) -> str:
        return f"gamma={self.gamma}"

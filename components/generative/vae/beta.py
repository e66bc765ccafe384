"""The divergence of a code from the standard normal, with the weight beta."""

from typing import Annotated

from torch import Tensor

from components.divergence import standard_normal_divergence
from components.registry import component
from components.scheduled import Scheduled
from components.spec import Dims, NonNegativeFloat, example


@component(
    id="vae_beta",
    kind="loss",
    family="VAE",
    name="beta-VAE loss (KL to the standard normal)",
    name_zh="β-VAE 损失（到标准正态的 KL）",
    help_zh="隐变量分布到标准正态的 KL 散度乘以 β，可加上重建损失；β 为 1 即 VAE，可用调度逐渐升高（KL 预热）。",
    source="Higgins et al., beta-VAE, ICLR 2017; Kingma & Welling, arXiv 1312.6114",
    schedules=("schedule",),
    keywords="vae kl elbo annealing warm-up disentangle 变分 散度 预热 解耦",
    examples=(example(mu=(5, 3), logvar=(5, 3), rec=(), beta=4.0), example(mu=(5, 3), logvar=(5, 3))),
)
class BetaVAELoss(Scheduled):
    r"""The reconstruction loss and beta times the KL divergence of the code from the standard normal.

    $$\ell = rec + \beta f\, \mathbb{E}\left[\tfrac12 \sum_j \left(\mu_j^2 + \sigma_j^2 - 1 - \log \sigma_j^2\right)\right]$$

    With beta 1 and a reconstruction loss that is summed over the values of a sample, this is the negative evidence
    lower bound. Without rec it is the KL term alone.

    Args:
        beta: the weight of the KL divergence.

    Shape:
        mu, logvar: (B, *), mean and log-variance of the code; summed over all but the batch.
        rec: a scalar.
        schedule: the factor f of beta, 1 where nothing is wired.
        loss: a scalar, in nats for each sample.

    Source: Higgins et al., ICLR 2017, equation 4; Kingma & Welling, arXiv 1312.6114, appendix B.
    """

    def __init__(self, beta: NonNegativeFloat = 1.0) -> None:
        super().__init__()
        self.beta = beta

    def forward(
        self,
        mu: Annotated[Tensor, Dims("B *")],
        logvar: Annotated[Tensor, Dims("B *")],
        rec: Annotated[Tensor, Dims("()")] | None = None,
    ) -> Tensor:
        loss = self.beta * self.factor * standard_normal_divergence(mu, logvar).mean()
        return loss if rec is None else rec + loss

    def extra_repr(self) -> str:
        return f"beta={self.beta}"

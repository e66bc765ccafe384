"""How well a decoder explains its input: the first term of the evidence lower bound."""

import math
from typing import Annotated, Literal

import torch.nn.functional as F
from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, PositiveFloat, example
from components.targets import align


@component(
    id="vae_reconstruction",
    kind="loss",
    family="VAE",
    name="Reconstruction log-likelihood",
    name_zh="重建对数似然",
    help_zh="解码器对输入的负对数似然，对每个样本的所有值求和：伯努利（输出为 logits）或固定标准差的正态分布。",
    source="Kingma & Welling, Auto-Encoding Variational Bayes, arXiv 1312.6114",
    keywords="vae elbo decoder bernoulli gaussian 变分 重建 似然 解码器",
    examples=(
        example(x_hat=(5, 3), x=(5, 3)),
        example(x_hat=(2, 3, 5, 7), x=(2, 3, 5, 7), distribution="gaussian", std=0.5),
    ),
)
class ReconstructionLoss(nn.Module):
    r"""The negative log-likelihood of the input under the decoder, summed over a sample's values.

    $$\ell = -\mathbb{E}\left[\sum_i \log p(x_i \mid \hat x_i)\right]$$

    Args:
        distribution: bernoulli for values from 0 to 1, x_hat being logits; or gaussian, x_hat being the mean.
        std: standard deviation of the gaussian.

    Shape:
        x_hat, x: (B, *), of one shape.
        loss: a scalar, in nats for each sample.

    Raises:
        ValueError: x_hat and x differ in shape.

    Source: Kingma & Welling, arXiv 1312.6114, appendix C.
    """

    def __init__(self, distribution: Literal["bernoulli", "gaussian"] = "bernoulli", std: PositiveFloat = 1.0) -> None:
        super().__init__()
        self.distribution, self.std = distribution, std

    def forward(self, x_hat: Annotated[Tensor, Dims("B *")], x: Annotated[Tensor, Dims("B *")]) -> Tensor:
        x_hat, x = align(x_hat, x)
        if self.distribution == "bernoulli":
            each = F.binary_cross_entropy_with_logits(x_hat, x, reduction="none")
        else:
            each = ((x - x_hat) / self.std).square() / 2 + math.log(self.std * math.sqrt(2 * math.pi))
        return each.flatten(1).sum(1).mean()

    def extra_repr(self) -> str:
        return f"distribution={self.distribution!r}, std={self.std}"

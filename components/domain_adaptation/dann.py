"""The loss of a domain classifier: behind a gradient reversal it makes features that two domains share."""

from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, example


@component(
    id="da_dann",
    kind="loss",
    family="Domain adaptation",
    name="Domain classification (DANN)",
    name_zh="域分类损失（DANN）",
    help_zh="判别特征来自源域还是目标域的二元交叉熵，两域各占一半；与梯度反转层合用。",
    source="Ganin et al., Domain-Adversarial Training of Neural Networks, arXiv 1505.07818",
    keywords="domain adversarial discriminator gradient reversal transfer 域对抗 判别器 迁移",
    examples=(example(source=(5, 1), target=(5, 1)), example(source=(5, 1), target=(7, 1))),
)
class DomainClassification(nn.Module):
    r"""Binary cross entropy of a classifier that tells the target domain from the source domain.

    $$\ell = \tfrac{1}{2} \Big(\overline{-\log (1 - \sigma(s_i))} + \overline{-\log \sigma(t_j)}\Big)$$

    The classifier stands behind a gradient reversal, so that it learns to tell and the features learn not to be told.
    A loss of log 2 means that it cannot.

    Shape:
        source: (B, 1), logits for the source domain's features.
        target: (M, 1), logits for the target domain's features.
        loss: a scalar.

    Source: Ganin et al., arXiv 1505.07818, equation 6, with both domains weighing the same.
    """

    def forward(self, source: Annotated[Tensor, Dims("B 1")], target: Annotated[Tensor, Dims("M 1")]) -> Tensor:
        of_source = F.binary_cross_entropy_with_logits(source, torch.zeros_like(source))
        of_target = F.binary_cross_entropy_with_logits(target, torch.ones_like(target))
        return (of_source + of_target) / 2

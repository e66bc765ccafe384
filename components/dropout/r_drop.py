"""R-Drop: two passes of a network with dropout should agree."""

from typing import Annotated

import torch.nn.functional as F
from torch import Tensor, nn

from components.errors import InputError
from components.registry import component
from components.spec import Dims, NonNegativeFloat, example, ints
from components.targets import IGNORE_INDEX, check_classes, known_mean


@component(
    id="drop_r_drop",
    kind="loss",
    family="Dropout",
    name="R-Drop",
    name_zh="R-Drop 一致性失活",
    help_zh="同一输入经过带 Dropout 的网络两次，除两次的交叉熵外，还要求两个输出分布一致（双向 KL）。",
    source="Liang et al., R-Drop, arXiv 2106.14448",
    keywords="consistency kl divergence dropout twice regularized 一致性 散度 正则化",
    examples=(
        example(logits1=(5, 3), logits2=(5, 3), target=ints(5, high=3)),
        example(logits1=(4, 3), logits2=(4, 3), target=ints(4, high=3), alpha=5.0),
    ),
)
class RDropLoss(nn.Module):
    r"""Cross entropy of two predictions for the same sample, and the symmetric KL divergence between them.

    $$\ell = \frac{1}{B} \sum_b \left( -\log p_1(t) - \log p_2(t) + \frac{\alpha}{2}
    \left[\mathrm{KL}(p_1 \Vert p_2) + \mathrm{KL}(p_2 \Vert p_1)\right] \right)$$

    Args:
        alpha: the weight of the divergence.

    Shape:
        logits1: (B, K), of one pass.
        logits2: (B, K), of another pass of the same network over the same samples.
        target: (B,), integers in [0, K); -100 is unknown and leaves its sample out of the cross entropy.
        loss: a scalar.

    Raises:
        ValueError: the inputs do not fit together.

    Source: Liang et al., arXiv 2106.14448, equations 2 to 4.
    """

    def __init__(self, alpha: NonNegativeFloat = 1.0) -> None:
        super().__init__()
        self.alpha = alpha

    def forward(
        self,
        logits1: Annotated[Tensor, Dims("B K")],
        logits2: Annotated[Tensor, Dims("B K")],
        target: Annotated[Tensor, Dims("B", dtype="int")],
    ) -> Tensor:
        check_classes(logits1, target, 1)
        if logits1.shape != logits2.shape:
            raise InputError(
                "logits1 and logits2 must have the same shape. "
                f"Got {tuple(logits1.shape)} and {tuple(logits2.shape)} instead.",
                f"logits1 与 logits2 的形状必须相同，收到：{tuple(logits1.shape)} 和 {tuple(logits2.shape)}。",
            )
        log1, log2 = logits1.log_softmax(1), logits2.log_softmax(1)
        picked = F.nll_loss(log1 + log2, target, ignore_index=IGNORE_INDEX, reduction="none")
        divergence = ((log1.exp() - log2.exp()) * (log1 - log2)).sum(1)  # both directions together
        return known_mean(picked, target) + self.alpha / 2 * divergence.mean()

    def extra_repr(self) -> str:
        return f"alpha={self.alpha}"

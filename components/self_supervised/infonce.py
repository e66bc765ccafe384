"""InfoNCE: which of many keys belongs to a query?"""

from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, PositiveFloat, example


@component(
    id="loss_infonce",
    kind="loss",
    family="Contrastive learning",
    name="InfoNCE",
    name_zh="InfoNCE 对比损失",
    help_zh="在许多键中认出查询所对应的那一个：相似度上的交叉熵。不接负样本时，以同批的其他键为负样本。",
    source="van den Oord, Li & Vinyals, Representation Learning with Contrastive Predictive Coding, arXiv 1807.03748",
    keywords="infonce cpc contrastive negatives mutual information self-supervised 对比学习 负样本 互信息 自监督",
    examples=(
        example(q=(4, 3), k_pos=(4, 3), k_neg=(7, 3)),
        example(q=(5, 2), k_pos=(5, 2), temperature=0.5, normalize=False),
    ),
)
class InfoNceLoss(nn.Module):
    r"""The cross entropy of finding each query's own key among others, by their similarity.

    $$\ell = -\frac{1}{B} \sum_b \log \frac{e^{q_b \cdot k_b / \tau}}{e^{q_b \cdot k_b / \tau} +
    \sum_j e^{q_b \cdot k^-_j / \tau}}$$

    With M other keys, log(M + 1) less the loss is a lower bound of the mutual information of queries and keys.

    Args:
        temperature: tau; a small one looks at the most similar negatives only.
        normalize: divides queries and keys by their length, so that the similarity is the cosine.

    Shape:
        q: (B, D), queries.
        k_pos: (B, D), the key of each query.
        k_neg: (M, D), keys of none of the queries; where absent, the keys of the other queries (M = B - 1).
        loss: a scalar.

    Source: van den Oord et al., arXiv 1807.03748, equation 4; with a queue of negatives, He et al., arXiv 1911.05722.
    """

    def __init__(self, temperature: PositiveFloat = 0.07, normalize: bool = True) -> None:
        super().__init__()
        self.temperature, self.normalize = temperature, normalize

    def forward(
        self,
        q: Annotated[Tensor, Dims("B D")],
        k_pos: Annotated[Tensor, Dims("B D")],
        k_neg: Annotated[Tensor, Dims("M D")] | None = None,
    ) -> Tensor:
        if self.normalize:
            q, k_pos = F.normalize(q, dim=-1), F.normalize(k_pos, dim=-1)
            k_neg = None if k_neg is None else F.normalize(k_neg, dim=-1)
        if k_neg is None:
            logits = q @ k_pos.T  # (B, B): the own key stands on the diagonal
            own = torch.arange(len(q), device=q.device)
        else:
            logits = torch.cat([(q * k_pos).sum(-1, keepdim=True), q @ k_neg.T], dim=1)  # (B, 1 + M)
            own = torch.zeros(len(q), dtype=torch.int64, device=q.device)
        return F.cross_entropy(logits / self.temperature, own)

    def extra_repr(self) -> str:
        return f"temperature={self.temperature}, normalize={self.normalize}"

"""BYOL's loss: a prediction of what a slowly moving twin sees."""

from typing import Annotated

import torch.nn.functional as F
from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, example


@component(
    id="ssl_byol",
    kind="loss",
    family="Contrastive learning",
    name="BYOL",
    name_zh="BYOL",
    help_zh="预测向量与目标网络（滑动平均孪生网络）向量之间的归一化平方距离；无需负样本。",
    source="Grill et al., Bootstrap Your Own Latent, arXiv 2006.07733",
    keywords="byol self-supervised bootstrap cosine ema twin 自监督 自举 余弦",
    examples=(example(prediction=(5, 3), target=(5, 3)),),
)
class ByolLoss(nn.Module):
    r"""The squared distance between predictions and targets on the unit sphere.

    $$\ell = \frac{1}{B} \sum_b \left(2 - 2\, \frac{\langle q_b, z_b \rangle}{\lVert q_b \rVert\,
    \lVert z_b \rVert}\right)$$

    The prediction comes from the trained network's predictor, the target from a twin whose weights are an exponential
    average of the trained ones; stop the gradient before ``target``. The published loss adds a second term in which
    the two views change places: a second node.

    Shape:
        prediction: (B, D), q.
        target: (B, D), z.
        loss: a scalar from 0 to 4.

    Source: Grill et al., arXiv 2006.07733, equation 2.
    """

    def forward(self, prediction: Annotated[Tensor, Dims("B D")], target: Annotated[Tensor, Dims("B D")]) -> Tensor:
        return 2 - 2 * F.cosine_similarity(prediction, target, dim=-1).mean()

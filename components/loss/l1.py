"""The mean absolute error."""

from typing import Annotated

import torch.nn.functional as F
from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, example
from components.targets import align, known_mean


@component(
    id="loss_l1",
    kind="loss",
    family="Loss",
    name="Mean absolute error (L1)",
    name_zh="平均绝对误差损失 L1",
    help_zh="误差绝对值的平均，对离群点不敏感。",
    source="Laplace, Mémoire sur la probabilité des causes par les évènements, 1774",
    keywords="mae l1 regression robust 回归",
    examples=(example(prediction=(5, 3), target=(5, 3)), example(prediction=(5, 1), target=(5,))),
)
class L1Loss(nn.Module):
    r"""The mean of the absolute errors.

    $$\ell = \frac{1}{M} \sum_m |p_m - t_m|$$

    Shape:
        prediction: (B, *).
        target: as prediction; a last axis of size 1 may be missing. An entry of -100 is unknown and left out.
        loss: a scalar.

    Raises:
        ValueError: prediction and target differ in shape.

    Source: Laplace 1774; torch.nn.L1Loss.
    """

    def forward(
        self, prediction: Annotated[Tensor, Dims("B *")], target: Annotated[Tensor, Dims("B *", dtype="any")]
    ) -> Tensor:
        prediction, target = align(prediction, target)
        return known_mean(F.l1_loss(prediction, target, reduction="none"), target)

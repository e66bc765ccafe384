"""The negative log-likelihood of classes whose log-probabilities are known."""

from typing import Annotated

import torch
from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, NonNegativeFloat, example, ints
from components.targets import ClassAxis, check_classes


@component(
    id="loss_nll",
    kind="loss",
    family="Loss",
    name="Negative log-likelihood",
    name_zh="负对数似然损失",
    help_zh="正确类别的对数概率取负；输入须是对数概率（LogSoftmax 的输出）。",
    source="Fisher, On the Mathematical Foundations of Theoretical Statistics, 1922",
    keywords="nll log softmax classification 分类",
    examples=(
        example(log_probs=(5, 3), target=ints(5, high=3)),
        example(log_probs=(2, 5, 3), target=ints(2, 5, high=3), weight=(1.0, 0.5, 2.0), class_axis=-1),
    ),
)
class NLLLoss(nn.NLLLoss):
    r"""The mean negative log-probability of the right class; behind a log-softmax it is the cross entropy.

    $$\ell = -\frac{1}{M} \sum_m \log p_{m,t_m}$$

    Args:
        ignore_index: the target that means unknown; it counts nowhere. If all are unknown the loss is not a number.
        weight: a factor for each class; the mean is weighted too.
        class_axis: where the classes stand: 1 for (B, K, *), as torch has it, or -1 for (B, *, K).

    Shape:
        log_probs: (B, K, *), or (B, *, K) with class_axis -1; logarithms of probabilities.
        target: (B, *), integers in [0, K).
        loss: a scalar.

    Raises:
        ValueError: log_probs and target do not fit together.

    Source: Fisher 1922; torch.nn.NLLLoss.
    """

    def __init__(
        self,
        ignore_index: int = -100,
        weight: tuple[NonNegativeFloat, ...] | None = None,
        class_axis: ClassAxis = 1,
    ) -> None:
        super().__init__(None if weight is None else torch.tensor(weight), ignore_index=ignore_index)
        self.class_axis: ClassAxis = class_axis

    def forward(  # type: ignore[override]
        self,
        log_probs: Annotated[Tensor, Dims("B K *")],
        target: Annotated[Tensor, Dims("B *", dtype="int")],
    ) -> Tensor:
        check_classes(log_probs, target, self.class_axis)
        return super().forward(log_probs.movedim(self.class_axis, 1), target)

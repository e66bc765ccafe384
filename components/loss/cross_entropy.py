"""Cross entropy: the loss of classification and of language models."""

from typing import Annotated

import torch
from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, DropRate, NonNegativeFloat, example, ints
from components.targets import ClassAxis, check_classes


@component(
    id="loss_cross_entropy",
    kind="loss",
    family="Loss",
    name="Cross-entropy",
    name_zh="交叉熵损失",
    help_zh="分类的标准损失：正确类别的负对数概率，直接接收未归一化的 logits。",
    source="Bridle, Probabilistic Interpretation of Feedforward Classification Network Outputs, 1990",
    keywords="softmax log loss nll classification label smoothing 分类 标签平滑",
    examples=(
        example(logits=(5, 3), target=ints(5, high=3)),
        example(logits=(2, 3, 5), target=ints(2, 5, high=3), label_smoothing=0.1, weight=(1.0, 0.5, 2.0)),
        example(logits=(2, 5, 3), target=ints(2, 5, high=3), class_axis=-1),
    ),
)
class CrossEntropyLoss(nn.CrossEntropyLoss):
    r"""The mean negative logarithm of the softmax probability of the right class.

    $$\ell = -\frac{1}{M} \sum_m \log \frac{e^{z_{m,t_m}}}{\sum_k e^{z_{m,k}}}$$

    Args:
        label_smoothing: share of the target that is spread evenly over all classes.
        ignore_index: the target that means unknown; it counts nowhere. If all are unknown the loss is not a number.
        weight: a factor for each class; the mean is weighted too.
        class_axis: where the classes stand: 1 for (B, K, *), as torch has it, or -1 for (B, *, K), as a language model
            does.

    Shape:
        logits: (B, K, *), or (B, *, K) with class_axis -1; before any softmax.
        target: (B, *), integers in [0, K).
        loss: a scalar.

    Raises:
        ValueError: logits and target do not fit together.

    Source: Bridle 1990; label smoothing, Szegedy et al., arXiv 1512.00567; torch.nn.CrossEntropyLoss.
    """

    def __init__(
        self,
        label_smoothing: DropRate = 0.0,
        ignore_index: int = -100,
        weight: tuple[NonNegativeFloat, ...] | None = None,
        class_axis: ClassAxis = 1,
    ) -> None:
        super().__init__(
            None if weight is None else torch.tensor(weight), ignore_index=ignore_index, label_smoothing=label_smoothing
        )
        self.class_axis: ClassAxis = class_axis

    def forward(  # type: ignore[override]
        self,
        logits: Annotated[Tensor, Dims("B K *")],
        target: Annotated[Tensor, Dims("B *", dtype="int")],
    ) -> Tensor:
        check_classes(logits, target, self.class_axis)
        return super().forward(logits if self.class_axis == 1 else logits.movedim(-1, 1), target)

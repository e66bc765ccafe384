"""The perplexity of a language model."""

from typing import Annotated

import torch.nn.functional as F
from torch import Tensor

from components.metric._base import Metric, exact_sums
from components.registry import component
from components.spec import Dims, example, ints
from components.targets import ClassAxis, class_scores


@component(
    id="metric_perplexity",
    kind="metric",
    family="Metric",
    name="Perplexity",
    name_zh="困惑度",
    help_zh="交叉熵的指数：模型平均在多少个词之间犹豫；均匀猜测时等于词表大小。",
    source="Jelinek et al., Perplexity: a measure of the difficulty of speech recognition tasks, JASA 1977",
    keywords="perplexity language model ppl 语言模型",
    examples=(
        example(logits=(2, 3, 5), target=ints(2, 5, high=3)),
        example(logits=(2, 5, 3), target=ints(2, 5, high=3), class_axis=-1),
    ),
)
class Perplexity(Metric):
    r"""The exponential of the mean negative log-probability of the right token.

    $$P = \exp\!\left(-\frac{1}{M} \sum_m \log p_{m,t_m}\right)$$

    Args:
        class_axis: where the vocabulary stands: 1 for (B, K, *) or -1 for (B, *, K), as a language model gives it.

    Shape:
        logits: (B, K, *), or (B, *, K) with class_axis -1; before any softmax.
        target: (B, *), tokens in [0, K); -100 is unknown and left out.
        value: a scalar, 1 for a model that is always right and K for one that guesses evenly.

    Raises:
        ValueError: logits and target do not fit together.

    Source: Jelinek et al. 1977.
    """

    higher_is_better = False

    def __init__(self, class_axis: ClassAxis = 1) -> None:
        super().__init__()
        self.class_axis: ClassAxis = class_axis

    def update(
        self, logits: Annotated[Tensor, Dims("B K *")], target: Annotated[Tensor, Dims("B *", dtype="int")]
    ) -> Tensor:
        scores, classes, known = class_scores(logits, target, self.class_axis)
        surprise = F.cross_entropy(scores, classes, reduction="none")
        return exact_sums(surprise * known, known)

    def compute(self, stats: Tensor) -> Tensor:
        surprise, known = stats
        return (surprise / known).exp()

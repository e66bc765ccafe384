"""The share of sequences that are right from end to end."""

from typing import Annotated

import torch
from torch import Tensor

from components.metric._base import Metric, exact_sums
from components.metric._tokens import ended, widened
from components.registry import component
from components.spec import Dims, NonNegative, example, ints


@component(
    id="metric_sequence_accuracy",
    kind="metric",
    family="Metric",
    name="Sequence accuracy (exact match)",
    name_zh="序列准确率（完全匹配）",
    help_zh="整个序列完全正确的比例。",
    source="Rajpurkar et al., SQuAD, arXiv 1606.05250 (exact match)",
    keywords="exact match whole sequence word accuracy 完全匹配 整句",
    examples=(
        example(pred=ints(3, 5, high=4), ref=ints(3, 7, high=4), eos=2),
        example(pred=ints(3, 5, high=4), ref=ints(3, 4, high=4)),
    ),
)
class SequenceAccuracy(Metric):
    r"""The share of samples whose sequence is the right one, token for token and in length.

    $$a = \frac{1}{B} \sum_n [\,p_n = r_n\,]$$

    Args:
        eos: the token that ends a sequence; none where only -100 does.

    Shape:
        pred: (B, T), what is written; ref: (B, U), what should be. A sequence ends at its first -100 or eos.
        value: a scalar from 0 to 1.

    Source: the exact match of Rajpurkar et al., arXiv 1606.05250, on tokens.
    """

    def __init__(self, eos: NonNegative | None = None) -> None:
        super().__init__()
        self.eos = eos

    def update(
        self, pred: Annotated[Tensor, Dims("B T", dtype="int")], ref: Annotated[Tensor, Dims("B U", dtype="int")]
    ) -> Tensor:
        width = max(pred.shape[1], ref.shape[1])
        written, due = (widened(ended(tokens, self.eos)[0], width) for tokens in (pred, ref))
        right = (written == due).all(1)
        return exact_sums(right, torch.ones_like(right))

    def compute(self, stats: Tensor) -> Tensor:
        right, count = stats
        return right / count

"""Self-training: the model's confident predictions become labels."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from components.registry import component
from components.spec import Count, Probability, example


@component(
    id="strategy_self_training",
    kind="strategy",
    family="Strategy",
    name="Self-training rounds",
    name_zh="自训练轮次",
    help_zh="每隔若干轮，把模型对未标注样本的高置信度预测当作标签，与标注样本一起训练。",
    source="Lee, Pseudo-Label: The Simple and Efficient Semi-Supervised Learning Method, ICML Workshop 2013",
    inputs={"logits": "B C"},
    keywords="self-training pseudo-label semi-supervised rounds threshold 伪标签 半监督 自训练",
    examples=(example(), example(initial=5, threshold=0.8, every=2)),
)
class SelfTraining:
    r"""Trains on a few labelled samples, and on others with the labels that the model itself is sure of.

    At the end of each round the samples outside the labelled part are predicted anew, and those with
    $\max_c p_c \ge \tau$ take part in the next round with the class $\arg\max_c p_c$. Their own labels are never looked
    at.

    Args:
        initial: labelled samples, where the data set has no subset of its own.
        threshold: the smallest probability tau that makes a label.
        every: epochs of a round.

    Shape:
        logits: (B, C), over all samples outside the labelled part.

    Source: Lee 2013; in rounds with a threshold as Yarowsky, Unsupervised Word Sense Disambiguation Rivaling Supervised
    Methods, 1995. The weights are kept from round to round.
    """

    def __init__(self, initial: Count = 20, threshold: Probability = 0.95, every: Count = 1) -> None:
        self.initial, self.threshold, self.every = initial, threshold, every

    def relabel(self, values: Mapping[str, Tensor], generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """The rows of ``logits`` (N, C) whose samples take part, and their labels."""
        confidence, label = values["logits"].softmax(1).max(1)
        sure = (confidence >= self.threshold).nonzero().flatten()
        return sure, label[sure]

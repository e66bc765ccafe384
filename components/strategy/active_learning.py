"""Active learning: the model asks for the labels that it would learn most from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor

from components.registry import component
from components.spec import Count, example

Acquisition = Literal["entropy", "margin", "least_confidence", "random"]


@component(
    id="strategy_active_learning",
    kind="strategy",
    family="Strategy",
    name="Active learning",
    name_zh="主动学习",
    help_zh="从少量标注样本开始，每隔若干轮挑选模型最没有把握的样本加入标注集。",
    source="Settles, Active Learning Literature Survey, University of Wisconsin-Madison, TR 1648, 2009",
    inputs={"logits": "B C"},
    keywords="active learning uncertainty sampling query pool labels 不确定性 采样 标注",
    examples=(example(), example(initial=5, per_round=3, every=2, acquisition="margin")),
)
class ActiveLearning:
    r"""Trains on a few labelled samples, and adds those that the model is least sure of, round by round.

    With p the softmax of the logits and $p_1 \ge p_2$ its two largest entries, a sample's score is

    $$-\sum_c p_c \log p_c, \qquad p_2 - p_1, \qquad -p_1$$

    for entropy, margin and least confidence; the highest scores are chosen. ``random`` is the baseline.

    The samples come from the training split of the data set that the logits depend on: the labels of those that are not
    chosen are never looked at.

    Args:
        initial: labelled samples at the start, where the data set has no subset of its own.
        per_round: samples that get their labels at the end of each round.
        every: epochs of a round.
        acquisition: what says how much a sample would teach.

    Shape:
        logits: (B, C), over all samples that have no label yet.

    Source: Settles 2009, section 3.1; Lewis & Gale, A Sequential Algorithm for Training Text Classifiers, 1994. The
    weights are kept from round to round.
    """

    def __init__(
        self,
        initial: Count = 20,
        per_round: Count = 10,
        every: Count = 1,
        acquisition: Acquisition = "entropy",
    ) -> None:
        self.initial, self.per_round, self.every, self.acquisition = initial, per_round, every, acquisition

    def choose(self, values: Mapping[str, Tensor], generator: torch.Generator) -> Tensor:
        """The rows of ``logits`` (N, C) whose samples get their labels, the most wanted first."""
        logits = values["logits"]
        if self.acquisition == "random":
            return torch.randperm(len(logits), generator=generator)[: self.per_round]
        return self.score(logits).argsort(descending=True, stable=True)[: self.per_round]

    def score(self, logits: Tensor) -> Tensor:
        """How unsure the model is of each sample (N,)."""
        p = logits.softmax(1)
        if self.acquisition == "entropy":
            return -torch.xlogy(p, p).sum(1)
        first, second = p.topk(2, dim=1).values.unbind(1)
        return second - first if self.acquisition == "margin" else -first

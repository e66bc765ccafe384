"""Batches in which every sample comes several times, soon after each other."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from components.registry import component
from components.spec import Count, NonNegative, example


@component(
    id="opt_data_echoing",
    kind="sampler",
    family="Optimizer",
    name="Data echoing",
    name_zh="数据回放（Data Echoing）",
    help_zh="每个样本在一轮中重复使用若干次，并在缓冲范围内打乱，读取数据较慢时可加速训练。",
    source="Choi et al., Faster Neural Network Training with Data Echoing, arXiv 1907.05550",
    inputs={},
    outputs={},
    tags=("batches",),
    keywords="data echoing repeat reuse buffer slow input pipeline 重复 复用 缓冲",
    examples=(example(), example(factor=3, buffer=0, unit="batch")),
)
class DataEchoing:
    r"""Repeats each sample, or each batch, so that one look at the data serves for several steps.

    A shuffled pass over the data is the stream. Echoed samples are mixed again: the copy at place $i$ leaves by the order
    of $i + b u_i$, $u_i$ drawn evenly from $[0, 1)$, so none moves past more than $b$ others. An epoch has as many
    batches as all copies fill.

    Args:
        factor: how often each sample leaves in an epoch; 1 is the stream as it is.
        buffer: samples in the buffer that mixes the copies: the b of the formula; 0 leaves copies side by side.
        unit: what is repeated: samples before they are put into batches, or whole batches.

    Source: Choi et al., arXiv 1907.05550, section 2: example and batch echoing. The buffer is mixed by random keys.
    """

    needs_labels = False

    def __init__(
        self, factor: Count = 2, buffer: NonNegative = 1024, unit: Literal["sample", "batch"] = "sample"
    ) -> None:
        self.factor, self.buffer, self.unit = factor, buffer, unit

    def batches(self, labels: Tensor, batch_size: int, generator: torch.Generator) -> list[Tensor]:
        """The samples of each batch of an epoch; of ``labels`` (N,) only their number counts."""
        stream = torch.randperm(len(labels), generator=generator)
        if self.unit == "batch":
            return [batch for batch in stream.split(batch_size) for _ in range(self.factor)]
        copies = stream.repeat_interleave(self.factor)
        if self.factor > 1 and self.buffer:
            keys = torch.rand(len(copies), generator=generator, dtype=torch.float64).mul_(self.buffer)
            copies = copies[keys.add_(torch.arange(len(copies))).argsort(stable=True)]
        return list(copies.split(batch_size))

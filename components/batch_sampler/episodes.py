"""Few-shot episodes: every batch is a small classification task of its own."""

from __future__ import annotations

import torch
from torch import Tensor

from components.batch_sampler._classes import Classes, require_classes, require_room
from components.registry import component
from components.spec import Count, example


@component(
    id="sampler_episodes",
    kind="sampler",
    family="Metric learning",
    name="Episode sampler",
    name_zh="小样本任务采样器",
    help_zh="每批是一个 N 类 K 样本的小任务：先放支持样本，再放查询样本。",
    source="Vinyals et al., Matching Networks for One Shot Learning, arXiv 1606.04080",
    inputs={},
    outputs={},
    tags=("batches",),
    keywords="episode few-shot n-way k-shot support query meta-learning 小样本 支持集 查询集 元学习",
    examples=(example(), example(ways=2, shots=3)),
)
class EpisodeSampler:
    """Makes each batch an episode: the support samples of some classes, then the query samples of the same classes.

    The batch size says how many queries a class has: an episode of 5 ways and 1 shot in batches of 50 has 9. Both parts
    go class by class, and no sample is in both. An epoch has as many episodes as the samples of known class would fill,
    and at least one.

    Args:
        ways: classes in an episode.
        shots: support samples of each class.

    Raises:
        ValueError: the batch leaves no query, or fewer classes than ``ways`` have samples enough.

    Source: Vinyals et al., arXiv 1606.04080, section 2.2.
    """

    def __init__(self, ways: Count = 5, shots: Count = 1) -> None:
        self.ways, self.shots = ways, shots

    def batches(self, labels: Tensor, batch_size: int, generator: torch.Generator) -> list[Tensor]:
        """The samples of each episode of an epoch; ``labels`` (N,), -100 where unknown."""
        require_room(batch_size, self.ways * (self.shots + 1), "sampler_episodes")
        classes, each = Classes(labels), batch_size // self.ways
        members = classes.members(at_least=each)
        require_classes(len(members), self.ways, "sampler_episodes")
        found = []
        for _ in range(max(1, len(classes.samples) // (self.ways * each))):
            chosen = torch.randperm(len(members), generator=generator)[: self.ways].tolist()
            drawn = torch.stack([_some(members[c], each, generator) for c in chosen])  # (ways, shots + queries)
            found.append(torch.cat([drawn[:, : self.shots].flatten(), drawn[:, self.shots :].flatten()]))
        return found


def _some(samples: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Different ones of the samples (count,)."""
    return samples[torch.randperm(len(samples), generator=generator)[:count]]

"""Recall@K: whether one of the nearest neighbours is of the same class."""

from typing import Annotated

import torch
from torch import Tensor

from components.errors import InputError
from components.metric._base import Metric, exact_sums
from components.registry import component
from components.spec import Count, Dims, example, ints
from components.targets import IGNORE_INDEX


@component(
    id="metric_recall_at_k",
    kind="metric",
    family="Metric learning",
    name="Recall@K (retrieval)",
    name_zh="检索召回率 Recall@K",
    help_zh="嵌入空间中最近的 K 个邻居里有同类样本的比例；在批内查找，或在给定的图库中查找。",
    source="Song et al., Deep Metric Learning via Lifted Structured Feature Embedding, arXiv 1511.06452",
    keywords="recall retrieval nearest neighbour knn embedding hit rate 检索 最近邻 嵌入 召回",
    examples=(
        example(z=(7, 3), y=ints(7, high=3), gallery=(6, 3), gallery_y=ints(6, high=3), top_k=2),
        example(z=(11, 2), y=ints(11, high=4)),
    ),
    xfail={"additive-1": "without a gallery the neighbours are those of the batch"},
)
class RecallAtK(Metric):
    r"""The share of samples that have one of their own class among their K nearest neighbours.

    $$R = \frac{1}{A} \sum_a \left[\,\exists\, g \in N_K(a):\, y_g = y_a\right]$$

    over the samples whose class is among those to be found. Without a gallery the neighbours are the other samples of
    the batch: the figure then depends on the batch size and is the mean over the batches, weighted by their samples.

    Args:
        top_k: K, the neighbours to look at, by Euclidean distance.

    Shape:
        z: (B, D), embeddings.
        y: (B,), classes; -100 is unknown and left out.
        gallery: (M, D), the embeddings among which the neighbours are; those of the batch where absent.
        gallery_y: (M,), their classes; needed with a gallery.
        value: a scalar from 0 to 1.

    Raises:
        ValueError: only one of gallery and gallery_y is there.

    Source: Song et al., arXiv 1511.06452, section 6.
    """

    def __init__(self, top_k: Count = 1) -> None:
        super().__init__()
        self.top_k = top_k

    def update(
        self,
        z: Annotated[Tensor, Dims("B D")],
        y: Annotated[Tensor, Dims("B", dtype="int")],
        gallery: Annotated[Tensor, Dims("M D")] | None = None,
        gallery_y: Annotated[Tensor, Dims("M", dtype="int")] | None = None,
    ) -> Tensor:
        if (gallery is None) != (gallery_y is None):
            raise InputError(
                "metric_recall_at_k needs the classes (gallery_y) with a gallery, and a gallery with its classes.",
                "metric_recall_at_k 的 gallery 与 gallery_y 必须同时连接。",
            )
        among, classes = (z, y) if gallery is None or gallery_y is None else (gallery, gallery_y)
        # Differences themselves: the shorter way by inner products orders near neighbours wrongly.
        distance = torch.cdist(z, among, compute_mode="donot_use_mm_for_euclid_dist")
        findable = (classes != IGNORE_INDEX).expand(distance.shape)
        if gallery is None:
            findable = findable & ~torch.eye(len(z), dtype=torch.bool, device=z.device)
        alike = findable & (y[:, None] == classes)
        nearest = distance.masked_fill(~findable, torch.inf).topk(min(self.top_k, distance.shape[1]), 1, largest=False)
        asked = alike.any(1) & (y != IGNORE_INDEX)
        return exact_sums(alike.gather(1, nearest.indices).any(1) & asked, asked)

    def compute(self, stats: Tensor) -> Tensor:
        found, asked = stats
        return found / asked

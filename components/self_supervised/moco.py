"""MoCo's memory: the keys of the last batches, as negatives for the next ones."""

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from components.registry import component
from components.spec import Count, Dims, Inferred, Ports, example


@component(
    id="ssl_moco",
    kind="layer",
    family="Contrastive learning",
    name="MoCo queue",
    name_zh="MoCo 负样本队列",
    help_zh="先进先出的队列，保存最近若干批的键向量作为负样本；训练时先给出旧键，再把本批的键入队。",
    source="He et al., Momentum Contrast, arXiv 1911.05722",
    keywords="moco momentum contrast memory bank fifo negatives self-supervised 记忆库 负样本 自监督 动量对比",
    examples=(example(k=(4, 3), size=8), example(k=(7, 2), size=5)),
    xfail={"gradient": "the keys are kept as constants"},
)
class MocoQueue(nn.Module):
    """Gives the keys of earlier batches and then, in training, lets this batch's push out the oldest.

    At first it holds random directions. The keys come from an encoder whose weights are an exponential average of the
    trained ones, so that those in the queue fit together although their batches lie apart. Keys are kept as they come,
    and as constants: normalise them before. In evaluation the queue stays as it is.

    Args:
        size: keys in the queue.
        embed_dim: features of a key.

    Shape:
        k: (B, D), the keys of this batch. Of more than size keys the last ones are kept.
        queue: (size, D), the keys before this batch, in no particular order.

    Source: He et al., arXiv 1911.05722, section 3.2.
    """

    queue: Tensor
    oldest: Tensor

    def __init__(
        self, size: Count = 4096, embed_dim: Annotated[int, Field(ge=1), Inferred("k", axis=-1)] = 128
    ) -> None:
        super().__init__()
        self.register_buffer("queue", F.normalize(torch.randn(size, embed_dim), dim=-1))
        self.register_buffer("oldest", torch.zeros((), dtype=torch.int64))

    def forward(self, k: Annotated[Tensor, Dims("B D")]) -> Annotated[Tensor, Ports(queue="K D")]:
        before = self.queue.clone()  # what the backward pass reads must not change under it
        if self.training:
            size = len(self.queue)
            newest = k.detach()[-size:].to(self.queue.dtype)
            places = (self.oldest + torch.arange(len(newest), device=k.device)) % size
            self.queue.index_copy_(0, places, newest)
            self.oldest.add_(len(newest)).remainder_(size)
        return before

    def extra_repr(self) -> str:
        return f"size={len(self.queue)}, embed_dim={self.queue.shape[1]}"

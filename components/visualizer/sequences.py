"""Sequences of tokens, shown while the model trains."""

from typing import Annotated

from torch import Tensor, nn

from components.registry import component
from components.spec import Count, Dims, example, ints


@component(
    id="view_sequences",
    kind="visualizer",
    family="Visualizer",
    name="Show sequences",
    name_zh="显示序列",
    help_zh="训练过程中每隔若干轮列出解码得到的序列（文本、词元），保存在运行记录里。",
    source="Layerloom",
    keywords="samples text tokens decode generate 样本 文本 词元 解码 生成",
    tags=("batch_independent",),
    examples=(example(x=ints(2, 5, high=7)),),
)
class ViewSequences(nn.Module):
    """Shows decoded sequences of tokens at chosen epochs and at the end.

    Args:
        every: epochs between two lists.
        count: number of validation samples that the model is run on.

    Shape:
        x: (B, T), token numbers.
        y: the same.

    Source: Layerloom.
    """

    form = "sequences"

    def __init__(self, every: Count = 5, count: Count = 16) -> None:
        super().__init__()
        self.every, self.count = every, count

    def forward(self, x: Annotated[Tensor, Dims("B T", dtype="int")]) -> Annotated[Tensor, Dims("B T", dtype="int")]:
        return x

    def extra_repr(self) -> str:
        return f"every={self.every}, count={self.count}"

"""A grid of images, drawn while the model trains."""

from typing import Annotated

from torch import Tensor, nn

from components.registry import component
from components.rules import require
from components.spec import Count, Dims, example


@component(
    id="view_images",
    kind="visualizer",
    family="Visualizer",
    name="Show images",
    name_zh="显示图像",
    help_zh="训练过程中每隔若干轮画出收到的图像（生成样本、重建、插值），保存在运行记录里。",
    source="Layerloom",
    keywords="samples grid generate gallery preview 样本 网格 生成 预览",
    tags=("batch_independent",),
    examples=(example(x=(2, 3, 4, 5)), example(x=(2, 1, 4, 5), range=[-1.0, 1.0])),
)
class ViewImages(nn.Module):
    r"""Brings images into the range from 0 to 1 and shows them at chosen epochs and at the end.

    $$y = \min(1, \max(0, (x - a) / (b - a)))$$

    Args:
        range: the values a and b that are shown as black and white.
        every: epochs between two pictures.
        count: number of validation samples that the model is run on.

    Shape:
        x: (B, C, H, W), of 1 or 3 channels.
        y: the same, from 0 to 1.

    Raises:
        ParameterError: the range does not rise.

    Source: Layerloom.
    """

    form = "images"

    def __init__(self, range: tuple[float, float] = (0.0, 1.0), every: Count = 5, count: Count = 64) -> None:
        super().__init__()
        rule = ("a list of 2 items, the first below the second", "两项的列表，且第一项小于第二项")
        require(range[0] < range[1], "view_images", "range", rule, range)
        self.range, self.every, self.count = range, every, count

    def forward(self, x: Annotated[Tensor, Dims("B C H W")]) -> Annotated[Tensor, Dims("B C H W")]:
        low, high = self.range
        return ((x - low) / (high - low)).clamp(0, 1)

    def extra_repr(self) -> str:
        return f"range={self.range}, every={self.every}, count={self.count}"

"""RoI pooling: a map of a fixed size for each region of interest."""

from typing import Annotated

from torch import Tensor, nn

from components.pooling._regions import check_regions
from components.registry import component
from components.rules import require_per_axis
from components.spec import Dims, PositiveFloat, Size, Tensors, example


@component(
    id="pool_roi",
    kind="layer",
    family="Pooling",
    name="RoI pooling",
    name_zh="感兴趣区域池化",
    help_zh="把每个候选框内的特征最大池化成固定大小，坐标会取整；用于目标检测。",
    source="Girshick, Fast R-CNN, arXiv 1504.08083",
    keywords="roi region of interest detection fast rcnn 目标检测 候选框",
    examples=(
        example(x=(2, 3, 7, 10), boxes=Tensors((4, 5), "positive")),
        example(x=(2, 3, 7, 10), boxes=Tensors((4, 5), "positive"), output_size=(2, 6), spatial_scale=3.0),
    ),
    xfail={
        "gradient": "The borders of a box are rounded: no gradient reaches them.",
        "mixed_precision": "torchvision's kernel for CPUs has no bfloat16",
    },
)
class RoIPooling(nn.Module):
    r"""Divides each box into a grid of windows, whose borders are rounded to samples, and keeps their maxima.

    $$y_{r}(i, j) = \max_{(u, v) \in \mathrm{bin}_{r}(i, j)} x(u, v)$$

    Args:
        output_size: windows along each spatial axis.
        spatial_scale: size of the map over that of the image whose pixels the boxes are in.

    Shape:
        x: (B, C, H, W).
        boxes: (R, 5), each row an image's index in the batch, then x1, y1, x2, y2 in pixels of the image.
        y: (R, C, h, w).

    Raises:
        ValueError: a box of an image that is not in the batch.

    Source: Girshick, arXiv 1504.08083; torchvision.ops.RoIPool.
    """

    def __init__(self, output_size: Size = 7, spatial_scale: PositiveFloat = 1.0) -> None:
        super().__init__()
        require_per_axis("pool_roi", 2, output_size=output_size)
        from torchvision.ops import RoIPool  # late: torchvision takes as long to load as all components

        self.pool = RoIPool(output_size, spatial_scale)  # pyright: ignore[reportArgumentType]

    def forward(
        self, x: Annotated[Tensor, Dims("B C H W")], boxes: Annotated[Tensor, Dims("R K")]
    ) -> Annotated[Tensor, Dims("R C H W")]:
        check_regions(x, boxes)
        return self.pool(x, boxes)

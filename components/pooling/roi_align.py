"""RoIAlign: a map of a fixed size for each region of interest, without rounding."""

from typing import Annotated

from torch import Tensor, nn

from components.pooling._regions import check_regions
from components.registry import component
from components.rules import require_per_axis
from components.spec import Dims, NonNegative, PositiveFloat, Size, Tensors, example


@component(
    id="pool_roi_align",
    kind="layer",
    family="Pooling",
    name="RoIAlign",
    name_zh="感兴趣区域对齐",
    help_zh="用双线性插值采样候选框内的特征，不对坐标取整；用于检测与实例分割。",
    source="He et al., Mask R-CNN, arXiv 1703.06870",
    keywords="roi align bilinear detection mask rcnn 目标检测 实例分割",
    examples=(
        example(x=(2, 3, 7, 10), boxes=Tensors((4, 5), "positive")),
        example(
            x=(2, 3, 7, 10), boxes=Tensors((4, 5), "positive"), output_size=(2, 6), spatial_scale=3.0,
            sampling_ratio=3, aligned=False,
        ),
    ),
    xfail={"gradient": "torchvision has no gradient for the boxes; those who propose them train by another loss."},
)  # fmt: skip
class RoIAlign(nn.Module):
    r"""Divides each box into a grid of windows and averages interpolated samples of each.

    $$y_{r}(i, j) = \frac{1}{n} \sum_{k=1}^{n} x(u_k, v_k), \quad (u_k, v_k) \text{ regular in bin}_{r}(i, j)$$

    Args:
        output_size: windows along each spatial axis.
        spatial_scale: size of the map over that of the image whose pixels the boxes are in.
        sampling_ratio: samples of a window along each axis; 0 for as many as the window has.
        aligned: shifts boxes by half a sample, since the centre of the first one lies at 0.5.

    Shape:
        x: (B, C, H, W).
        boxes: (R, 5), each row an image's index in the batch, then x1, y1, x2, y2 in pixels of the image.
        y: (R, C, h, w).

    Raises:
        ValueError: a box of an image that is not in the batch.

    Source: He et al., arXiv 1703.06870; torchvision.ops.RoIAlign.
    """

    def __init__(
        self,
        output_size: Size = 7,
        spatial_scale: PositiveFloat = 1.0,
        sampling_ratio: NonNegative = 2,
        aligned: bool = True,
    ) -> None:
        super().__init__()
        require_per_axis("pool_roi_align", 2, output_size=output_size)
        from torchvision.ops import RoIAlign  # late: torchvision takes as long to load as all components

        self.pool = RoIAlign(output_size, spatial_scale, sampling_ratio, aligned)  # pyright: ignore[reportArgumentType]

    def forward(
        self, x: Annotated[Tensor, Dims("B C H W")], boxes: Annotated[Tensor, Dims("R K")]
    ) -> Annotated[Tensor, Dims("R C H W")]:
        check_regions(x, boxes)
        return self.pool(x, boxes)

"""Upsampling: maps are enlarged (or reduced) by interpolation."""

from typing import Literal

from torch import nn

from components.registry import component
from components.rules import require, require_per_axis
from components.spec import PositiveFloat, Size, SpatialDims, example

LINEAR = {1: "linear", 2: "bilinear", 3: "trilinear"}
SMOOTH = ("linear", "bicubic")


@component(
    id="op_upsample",
    kind="op",
    family="Tensor",
    name="Upsample (interpolate)",
    name_zh="上采样（插值）",
    help_zh="用最近邻、线性或三次插值把特征图缩放到指定倍数或尺寸。",
    source="Odena et al., Deconvolution and Checkerboard Artifacts, Distill 2016",
    inputs={"x": "B C L | B C H W | B C D H W"},
    outputs={"y": "B C L | B C H W | B C D H W"},
    keywords="interpolate resize bilinear nearest bicubic 缩放 双线性 插值",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 3, 5)),
        example(x=(2, 3, 5, 7), scale_factor=1.5, mode="linear"),
        example(x=(2, 3, 4, 5, 6), scale_factor=None, size=(3, 7, 8), mode="linear", align_corners=True),
    ),
)
def upsample(
    scale_factor: PositiveFloat | None = 2.0,
    size: Size | None = None,
    mode: Literal["nearest", "linear", "bicubic"] = "nearest",
    align_corners: bool = False,
    dims: SpatialDims = 2,
) -> nn.Module:
    """Resizes each channel's map by interpolation; it has no weights.

    Args:
        scale_factor: the factor of each spatial axis; none where size is given.
        size: the size of each spatial axis of the output, in samples; none where scale_factor is given.
        mode: ``nearest`` copies samples, ``linear`` interpolates along each axis, ``bicubic`` is for images only.
        align_corners: places the outermost samples, not their outer edges, on the border; not for ``nearest``.
        dims: number of spatial axes.

    Shape:
        x: (B, C, L), (B, C, H, W) or (B, C, D, H, W).
        y: the same layout with spatial axes of floor(size * scale_factor), or of the given size.

    Raises:
        ValueError: both or neither of size and scale_factor, ``bicubic`` for other than images, or ``nearest``
            with align_corners.

    Source: instead of a transposed convolution as in Odena et al., Distill 2016; torch.nn.Upsample.
    """
    id = "op_upsample"
    rule = ("none, or scale_factor must be none", "空，或者 scale_factor 为空")
    require(size is None or scale_factor is None, id, "size", rule, size)
    rule = ("a number where size is none", "数字（size 为空时）")
    require(size is not None or scale_factor is not None, id, "scale_factor", rule, scale_factor)
    require_per_axis(id, dims, size=size)
    rule = (
        "'nearest' or 'linear' where the input is not (B, C, H, W)",
        "'nearest' 或 'linear'（输入不是 (B, C, H, W) 时）",
    )
    require(mode != "bicubic" or dims == 2, id, "mode", rule, mode)
    rule = ("false where mode is 'nearest'", "false（mode 为 'nearest' 时）")
    require(mode in SMOOTH or not align_corners, id, "align_corners", rule, align_corners)
    return nn.Upsample(
        size, scale_factor, LINEAR[dims] if mode == "linear" else mode, align_corners if mode in SMOOTH else None
    )

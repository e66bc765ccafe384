"""Fractional max pooling: maps shrink by a factor that is no integer, over windows at random places."""

from typing import Annotated

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from components.registry import component
from components.rules import per_axis, require_per_axis
from components.spec import Dims, Size, Tensors, example

Ratio = Annotated[float, Field(gt=0.0, lt=1.0)]


@component(
    id="pool_fractional_max",
    kind="layer",
    family="Pooling",
    name="Fractional max pooling",
    name_zh="分数最大池化",
    help_zh="以非整数倍率缩小特征图，训练时窗口位置随机；降采样更缓慢，可堆叠更多层。",
    source="Graham, Fractional Max-Pooling, arXiv 1412.6071",
    keywords="fractional random ratio downsample 分数倍率 随机 下采样",
    tags=("stochastic", "batch_independent"),
    examples=(
        example(x=(2, 3, 7, 10)),
        example(x=(2, 3, 8, 11), kernel_size=(3, 2), ratio=(0.5, 0.8)),
        example(x=(4, 3, 8, 11), random_samples=Tensors((4, 3, 2), "probability"), ratio=0.6),
    ),
    xfail={"gradient-2": "The random samples place the windows: the output is constant between two placements."},
)
class FractionalMaxPooling(nn.Module):
    r"""Keeps the largest value of windows whose distance alternates at random between two integers.

    $$y(i) = \max_{t \in [0, k)} x(a_i + t), \quad a_i = \lfloor \alpha (i + u) \rfloor - \lfloor \alpha u \rfloor$$

    Args:
        kernel_size: extent of the window along each spatial axis, in samples.
        ratio: size of the output over that of the input, one value or one per axis.

    Shape:
        x: (B, C, H, W).
        random_samples: (B, C, 2) in [0, 1), the start u of each channel along W and H; drawn where it is left out.
        y: (B, C, floor(ratio H), floor(ratio W)).

    Source: Graham, arXiv 1412.6071, the overlapping pseudo-random form; torch.nn.FractionalMaxPool2d. In evaluation
    u is 1/2, so that a prediction repeats; torch and the paper draw there too.
    """

    def __init__(self, kernel_size: Size = 2, ratio: Ratio | tuple[Ratio, ...] = 0.7) -> None:
        super().__init__()
        require_per_axis("pool_fractional_max", 2, kernel_size=kernel_size, ratio=ratio)
        self.kernel_size = per_axis(kernel_size, 2)
        self.ratio = ratio if isinstance(ratio, tuple) else (ratio, ratio)

    def forward(
        self,
        x: Annotated[Tensor, Dims("B C H W")],
        random_samples: Annotated[Tensor, Dims("B C K")] | None = None,
    ) -> Annotated[Tensor, Dims("B C H W")]:
        if random_samples is None:
            shape = (*x.shape[:2], 2)
            random_samples = (
                torch.rand(shape, dtype=x.dtype, device=x.device) if self.training else x.new_full(shape, 0.5)
            )
        return F.fractional_max_pool2d(
            x, self.kernel_size, output_ratio=self.ratio, _random_samples=random_samples.to(x.dtype)
        )

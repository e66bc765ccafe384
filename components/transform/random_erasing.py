"""Random erasing: a rectangle of some images is blanked in training."""

import math
from typing import Annotated

import torch
from torch import Tensor, nn

from components.registry import component
from components.rules import require
from components.spec import Dims, PositiveFloat, Probability, example


@component(
    id="aug_random_erasing",
    kind="transform",
    family="Data transform",
    name="Random erasing",
    name_zh="随机擦除",
    help_zh="训练时随机把部分图像的一个矩形区域抹为常数；评估时不变。",
    source="Zhong et al., Random Erasing Data Augmentation, arXiv 1708.04896",
    keywords="augmentation cutout occlusion image 数据增强 遮挡 图像",
    tags=("stochastic", "batch_independent"),
    examples=(example(x=(4, 3, 5, 7)), example(x=(4, 3, 8, 7), p=1.0, area=[0.2, 0.4], value=-1.0)),
)
class RandomErasing(nn.Module):
    """In training, sets a rectangle of random size and place to a constant, in each image by its own draw.

    Args:
        p: probability that an image loses a rectangle.
        area: smallest and largest share of the image that the rectangle covers.
        aspect: largest ratio of its longer to its shorter side; both sides are cut to the image.
        value: what the rectangle then holds.

    Shape:
        x: (B, C, H, W).
        y: the same; in evaluation x itself.

    Raises:
        ParameterError: the largest area is below the smallest, or the aspect below 1.

    Source: Zhong et al., arXiv 1708.04896, with one draw per image where they repeat it until the rectangle fits;
    draws from torch's global generator.
    """

    def __init__(
        self,
        p: Probability = 0.5,
        area: tuple[Probability, Probability] = (0.02, 0.33),
        aspect: PositiveFloat = 3.3,
        value: float = 0.0,
    ) -> None:
        super().__init__()
        rule = ("a list of 2 items, the first not above the second", "两项的列表，且第一项不大于第二项")
        require(area[0] <= area[1], "aug_random_erasing", "area", rule, area)
        require(aspect >= 1, "aug_random_erasing", "aspect", ("at least 1", "不小于 1 的数"), aspect)
        self.p, self.area, self.aspect, self.value = p, area, aspect, value

    def forward(self, x: Annotated[Tensor, Dims("B C H W")]) -> Annotated[Tensor, Dims("B C H W")]:
        if not self.training:
            return x
        n, _, h, w = x.shape
        chosen, size, shape, down, right = torch.rand(5, n, device=x.device)
        pixels = h * w * (self.area[0] + (self.area[1] - self.area[0]) * size)
        ratio = torch.exp(math.log(self.aspect) * (2 * shape - 1))
        height = (pixels * ratio).sqrt().round().clamp(max=h)
        width = (pixels / ratio).sqrt().round().clamp(max=w)
        top, left = (down * (h - height + 1)).floor(), (right * (w - width + 1)).floor()
        inside_rows = _between(top, height, h)[:, None, :, None]
        inside_columns = _between(left, width, w)[:, None, None, :]
        erased = inside_rows & inside_columns & (chosen < self.p)[:, None, None, None]
        return x.masked_fill(erased, self.value)

    def extra_repr(self) -> str:
        return f"p={self.p}, area={self.area}, aspect={self.aspect}, value={self.value}"


def _between(start: Tensor, length: Tensor, size: int) -> Tensor:
    """Which of ``size`` positions lie in [start, start + length): (B,) and (B,) to (B, size)."""
    position = torch.arange(size, device=start.device)
    return (position >= start[:, None]) & (position < (start + length)[:, None])

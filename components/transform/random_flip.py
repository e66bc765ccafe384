"""Random flip: some images are mirrored in training."""

from typing import Annotated, Literal

import torch
from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, Probability, example

AXES = {"horizontal": -1, "vertical": -2}


@component(
    id="aug_random_flip",
    kind="transform",
    family="Data transform",
    name="Random flip",
    name_zh="随机翻转",
    help_zh="训练时随机把部分图像左右或上下翻转；评估时不变。",
    source="Krizhevsky et al., ImageNet classification with deep convolutional neural networks, NeurIPS 2012",
    keywords="augmentation mirror image 数据增强 镜像 图像",
    tags=("stochastic", "batch_independent"),
    examples=(example(x=(4, 3, 5, 7)), example(x=(4, 3, 5, 7), p=1.0, direction="vertical")),
)
class RandomFlip(nn.Module):
    """In training, mirrors each image with a probability of its own draw.

    Args:
        p: probability that an image is mirrored.
        direction: horizontal exchanges left and right, vertical top and bottom.

    Shape:
        x: (B, C, H, W).
        y: the same; in evaluation x itself.

    Source: Krizhevsky et al. 2012; draws from torch's global generator.
    """

    def __init__(self, p: Probability = 0.5, direction: Literal["horizontal", "vertical"] = "horizontal") -> None:
        super().__init__()
        self.p, self.direction = p, direction

    def forward(self, x: Annotated[Tensor, Dims("B C H W")]) -> Annotated[Tensor, Dims("B C H W")]:
        if not self.training:
            return x
        chosen = torch.rand(len(x), 1, 1, 1, device=x.device) < self.p
        return torch.where(chosen, x.flip(AXES[self.direction]), x)

    def extra_repr(self) -> str:
        return f"p={self.p}, direction={self.direction!r}"

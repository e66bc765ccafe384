"""Data augmentation: a pipeline of random changes of images in training, RandAugment among them."""

from typing import Annotated, Literal

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from components.errors import InputError
from components.registry import component
from components.spec import Count, Dims, NonNegative, Probability, example

Strength = Annotated[int, Field(ge=0, le=30)]


@component(
    id="reg_data_augmentation",
    kind="transform",
    family="Regularization",
    name="Data augmentation pipeline (flip, crop, colour, RandAugment)",
    name_zh="数据增强流水线",
    help_zh="训练时对每幅图像依次随机裁剪、翻转、变色，再做 RandAugment 等自动增强；各项强度为 0 即不变，评估时不变。",
    source="Cubuk et al., RandAugment: Practical automated data augmentation with a reduced search space, arXiv 1909.13719",
    keywords="randaugment trivialaugment autoaugment augmix crop flip color jitter image 数据增强 自动增强 图像",
    tags=("stochastic", "batch_independent"),
    examples=(
        example(x=(4, 3, 9, 7), padding=2),
        example(x=(4, 1, 8, 11), padding=0, jitter=0.4, policy="TrivialAugment"),
    ),
    xfail={"gradient": "it changes data, before any layer: its operations have no gradient"},
)
class DataAugmentation(nn.Module):
    """In training, crops, mirrors and colours each image, then applies a policy of random operations to it.

    The operations of a policy turn, shear and shift an image, sharpen it, and change its colours, for example by a
    histogram that is made even.

    Args:
        padding: pixels added at each border before a piece of the old size is cut out; 0 leaves that out.
        flip_p: probability of being mirrored left to right.
        jitter: farthest distance of the factors of brightness, contrast and saturation from 1; half of it that of the
            hue, of a full turn. 0 leaves that out.
        policy: RandAugment does num_ops random operations of one strength; TrivialAugment one of a random strength;
            AutoAugment one of the pairs that were found best for ImageNet; AugMix mixes three chains of operations.
        num_ops: how many operations RandAugment does, one behind the other.
        strength: of the operations, of 30; AugMix takes a third of it, TrivialAugment and AutoAugment have their own.
            0 leaves the policy out.

    Shape:
        x: (B, C, H, W) with 1 or 3 channels, values in [0, 1].
        y: the same, without a gradient; in evaluation x itself.

    Raises:
        ValueError: there are neither 1 nor 3 channels.

    Source: Cubuk et al., arXiv 1909.13719; Müller & Hutter, TrivialAugment, arXiv 2103.10158; Cubuk et al., AutoAugment,
    arXiv 1805.09501; Hendrycks et al., AugMix, arXiv 1912.02781; as torchvision.transforms.v2 has them. Draws from
    torch's global generator.
    """

    def __init__(
        self,
        padding: NonNegative = 4,
        flip_p: Probability = 0.5,
        jitter: Probability = 0.0,
        policy: Literal["RandAugment", "TrivialAugment", "AutoAugment", "AugMix"] = "RandAugment",
        num_ops: Count = 2,
        strength: Strength = 9,
    ) -> None:
        from torchvision.transforms import v2  # late: torchvision takes as long to load as all components

        super().__init__()
        self.padding, self.steps = padding, nn.ModuleList()
        if flip_p:
            self.steps.append(v2.RandomHorizontalFlip(flip_p))
        if jitter:
            self.steps.append(v2.ColorJitter(jitter, jitter, jitter, jitter / 2))
        if strength:
            made = {
                "RandAugment": lambda: v2.RandAugment(num_ops, strength),
                "TrivialAugment": v2.TrivialAugmentWide,
                "AutoAugment": v2.AutoAugment,
                "AugMix": lambda: v2.AugMix(severity=max(1, round(strength / 3))),
            }
            self.steps.append(made[policy]())

    @torch.no_grad()
    def forward(self, x: Annotated[Tensor, Dims("B C H W")]) -> Annotated[Tensor, Dims("B C H W")]:
        if x.shape[1] not in (1, 3):
            raise InputError(
                f"x must have 1 or 3 channels (grey or red, green and blue). Got {x.shape[1]} instead.",
                f"x 的通道数必须为 1 或 3（灰度或红绿蓝），收到：{x.shape[1]}。",
            )
        if not self.training or x.is_meta:  # on meta tensors shapes are being worked out
            return x
        # A transform of torchvision draws once a call: each image has a call of its own.
        return torch.stack([self._one(image) for image in x])

    def _one(self, image: Tensor) -> Tensor:
        if self.padding:
            height, width = image.shape[1:]
            top, left = torch.randint(2 * self.padding + 1, (2,)).tolist()
            image = F.pad(image, [self.padding] * 4)[:, top : top + height, left : left + width]
        for step in self.steps:
            image = step(image)
        return image

"""Colour jitter: brightness and contrast of images vary in training."""

from typing import Annotated

import torch
from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, Probability, example

LUMA = (0.2989, 0.587, 0.114)  # of red, green and blue (ITU-R BT.601), as torchvision has them


@component(
    id="aug_color_jitter",
    kind="transform",
    family="Data transform",
    name="Brightness and contrast jitter",
    name_zh="亮度与对比度抖动",
    help_zh="训练时随机改变每幅图像的亮度与对比度；评估时不变。",
    source="Howard, Some improvements on deep convolutional neural network based image classification, arXiv 1312.5402",
    keywords="augmentation color colour brightness contrast image 数据增强 颜色 图像",
    tags=("stochastic", "batch_independent"),
    examples=(example(x=(4, 3, 5, 7)), example(x=(4, 1, 5, 7), brightness=0.0, contrast=0.9)),
)
class ColorJitter(nn.Module):
    r"""In training, multiplies the brightness of each image, then its contrast, by factors of its own near 1.

    $$x' = (1 + \beta) x, \qquad y = \mu(x') + (1 + \gamma) (x' - \mu(x'))$$

    $\beta$ and $\gamma$ are uniform up to brightness and contrast, $\mu$ is the mean grey value of the image.

    Args:
        brightness: farthest distance of the factor from 1; 0 leaves the brightness alone.
        contrast: farthest distance of the factor from 1; 0 leaves the contrast alone.

    Shape:
        x: (B, C, H, W), values in [0, 1].
        y: the same, cut to [0, 1]; in evaluation x itself.

    Source: Howard, arXiv 1312.5402; as torchvision's adjust_brightness and adjust_contrast, in this order; draws from
    torch's global generator.
    """

    def __init__(self, brightness: Probability = 0.2, contrast: Probability = 0.2) -> None:
        super().__init__()
        self.brightness, self.contrast = brightness, contrast

    def forward(self, x: Annotated[Tensor, Dims("B C H W")]) -> Annotated[Tensor, Dims("B C H W")]:
        if not self.training:
            return x
        draws = 2 * torch.rand(2, len(x), 1, 1, 1, device=x.device, dtype=x.dtype) - 1
        x = (x * (1 + self.brightness * draws[0])).clamp(0, 1)
        grey = (x * x.new_tensor(LUMA)[:, None, None]).sum(1, keepdim=True) if x.shape[1] == 3 else x
        mean = grey.mean((1, 2, 3), keepdim=True)
        return (mean + (x - mean) * (1 + self.contrast * draws[1])).clamp(0, 1)

    def extra_repr(self) -> str:
        return f"brightness={self.brightness}, contrast={self.contrast}"

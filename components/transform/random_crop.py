"""Random crop: images are shifted by a few pixels in training."""

from typing import Annotated, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from components.registry import component
from components.spec import Count, Dims, example


@component(
    id="aug_random_crop",
    kind="transform",
    family="Data transform",
    name="Random crop (pad and shift)",
    name_zh="随机裁剪（填充后平移）",
    help_zh="训练时先在四周填充，再随机裁回原尺寸，相当于随机平移几个像素；评估时不变。",
    source="He et al., Deep residual learning for image recognition, arXiv 1512.03385",
    keywords="augmentation shift translate image 数据增强 平移 图像",
    tags=("stochastic", "batch_independent"),
    examples=(example(x=(4, 3, 5, 7), padding=2), example(x=(4, 3, 5, 7), padding=1, padding_mode="reflect")),
)
class RandomCrop(nn.Module):
    """In training, pads each image and cuts a piece of the old size at a place of its own.

    Args:
        padding: pixels added at each border, the farthest shift; below the size of the image with reflect.
        padding_mode: what the added pixels hold: zeros, the mirrored image, or its border.

    Shape:
        x: (B, C, H, W).
        y: the same; in evaluation x itself.

    Source: the CIFAR-10 augmentation of He et al., arXiv 1512.03385; draws from torch's global generator.
    """

    def __init__(self, padding: Count = 4, padding_mode: Literal["zeros", "reflect", "replicate"] = "zeros") -> None:
        super().__init__()
        self.padding, self.padding_mode = padding, padding_mode

    def forward(self, x: Annotated[Tensor, Dims("B C H W")]) -> Annotated[Tensor, Dims("B C H W")]:
        if not self.training:
            return x
        n, c, h, w = x.shape
        mode = "constant" if self.padding_mode == "zeros" else self.padding_mode
        padded = F.pad(x, [self.padding] * 4, mode=mode)
        top, left = torch.randint(2 * self.padding + 1, (2, n, 1), device=x.device)
        rows = top + torch.arange(h, device=x.device)  # (B, H)
        columns = left + torch.arange(w, device=x.device)  # (B, W)
        sample = torch.arange(n, device=x.device)[:, None, None, None]
        channel = torch.arange(c, device=x.device)[:, None, None]
        return padded[sample, channel, rows[:, None, :, None], columns[:, None, None, :]]

    def extra_repr(self) -> str:
        return f"padding={self.padding}, padding_mode={self.padding_mode!r}"

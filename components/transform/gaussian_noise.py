"""Gaussian noise: small random numbers are added to the data."""

from typing import Annotated, Literal

import torch
from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, NonNegativeFloat, example


@component(
    id="aug_gaussian_noise",
    kind="transform",
    family="Data transform",
    name="Gaussian noise",
    name_zh="高斯噪声",
    help_zh="给数据加上高斯随机噪声：只在训练时（数据增强），或始终（去噪自编码器）。",
    source="Bishop, Training with noise is equivalent to Tikhonov regularization, Neural Computation 1995",
    keywords="augmentation noise denoising corruption 数据增强 噪声 去噪",
    tags=("stochastic", "batch_independent"),
    examples=(example(x=(4, 7)), example(x=(2, 3, 5, 7), std=0.5)),
)
class GaussianNoise(nn.Module):
    r"""Adds a normal random number to each value.

    $$y = x + \sigma\,\epsilon, \quad \epsilon \sim \mathcal{N}(0, 1)$$

    Args:
        std: standard deviation of the noise.
        when: in training only, as augmentation; or always, as the corruption that a denoising network has to undo.

    Shape:
        x: (B, *).
        y: the same; in evaluation x itself, unless always.

    Source: Bishop 1995; Vincent et al., ICML 2008 for denoising; draws from torch's global generator.
    """

    def __init__(self, std: NonNegativeFloat = 0.1, when: Literal["train", "always"] = "train") -> None:
        super().__init__()
        self.std, self.when = std, when

    def forward(self, x: Annotated[Tensor, Dims("B *")]) -> Annotated[Tensor, Dims("B *")]:
        if not self.training and self.when == "train":
            return x
        return x + self.std * torch.randn_like(x)

    def extra_repr(self) -> str:
        return f"std={self.std}, when={self.when!r}"

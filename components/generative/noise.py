"""Normal noise: what a generator makes its samples from."""

from typing import Annotated

import torch
from torch import Tensor, nn

from components.registry import component
from components.spec import Count, Dims, Ports, example


@component(
    id="noise_normal",
    kind="sampler",
    family="Noise",
    name="Normal noise",
    name_zh="正态噪声",
    help_zh="为每个样本抽取标准正态随机数，用作生成器的隐变量或扩散、流模型采样的起点；输入只决定批大小。",
    source="Goodfellow et al., Generative Adversarial Networks, arXiv 1406.2661",
    keywords="latent gaussian random prior generator 隐变量 高斯 随机 先验",
    tags=("stochastic", "random_in_evaluation", "reads_shape"),
    examples=(example(x=(5, 3), size=(4,)), example(x=(2, 3, 5, 7))),
)
class NormalNoise(nn.Module):
    r"""Draws independent standard normal numbers for each sample.

    $$z \sim \mathcal{N}(0, I)$$

    It draws in training and in evaluation alike.

    Args:
        size: shape of the noise of one sample: a number of values or a list; none gives the shape of x.

    Shape:
        x: (B, *), read for its batch size alone (and its shape without size).
        z: (B, size), (B, *size) or the shape of x.

    Source: Goodfellow et al., arXiv 1406.2661; draws from torch's global generator.
    """

    def __init__(self, size: Count | tuple[Count, ...] | None = None) -> None:
        super().__init__()
        self.size = (size,) if isinstance(size, int) else size

    def forward(self, x: Annotated[Tensor, Dims("B *", dtype="any")]) -> Annotated[Tensor, Ports(z="B *")]:
        shape = x.shape if self.size is None else (x.shape[0], *self.size)
        return torch.randn(shape, device=x.device)

    def extra_repr(self) -> str:
        return f"size={self.size}"

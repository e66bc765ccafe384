"""The training objective of denoising diffusion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from components.generative.diffusion._process import (
    NoiseSchedule,
    Prediction,
    Steps,
    alpha_bars,
    mixed,
    per_sample,
    target,
)
from components.registry import component
from components.spec import Block, Dims, example, sub


@component(
    id="diff_ddpm",
    kind="loss",
    family="Diffusion",
    name="DDPM objective",
    name_zh="DDPM 扩散模型目标",
    help_zh="随机取一步、加噪，让去噪网络预测噪声（或原图、速度 v），损失为均方误差；网络作为模块给出。",
    source="Ho et al., Denoising Diffusion Probabilistic Models, arXiv 2006.11239",
    keywords="ddpm diffusion denoiser noise prediction score 扩散 去噪 生成",
    tags=("stochastic", "random_in_evaluation"),
    examples=(
        example(x0=(5, 3), denoiser=sub("linear", in_features=3, out_features=3, spare=1), steps=20, predict="v"),
    ),
)
class DiffusionObjective(nn.Module):
    r"""The squared error of a network that looks for the noise in noisy data.

    $$\ell = \mathbb{E}_{t, \epsilon} \lVert \epsilon - f(\sqrt{\bar\alpha_t}\, x_0 + \sqrt{1 - \bar\alpha_t}\, \epsilon,\; t)
    \rVert^2, \quad t \sim \mathcal{U}\{0, \dots, T - 1\}$$

    The steps of a batch are spread evenly over the process from a random start, which lowers the variance of the loss
    without a change of its mean.

    Args:
        denoiser: called with noisy data (B, *) and the step of each sample, integers (B,) from 0 to steps - 1; gives a
            tensor in the shape of the data.
        steps: number of steps T of the process.
        schedule: how fast the data fade: linear variances, or a squared cosine, which is gentler for small images.
        predict: what the network gives: the noise, the data, or v, the noise less the data in the proportions of the
            step.

    Shape:
        x0: (B, *), the data, about from -1 to 1.
        loss: a scalar, averaged over all values.

    Source: Ho et al., arXiv 2006.11239, equation 14; v, Salimans & Ho, arXiv 2202.00512; even steps, Kingma et al., arXiv
    2107.00630, appendix I.1; draws from torch's global generator.
    """

    alpha_bar: Tensor

    def __init__(
        self,
        denoiser: Annotated[Callable[..., Any], Block("xt: B *, t: B", "y: B *")],
        steps: Steps = 1000,
        schedule: NoiseSchedule = "linear",
        predict: Prediction = "eps",
    ) -> None:
        super().__init__()
        self.denoiser = denoiser
        self.predict: Prediction = predict
        self.register_buffer("alpha_bar", alpha_bars(schedule, steps), persistent=False)

    def forward(self, x0: Annotated[Tensor, Dims("B *")]) -> Tensor:
        count = x0.shape[0]
        even = (torch.rand((), device=x0.device) + torch.arange(count, device=x0.device) / count) % 1
        t = (even * len(self.alpha_bar)).long().clamp(max=len(self.alpha_bar) - 1)
        eps = torch.randn_like(x0)
        left = per_sample(self.alpha_bar[t], x0)
        return F.mse_loss(self.denoiser(mixed(x0, eps, left), t), target(x0, eps, left, self.predict))

    def extra_repr(self) -> str:
        return f"steps={len(self.alpha_bar)}, predict={self.predict!r}"

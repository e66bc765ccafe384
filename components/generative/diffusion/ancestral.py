"""The ancestral sampler of DDPM: noise is taken away step by step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

import torch
from torch import Tensor, nn

from components.generative.diffusion._process import NoiseSchedule, Prediction, Steps, alpha_bars, data_in
from components.registry import component
from components.spec import Block, Dims, Ports, example, sub


@component(
    id="diff_ddpm_sampler",
    kind="sampler",
    family="Diffusion",
    name="DDPM ancestral sampler",
    name_zh="DDPM 祖先采样",
    help_zh="从纯噪声出发，走完训练时的每一步，逐步去噪得到样本；步数、噪声调度与预测目标须与训练一致。",
    source="Ho et al., Denoising Diffusion Probabilistic Models, arXiv 2006.11239",
    keywords="ddpm diffusion sampling reverse generate 扩散 采样 生成",
    tags=("stochastic", "random_in_evaluation"),
    examples=(example(xT=(5, 3), denoiser=sub("linear", in_features=3, out_features=3, spare=1), steps=4),),
)
class AncestralSampler(nn.Module):
    r"""Draws from the reverse process, through every step that the network was trained on.

    $$x_{t-1} \sim \mathcal{N}\left(\frac{\sqrt{\bar\alpha_{t-1}}\,\beta_t}{1 - \bar\alpha_t}\,\hat x_0
    + \frac{\sqrt{\alpha_t}\,(1 - \bar\alpha_{t-1})}{1 - \bar\alpha_t}\,x_t,\; \sigma_t^2\right)$$

    Args:
        denoiser: the network of the objective, with its weights: called with the state (B, *) and the step (B,).
        steps: number of steps, as in training.
        schedule: as in training.
        predict: what the network gives, as in training.
        variance: the sigma squared of a step: small is that of the posterior, large is that of the forward step.
        clip: hold the predicted data between -1 and 1.

    Shape:
        xT: (B, *), standard normal noise.
        x0: the same, samples.

    Source: Ho et al., arXiv 2006.11239, equations 6 and 7; draws from torch's global generator.
    """

    alpha_bar: Tensor

    def __init__(
        self,
        denoiser: Annotated[Callable[..., Any], Block("xt: B *, t: B", "y: B *")],
        steps: Steps = 1000,
        schedule: NoiseSchedule = "linear",
        predict: Prediction = "eps",
        variance: Literal["small", "large"] = "small",
        clip: bool = True,
    ) -> None:
        super().__init__()
        self.denoiser = denoiser
        self.predict: Prediction = predict
        self.variance, self.clip = variance, clip
        self.register_buffer("alpha_bar", alpha_bars(schedule, steps), persistent=False)

    def forward(self, xT: Annotated[Tensor, Dims("B *")]) -> Annotated[Tensor, Ports(x0="B *")]:
        x = xT
        last = len(self.alpha_bar) - 1
        for step in range(last, -1, -1):
            left = self.alpha_bar[step]
            output = self.denoiser(x, torch.full((x.shape[0],), step, device=x.device))
            x0 = data_in(x, output, left, self.predict)
            if self.clip:
                x0 = x0.clamp(-1, 1)
            if step == 0 or x.is_meta:  # shapes need no second round
                return x0
            before = self.alpha_bar[step - 1]
            beta = 1 - left / before
            mean = (before.sqrt() * beta * x0 + (1 - beta).sqrt() * (1 - before) * x) / (1 - left)
            variance = beta if self.variance == "large" else beta * (1 - before) / (1 - left)
            x = mean + variance.sqrt() * torch.randn_like(x)
        return x

    def extra_repr(self) -> str:
        return f"steps={len(self.alpha_bar)}, predict={self.predict!r}, variance={self.variance!r}, clip={self.clip}"

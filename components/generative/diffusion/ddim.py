"""DDIM: sampling from a diffusion model in few steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import torch
from torch import Tensor, nn

from components.generative.diffusion._process import NoiseSchedule, Prediction, Steps, alpha_bars, data_in, noise_in
from components.registry import component
from components.rules import require
from components.spec import Block, Count, Dims, Ports, Probability, example, sub


@component(
    id="diff_ddim",
    kind="sampler",
    family="Diffusion",
    name="DDIM sampler",
    name_zh="DDIM 采样",
    help_zh="只走少数几步的扩散采样；η 为 0 时完全由初始噪声决定，η 为 1 且走完所有步时即 DDPM。",
    source="Song et al., Denoising Diffusion Implicit Models, arXiv 2010.02502",
    keywords="ddim diffusion sampling deterministic fast generate 扩散 采样 生成",
    tags=("stochastic", "random_in_evaluation"),
    examples=(
        example(xT=(5, 3), denoiser=sub("linear", in_features=3, out_features=3, spare=1), steps=20, sampling_steps=4),
        example(
            xT=(5, 3),
            denoiser=sub("linear", in_features=3, out_features=3, spare=1),
            steps=4,
            sampling_steps=4,
            predict="x0",
            eta=1.0,
        ),
    ),
)
class DDIMSampler(nn.Module):
    r"""Moves from noise to data over a few of the steps that the network was trained on.

    $$x_{s} = \sqrt{\bar\alpha_s}\,\hat x_0 + \sqrt{1 - \bar\alpha_s - \sigma^2}\,\hat\epsilon + \sigma\,\xi, \quad
    \sigma^2 = \eta^2\,\frac{1 - \bar\alpha_s}{1 - \bar\alpha_t}\left(1 - \frac{\bar\alpha_t}{\bar\alpha_s}\right)$$

    Args:
        denoiser: the network of the objective, with its weights: called with the state (B, *) and the step (B,).
        steps: number of steps, as in training.
        schedule: as in training.
        predict: what the network gives, as in training.
        sampling_steps: how many of the steps are walked, evenly spread, the first and the last among them.
        eta: the share of fresh noise in each step: 0 is deterministic; 1 over all steps is the DDPM sampler.
        clip: hold the predicted data between -1 and 1.

    Shape:
        xT: (B, *), standard normal noise.
        x0: the same, samples.

    Raises:
        ParameterError: sampling_steps is more than steps.

    Source: Song et al., arXiv 2010.02502, equations 12 and 16; draws from torch's global generator where eta is not 0.
    """

    alpha_bar: Tensor

    def __init__(
        self,
        denoiser: Annotated[Callable[..., Any], Block("xt: B *, t: B", "y: B *")],
        steps: Steps = 1000,
        schedule: NoiseSchedule = "linear",
        predict: Prediction = "eps",
        sampling_steps: Count = 50,
        eta: Probability = 0.0,
        clip: bool = True,
    ) -> None:
        super().__init__()
        rule = (f"at most steps ({steps})", f"不超过 steps（{steps}）的数")
        require(sampling_steps <= steps, "diff_ddim", "sampling_steps", rule, sampling_steps)
        self.denoiser = denoiser
        self.predict: Prediction = predict
        self.steps, self.sampling_steps, self.eta, self.clip = steps, sampling_steps, eta, clip
        self.register_buffer("alpha_bar", alpha_bars(schedule, steps), persistent=False)

    def forward(self, xT: Annotated[Tensor, Dims("B *")]) -> Annotated[Tensor, Ports(x0="B *")]:
        x = xT
        gaps = max(1, self.sampling_steps - 1)
        walk = [round((self.steps - 1) * (1 - i / gaps)) for i in range(self.sampling_steps)]
        for step, following in zip(walk, [*walk[1:], -1], strict=True):
            left = self.alpha_bar[step]
            output = self.denoiser(x, torch.full((x.shape[0],), step, device=x.device))
            x0 = data_in(x, output, left, self.predict)
            if self.clip:
                x0 = x0.clamp(-1, 1)
            if following < 0 or x.is_meta:  # shapes need no second round
                return x0
            after = self.alpha_bar[following]
            variance = self.eta**2 * (1 - after) / (1 - left) * (1 - left / after)
            x = after.sqrt() * x0 + (1 - after - variance).clamp(min=0).sqrt() * noise_in(x, x0, left)
            if self.eta:
                x = x + variance.sqrt() * torch.randn_like(x)
        return x

    def extra_repr(self) -> str:
        return f"steps={self.steps}, sampling_steps={self.sampling_steps}, predict={self.predict!r}, eta={self.eta}"

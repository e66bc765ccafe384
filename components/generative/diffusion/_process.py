"""The Gaussian noising process: how much of the data is left after each step, and what a prediction says of it."""

import math
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor

Steps = Annotated[int, Field(ge=2)]
NoiseSchedule = Literal["linear", "cosine"]
Prediction = Literal["eps", "x0", "v"]


def alpha_bars(schedule: NoiseSchedule, steps: int) -> Tensor:
    """The share of the data's variance that is left after step 1 to ``steps``: (steps,), falling from about 1 to 0.

    ``linear``: variances of the steps from 1e-4 to 0.02 for 1,000 steps, the same total for another number (DDPM, arXiv
    2006.11239). ``cosine``: a squared cosine (Improved DDPM, arXiv 2102.09672).
    """
    if schedule == "linear":
        betas = torch.linspace(0.1 / steps, 20 / steps, steps, dtype=torch.float64)
    else:
        time = torch.linspace(0, 1, steps + 1, dtype=torch.float64)
        left = torch.cos((time + 0.008) / 1.008 * math.pi / 2).square()
        betas = 1 - left[1:] / left[:-1]
    return (1 - betas.clamp(max=0.999)).cumprod(0).float()


def mixed(x0: Tensor, eps: Tensor, left: Tensor) -> Tensor:
    """Data and noise, of which the share ``left`` of the variance is data: the state of the process."""
    return left.sqrt() * x0 + (1 - left).sqrt() * eps


def target(x0: Tensor, eps: Tensor, left: Tensor, predict: Prediction) -> Tensor:
    """What a network should give for the state made of this data and noise."""
    if predict == "eps":
        return eps
    return x0 if predict == "x0" else left.sqrt() * eps - (1 - left).sqrt() * x0


def data_in(x: Tensor, output: Tensor, left: Tensor, predict: Prediction) -> Tensor:
    """The data that the network's output implies for the state x."""
    if predict == "eps":
        return (x - (1 - left).sqrt() * output) / left.sqrt()
    return output if predict == "x0" else left.sqrt() * x - (1 - left).sqrt() * output


def noise_in(x: Tensor, x0: Tensor, left: Tensor) -> Tensor:
    """The noise that the state x holds beside the data."""
    return (x - left.sqrt() * x0) / (1 - left).sqrt()


def per_sample(values: Tensor, x: Tensor) -> Tensor:
    """One value for each sample, with axes of size 1 so that it multiplies x (B, *)."""
    return values.reshape(-1, *[1] * (x.dim() - 1))

"""Stochastic weight averaging: the model is the mean of the weights that training went through."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

import torch

from components.optimizer._averaged import AveragedWeights
from components.optimizer._inner import Inner, inner_optimizer
from components.registry import component
from components.spec import Dims, DropRate, NonNegativeFloat, PositiveFloat, Probability, Runtime, example


@component(
    id="opt_swa",
    kind="optimizer",
    family="Optimizer",
    name="Weight averaging (SWA, Polyak, EMA)",
    name_zh="权重平均（SWA、Polyak、EMA）",
    help_zh="内层优化器照常训练，从某一时刻起对途经的权重取平均；验证、最佳检查点与生成都使用平均权重，批归一化的统计量随之重新计算。",
    source="Izmailov et al., Averaging Weights Leads to Wider Optima and Better Generalization, arXiv 1803.05407",
    inputs={"*loss": Dims("()"), "schedule?": Dims("()", kind="schedule")},
    keywords="stochastic weight averaging swa polyak ruppert ema exponential moving average wrapper 随机权重平均 滑动平均",
    examples=(
        example(lr=0.1),
        example(inner="adamw", lr=0.05, start=0.5, each="step", weight_decay=0.01),
        example(lr=0.05, momentum=0.5, start=0.0, each="step", decay=0.99),
    ),
)
def swa(
    params: Annotated[Iterable, Runtime()],
    inner: Inner = "sgd",
    lr: PositiveFloat = 0.05,
    momentum: DropRate = 0.9,
    betas: tuple[DropRate, DropRate] = (0.9, 0.999),
    weight_decay: NonNegativeFloat = 0.0,
    start: Probability = 0.75,
    each: Literal["epoch", "step"] = "epoch",
    decay: DropRate | None = None,
) -> torch.optim.Optimizer:
    r"""Averages the weights that another optimizer goes through; what is judged and kept is the average.

    $$\bar\theta_n = \bar\theta_{n-1} + \frac{\theta_n - \bar\theta_{n-1}}{n} \quad \text{or} \quad
    \bar\theta_n = \beta\, \bar\theta_{n-1} + (1 - \beta)\, \theta_n$$

    One snapshot an epoch is SWA, one a step the average of Polyak and Ruppert, and with a decay the exponential moving
    average. Training goes on from the weights themselves. Before an average is judged, the statistics of batch
    normalization are found anew in one pass over the training data. The SWA learning rate suits it as a schedule.

    Args:
        inner: the optimizer that trains.
        lr: its learning rate.
        momentum: the share of the last step that SGD keeps.
        betas: the shares of the last averages that the other optimizers keep.
        weight_decay: weight decay, as the inner optimizer has it.
        start: the share of the run after which weights count.
        each: takes the weights at the end of each epoch, or after each step.
        decay: the share beta of the average that stays; none for the mean of all snapshots.

    Source: Izmailov et al., arXiv 1803.05407, algorithm 1; torch.optim.swa_utils.AveragedModel. The mean over steps,
    Polyak & Juditsky 1992.
    """
    return AveragedWeights(inner_optimizer(inner, params, lr, momentum, betas, weight_decay), start, each, decay)

"""L1-norm batch normalization: the mean absolute deviation in place of the standard deviation."""

from typing import Annotated

from torch import Tensor

from components.normalization._running import RunningNorm
from components.registry import component
from components.spec import Dims, InChannels, PositiveFloat, Probability, example


@component(
    id="norm_l1_batch",
    kind="layer",
    family="Feature normalization",
    name="L1-norm batch normalization",
    name_zh="L1 批归一化",
    help_zh="用平均绝对偏差代替标准差做批归一化：没有平方和开方，更省算力，也更适合低精度。",
    source="Wu et al., L1-Norm Batch Normalization for Efficient Training, arXiv 1802.09769",
    keywords="l1bn l1-norm mean absolute deviation quantized hardware 平均绝对偏差 低精度",
    examples=(example(x=(5, 3)), example(x=(4, 3, 7), momentum=0.3), example(x=(2, 3, 5, 7), eps=1e-3)),
)
class L1BatchNorm(RunningNorm):
    r"""Centres each channel over the batch and divides it by its mean absolute deviation, then scales and shifts it.

    $$y = \gamma\, \frac{x - \mu_B}{\sigma_{L1} + \epsilon} + \beta, \quad \sigma_{L1} = \mathrm{E}\,|x - \mu_B|$$

    For normally distributed values $\sigma_{L1}$ is $\sqrt{2 / \pi}$ times the standard deviation, which the learned
    scale makes up for.

    Args:
        num_features: channels of the input.
        eps: added to the deviation, against division by zero.
        momentum: share of the new batch in the running mean and deviation.

    Shape:
        x: (B, C, *), channels on axis 1.
        y: the same.

    Source: Wu et al., arXiv 1802.09769, section III.
    """

    def __init__(self, num_features: InChannels, eps: PositiveFloat = 1e-5, momentum: Probability = 0.1) -> None:
        super().__init__(num_features, eps, momentum)

    def statistics(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        mean = rows.mean(1)
        return mean, (rows - mean[:, None]).abs().mean(1)

    def forward(self, x: Annotated[Tensor, Dims("B C *")]) -> Annotated[Tensor, Dims("B C *")]:
        return super().forward(x)

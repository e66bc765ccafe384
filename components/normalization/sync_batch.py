"""Synchronised batch normalization: the statistics run over the batches of all devices."""

from torch import nn

from components.registry import component
from components.spec import InChannels, PositiveFloat, Probability, example


@component(
    id="norm_sync_batch",
    kind="layer",
    family="Feature normalization",
    name="Synchronised batch normalization",
    name_zh="同步批归一化 SyncBN",
    help_zh="多设备训练时，用所有设备上的样本共同计算批归一化的统计量；单设备时与批归一化相同。",
    source="Peng et al., MegDet, arXiv 1711.07240",
    inputs={"x": "B C *"},
    outputs={"y": "B C *"},
    keywords="syncbn syncbatchnorm cross-gpu distributed 多卡 分布式 跨卡",
    examples=(example(x=(5, 3)), example(x=(4, 3, 7), momentum=0.3), example(x=(2, 3, 5, 7), affine=False)),
)
def sync_batch_norm(
    num_features: InChannels, eps: PositiveFloat = 1e-5, momentum: Probability = 0.1, affine: bool = True
) -> nn.Module:
    r"""Batch normalization whose mean and variance are those of the samples on all devices together.

    $$y = \gamma\, \frac{x - \mathrm{E}[x]}{\sqrt{\mathrm{Var}[x] + \epsilon}} + \beta$$

    Where only one process trains, it is batch normalization.

    Args:
        num_features: channels of the input.
        eps: added to the variance, against division by zero.
        momentum: share of the new batch in the running mean and variance.
        affine: learns the scale and shift of each channel.

    Shape:
        x: (B, C, *), channels on axis 1.
        y: the same.

    Raises:
        ValueError: in training, a batch with a single value per channel, or several processes without GPUs.

    Source: Peng et al., arXiv 1711.07240, section 3.2; torch.nn.SyncBatchNorm.
    """
    return nn.SyncBatchNorm(num_features, eps, momentum, affine)

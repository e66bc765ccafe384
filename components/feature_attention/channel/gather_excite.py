"""Gather-excite: each neighbourhood is summarised, and the summary gates what it came from."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from components.feature_attention._maps import Image, reduced, two_convolutions
from components.registry import component
from components.rules import require
from components.spec import Count, InChannels, example


@component(
    id="attn_gather_excite",
    kind="layer",
    family="Channel attention",
    name="Gather-Excite (GENet)",
    name_zh="GENet 聚合激励",
    help_zh="在给定范围内聚合特征（均值或逐通道步进卷积），插值回原尺寸作为权重；默认无参数、全局范围。",
    source="Hu et al., Gather-Excite, arXiv 1810.12348",
    keywords="genet gather excite extent context 上下文 聚合",
    examples=(
        example(x=(2, 3, 5, 7)),
        example(x=(2, 4, 9, 6), extent=2),
        example(x=(3, 6, 8, 9), extent=4, learned=True),
        example(x=(4, 8, 5, 7), extent=2, mlp=True, reduction=1),
    ),
)
class GatherExcite(nn.Module):
    r"""Scales each value by a gate from the neighbourhood that a coarser map assigns to it.

    $$y = x \odot \sigma(\mathrm{interp}(\xi(x)))$$

    Args:
        in_channels: channels of the input.
        extent: the step between two summaries, in samples; none is one summary of the whole map.
        learned: gathers by depthwise 3x3 convolutions of stride 2, as many as halve the map to the extent; else by means
            over windows of 2 extent - 1 samples.
        mlp: mixes the channels of the summary by two layers.
        reduction: channels per channel of their middle.

    Shape:
        x: (B, C, H, W).
        y: the same.

    Raises:
        ValueError: learned with an extent that is no power of two.

    Source: Hu et al., arXiv 1810.12348: GE without parameters, GE-theta (learned) and GE-theta+ (and mlp); a learned
    summary of the whole map would need to know its size and is left out.
    """

    def __init__(
        self,
        in_channels: InChannels,
        extent: Count | None = None,
        learned: bool = False,
        mlp: bool = False,
        reduction: Count = 16,
    ) -> None:
        halvings = extent.bit_length() - 1 if extent else 0
        rule = ("a power of two from 2 on where learned is true", "2 的幂且不小于 2（learned 为 true 时）")
        require(not learned or (halvings > 0 and extent == 2**halvings), "attn_gather_excite", "extent", rule, extent)
        super().__init__()
        self.extent = extent
        steps: list[nn.Module] = []
        for _ in range(halvings if learned else 0):
            steps += [nn.ReLU()] if steps else []
            steps += [
                nn.Conv2d(in_channels, in_channels, 3, stride=2, padding=1, groups=in_channels, bias=False),
                nn.BatchNorm2d(in_channels),
            ]
        self.steps = nn.Sequential(*steps) if learned else None
        self.mlp = two_convolutions(in_channels, reduced(in_channels, reduction)) if mlp else nn.Identity()

    def gather(self, x: Tensor) -> Tensor:
        """The summaries: (B, C, H, W) to (B, C, H', W')."""
        if self.steps is not None:
            return self.steps(x)
        if self.extent is None:
            return x.mean((2, 3), keepdim=True)
        size = 2 * self.extent - 1
        return F.avg_pool2d(x, size, self.extent, padding=size // 2, count_include_pad=False)

    def forward(self, x: Image) -> Image:
        gate = torch.sigmoid(self.mlp(self.gather(x)))
        return x * (gate if self.extent is None else F.interpolate(gate, x.shape[2:]))

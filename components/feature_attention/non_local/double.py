"""Double attention: features are gathered into a few descriptors, and these are handed out to the positions."""

from torch import nn

from components.feature_attention._maps import Maps, reduced, to_maps, to_tokens
from components.registry import component
from components.spec import Count, InChannels, example


@component(
    id="attn_double",
    kind="layer",
    family="Non-local attention",
    name="Double attention (A²-Net)",
    name_zh="A² 双重注意力",
    help_zh="先用注意力把全图特征汇聚成少量全局描述子，再由每个位置按需取用，计算量随位置数线性增长。",
    source="Chen et al., A2-Nets: Double Attention Networks, arXiv 1810.11579",
    keywords="a2 net double attention gather distribute descriptors 双重注意力 汇聚 分发",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 8, 5, 7), descriptors=3),
        example(x=(2, 6, 9), descriptors=4, reduction=2),
        example(x=(2, 5, 3, 4, 6), descriptors=2, reduction=1),
    ),
)
class DoubleAttention(nn.Module):
    r"""Gathers the features into descriptors by one attention and gives each position a mixture of them by another.

    $$y = W_o \, (A \, \mathrm{softmax}_p(B)^\top) \, \mathrm{softmax}_k(V)$$

    Args:
        in_channels: channels of the input.
        descriptors: number of descriptors k.
        reduction: channels per channel of a descriptor.

    Shape:
        x: (B, C, L), (B, C, H, W) or (B, C, D, H, W).
        y: the same; the sum with the input is left to the graph.

    Source: Chen et al., arXiv 1810.11579; without offsets.
    """

    def __init__(self, in_channels: InChannels, descriptors: Count = 32, reduction: Count = 4) -> None:
        super().__init__()
        inner = reduced(in_channels, reduction)
        self.feature = nn.Linear(in_channels, inner, bias=False)
        self.gather = nn.Linear(in_channels, descriptors, bias=False)
        self.distribute = nn.Linear(in_channels, descriptors, bias=False)
        self.out = nn.Linear(inner, in_channels, bias=False)

    def forward(self, x: Maps) -> Maps:
        tokens = to_tokens(x)
        descriptors = self.gather(tokens).softmax(1).mT @ self.feature(tokens)  # (B, k, inner)
        return to_maps(self.out(self.distribute(tokens).softmax(-1) @ descriptors), x)

"""Batch-aware attention: the samples of a batch are weighed against each other."""

import torch
from torch import Tensor, nn

from components.feature_attention._maps import Image, reduced, squeeze, to_tokens
from components.registry import component
from components.spec import Count, InChannels, example


@component(
    id="attn_ba2m",
    kind="layer",
    family="Other CNN attention",
    name="Batch-aware attention (BA2M)",
    name_zh="BA²M 批感知注意力",
    help_zh="由通道、局部与全局空间注意力得到每个样本的得分，在批内取 softmax 作为样本权重，突出内容更丰富的样本。",
    source="Cheng et al., BA^2M: A Batch Aware Attention Module for Image Classification, arXiv 2103.15099",
    keywords="ba2m batch sample weight reweight 批 样本权重 重加权",
    examples=(example(x=(5, 8, 9, 11), reduction=1), example(x=(3, 12, 7, 5), reduction=4, keep_scale=True)),
)
class BatchAwareAttention(nn.Module):
    r"""Scales each sample by its share of a softmax over the batch, after a score from three kinds of attention.

    $$y_n = w_n x_n, \quad w = \mathrm{softmax}_n(s), \quad
    s_n = \overline{A_c(x_n) + A_l(x_n) + A_g(x_n)}$$

    $A_c$ is a perceptron on the channels' means (B, C), $A_l$ three convolutions (1x1, 3x3, 1x1) to one map, and $A_g$ one
    map that each position gathers from all others by dot products of a query and a key. They are added as (B, C, H, W),
    and the line is the mean over channels and positions.

    Args:
        in_channels: channels of the input.
        reduction: channels per channel of the middle of each part.
        keep_scale: multiplies the weights by the number of samples: their mean is then 1, whatever the batch.

    Shape:
        x: (B, C, H, W).
        y: the same; a batch of one sample is left alone.

    Source: Cheng et al., arXiv 2103.15099, where the score fuses a channel, a local and a global spatial attention. What
    the three consist of, and that they are fused by a sum, is assumed here. keep_scale is an addition: the mean of B weights
    is 1/B, which a normalisation behind may undo. In evaluation a prediction depends on its batch, too. An offset that all samples share has no effect: the last layers
    have none.
    """

    def __init__(self, in_channels: InChannels, reduction: Count = 16, keep_scale: bool = False) -> None:
        super().__init__()
        hidden = reduced(in_channels, reduction)
        self.keep_scale = keep_scale
        self.channel = nn.Sequential(
            nn.Linear(in_channels, hidden), nn.ReLU(), nn.Linear(hidden, in_channels, bias=False)
        )
        self.local = nn.Sequential(
            nn.Conv2d(in_channels, hidden, 1), nn.ReLU(),
            nn.Conv2d(hidden, hidden, 3, padding=1), nn.ReLU(),
            nn.Conv2d(hidden, 1, 1, bias=False),
        )  # fmt: skip
        self.query = nn.Conv2d(in_channels, hidden, 1)
        self.key = nn.Conv2d(in_channels, hidden, 1, bias=False)
        self.value = nn.Conv2d(in_channels, 1, 1, bias=False)

    def forward(self, x: Image) -> Image:
        weights = torch.softmax(self.score(x), dim=0)
        if self.keep_scale:
            weights = weights * x.shape[0]
        return weights[:, None, None, None] * x

    def score(self, x: Tensor) -> Tensor:
        """The score (B,) of each sample: the mean of the sum of its maps, which is the sum of their means."""
        query, key, value = (to_tokens(layer(x)) for layer in (self.query, self.key, self.value))  # (B, N, ·)
        gathered = nn.functional.scaled_dot_product_attention(query, key, value)
        return self.channel(squeeze(x)).mean(1) + self.local(x).mean((1, 2, 3)) + gathered.mean((1, 2))

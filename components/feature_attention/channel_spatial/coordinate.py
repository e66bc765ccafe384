"""Coordinate attention: a gate for each row and one for each column of every channel."""

import torch
import torch.nn.functional as F
from torch import nn

from components.feature_attention._maps import Image, reduced
from components.registry import component
from components.spec import Count, InChannels, example


@component(
    id="attn_coordinate",
    kind="layer",
    family="Channel+spatial attention",
    name="Coordinate attention",
    name_zh="坐标注意力",
    help_zh="沿高和宽分别池化并共同编码，为每个通道得到逐行、逐列的权重，保留位置信息。",
    source="Hou et al., Coordinate Attention for Efficient Mobile Network Design, arXiv 2103.02907",
    keywords="coordatt coordinate attention strip pooling mobile 位置信息 坐标",
    examples=(example(x=(2, 6, 5, 7)), example(x=(3, 12, 4, 5), reduction=3, min_channels=2)),
)
class CoordinateAttention(nn.Module):
    r"""Scales each value by a gate of its row and a gate of its column, computed together from the strips' means.

    $$y_c(i, j) = x_c(i, j) \, g^h_c(i) \, g^w_c(j), \quad
    g^h = \sigma(F_h f^h), \; g^w = \sigma(F_w f^w), \quad
    [f^h, f^w] = \delta(\mathrm{BN}(F_1 [\mathrm{avg}_w x, \mathrm{avg}_h x]))$$

    Args:
        in_channels: channels of the input.
        reduction: channels per channel of the strips' encoding.
        min_channels: least number of channels of the strips' encoding.

    Shape:
        x: (B, C, H, W).
        y: the same.

    Source: Hou et al., arXiv 2103.02907; the nonlinearity is the hard swish, as in the authors' code.
    """

    def __init__(self, in_channels: InChannels, reduction: Count = 32, min_channels: Count = 8) -> None:
        super().__init__()
        hidden = max(min_channels, reduced(in_channels, reduction))
        self.encode = nn.Conv1d(in_channels, hidden, 1, bias=False)
        self.norm = nn.BatchNorm1d(hidden)
        self.rows = nn.Conv1d(hidden, in_channels, 1)
        self.columns = nn.Conv1d(hidden, in_channels, 1)

    def forward(self, x: Image) -> Image:
        strips = torch.cat((x.mean(3), x.mean(2)), 2)  # (B, C, H + W)
        encoded = F.hardswish(self.norm(self.encode(strips)))
        rows, columns = encoded.split(x.shape[2:], 2)
        return x * torch.sigmoid(self.rows(rows))[..., None] * torch.sigmoid(self.columns(columns))[:, :, None]

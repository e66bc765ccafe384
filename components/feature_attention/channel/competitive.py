"""Competitive squeeze-and-excitation: the identity of a residual block takes part in gating its residual."""

import torch
from torch import nn

from components.feature_attention._maps import Maps, reduced, spread, squeeze
from components.registry import component
from components.spec import Count, InChannels, example


@component(
    id="attn_cmpt_se",
    kind="layer",
    family="Channel attention",
    name="Competitive squeeze-and-excitation (CMPT-SE)",
    name_zh="CMPT-SE 竞争式通道注意力",
    help_zh="残差与恒等支路的通道均值共同决定残差各通道的权重；之后再与恒等支路相加即可。",
    source="Hu et al., Competitive Inner-Imaging Squeeze and Excitation, arXiv 1807.08920",
    keywords="cmpt-se cmpe-se competitive inner-imaging residual identity 竞争 残差",
    tags=("batch_independent",),
    examples=(
        example(x=(3, 8, 5, 7), identity=(3, 8, 5, 7), reduction=1),
        example(x=(4, 6, 9), identity=(4, 6, 9), reduction=1),
    ),
)
class CompetitiveSqueezeExcitation(nn.Module):
    r"""Scales the channels of a residual by gates that see the means of the residual and of the identity.

    $$y = x \odot \sigma(W_e \, [\mathrm{ReLU}(W_r \bar{x} + b_r), \mathrm{ReLU}(W_i \bar{u} + b_i)] + b_e)$$

    Args:
        in_channels: channels of both inputs.
        reduction: channels per unit of each of the two hidden layers.

    Shape:
        x: (B, C, L), (B, C, H, W) or (B, C, D, H, W), the residual.
        identity: the same, what the residual is later added to, u in the formula.
        y: the same.

    Source: Hu et al., arXiv 1807.08920, the form with two fully connected squeezes.
    """

    def __init__(self, in_channels: InChannels, reduction: Count = 16) -> None:
        super().__init__()
        hidden = reduced(in_channels, reduction)
        self.residual = nn.Linear(in_channels, hidden)
        self.identity = nn.Linear(in_channels, hidden)
        self.excite = nn.Linear(2 * hidden, in_channels)

    def forward(self, x: Maps, identity: Maps) -> Maps:
        both = torch.cat((self.residual(squeeze(x)), self.identity(squeeze(identity))), 1)
        return x * spread(torch.sigmoid(self.excite(both.relu())), x)

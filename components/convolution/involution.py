"""Involution: the kernel is made at each position from the values there, and shared by many channels."""

from typing import Annotated

from torch import Tensor, nn
from torch.nn import functional as F

from components.convolution._nd import require_odd
from components.registry import component
from components.rules import require_divisor
from components.spec import Count, Dims, InChannels, example


@component(
    id="conv_involution",
    kind="layer",
    family="Convolution",
    name="Involution",
    name_zh="Involution",
    help_zh="与卷积相反：每个位置由该处的特征生成自己的核（空间独立），同组的通道共用这个核（通道共享）。",
    source="Li et al., Involution: Inverting the Inherence of Convolution for Visual Recognition, arXiv 2103.06255",
    keywords="involution rednet dynamic kernel position specific 内卷 动态核 逐位置",
    examples=(
        example(x=(2, 6, 9, 11), groups=3, reduction=2),
        example(x=(3, 4, 9, 11), kernel_size=3, dilation=2, reduction=1),
        example(x=(2, 8, 9, 11), kernel_size=5, stride=2, groups=2),
    ),
)
class Involution(nn.Module):
    r"""Weighs the neighbourhood of each position with a kernel that the values at the position make.

    $$y_c(p) = \sum_t \mathcal{H}_{g(c),t}(p)\, x_c(p + t), \quad
    \mathcal{H}(p) = W_1\, \mathrm{ReLU}(\mathrm{BN}(W_0\, x(p)))$$

    Args:
        in_channels: channels of the input and of the output.
        kernel_size: taps of a kernel along each side, an odd number.
        stride: step between two positions, in samples; above 1 the values that make a kernel are averages.
        dilation: distance between two taps, in samples.
        groups: number of kernels at a position, each for as many channels; divides in_channels.
        reduction: how many times fewer channels than x has the input of W_1.

    Shape:
        x: (B, C, H, W).
        y: (B, C, ceil(H / stride), ceil(W / stride)).

    Raises:
        ValueError: an even kernel_size, or channels not divisible by groups.

    Source: Li et al., arXiv 2103.06255, equations 4 and 6, with an offset behind W_1. The paper puts it in the
    place of the 3 x 3 convolution of a residual block, with kernel_size 7 and 16 channels in a group.
    """

    def __init__(
        self,
        in_channels: InChannels,
        kernel_size: Count = 7,
        stride: Count = 1,
        dilation: Count = 1,
        groups: Count = 1,
        reduction: Count = 4,
    ) -> None:
        super().__init__()
        require_odd("conv_involution", 2, kernel_size)
        require_divisor("conv_involution", "groups", groups, in_channels=in_channels)
        self.kernel_size, self.stride, self.dilation, self.groups = kernel_size, stride, dilation, groups
        hidden = max(in_channels // reduction, 1)
        self.pool = nn.AvgPool2d(stride, ceil_mode=True) if stride > 1 else nn.Identity()
        self.reduce = nn.Sequential(nn.Conv2d(in_channels, hidden, 1, bias=False), nn.BatchNorm2d(hidden), nn.ReLU())
        self.span = nn.Conv2d(hidden, groups * kernel_size**2, 1)

    def forward(self, x: Annotated[Tensor, Dims("B C H W")]) -> Annotated[Tensor, Dims("B C H W")]:
        kernels = self.span(self.reduce(self.pool(x)))  # (B, G k k, H', W')
        padding = self.dilation * (self.kernel_size - 1) // 2
        windows = F.unfold(x, self.kernel_size, self.dilation, padding, self.stride)  # (B, C k k, H' W')
        windows = windows.view(x.shape[0], self.groups, -1, self.kernel_size**2, *kernels.shape[2:])
        y = (windows * kernels.unflatten(1, (self.groups, 1, -1))).sum(3)  # (B, G, C / G, H', W')
        return y.flatten(1, 2)

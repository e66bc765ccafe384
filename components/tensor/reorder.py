"""Ops that put the axes in another order."""

from typing import Annotated

from torch import Tensor

from components.errors import InputError
from components.registry import component
from components.spec import Dims, NonNegative, example

AnyTensor = Annotated[Tensor, Dims("*", dtype="any")]


@component(
    id="op_permute",
    kind="op",
    family="Tensor",
    name="Permute axes",
    name_zh="维度重排",
    help_zh="按给定顺序重新排列所有维度，例如把通道移到最后。",
    source="torch.permute",
    keywords="transpose swap channels last 转置 换轴",
    examples=(example(x=(2, 3, 5)), example(x=(2, 3, 5, 7), axes=(0, 2, 3, 1))),
)
def permute(x: AnyTensor, *, axes: tuple[NonNegative, ...] = (0, 2, 1)) -> AnyTensor:
    r"""Puts all axes in a new order.

    $$\mathrm{shape}(y)_i = \mathrm{shape}(x)_{\mathrm{axes}_i}$$

    Args:
        axes: for each axis of the output, the number of the input's axis; the batch is axis 0.

    Shape:
        x: as many axes as the list has items.
        y: the sizes of x in the order of axes.

    Raises:
        ValueError: a list that does not name each axis of the input once.

    Source: torch.permute.
    """
    if sorted(axes) != list(range(x.dim())):
        raise InputError(
            f"The 'axes' parameter must name each axis from 0 to {x.dim() - 1} once, as the input has {x.dim()} axes. "
            f"Got {axes} instead.",
            f"输入有 {x.dim()} 个维度，参数“axes”必须包含 0 到 {x.dim() - 1} 各一次，收到：{axes}。",
        )
    return x.permute(axes)


@component(
    id="op_transpose",
    kind="op",
    family="Tensor",
    name="Swap two axes",
    name_zh="交换两个维度",
    help_zh="交换两个维度，例如把 (B, C, T) 变为 (B, T, C)。",
    source="torch.transpose",
    keywords="transpose swapaxes 转置",
    examples=(example(x=(2, 3, 5)), example(x=(2, 3, 5, 7), dim0=-1, dim1=-3)),
)
def transpose(x: AnyTensor, *, dim0: int = 1, dim1: int = 2) -> AnyTensor:
    """Swaps two axes, such as channels and time.

    Args:
        dim0: one of the axes.
        dim1: the other one.

    Shape:
        x: (*), with both axes.
        y: the same with the sizes of the two axes swapped.

    Source: torch.transpose.
    """
    return x.transpose(dim0, dim1)

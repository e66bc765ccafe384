"""Taking a batch apart whose samples play different roles."""

from typing import Annotated

from pydantic import Field
from torch import Tensor

from components.errors import InputError
from components.registry import component
from components.spec import Dims, NumberedPorts, example

# Each role is a port on the canvas.
Roles = Annotated[int, Field(ge=1, le=32)]


@component(
    id="op_batch_roles",
    kind="op",
    family="Tensor",
    name="Roles of a batch",
    name_zh="批内角色",
    help_zh="把批次拆成等长的几段，每段是一种角色，例如锚点、正例、负例，或图像的两个视图。",
    source="Bromley et al., Signature Verification using a Siamese Time Delay Neural Network, NIPS 1993",
    keywords="batch chunk anchor positive negative pair triplet views siamese 锚点 正例 负例 三元组 样本对 视图",
    examples=(
        example(x=(6, 4, 5)),
        example(x=(7, 2), count=2),  # the odd sample has no counterpart
    ),
)
def batch_roles(
    x: Annotated[Tensor, Dims("B *", dtype="any")], *, count: Roles = 3
) -> Annotated[tuple[Tensor, ...], NumberedPorts("y", count="count", dims=Dims("B *", dtype="any"))]:
    """Cuts a batch into equal parts that lie one after the other, one port for each role.

    A sampler of pairs or triplets lays a batch out like this: first all anchors, then all positives, then all
    negatives. Joining views along axis 0 does too. The i-th samples of all parts belong together.

    Args:
        count: the number of roles.

    Shape:
        x: (B, *), any dtype.
        y1, y2, y3, ...: (B // count, *) each; up to count - 1 samples at the end that fill no further group are left out.

    Raises:
        ValueError: a batch with fewer samples than roles.

    Source: Bromley et al. 1993, for pairs; torch.chunk.
    """
    size = x.shape[0] // count
    if size == 0:
        raise InputError(
            f"The 'count' parameter of op_batch_roles ({count}) is greater than the batch, which has {x.shape[0]} "
            "samples.",
            f"op_batch_roles 的参数“count”（{count}）大于批次的样本数 {x.shape[0]}。",
        )
    return x[: size * count].split(size)

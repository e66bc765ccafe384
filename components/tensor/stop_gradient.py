"""A border that gradients do not cross."""

from typing import Annotated

from torch import Tensor

from components.registry import component
from components.spec import Dims, example

AnyTensor = Annotated[Tensor, Dims("*", dtype="any")]


@component(
    id="op_stop_gradient",
    kind="op",
    family="Tensor",
    name="Stop gradient",
    name_zh="停止梯度",
    help_zh="数值原样通过，但反向传播到此为止：之前的部分不会因它而训练。",
    source="Chen & He, Exploring Simple Siamese Representation Learning, arXiv 2011.10566 (as a part of the method)",
    keywords="detach constant target block gradient 截断梯度 分离 常量",
    tags=("batch_independent", "stops_gradient"),
    examples=(example(x=(2, 3, 5)),),
    xfail={"gradient": "stops the gradient, which is what it is for"},
)
def stop_gradient(x: AnyTensor) -> AnyTensor:
    r"""Hands a tensor on and keeps gradients from going back through it.

    $$y = x, \quad \partial y / \partial x := 0$$

    Shape:
        x: (*), any shape and dtype.
        y: the same values.

    Source: torch.Tensor.detach; as the essential part of a self-supervised method, Chen & He, arXiv 2011.10566.
    """
    return x.detach()

"""Ways between the codes of two samples, to see what lies between them."""

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor

from components.registry import component
from components.spec import Dims, example


@component(
    id="op_interpolate",
    kind="op",
    family="Visualizer",
    name="Interpolate",
    name_zh="插值",
    help_zh="在每个样本与下一个样本（或另一输入）之间取若干个中间点，例如隐变量，解码后即可看到渐变。",
    source="White, Sampling Generative Networks, arXiv 1609.04468",
    keywords="latent lerp slerp morph walk 隐变量 线性 球面 渐变",
    examples=(example(x=(3, 5), steps=4), example(x=(3, 5), other=(3, 5), steps=2, path="spherical")),
)
def interpolate(
    x: Annotated[Tensor, Dims("B *")],
    other: Annotated[Tensor, Dims("B *")] | None = None,
    *,
    steps: Annotated[int, Field(ge=2)] = 8,
    path: Literal["linear", "spherical"] = "linear",
) -> Annotated[Tensor, Dims("M *")]:
    r"""Points on the way from each sample to another one, both ends among them.

    $$y_k = (1 - u_k)\, a + u_k\, b, \quad u_k = k / (K - 1)$$

    Args:
        steps: number K of points of each way.
        path: a straight line, or an arc that keeps the length of normal codes (one angle for the whole sample).

    Shape:
        x: (B, *), where the ways begin.
        other: the same, where they end; without it each way ends at the next sample, the last at the first.
        y: (B * steps, *), the points of the first way, then those of the second.

    Source: White, arXiv 1609.04468, section 2.1.
    """
    ends = torch.roll(x, -1, 0) if other is None else other
    a, b = x.flatten(1).unsqueeze(1), ends.flatten(1).unsqueeze(1)  # (B, 1, D)
    u = torch.linspace(0, 1, steps, device=x.device, dtype=x.dtype).reshape(1, steps, 1)
    if path == "linear":
        points = a + u * (b - a)
    else:
        cosine = torch.nn.functional.cosine_similarity(a, b, dim=-1).unsqueeze(-1)
        angle = torch.acos(cosine.clamp(-1 + 1e-6, 1 - 1e-6))
        points = (torch.sin((1 - u) * angle) * a + torch.sin(u * angle) * b) / torch.sin(angle)
    return points.reshape(-1, *x.shape[1:])

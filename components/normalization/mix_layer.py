"""Mix-LN and LayerNorm scaling: where layer normalization stands around a branch depends on the depth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from torch import Tensor, nn

from components.registry import component
from components.rules import require
from components.spec import Block, Count, Dims, InFeatures, PositiveFloat, Probability, example, sub


@component(
    id="norm_mix_ln",
    kind="layer",
    family="Feature normalization",
    name="Mix-LN and LayerNorm scaling",
    name_zh="Mix-LN 与层归一化缩放",
    help_zh="包住一个残差分支：浅层用后置层归一化，深层用前置层归一化；也可按深度缩小前置归一化的输出，使深层不再失效。",
    source="Li et al., Mix-LN, arXiv 2412.13795; Sun et al., The Curse of Depth, arXiv 2502.05795",
    keywords="pre-ln post-ln transformer residual depth lns 前置 后置 残差 深度",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 5, 7), branch=sub("linear", in_features=7, out_features=7), depth=9),
        example(x=(2, 5, 7), branch=sub("linear", in_features=7, out_features=7), depth=2),
        example(x=(3, 7), branch=sub("linear", in_features=7, out_features=7), depth=4, mode="scaled"),
    ),
)
class MixLayerNorm(nn.Module):
    r"""A residual branch with layer normalization behind it in the first layers of a network, before it in the others.

    $$y = \begin{cases} \mathrm{LN}(x + F(x)) & \ell \le \alpha L \\ x + F(\mathrm{LN}(x)) & \text{else}
    \end{cases} \qquad \text{or scaled:} \quad y = x + F(\mathrm{LN}(x) / \sqrt{\ell})$$

    Args:
        branch: the branch F.
        normalized_shape: features, the size of the last axis.
        depth: number of this layer in the network, from 1.
        num_layers: number L of layers in the network.
        share: share alpha of the layers that normalise behind the branch; 0 for none, 1 for all.
        mode: ``mix``, or ``scaled`` for normalization before every branch, divided by the root of the depth.
        eps: added to the variance, against division by zero.

    Shape:
        x: (B, *, C).
        y: the same.

    Raises:
        ValueError: a depth of more than num_layers.

    Source: Li et al., arXiv 2412.13795, section 3; Sun et al., arXiv 2502.05795, equation 9.
    """

    def __init__(
        self,
        branch: Annotated[Callable[..., Tensor], Block("x: B * C", "y: B * C")],
        normalized_shape: InFeatures,
        depth: Count = 1,
        num_layers: Count = 12,
        share: Probability = 0.25,
        mode: Literal["mix", "scaled"] = "mix",
        eps: PositiveFloat = 1e-5,
    ) -> None:
        super().__init__()
        rule = (f"at most num_layers ({num_layers})", f"不大于 num_layers（{num_layers}）的数")
        require(depth <= num_layers, "norm_mix_ln", "depth", rule, depth)
        self.branch = branch
        self.norm = nn.LayerNorm(normalized_shape, eps)
        self.behind = mode == "mix" and depth <= share * num_layers
        self.scale = depth**-0.5 if mode == "scaled" else 1.0

    def forward(self, x: Annotated[Tensor, Dims("B * C")]) -> Annotated[Tensor, Dims("B * C")]:
        if self.behind:
            return self.norm(x + self.branch(x))
        return x + self.branch(self.scale * self.norm(x))

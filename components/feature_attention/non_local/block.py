"""The non-local block: each position adds a weighted mean of all positions."""

from typing import Literal

import torch.nn.functional as F
from torch import Tensor, nn

from components.feature_attention._maps import Maps, reduced, start_at_zero, to_maps, to_tokens
from components.registry import component
from components.spec import Count, InChannels, example


@component(
    id="nonlocal_block",
    kind="layer",
    family="Non-local attention",
    name="Non-local block",
    name_zh="非局部模块（Non-local）",
    help_zh="每个位置汇总所有位置的特征，权重可为高斯、嵌入高斯、点积或拼接形式；加回输入，初始为恒等映射。",
    source="Wang et al., Non-local Neural Networks, arXiv 1711.07971",
    keywords="non-local nonlocal self-attention embedded gaussian dot concat 非局部 自注意力 长程依赖",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 6, 11)),
        example(x=(2, 6, 5, 7), zero_init=False),
        example(x=(2, 4, 3, 5, 6), zero_init=False, mode="concat", reduction=1),
        example(x=(2, 6, 5, 7), zero_init=False, mode="dot"),
        example(x=(2, 3, 5, 4), zero_init=False, mode="gaussian"),
    ),
    xfail={"gradient-0": "the zero projection at the start hides the branch; example 1 trains it"},
)
class NonLocalBlock(nn.Module):
    r"""Adds to each position a mean of all positions, weighted by how alike they are.

    $$y_i = x_i + W_z \sum_j \frac{f(x_i, x_j)}{\mathcal{C}(x)} \, g(x_j)$$

    Args:
        in_channels: channels of the input.
        mode: the weights f: ``embedded`` is a softmax over products of two learned projections, ``gaussian`` over
            those of the features themselves, ``dot`` the products divided by their number, ``concat`` a learned
            ReLU score of the projections side by side, divided likewise.
        reduction: channels per channel of the projections.
        zero_init: begins with W_z = 0, the identity.

    Shape:
        x: (B, C, L), (B, C, H, W) or (B, C, D, H, W).
        y: the same.

    Source: Wang et al., arXiv 1711.07971, without the pooling of keys and values and the normalisation behind W_z.
    """

    def __init__(
        self,
        in_channels: InChannels,
        mode: Literal["embedded", "gaussian", "dot", "concat"] = "embedded",
        reduction: Count = 2,
        zero_init: bool = True,
    ) -> None:
        super().__init__()
        inner = reduced(in_channels, reduction)
        self.mode = mode
        self.value = nn.Linear(in_channels, inner)
        self.query = nn.Linear(in_channels, inner) if mode != "gaussian" else nn.Identity()
        # Under a softmax over the keys an offset of the keys would cancel out.
        self.key = nn.Linear(in_channels, inner, bias=mode != "embedded") if mode != "gaussian" else nn.Identity()
        self.score = nn.Linear(2 * inner, 1, bias=False) if mode == "concat" else None
        self.out = nn.Linear(inner, in_channels)
        if zero_init:
            start_at_zero(self.out)

    def weights(self, tokens: Tensor) -> Tensor:
        """How much each position (axis 1) takes of each position (axis 2): (B, N, N)."""
        query, key = self.query(tokens), self.key(tokens)
        if self.score is not None:
            first, second = self.score.weight.chunk(2, 1)  # the score of a pair is a sum of its parts' scores
            return F.relu(query @ first.mT + (key @ second.mT).mT) / tokens.shape[1]
        products = query @ key.mT
        return products / tokens.shape[1] if self.mode == "dot" else products.softmax(-1)

    def forward(self, x: Maps) -> Maps:
        tokens = to_tokens(x)
        return x + to_maps(self.out(self.weights(tokens) @ self.value(tokens)), x)

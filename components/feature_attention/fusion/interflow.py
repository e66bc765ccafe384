"""Interflow: the predictions of several stages of a network, weighed against each other."""

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from components.errors import InputError
from components.feature_attention._maps import two_layers
from components.registry import component
from components.spec import Count, Dims, Inferred, Ports, example


@component(
    id="attn_interflow",
    kind="layer",
    family="Other CNN attention",
    name="Interflow (attention over stage predictions)",
    name_zh="Interflow 多阶段预测注意力",
    help_zh="网络各阶段各给出一份预测，由注意力按样本学习其权重并加权求和；浅层因此也直接受到监督。",
    source="Cai, Interflow: Aggregating Multi-layer Feature Mappings with Attention Mechanism, arXiv 2106.14073",
    keywords="interflow stages branches auxiliary classifier aggregate deep supervision 阶段 分支 辅助分类器 聚合",
    tags=("batch_independent",),
    examples=(
        example(logits=[(5, 4), (5, 4), (5, 4)], hidden=7),
        example(logits=[(3, 6), (3, 6)], stages=2, hidden=5),
    ),
)
class Interflow(nn.Module):
    r"""Averages the predictions of several stages, with weights for each sample that follow from all of them.

    $$w = \mathrm{softmax}\big(W_2\, \mathrm{ReLU}(W_1 [z_1; \dots; z_S] + b_1) + b_2\big), \quad
    y = \sum_s w_s\, z_s$$

    Args:
        num_classes: entries K of each prediction.
        stages: number S of predictions.
        hidden: units of the hidden layer.

    Shape:
        logits: (B, K) from each stage, in the order of the wires.
        y: (B, K); weights: (B, S), positive, with the sum 1.

    Raises:
        ValueError: the number of predictions is not that of the stages, or their shapes differ.

    Source: Cai, arXiv 2106.14073. The paper learns a weight for each branch from the branches' predictions; that the
    attention is a perceptron with one hidden layer over all of them, with a softmax behind it, is assumed here.
    """

    def __init__(
        self,
        num_classes: Annotated[int, Field(ge=1), Inferred("logits", axis=1)],
        stages: Count = 3,
        hidden: Count = 16,
    ) -> None:
        super().__init__()
        self.stages = stages
        self.attention = two_layers(stages * num_classes, hidden, stages)

    def forward(
        self, *logits: Annotated[Tensor, Dims("B K")]
    ) -> Annotated[tuple[Tensor, Tensor], Ports(y="B K", weights="B S")]:
        if len(logits) != self.stages:
            raise InputError(
                f"The 'stages' parameter of attn_interflow must be the number of wires at logits. "
                f"Got {self.stages} stages and {len(logits)} wires instead.",
                f"attn_interflow 的参数“stages”必须等于 logits 的连线数，收到 {self.stages} 个阶段和 {len(logits)} 条连线。",
            )
        shapes = [tuple(z.shape) for z in logits]
        if len(set(shapes)) > 1:
            raise InputError(
                f"The logits of all stages must have one shape. Got {shapes} instead.",
                f"各阶段的 logits 形状必须相同，收到：{shapes}。",
            )
        predictions = torch.stack(logits, dim=1)  # (B, S, K)
        weights = torch.softmax(self.attention(predictions.flatten(1)), dim=1)
        return torch.einsum("bs,bsk->bk", weights, predictions), weights

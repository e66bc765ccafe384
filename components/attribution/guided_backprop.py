"""Guided backpropagation: gradients that are positive, through units that are on."""

from components.attribution._relu_rule import EXAMPLES, ReluRuleMap
from components.registry import component


@component(
    id="vis_guided_backprop",
    kind="visualizer",
    family="CNN visualization",
    name="Guided backpropagation",
    name_zh="引导反向传播",
    help_zh="求得分对像素的梯度，但经过 ReLU 时只让正梯度通过处于激活状态的单元，图像更干净。",
    source="Springenberg et al., Striving for Simplicity, arXiv 1412.6806",
    keywords="attribution explain gradient relu 归因 解释 梯度 显著图",
    tags=("batch_independent",),
    examples=EXAMPLES,
    xfail={"gradient": "a map is a constant for what follows"},
)  # fmt: skip
class GuidedBackprop(ReluRuleMap):
    r"""The gradient of a class's score, with only positive signals through units that are on.

    $$R^{(l)} = \mathbb{1}[x^{(l)} > 0]\, \max(0, R^{(l+1)})$$

    at every ReLU; every other layer passes the gradient on.

    Args:
        model: the classifier that is explained, from images to logits (B, K).
        every: epochs between two pictures.
        count: number of validation samples that are explained.

    Shape:
        x: (B, C, H, W).
        target: (B,), the class to explain; the predicted one where it is missing or -100.
        map: (B, C, H, W), signed.

    Source: Springenberg et al., arXiv 1412.6806, section 3.4.
    """

    rule = "guided"

"""The deconvolutional network: back from a class to the pixels, through every ReLU with positive signals alone."""

from components.attribution._relu_rule import EXAMPLES, ReluRuleMap
from components.registry import component


@component(
    id="vis_deconvnet",
    kind="visualizer",
    family="CNN visualization",
    name="Deconvnet",
    name_zh="反卷积可视化",
    help_zh="把类别得分沿网络传回像素；经过每个 ReLU 时只留下正的信号，不管前向时输入的符号。",
    source="Zeiler & Fergus, Visualizing and Understanding Convolutional Networks, arXiv 1311.2901",
    keywords="attribution explain gradient deconvolution 归因 解释 反卷积 梯度",
    tags=("batch_independent",),
    examples=EXAMPLES,
    xfail={"gradient": "a map is a constant for what follows"},
)  # fmt: skip
class Deconvnet(ReluRuleMap):
    r"""Goes back from the score of a class to the input, letting only positive signals through each ReLU.

    $$R^{(l)} = \max(0, R^{(l+1)})$$

    in place of the gradient's $\mathbb{1}[x^{(l)} > 0]\, R^{(l+1)}$; every other layer passes the gradient on.

    Args:
        model: the classifier that is explained, from images to logits (B, K).
        every: epochs between two pictures.
        count: number of validation samples that are explained.

    Shape:
        x: (B, C, H, W).
        target: (B,), the class to explain; the predicted one where it is missing or -100.
        map: (B, C, H, W), signed.

    Source: Zeiler & Fergus, arXiv 1311.2901, section 2.1. Max pooling sends signals to where the maximum stood.
    """

    rule = "deconvnet"

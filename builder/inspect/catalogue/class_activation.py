"""Views of the regions of an image that speak for a class, by the feature maps of a node."""

from __future__ import annotations

from builder.inspect.attribution import Attribution, Target
from builder.inspect.catalogue.attribution import drawing, with_target
from builder.inspect.catalogue.spec import About, Heads, Request, View, last, some
from builder.inspect.choices import heads_where
from builder.inspect.class_activation import Method, averaged_nodes, cam, cam_nodes, class_activation
from builder.inspect.heads import Head
from builder.inspect.inspector import Inspector


def mapped(inspector: Inspector) -> list[tuple[int, Head]]:
    """The answers that come from an image by feature maps."""
    return heads_where(inspector, lambda head: bool(cam_nodes(inspector, head)))


def _averaged(inspector: Inspector) -> list[tuple[int, Head]]:
    return heads_where(inspector, lambda head: bool(averaged_nodes(inspector, head)))


def _nodes(inspector: Inspector) -> list[str] | None:
    heads = mapped(inspector)
    return some(cam_nodes(inspector, heads[0][1])) if heads else None


def _averaged_nodes(inspector: Inspector) -> list[str] | None:
    heads = _averaged(inspector)
    return some(averaged_nodes(inspector, heads[0][1])) if heads else None


def _weighted(method: Method, about: About) -> View:
    def explain(inspector: Inspector, request: Request, target: Target) -> Attribution:
        return class_activation(inspector, request.given_sample, request.node, target, method)

    draw = drawing(about.id, mapped, explain)
    return View(**vars(about), applies=_nodes, options=with_target(mapped), draw=draw, first=last)


def _classified(heads: Heads) -> View:
    return View(
        "cam", "CAM", "CAM",
        "What each place of the last feature maps adds to the score of a class.", "最后特征图的每个位置对类别得分的贡献。",
        "The linear layer behind the global average, applied at every place without its bias, enlarged (Zhou et al., "
        "arXiv 1512.04150). The mean of the map and the bias are the score.",
        "把全局平均后的线性层（不含偏置）用于每个位置并放大；图的均值加偏置即为得分（Zhou 等，arXiv 1512.04150）。",
        "Only for networks that end in a global average and a linear layer. As coarse as the maps are.",
        "仅适用于以全局平均加线性层结尾的网络；精细程度受特征图限制。",
        _averaged_nodes, with_target(heads),
        drawing("cam", heads, lambda i, r, target: cam(i, r.given_sample, r.node, target)), first=last,
    )  # fmt: skip


VIEWS: tuple[View, ...] = (
    _weighted("grad_cam", About(
        "grad_cam", "Grad-CAM", "Grad-CAM",
        "The regions of the image that speak for a class, as seen by a node's feature maps.",
        "从某节点的特征图看，图像中支持某一类别的区域。",
        "Feature maps weighted by the mean gradient of the class's score, summed, cut at 0, enlarged (Selvaraju et "
        "al., arXiv 1610.02391).",
        "以类别得分的平均梯度为权重对特征图求和，截去负值并放大（Selvaraju 等，arXiv 1610.02391）。",
        "As coarse as the maps are; early layers have maps that are fine but mean little.",
        "精细程度受特征图限制；浅层虽细但含义不大。",
    )),
    _weighted("grad_cam_pp", About(
        "grad_cam_pp", "Grad-CAM++", "Grad-CAM++",
        "As Grad-CAM, but objects that appear several times are all covered.", "类似 Grad-CAM，但能覆盖多次出现的物体。",
        "Channel weights from the positive gradients at each place, by how far the score depends on it (Chattopadhyay et "
        "al., arXiv 1710.11063).",
        "按得分对各位置的依赖程度汇总正梯度作为通道权重（Chattopadhyay 等，arXiv 1710.11063）。",
        "Its weights assume that the score is an exponential; as coarse as the maps are.",
        "权重推导假设得分为指数形式；精细程度受特征图限制。",
    )),
    _weighted("score_cam", About(
        "score_cam", "Score-CAM", "Score-CAM",
        "The regions that by themselves give the class a high score; no gradients.", "单独就能得到高分的区域；不用梯度。",
        "The image is seen through each enlarged map in turn; the softmax of the scores weighs the maps (Wang et al., "
        "arXiv 1910.01279).",
        "依次用放大的特征图遮罩图像，以得分的 softmax 为权重（Wang 等，arXiv 1910.01279）。",
        "One run of the model for each map, so of more than 128 maps those that vary most; masked images are no natural ones.",
        "每张特征图需运行一次模型，超过 128 张时只取变化最大的 128 张；遮罩后的图像并非自然图像。",
    )),
    _weighted("guided_grad_cam", About(
        "guided_grad_cam", "Guided Grad-CAM", "引导 Grad-CAM",
        "Fine structures in the regions that speak for the class.", "支持该类别的区域中的细节。",
        "Guided backpropagation times the enlarged Grad-CAM (Selvaraju et al., arXiv 1610.02391).",
        "引导反向传播乘以放大的 Grad-CAM（Selvaraju 等，arXiv 1610.02391）。",
        "The fine structures depend little on the weights: only the region speaks for the class.",
        "细节几乎不依赖权重，只有区域与类别有关。",
    )),
    _classified(_averaged),
)  # fmt: skip

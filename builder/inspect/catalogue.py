"""The views: for each, where it applies, its options, and how it is computed and drawn. A new view is an entry here."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from builder.inspect import figures
from builder.inspect.attention import Attention, attention, attention_nodes
from builder.inspect.attribution import (
    STEPS,
    Attribution,
    Target,
    cam_nodes,
    can_explain,
    find_start,
    grad_cam,
    integrated_gradients,
    saliency,
)
from builder.inspect.choices import (
    Choice,
    Option,
    choose,
    head_option,
    heads_where,
    plain,
    position_option,
    split_option,
    target_options,
)
from builder.inspect.errors import InspectError
from builder.inspect.evaluation import Evaluation, confusion, evaluate, worst
from builder.inspect.figures.style import Style
from builder.inspect.heads import Head
from builder.inspect.inspector import Inspector
from builder.inspect.labels import token_names
from builder.inspect.network import edge_port, network
from builder.inspect.prediction import predict, predict_tokens, reconstruct
from builder.inspect.projection import can_project, project
from builder.inspect.samples import Sample
from builder.inspect.values import drawn_ports, picture, value
from builder.inspect.weights import filters, weight_names

_MOST_CLASSES = 128  # of a confusion matrix


@dataclass(frozen=True)
class Request:
    """What a view is drawn from."""

    inspector: Inspector
    node: str
    sample: Sample | None
    options: dict[str, Any]
    style: Style

    @property
    def given_sample(self) -> Sample:
        if self.sample is None:
            raise InspectError("This view needs a sample.", "此视图需要一个样本。")
        return self.sample

    def head(self, wanted: Heads) -> Head:
        """The answer that was chosen, or the first of those that a view is for."""
        index = self.options.get("head")
        return self.inspector.heads[wanted(self.inspector)[0][0] if index is None else index]

    def target(self, wanted: Heads) -> Target:
        """The number that is explained."""
        answer = self.options.get("answer", -1)
        return Target(self.head(wanted), None if answer < 0 else answer, self.options.get("position"))


Heads = Callable[[Inspector], list[tuple[int, Head]]]
Draw = Callable[[Request], tuple[go.Figure, Any]]
Options = Callable[[Inspector, str, "Sample | None"], list[Option]]


@dataclass(frozen=True)
class About:
    """A view in words.

    Args:
        id: by which ``compute`` knows it.
        name, name_zh: its title in a list.
        help, help_zh: what it shows.
        method, method_zh: how it is computed, with its source.
        limits, limits_zh: what it does not tell.
    """

    id: str
    name: str
    name_zh: str
    help: str
    help_zh: str
    method: str
    method_zh: str
    limits: str
    limits_zh: str

    def label(self, language: str) -> str:
        return self.name_zh if language == "zh" else self.name

    def about(self, language: str) -> dict[str, str]:
        """What it shows, how and what not, by heading."""
        if language == "zh":
            return {"显示": self.help_zh, "方法": self.method_zh, "局限": self.limits_zh}
        return {"Shows": self.help, "Method": self.method, "Limits": self.limits}


@dataclass(frozen=True)
class View(About):
    """A view and what belongs to it."""

    applies: Callable[[Inspector], list[str] | None]
    """The nodes; an empty list for a view of the whole model; None where it does not apply."""
    options: Options
    draw: Draw
    needs_sample: bool = True
    first: Callable[[Inspector, list[str]], str] = lambda inspector, nodes: nodes[0]
    """Which node to begin with."""


def _whole(applies: bool) -> list[str] | None:
    return [] if applies else None


def _some(nodes: list[str]) -> list[str] | None:
    return nodes or None


def _computing(inspector: Inspector, *kinds: str) -> list[str]:
    """The nodes of these kinds that the answers depend on or that hang at the data, in the order of the data."""
    nodes = inspector.compiled.flat.nodes
    return [
        p for p in inspector.compiled.analysis.order if nodes[p].component.kind in kinds and drawn_ports(inspector, p)
    ]


def _last(inspector: Inspector, nodes: list[str]) -> str:
    return nodes[-1]


def _first_weighted(inspector: Inspector, nodes: list[str]) -> str:
    """The first node with weights."""
    return next((n for n in nodes if weight_names(inspector, n)), nodes[0])


def _tightest(inspector: Inspector, nodes: list[str]) -> str:
    """What the classes are read off; where there are none, the node that gives the fewest numbers."""
    for head in inspector.heads:
        sources = [s for ends in inspector.compiled.flat.nodes[head.end[0]].inputs.values() for s, _ in ends]
        if head.by_class and sources and sources[0] in nodes:
            return sources[0]
    sizes = {
        n: math.prod(s for s in inspector.layout.sample_shape((n, drawn_ports(inspector, n)[0])) if isinstance(s, int))
        for n in nodes
    }
    return min(nodes, key=sizes.__getitem__)


# -- the output of a node


def _output_options(inspector: Inspector, node: str, sample: Sample | None) -> list[Option]:
    ports = drawn_ports(inspector, node)
    found = choose("port", "Output port", "输出端口", plain(ports))
    end = (node, ports[0])
    if inspector.layout.kind(end) in ("maps", "volume"):
        channels = inspector.layout.sample_shape(end)[0]
        count = channels if isinstance(channels, int) else 1
        every = [Choice(-1, "all", "全部"), *(Choice(i, str(i), str(i)) for i in range(count))]
        found += choose("channel", "Channel", "通道", every)
        scales = [Choice("common", "one for all", "统一"), Choice("each", "each map its own", "逐图")]
        found += choose("scale", "Colour scale", "色标", scales)
    return found


def _draw_output(request: Request) -> tuple[go.Figure, Any]:
    port = request.options.get("port", drawn_ports(request.inspector, request.node)[0])
    found = value(request.inspector, request.given_sample, (request.node, port))
    channel, each = request.options.get("channel", -1), request.options.get("scale") == "each"
    shown = channel if found.kind in ("maps", "volume") and 0 <= channel < len(found.array) else None
    return figures.value_figure(found, request.style, shown, each), found


# -- weights


def _draw_filters(request: Request) -> tuple[go.Figure, Any]:
    found = filters(request.inspector, request.node, request.options.get("weight", ""))
    return figures.filters_figure(found, request.style), found


# -- attention


def _attention_options(inspector: Inspector, node: str, sample: Sample | None) -> list[Option]:
    if sample is None:
        return []
    found = attention(inspector, sample, node)
    heads = [Choice(-2, "all", "全部"), Choice(-1, "mean", "平均")]
    heads += [Choice(i, str(i), str(i)) for i in range(len(found.weights))]
    result = choose("show_head", "Head", "头", heads, -2)
    if found.image is not None:
        shows = [Choice("image", "over the image", "叠加在图像上"), Choice("matrix", "as a matrix", "矩阵")]
        result += choose("show", "Draw", "绘制", shows)
        queries = [Choice(i, name, name) for i, name in enumerate(found.queries.names)]
        result += choose("query", "Query", "查询", queries)
    return result


def _draw_attention(request: Request) -> tuple[go.Figure, Attention]:
    found = attention(request.inspector, request.given_sample, request.node)
    head = request.options.get("show_head", -2)
    if request.options.get("show") == "image":
        kept, names = found, []
        if head == -1:
            kept = dataclasses.replace(found, weights=found.weights.mean(0, keepdims=True))
            names = [request.style.say("mean", "平均")]
        elif head >= 0:
            kept = dataclasses.replace(found, weights=found.weights[head : head + 1])
            names = [request.style.say(f"head {head}", f"头 {head}")]
        return figures.attention_image(kept, request.style, request.options.get("query", 0), names), found
    if head == -2 and len(found.weights) > 1:
        return figures.attention_heads(found, request.style), found
    return figures.attention_matrix(found, request.style, None if head == -1 else max(head, 0)), found


# -- attribution


def _explained(inspector: Inspector) -> list[tuple[int, Head]]:
    return heads_where(inspector, lambda head: can_explain(inspector, head))


def _cam_heads(inspector: Inspector) -> list[tuple[int, Head]]:
    return heads_where(inspector, lambda head: bool(cam_nodes(inspector, head)))


def _cam_nodes(inspector: Inspector) -> list[str] | None:
    heads = _cam_heads(inspector)
    return _some(cam_nodes(inspector, heads[0][1])) if heads else None


def _draw_cam(request: Request) -> tuple[go.Figure, Attribution]:
    found = grad_cam(request.inspector, request.given_sample, request.node, request.target(_cam_heads))
    return figures.attribution_figure(found, request.style, request.node), found


def _saliency_options(inspector: Inspector, node: str, sample: Sample | None) -> list[Option]:
    heads = _explained(inspector)
    start = find_start(inspector, heads[0][1])
    shows = [Choice("absolute", "magnitude", "大小"), Choice("signed", "with sign", "带符号")]
    if start is not None and inspector.compiled.flat.nodes[start[0]].component.kind != "dataset":
        shows = shows[:1]
    shows.append(Choice("times_input", "times input", "乘以输入"))
    return [*choose("gradient", "Gradient", "梯度", shows), *target_options(inspector, sample, heads)]


def _draw_saliency(request: Request) -> tuple[go.Figure, Attribution]:
    show, target = request.options.get("gradient", "absolute"), request.target(_explained)
    found = request.inspector.kept(
        ("saliency", request.given_sample.key, target, show),
        lambda: saliency(request.inspector, request.given_sample, target, show),
    )
    return figures.attribution_figure(found, request.style), found


def _integrated_options(inspector: Inspector, node: str, sample: Sample | None) -> list[Option]:
    heads = _explained(inspector)
    start = find_start(inspector, heads[0][1])
    baselines = [Choice("zero", "zeros", "零"), Choice("mean", "mean of the training data", "训练数据的均值")]
    if start is not None and inspector.compiled.flat.nodes[start[0]].component.kind != "dataset":
        baselines = []
    steps = [Choice(n, str(n), str(n)) for n in (12, 24, 48, 96)]
    return [
        *choose("baseline", "Baseline", "基线", baselines),
        *choose("n_steps", "Steps", "步数", steps, STEPS),
        *target_options(inspector, sample, heads),
    ]


def _draw_integrated(request: Request) -> tuple[go.Figure, Attribution]:
    baseline, n_steps = request.options.get("baseline", "zero"), request.options["n_steps"]
    target = request.target(_explained)
    found = request.inspector.kept(
        ("integrated", request.given_sample.key, target, baseline, n_steps),
        lambda: integrated_gradients(request.inspector, request.given_sample, target, baseline, n_steps),
    )
    return figures.attribution_figure(found, request.style), found


# -- answers


def _predicting(inspector: Inspector) -> list[tuple[int, Head]]:
    return heads_where(inspector, lambda head: head.task != "image")


def _prediction_options(inspector: Inspector, node: str, sample: Sample | None) -> list[Option]:
    heads = _predicting(inspector)
    return [*head_option(heads), *position_option(inspector, sample, heads[0][1])]


def _draw_prediction(request: Request) -> tuple[go.Figure, Any]:
    head = request.head(_predicting)
    found = predict(request.inspector, request.given_sample, head, request.options.get("position"))
    return figures.prediction_figure(found, request.style), found


def _draw_tokens(request: Request) -> tuple[go.Figure, Any]:
    head = heads_where(request.inspector, lambda h: h.tokens)[0][1]
    found = predict_tokens(request.inspector, request.given_sample, head)
    return figures.tokens_figure(found, request.style), found


def _draw_reconstruction(request: Request) -> tuple[go.Figure, Any]:
    head = heads_where(request.inspector, lambda h: h.task == "image")[0][1]
    found = reconstruct(request.inspector, request.given_sample, head)
    return figures.reconstruction_figure(found, request.style), found


# -- whole splits


def _judged(inspector: Inspector) -> list[tuple[int, Head]]:
    return heads_where(inspector, lambda head: head.target is not None)


def _confusable(inspector: Inspector) -> list[tuple[int, Head]]:
    return [(i, h) for i, h in _judged(inspector) if h.by_class and len(h.names) <= _MOST_CLASSES]


def _numeric(inspector: Inspector) -> list[tuple[int, Head]]:
    return [(i, h) for i, h in _judged(inspector) if h.task == "values"]


def _of(heads: Heads) -> Options:
    return lambda inspector, node, sample: [*split_option(), *head_option(heads(inspector))]


def _evaluated(request: Request, heads: Heads) -> Evaluation:
    return evaluate(request.inspector, request.options["split"], request.head(heads))


def _draw_confusion(request: Request) -> tuple[go.Figure, Any]:
    found = confusion(_evaluated(request, _confusable))
    return figures.confusion_figure(found, request.style), found


def _draw_classes(request: Request) -> tuple[go.Figure, Any]:
    found = confusion(_evaluated(request, _confusable))
    return figures.classes_figure(found, request.style), found


def _draw_mistakes(request: Request) -> tuple[go.Figure, Any]:
    inspector, found = request.inspector, worst(_evaluated(request, _judged), request.options["count"])
    head, pictures, texts = found.evaluation.head, [], []
    if head.batched:
        batch = inspector.batch(request.options["split"], found.items.tolist())
        for end in inspector.sources([head.end]):
            kind, tensor = inspector.layout.kind(end), batch[end]
            vocabulary = getattr(inspector.compiled.dataset(end[0]), "vocabulary", None)
            if kind == "image":
                pictures = [picture(x.numpy()) for x in tensor]
            elif kind == "tokens" and vocabulary is not None:
                pad = batch.get((end[0], "pad"))
                texts = [_text(vocabulary, row, None if pad is None else pad[i]) for i, row in enumerate(tensor)]
    return figures.mistakes_figure(found, request.style, pictures, texts), found


def _text(vocabulary: Sequence[str], ids: Any, pad: Any) -> str:
    """The beginning of a text."""
    real = ids if pad is None else ids[~pad]
    names = token_names(vocabulary, real[:60])
    return ("" if max(map(len, names), default=0) == 1 else " ").join(names)


def _draw_parity(request: Request) -> tuple[go.Figure, Any]:
    found = _evaluated(request, _numeric)
    return figures.parity_figure(found, request.style), found


def _projected(inspector: Inspector) -> list[str] | None:
    computing = _computing(inspector, "dataset", "transform", "layer", "op", "sampler")
    return _some([p for p in computing if _projected_ports(inspector, p)])


def _projected_ports(inspector: Inspector, node: str) -> list[str]:
    return [port for port in drawn_ports(inspector, node) if can_project(inspector, (node, port))]


def _projection_options(inspector: Inspector, node: str, sample: Sample | None) -> list[Option]:
    ports = plain(_projected_ports(inspector, node))
    return [*choose("port", "Output port", "输出端口", ports), *split_option()]


def _draw_projection(request: Request) -> tuple[go.Figure, Any]:
    port = request.options.get("port", _projected_ports(request.inspector, request.node)[0])
    head = next((h for _, h in heads_where(request.inspector, lambda h: h.by_class)), None)
    split = request.options["split"]
    found = project(request.inspector, (request.node, port), split, head)
    return figures.projection_figure(found, request.style, split), found


def _drawn_graphs(inspector: Inspector) -> list[tuple[int, Head]]:
    return heads_where(inspector, lambda head: edge_port(inspector, head) is not None)


def _draw_network(request: Request) -> tuple[go.Figure, Any]:
    head = _drawn_graphs(request.inspector)[0][1]
    found = network(request.inspector, request.given_sample, head)
    return figures.network_figure(found, request.style), found


def _no_options(inspector: Inspector, node: str, sample: Sample | None) -> list[Option]:
    return []


VIEWS: tuple[View, ...] = (
    View(
        "sample", "The sample", "样本",
        "The data as the model is given them.", "模型得到的数据。",
        "The tensors of the data set.", "数据集给出的张量。",
        "Values outside 0 to 1 are stretched to be seen.", "超出 0 到 1 的值会拉伸后显示。",
        lambda i: _some(_computing(i, "dataset")), _output_options, _draw_output,
    ),
    View(
        "prediction", "Prediction", "预测",
        "What the model answers on the sample, and how sure it is.", "模型在该样本上的答案及其把握。",
        "Softmax (or sigmoid) of the output that the loss looks at.", "对损失所看的输出做 softmax（或 sigmoid）。",
        "A high probability is no promise: networks are often surer than they are right.",
        "概率高不代表一定正确：网络常常过于自信。",
        lambda i: _whole(bool(_predicting(i))), _prediction_options, _draw_prediction,
    ),
    View(
        "reconstruction", "Reconstruction", "重建",
        "The image that comes out, beside the one that should.", "输出图像与目标图像的对照。",
        "Output and target as they are; their difference, and its mean square.",
        "输出与目标原样显示，并给出差异及其均方。",
        "A small squared error may still look blurred.", "均方误差小，图像仍可能模糊。",
        lambda i: _whole(bool(heads_where(i, lambda h: h.task == "image"))), _no_options, _draw_reconstruction,
    ),
    View(
        "tokens", "Next tokens", "逐词元预测",
        "A text in which each token is coloured by the probability that the model gave it beforehand.",
        "文本中每个词元按模型事先给出的概率着色。",
        "Softmax at every step, read off at the token that follows.", "在每一步做 softmax，取随后词元的概率。",
        "The first tokens have little before them to be foreseen from.", "最前面的词元缺少上文，难以预见。",
        lambda i: _whole(bool(heads_where(i, lambda h: h.tokens))), _no_options, _draw_tokens,
    ),
    View(
        "output", "Output of a node", "节点输出",
        "Feature maps, vectors, sequences or node features: what a node gives on to the next.",
        "特征图、向量、序列或节点特征：该节点传给下一个节点的内容。",
        "One forward pass in evaluation mode; every value is recorded.", "评估模式下前向一次，记录每个值。",
        "At most 64 maps; large maps are averaged to fewer pixels.", "最多 64 张图；大图会平均缩小。",
        lambda i: _some(_computing(i, "transform", "layer", "op", "sampler")), _output_options, _draw_output,
        first=_first_weighted,
    ),
    View(
        "filters", "Weights", "权重",
        "Convolution filters as small images; rows of a matrix as images where they see pixels.",
        "卷积核显示为小图；矩阵的行若直接看像素，也显示为图像。",
        "The parameters as they are, one colour scale centred on 0.", "参数原样显示，色标以 0 为中心。",
        "Filters of deep layers see features, not pixels: their pictures are hard to read.",
        "深层卷积核看到的是特征而非像素，图形难以直接解读。",
        lambda i: _some([node.path for node in i.compiled.of_kind("layer") if weight_names(i, node.path)]),
        lambda i, node, sample: choose("weight", "Parameter", "参数", plain(weight_names(i, node))),
        _draw_filters, needs_sample=False,
    ),
    View(
        "attention", "Attention", "注意力",
        "Who looks at whom: each head's attention between words, characters or patches of the image.",
        "谁在看谁：各个头在词、字符或图像小块之间的注意力。",
        "The softmax weights of the attention (Vaswani et al., arXiv 1706.03762); padding is left out.",
        "注意力的 softmax 权重（Vaswani 等，arXiv 1706.03762）；不显示填充。",
        "Weights say where information may come from, not that it decides the answer (Jain & Wallace, "
        "arXiv 1902.10186).",
        "权重只说明信息可能来自何处，并不表示它决定答案（Jain & Wallace，arXiv 1902.10186）。",
        lambda i: _some(attention_nodes(i)), _attention_options, _draw_attention,
        first=_last,
    ),
    View(
        "grad_cam", "Grad-CAM", "Grad-CAM",
        "The regions of the image that speak for a class, as seen by a node's feature maps.",
        "从某节点的特征图看，图像中支持某一类别的区域。",
        "Feature maps weighted by the mean gradient of the class's score, summed, cut at 0, enlarged (Selvaraju et "
        "al., arXiv 1610.02391).",
        "以类别得分的平均梯度为权重对特征图求和，截去负值并放大（Selvaraju 等，arXiv 1610.02391）。",
        "As coarse as the maps are; early layers have maps that are fine but mean little.",
        "精细程度受特征图限制；浅层虽细但含义不大。",
        _cam_nodes, lambda i, node, sample: target_options(i, sample, _cam_heads(i)), _draw_cam,
        first=_last,
    ),
    View(
        "saliency", "Saliency", "显著性",
        "How strongly the answer would change with each pixel, feature or token.",
        "答案随每个像素、特征或词元变化的强烈程度。",
        "Gradient of the score with respect to the input, of tokens to their embedding (Simonyan et al., "
        "arXiv 1312.6034; captum).",
        "得分对输入的梯度，词元则对其嵌入（Simonyan 等，arXiv 1312.6034；captum）。",
        "Gradients are noisy, and vanish where the model is very sure.", "梯度噪声大，模型非常确定时会趋于零。",
        lambda i: _whole(bool(_explained(i))), _saliency_options, _draw_saliency,
    ),
    View(
        "integrated_gradients", "Integrated gradients", "积分梯度",
        "What each pixel, feature or token contributes to the answer; the contributions add up to the change of the "
        "score.",
        "每个像素、特征或词元对答案的贡献；各项之和等于得分的变化。",
        "Gradients averaged on the way from a baseline to the input, times their difference (Sundararajan et al., "
        "arXiv 1703.01365; captum).",
        "从基线到输入的路径上平均梯度，再乘以两者之差（Sundararajan 等，arXiv 1703.01365；captum）。",
        "Depends on the baseline. A completeness error that is not small asks for more steps.",
        "结果取决于基线。完备性误差不小时，请增加步数。",
        lambda i: _whole(bool(_explained(i))), _integrated_options, _draw_integrated,
    ),
    View(
        "network", "Graph", "图结构",
        "The nodes of the graph with their predicted classes; crosses are wrong.", "图的节点及其预测类别；叉号为错误。",
        "Placed by springs along the edges (Fruchterman & Reingold 1991).",
        "沿边的弹簧模型布局（Fruchterman & Reingold 1991）。",
        "Distances on the plane mean little beyond neighbourhood.", "平面上的距离除邻近外意义不大。",
        lambda i: _whole(bool(_drawn_graphs(i))), _no_options, _draw_network,
    ),
    View(
        "confusion", "Confusion matrix", "混淆矩阵",
        "Which classes are taken for which, over a whole split.", "在整个划分上，哪些类别被误认为哪些类别。",
        "Counts of true and predicted classes; the colour is the share of the row.",
        "真实与预测类别的计数；颜色为占该行的比例。",
        "Shares of classes with few samples are uncertain.", "样本少的类别，比例不可靠。",
        lambda i: _whole(bool(_confusable(i))), _of(_confusable), _draw_confusion, needs_sample=False,
    ),
    View(
        "classes", "Accuracy by class", "各类准确率",
        "How many of each class are found, and how often a class is right when it is said.",
        "每个类别有多少被找到，以及判为该类时有多少正确。",
        "Recall and precision from the confusion matrix.", "由混淆矩阵计算召回率与精确率。",
        "Shares of classes with few samples are uncertain.", "样本少的类别，比例不可靠。",
        lambda i: _whole(bool(_confusable(i))), _of(_confusable), _draw_classes, needs_sample=False,
    ),
    View(
        "mistakes", "Worst mistakes", "最严重的错误",
        "The samples with the greatest loss, with their numbers to look at them.",
        "损失最大的样本及其编号，便于逐一查看。",
        "Cross entropy without smoothing or weights; the squared error where numbers are predicted.",
        "不含平滑与加权的交叉熵；预测数值时为平方误差。",
        "Some are mistakes of the labels.", "其中一些可能是标注错误。",
        lambda i: _whole(bool(_judged(i))),
        lambda i, node, sample: [
            *split_option(), *head_option(_judged(i)),
            *choose("count", "How many", "数量", [Choice(n, str(n), str(n)) for n in (6, 12, 24, 48)], 12),
        ],
        _draw_mistakes, needs_sample=False,
    ),
    View(
        "parity", "Predicted and true", "预测值与真值",
        "Predicted against true numbers over a whole split.", "整个划分上的预测值与真值对照。",
        "Every number of the split; on the dotted line both are equal.", "划分中的每个数；虚线上两者相等。",
        "At most 3,000 points are drawn; the figures count all.", "最多绘制 3000 个点；统计值包含全部。",
        lambda i: _whole(bool(_numeric(i))), _of(_numeric), _draw_parity, needs_sample=False,
    ),
    View(
        "projection", "Principal components", "主成分",
        "The output of a node on many samples as points: do the classes come apart?",
        "某节点在许多样本上的输出投影为点：类别是否分开？",
        "The two directions of greatest variance; maps and sequences are averaged to a vector first (Pearson 1901).",
        "方差最大的两个方向；特征图与序列先平均为向量（Pearson 1901）。",
        "Classes that overlap here may come apart in other directions. At most 1,000 samples.",
        "此处重叠的类别在其他方向上可能分开。最多 1000 个样本。",
        _projected, _projection_options, _draw_projection, needs_sample=False,
        first=_tightest,
    ),
)  # fmt: skip

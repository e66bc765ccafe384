"""Views of attention weights: single heads, all heads, and what several layers of them amount to."""

from __future__ import annotations

import dataclasses

import plotly.graph_objects as go

from builder.inspect import figures
from builder.inspect.attention import Attention, attention, attention_nodes, attentions
from builder.inspect.attention_paths import Flow, Rollout, flow, rolled_nodes, rollout
from builder.inspect.attention_statistics import HeadStatistics, head_statistics
from builder.inspect.catalogue.spec import Request, View, last, some, whole
from builder.inspect.choices import Choice, Option, choose, integer
from builder.inspect.inspector import Inspector
from builder.inspect.labels import Steps
from builder.inspect.samples import Sample
from components.data._base import SPLITS

ALL, MEAN = -2, -1  # of heads
EVERY = -1  # query
LONG = 48  # steps from which a part can be chosen
WINDOW = 32  # steps that lines are drawn between, to begin with
WIDEST = 64


def _head_option(count: int, default: int) -> list[Option]:
    if count == 1:
        return []
    heads = [Choice(ALL, "all", "全部"), Choice(MEAN, "mean", "平均")]
    return choose("show_head", "Head", "头", [*heads, *(Choice(i, str(i), str(i)) for i in range(count))], default)


def _query_option(steps: Steps, default: int, every: bool = False) -> list[Option]:
    """Which query; steps of a text are numbered, because a word may stand there twice."""
    plain = steps.kind == "patches"
    names = [name if plain else f"{i}: {name}" for i, name in enumerate(steps.names)]
    items = [Choice(EVERY, "all", "全部")] if every else []
    return choose("query", "Query", "查询", [*items, *(Choice(i, n, n) for i, n in enumerate(names))], default)


def _window_options(queries: int, keys: int | None, width: int, widest: int, long: int = LONG) -> list[Option]:
    """The part of a sequence with more than ``long`` steps that is drawn; keys are None where they are the queries."""
    if max(queries, keys or 0) <= long:
        return []
    first = ("From query", "起始查询") if keys is not None else ("From", "起始")
    return [
        *integer("from_query", *first, 0, 0, queries - 1),
        *(integer("from_key", "From key", "起始键", 0, 0, keys - 1) if keys is not None else []),
        *integer("width", "Width", "宽度", width, 4, widest),
    ]


def _window(request: Request, count: int, start: str) -> range:
    """The part of ``count`` steps that was chosen: all of them, where nothing could be."""
    width, first = request.options.get("width", count), request.options.get(start, 0)
    first = min(first, max(0, count - width))  # the last part is as wide as the others
    return range(first, min(count, first + width))


# ------------------------------------------------------------------ one node


def _attention_options(inspector: Inspector, node: str, sample: Sample | None) -> list[Option]:
    if sample is None:
        return []
    found = attention(inspector, sample, node).trimmed()
    result = _head_option(len(found.weights), ALL)
    if found.image is not None:
        shows = [Choice("image", "over the image", "叠加在图像上"), Choice("matrix", "as a matrix", "矩阵")]
        result += choose("show", "Draw", "绘制", shows)
        result += _query_option(found.queries, 0)
    queries, keys = (len(steps.names) for steps in (found.queries, found.keys))
    longest = max(queries, keys)
    return [*result, *_window_options(queries, keys, longest, longest)]


def _draw_attention(request: Request) -> tuple[go.Figure, Attention]:
    found = attention(request.inspector, request.given_sample, request.node).trimmed()
    head = request.options.get("show_head", ALL)
    if request.options.get("show") == "image":
        kept = _of_head(found, head)
        names = [] if head == ALL else [figures.head_name(request.style, None if head == MEAN else head)]
        return figures.attention_image(kept, request.style, request.options.get("query", 0), names), found
    part = found.window(
        _window(request, len(found.queries.names), "from_query"), _window(request, len(found.keys.names), "from_key")
    )
    if head == ALL and len(found.weights) > 1:
        return figures.attention_heads(part, request.style), found
    return figures.attention_matrix(part, request.style, None if head == MEAN else max(head, 0)), found


def _of_head(found: Attention, head: int) -> Attention:
    """One head alone, their mean, or all of them."""
    if head == ALL:
        return found
    weights = found.weights.mean(0, keepdims=True) if head == MEAN else found.weights[head : head + 1]
    return dataclasses.replace(found, weights=weights)


# ------------------------------------------------------------------ token to token


def _links_options(inspector: Inspector, node: str, sample: Sample | None) -> list[Option]:
    if sample is None:
        return []
    found = attention(inspector, sample, node).trimmed()
    shows = [Choice("lines", "lines", "连线"), Choice("text", "text", "文本")]
    queries, keys = (len(steps.names) for steps in (found.queries, found.keys))
    return [
        *choose("show", "Draw", "绘制", shows),
        *_head_option(len(found.weights), MEAN),
        *_query_option(found.queries, EVERY, every=True),
        *_window_options(queries, keys, WINDOW, WIDEST, WINDOW),
    ]


def _draw_links(request: Request) -> tuple[go.Figure, Attention]:
    found = attention(request.inspector, request.given_sample, request.node).trimmed()
    style, head, query = request.style, request.options.get("show_head", MEAN), request.options.get("query", EVERY)
    shown = _of_head(found, head)
    names = [figures.head_name(style, None if head == MEAN else head)]
    if head == ALL or len(found.weights) == 1:
        names = [figures.head_name(style, i) for i in range(len(found.weights))] if len(found.weights) > 1 else [""]
    if request.options["show"] == "text":
        query = query if query != EVERY else len(found.queries.names) - 1
        name = figures.head_name(style, head if head >= 0 else None) if len(found.weights) > 1 else ""
        return figures.text_figure(shown, style, name, query), found
    rows = _window(request, len(found.queries.names), "from_query")
    columns = _window(request, len(found.keys.names), "from_key")
    chosen = query - rows.start if query in rows else None
    return figures.links_figure(shown.window(rows, columns), style, names, chosen, (rows.start, columns.start)), found


# ------------------------------------------------------------------ all nodes


def _draw_overview(request: Request) -> tuple[go.Figure, Overview]:
    found = Overview(tuple(attentions(request.inspector, request.given_sample)))
    return figures.overview_figure(found.layers, request.style, request.options["scale"] == "each"), found


@dataclasses.dataclass(frozen=True)
class Overview:
    """The attention weights of all nodes, in the order of the data."""

    layers: tuple[Attention, ...]


def _statistics_options(inspector: Inspector, node: str, sample: Sample | None) -> list[Option]:
    counts = [Choice(1, "this one", "当前样本"), *(Choice(n, f"{n} from here", f"从此起 {n} 个") for n in (8, 32))]
    known = sample is not None and sample.key[0] in SPLITS  # there is only one sample of a person's own
    return choose("samples", "Samples", "样本数", counts if known else [])


def _draw_statistics(request: Request) -> tuple[go.Figure, HeadStatistics]:
    inspector, sample, count = request.inspector, request.given_sample, request.options.get("samples", 1)

    def make() -> HeadStatistics:
        if count == 1:
            return head_statistics(inspector, [sample])
        split, first = sample.key
        size = inspector.size(split)
        return head_statistics(
            inspector, [inspector.sample(split, (first + i) % size) for i in range(min(count, size))]
        )

    found = inspector.kept(("head_statistics", sample.key, count), make)
    return figures.head_statistics_figure(found, request.style), found


# ------------------------------------------------------------------ through several layers


def _rollout_options(inspector: Inspector, node: str, sample: Sample | None) -> list[Option]:
    if sample is None:
        return []
    found = attention(inspector, sample, node).trimmed()
    one = ("over the image", "叠加在图像上") if found.keys.grid else ("one token", "单个词元")
    shows = [Choice("token", *one), Choice("matrix", "as a matrix", "矩阵")]
    count = len(found.queries.names)
    return [
        *choose("show", "Draw", "绘制", shows),
        *_query_option(found.queries, _telling(found)),
        *_window_options(count, None, count, count),
    ]


def _telling(found: Attention) -> int:
    """The token to begin with: the class token; of a text, the last one, which may have seen all others."""
    return 0 if found.queries.extra or found.keys.grid else len(found.queries.names) - 1


def _draw_rollout(request: Request) -> tuple[go.Figure, Rollout]:
    inspector, sample = request.inspector, request.given_sample
    found = inspector.kept(("rollout", request.node, sample.key), lambda: rollout(inspector, sample, request.node))
    if request.options["show"] == "matrix":
        window = _window(request, len(found.steps.names), "from_query")
        return figures.rollout_matrix(found, request.style, window), found
    return figures.rollout_of_token(found, request.style, request.options.get("query", 0)), found


def _flow_options(inspector: Inspector, node: str, sample: Sample | None) -> list[Option]:
    if sample is None:
        return []
    found = attention(inspector, sample, node).trimmed()
    return _query_option(found.queries, _telling(found))


def _draw_flow(request: Request) -> tuple[go.Figure, Flow]:
    inspector, sample, token = request.inspector, request.given_sample, request.options.get("query", 0)
    found = inspector.kept(
        ("flow", request.node, sample.key, token), lambda: flow(inspector, sample, request.node, token)
    )
    return figures.flow_figure(found, request.style), found


VIEWS: tuple[View, ...] = (
    View(
        "attention", "Attention", "注意力",
        "Who looks at whom: each head's attention between words, characters or patches of the image, and of the steps of a "
        "decoder to what it reads. A click on a head or a patch chooses it.",
        "谁在看谁：各个头在词、字符或图像小块之间的注意力，以及解码器各步对所读内容的注意力。点击某个头或小块即可选中。",
        "The softmax weights of the attention (Vaswani et al., arXiv 1706.03762; of one query a step, Bahdanau et al., "
        "arXiv 1409.0473; the probabilities of a pointer network, Vinyals et al., arXiv 1506.03134); padding is left out.",
        "注意力的 softmax 权重（Vaswani 等，arXiv 1706.03762；每步一个查询见 Bahdanau 等，arXiv 1409.0473；指针网络的概率见 "
        "Vinyals 等，arXiv 1506.03134）；不显示填充。",
        "Weights say where information may come from, not that it decides the answer (Jain & Wallace, "
        "arXiv 1902.10186). A decoder reads the true tokens before each step.",
        "权重只说明信息可能来自何处，并不表示它决定答案（Jain & Wallace，arXiv 1902.10186）。解码器每一步读取的是真实的前文。",
        lambda i: some(attention_nodes(i)), _attention_options, _draw_attention,
        first=last,
    ),
    View(
        "attention_links", "Token to token", "词元对词元",
        "Lines from each token to those it looks at, or the text as one token sees it. Point at a token for its strongest "
        "links, click one on the left to see it alone.",
        "每个词元到其所看词元的连线，或某个词元眼中的文本。指向词元可见其最强的联系，点击左侧词元可单独查看。",
        "The attention weights of one head, all heads in colours, or their mean; width and opacity grow with the weight "
        "(after Vig, arXiv 1906.05714).",
        "单个头、以颜色区分的所有头、或其平均的注意力权重；连线的粗细与不透明度随权重增加（参照 Vig，arXiv 1906.05714）。",
        "Lines run within the part that is shown, up to 64 tokens a side: the 8 strongest of a token, shared out to the heads that "
        "are drawn, all of a token that is chosen, from a weight of 0.01. Weights are no causes.",
        "连线只在所示部分内绘制，每侧至多 64 个词元：每个词元取最强的 8 条（由所绘的头分摊），选中的词元则全部绘出，权重不低于 0.01。权重并非因果。",
        lambda i: some(attention_nodes(i)), _links_options, _draw_links,
        first=last,
    ),
    View(
        "attention_overview", "All heads", "所有头",
        "A small map of every head of every node with attention: which look at their neighbours, at one token, at "
        "everything? Click one to see it large.",
        "所有带注意力的节点中每个头的小图：哪些看相邻位置，哪些盯着一个词元，哪些看向全部？点击可放大。",
        "The softmax weights; where there are more tokens than cells, neighbours are averaged; each map is stretched to a "
        "square. Its own colours end at its 99th percentile.",
        "softmax 权重；词元多于格子时对相邻者取平均；每个图都拉伸为正方形。逐图色标止于该图的第 99 百分位。",
        "Averaging hides what single tokens of a long text do. With a colour scale for each map, even attention looks strong "
        "too.",
        "取平均会掩盖长文本中个别词元的行为。逐图色标下，均匀的注意力看起来也很强。",
        lambda i: whole(bool(attention_nodes(i))),
        lambda i, node, sample: choose("scale", "Colour scale", "色标", [
            Choice("each", "each map its own", "逐图"), Choice("common", "one for all", "统一")]),
        _draw_overview,
    ),
    View(
        "attention_statistics", "Heads in numbers", "各头统计",
        "How widely each head spreads its attention, and how far away it looks, over depth.",
        "各个头的注意力分散程度，以及看得有多远，随深度的变化。",
        "Entropy of a query's weights in nats, mean over queries; it is log n where n tokens are looked at alike (marked). "
        "Distance between query and key weighted by attention, in steps or, straight across the image, in patches "
        "(Dosovitskiy et al., arXiv 2010.11929); learned tokens are left out.",
        "查询权重的熵（单位 nat），对查询取平均；均匀看 n 个词元时为 log n（已标出）。以注意力加权的查询与键的距离，单位为步，或图像上"
        "直线距离的小块数（Dosovitskiy 等，arXiv 2010.11929）；不计可学习的词元。",
        "Means hide queries of different kinds. Early tokens of a causal model have little to spread over. Cross-attention has "
        "no distance. Samples of different lengths are averaged alike.",
        "平均会掩盖不同类型的查询。因果模型的靠前词元可看的很少。交叉注意力没有距离。长度不同的样本同等平均。",
        lambda i: whole(bool(attention_nodes(i))), _statistics_options, _draw_statistics,
    ),
    View(
        "attention_rollout", "Attention rollout", "注意力展开",
        "How much of each input token is in a token behind several layers of self-attention. Click a patch to choose it.",
        "经过若干层自注意力之后，某个词元中含有多少各输入词元的成分。点击小块即可选择。",
        "Heads are averaged, half of the identity is added for the residual connection, and the matrices of the layers, "
        "by depth, are multiplied (Abnar & Zuidema, arXiv 2005.00928). Each row sums to one.",
        "对各头取平均，加上一半的单位矩阵表示残差连接，再按深度将各层矩阵相乘（Abnar & Zuidema，arXiv 2005.00928）。每行之和为一。",
        "Values and all layers between are ignored, and a residual connection is assumed around each attention. Only "
        "self-attention over the same tokens is followed: cross-attention and layers that change their number begin anew; a "
        "window counts as attention of zero outside.",
        "忽略数值向量与其间的其他层，并假定每个注意力都带残差连接。只追踪同一组词元的自注意力：交叉注意力与改变词元数的层之后重新开始；"
        "窗口之外视为零注意力。",
        lambda i: some(rolled_nodes(i)), _rollout_options, _draw_rollout,
        first=last,
    ),
    View(
        "attention_flow", "Attention flow", "注意力流",
        "How much can flow from each input token to one token, if attention weights are the capacities of pipes.",
        "若把注意力权重看作管道容量，从各输入词元最多能有多少流到某个词元。",
        "Maximum flow through the layered graph whose capacities are the matrices of the rollout (Abnar & Zuidema, "
        "arXiv 2005.00928), to one token, each input token for itself; within 1e-6.",
        "在以展开矩阵为容量的分层图上求最大流（Abnar & Zuidema，arXiv 2005.00928），针对一个词元，对每个输入词元分别计算；精度 1e-6。",
        "As of the rollout. Flows do not add up to one and level out with depth. Of a long text only the input tokens "
        "with the greatest rollout are computed, so that their number times the edges between the "
        "first and the last layer stays below 4 million.",
        "与展开相同。各流之和不为一，且随深度趋于均匀。长文本只计算展开份额最大的输入词元，使其数量与首末层之间边数之积不超过 400 万。",
        lambda i: some(rolled_nodes(i)), _flow_options, _draw_flow,
        first=last,
    ),
)  # fmt: skip

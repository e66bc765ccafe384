"""Views of what a model answers on a sample."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

from builder.inspect import figures
from builder.inspect.catalogue.spec import Request, View, no_options, whole
from builder.inspect.choices import Option, head_option, heads_where, position_option
from builder.inspect.dependence import tells_of_data
from builder.inspect.heads import Head
from builder.inspect.inspector import Inspector
from builder.inspect.network import edge_port, network
from builder.inspect.prediction import predict, predict_tokens
from builder.inspect.reconstruction import reconstruct
from builder.inspect.samples import Sample


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


def _remade(inspector: Inspector) -> list[tuple[int, Head]]:
    """The images that are made of the data; those made of noise belong to no sample."""
    return heads_where(inspector, lambda head: head.task == "image" and tells_of_data(inspector, head.end))


def _draw_reconstruction(request: Request) -> tuple[go.Figure, Any]:
    head = _remade(request.inspector)[0][1]
    found = reconstruct(request.inspector, request.given_sample, head)
    return figures.reconstruction_figure(found, request.style), found


def _drawn_graphs(inspector: Inspector) -> list[tuple[int, Head]]:
    return heads_where(inspector, lambda head: edge_port(inspector, head) is not None)


def _draw_network(request: Request) -> tuple[go.Figure, Any]:
    head = _drawn_graphs(request.inspector)[0][1]
    found = network(request.inspector, request.given_sample, head)
    return figures.network_figure(found, request.style), found


VIEWS: tuple[View, ...] = (
    View(
        "prediction", "Prediction", "预测",
        "What the model answers on the sample, and how sure it is.", "模型在该样本上的答案及其把握。",
        "Softmax (or sigmoid) of the output that the loss looks at.", "对损失所看的输出做 softmax（或 sigmoid）。",
        "A high probability is no promise: networks are often surer than they are right.",
        "概率高不代表一定正确：网络常常过于自信。",
        lambda i: whole(bool(_predicting(i))), _prediction_options, _draw_prediction,
    ),
    View(
        "reconstruction", "Reconstruction", "重建",
        "The image that comes out, beside the one that should.", "输出图像与目标图像的对照。",
        "Output and target as they are; their difference, and its mean square.",
        "输出与目标原样显示，并给出差异及其均方。",
        "A small squared error may still look blurred.", "均方误差小，图像仍可能模糊。",
        lambda i: whole(bool(_remade(i))), no_options, _draw_reconstruction,
    ),
    View(
        "tokens", "Next tokens", "逐词元预测",
        "A text in which each token is coloured by the probability that the model gave it beforehand.",
        "文本中每个词元按模型事先给出的概率着色。",
        "Softmax at every step, read off at the token that follows.", "在每一步做 softmax，取随后词元的概率。",
        "The first tokens have little before them to be foreseen from.", "最前面的词元缺少上文，难以预见。",
        lambda i: whole(bool(heads_where(i, lambda h: h.tokens))), no_options, _draw_tokens,
    ),
    View(
        "network", "Graph", "图结构",
        "The nodes of the graph with their predicted classes; crosses are wrong.", "图的节点及其预测类别；叉号为错误。",
        "Placed by springs along the edges (Fruchterman & Reingold 1991).",
        "沿边的弹簧模型布局（Fruchterman & Reingold 1991）。",
        "Distances on the plane mean little beyond neighbourhood.", "平面上的距离除邻近外意义不大。",
        lambda i: whole(bool(_drawn_graphs(i))), no_options, _draw_network,
    ),
)  # fmt: skip

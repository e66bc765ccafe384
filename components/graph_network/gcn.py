"""The graph convolution of Kipf and Welling."""

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from components.graph_network._neighbours import group_sum
from components.registry import component
from components.spec import Count, Dims, Inferred, Tensors, edges, example


@component(
    id="gnn_gcn",
    kind="layer",
    family="Graph network",
    name="Graph convolution (GCN)",
    name_zh="图卷积 GCN",
    help_zh="把每个节点与其邻居的特征按度数归一化后求和，再做线性变换。",
    source="Kipf & Welling, Semi-Supervised Classification with Graph Convolutional Networks, arXiv 1609.02907",
    keywords="graph convolution gcnconv spectral node 图神经网络",
    tags=("permutation_equivariant",),
    examples=(
        example(x=(7, 5), edge_index=edges(11, 7), out_features=3),
        example(x=(7, 5), edge_index=edges(11, 7), weight=Tensors((11,), "positive"), out_features=3, self_loops=False),
    ),
)
class GCN(nn.Module):
    r"""Sums the features of a node and its neighbours, weighted by the degrees of both, after a linear map.

    $$y = \hat D^{-1/2} \hat A^\top \hat D^{-1/2} x W + b, \quad \hat A = A + I$$

    Args:
        in_features: features of a node.
        out_features: features of a node in the output.
        self_loops: adds an edge from every node to itself (the I above) where it has none.
        bias: adds the offset b.

    Shape:
        x: (N, in_features); edge_index: (2, E), sources in row 0, targets in row 1; an undirected edge stands in both
            directions.
        weight: (E,), not negative; 1 where absent.
        y: (N, out_features).

    Source: Kipf & Welling, arXiv 1609.02907, equation 2. The weights are named and the loops are handled as in
    torch_geometric.nn.GCNConv: a loop that an edge already makes keeps its weight.
    """

    def __init__(
        self,
        in_features: Annotated[int, Field(ge=1), Inferred("x", axis=-1)],
        out_features: Count = 64,
        self_loops: bool = True,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.lin = nn.Linear(in_features, out_features, bias=False)
        nn.init.xavier_uniform_(self.lin.weight)
        self.bias = nn.Parameter(torch.zeros(out_features)) if bias else None
        self.self_loops = self_loops

    def forward(
        self,
        x: Annotated[Tensor, Dims("N F")],
        edge_index: Annotated[Tensor, Dims("2 E", dtype="int")],
        weight: Annotated[Tensor, Dims("E")] | None = None,
    ) -> Annotated[Tensor, Dims("N F")]:
        nodes, (source, target) = x.shape[0], edge_index
        a = x.new_ones(source.shape[0]) if weight is None else weight  # (E,)
        if self.self_loops:  # one loop a node: the weight of its own loops if it has any, else 1
            own = source == target
            loop = group_sum(a * own, target, nodes)
            has_loop = group_sum(own.to(a.dtype), target, nodes) > 0
            a = torch.cat((a * ~own, torch.where(has_loop, loop, 1.0)))
            every = torch.arange(nodes, device=x.device)
            source, target = torch.cat((source, every)), torch.cat((target, every))
        degree = group_sum(a, target, nodes)
        scale = torch.where(degree > 0, degree, 1.0).rsqrt() * (degree > 0)  # D^-1/2, zero for a node without edges
        a = scale[source] * a * scale[target]
        y = group_sum(a[:, None] * self.lin(x)[source], target, nodes)
        return y if self.bias is None else y + self.bias

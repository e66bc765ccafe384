"""Graph attention: each node weighs its neighbours by what they hold."""

from typing import Annotated

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from components.graph_network._neighbours import group_softmax, group_sum
from components.registry import component
from components.spec import Count, Dims, DropRate, Inferred, NonNegativeFloat, edges, example


@component(
    id="gnn_gat",
    kind="layer",
    family="Graph network",
    name="Graph attention (GAT)",
    name_zh="图注意力网络 GAT",
    help_zh="用可学习的注意力给每个邻居加权后求和，可有多个头。",
    source="Veličković et al., Graph Attention Networks, arXiv 1710.10903",
    keywords="graph attention gatconv node 图神经网络 注意力",
    tags=("permutation_equivariant",),
    examples=(
        example(x=(7, 5), edge_index=edges(13, 7), out_features=3, num_heads=2),
        example(x=(7, 5), edge_index=edges(13, 7), out_features=3, num_heads=2, concat=False, self_loops=False),
    ),
)
class GAT(nn.Module):
    r"""Sums linear maps of the neighbours, weighted by a softmax over learned scores.

    $$y_v = \sum_{u \to v} \alpha_{uv} W x_u + b, \quad
    \alpha_{uv} = \mathrm{softmax}_u \, \mathrm{LeakyReLU}(a_s \cdot W x_u + a_t \cdot W x_v)$$

    Args:
        in_features: features of a node.
        out_features: features of a node in the output, for each head.
        num_heads: heads, each with its own W and scores.
        concat: lays the heads side by side; else they are averaged.
        negative_slope: slope of the LeakyReLU below zero.
        dropout: share of the attention weights that is dropped in training.
        self_loops: lets every node weigh itself too.
        bias: adds the offset b.

    Shape:
        x: (N, in_features); edge_index: (2, E), sources in row 0, targets in row 1.
        y: (N, num_heads * out_features), or (N, out_features) where the heads are averaged.

    Source: Veličković et al., arXiv 1710.10903, with the weights named and the loops handled as in
    torch_geometric.nn.GATConv.
    """

    def __init__(
        self,
        in_features: Annotated[int, Field(ge=1), Inferred("x", axis=-1)],
        out_features: Count = 64,
        num_heads: Count = 1,
        concat: bool = True,
        negative_slope: NonNegativeFloat = 0.2,
        dropout: DropRate = 0.0,
        self_loops: bool = True,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.lin = nn.Linear(in_features, num_heads * out_features, bias=False)
        self.att_src = nn.Parameter(torch.empty(1, num_heads, out_features))
        self.att_dst = nn.Parameter(torch.empty(1, num_heads, out_features))
        for weight in (self.lin.weight, self.att_src, self.att_dst):
            nn.init.xavier_uniform_(weight)
        self.bias = nn.Parameter(torch.zeros(num_heads * out_features if concat else out_features)) if bias else None
        self.num_heads, self.concat, self.self_loops = num_heads, concat, self_loops
        self.negative_slope, self.dropout = negative_slope, dropout

    def forward(
        self, x: Annotated[Tensor, Dims("N F")], edge_index: Annotated[Tensor, Dims("2 E", dtype="int")]
    ) -> Annotated[Tensor, Dims("N F")]:
        nodes, (source, target) = x.shape[0], edge_index
        if self.self_loops:  # exactly one a node: loops among the edges get no weight, below
            every = torch.arange(nodes, device=x.device)
            own = torch.cat((source == target, torch.zeros_like(every, dtype=torch.bool)))
            source, target = torch.cat((source, every)), torch.cat((target, every))
        h = self.lin(x).unflatten(-1, (self.num_heads, -1))  # (N, heads, F)
        scores = (h * self.att_src).sum(-1)[source] + (h * self.att_dst).sum(-1)[target]  # (E, heads)
        scores = F.leaky_relu(scores, self.negative_slope)
        if self.self_loops:
            scores = scores.masked_fill(own[:, None], -torch.inf)
        weights = F.dropout(group_softmax(scores, target, nodes), self.dropout, self.training)
        y = group_sum(weights[..., None] * h[source], target, nodes)  # (N, heads, F)
        y = y.flatten(1) if self.concat else y.mean(1)
        return y if self.bias is None else y + self.bias

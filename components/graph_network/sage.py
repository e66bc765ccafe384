"""GraphSAGE: a node's own features and a summary of its neighbours, each with a linear map of its own."""

from typing import Annotated, Literal

from pydantic import Field
from torch import Tensor, nn

from components.graph_network._neighbours import group_max, group_mean, group_sum
from components.registry import component
from components.spec import Count, Dims, Inferred, edges, example

AGGREGATORS = {"mean": group_mean, "max": group_max, "sum": group_sum}


@component(
    id="gnn_sage",
    kind="layer",
    family="Graph network",
    name="GraphSAGE",
    name_zh="GraphSAGE 图采样聚合",
    help_zh="分别对节点自身特征和邻居汇总（均值、最大值或求和）做线性变换后相加。",
    source="Hamilton et al., Inductive Representation Learning on Large Graphs, arXiv 1706.02216",
    keywords="graph sageconv inductive node 图神经网络",
    tags=("permutation_equivariant",),
    examples=(
        example(x=(7, 5), edge_index=edges(11, 7), out_features=3),
        example(x=(7, 5), edge_index=edges(11, 7), out_features=3, aggregator="max", normalize=True, bias=False),
    ),
)
class GraphSAGE(nn.Module):
    r"""Adds a linear map of each node to a linear map of the mean, maximum or sum of its neighbours.

    $$y_v = W_r x_v + W_l \, \mathrm{aggregate}\{x_u : u \to v\} + b$$

    Args:
        in_features: features of a node.
        out_features: features of a node in the output.
        aggregator: how the neighbours are summed up; a node without any gets zero.
        normalize: scales each node's output to length 1.
        bias: adds the offset b.

    Shape:
        x: (N, in_features); edge_index: (2, E), sources in row 0, targets in row 1.
        y: (N, out_features).

    Source: Hamilton et al., arXiv 1706.02216, algorithm 1, with the weights named as in torch_geometric.nn.SAGEConv.
    The maximum is taken of the features themselves, without the paper's layer in front; its LSTM, which depends on an
    order of the neighbours, is left out.
    """

    def __init__(
        self,
        in_features: Annotated[int, Field(ge=1), Inferred("x", axis=-1)],
        out_features: Count = 64,
        aggregator: Literal["mean", "max", "sum"] = "mean",
        normalize: bool = False,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.lin_l = nn.Linear(in_features, out_features, bias)
        self.lin_r = nn.Linear(in_features, out_features, bias=False)
        self.aggregate = AGGREGATORS[aggregator]
        self.normalize = normalize

    def forward(
        self, x: Annotated[Tensor, Dims("N F")], edge_index: Annotated[Tensor, Dims("2 E", dtype="int")]
    ) -> Annotated[Tensor, Dims("N F")]:
        source, target = edge_index
        y = self.lin_l(self.aggregate(x[source], target, x.shape[0])) + self.lin_r(x)
        return nn.functional.normalize(y, dim=-1) if self.normalize else y

"""From the nodes of each graph to one vector a graph."""

from typing import Annotated, Literal

from torch import Tensor

from components.graph_network._neighbours import group_max, group_mean, group_sum
from components.registry import component
from components.spec import Dims, example, ints

READOUTS = {"sum": group_sum, "mean": group_mean, "max": group_max}


@component(
    id="gnn_readout",
    kind="layer",
    family="Graph network",
    name="Graph readout",
    name_zh="图读出",
    help_zh="把每个图的全部节点特征汇总（求和、均值或最大值）成一个向量。",
    source="Xu et al., How Powerful are Graph Neural Networks?, arXiv 1810.00826",
    keywords="graph pooling global_add_pool global_mean_pool global_max_pool 图池化",
    tags=("real_shapes",),
    xfail={"shape": "the number of graphs stands in the values of batch, which shape inference does not see"},
    examples=(
        example(x=(7, 5), batch=ints(7, high=3)),
        example(x=(7, 5), batch=ints(7, high=3), reduce="max"),
        example(x=(7, 5), batch=ints(7, high=3), reduce="sum"),
    ),
)
def graph_readout(
    x: Annotated[Tensor, Dims("N F")],
    batch: Annotated[Tensor, Dims("N", dtype="int")],
    *,
    reduce: Literal["sum", "mean", "max"] = "mean",
) -> Annotated[Tensor, Dims("B F")]:
    r"""Sums up the nodes of each graph of a batch, whatever their order.

    $$y_g = \mathrm{reduce}_{i:\, b_i = g}\; x_i$$

    Args:
        reduce: how the nodes are summed up.

    Shape:
        x: (N, F); batch: (N,), the number of each node's graph, from 0.
        y: (B, F), B one more than the greatest entry of batch; zero for a graph without nodes.

    Source: Xu et al., arXiv 1810.00826; torch_geometric.nn.global_add_pool and its siblings.
    """
    graphs: int = batch.max().item() + 1  # type: ignore[assignment]  # not int(...): torch.export keeps an item symbolic
    return READOUTS[reduce](x, batch, graphs)

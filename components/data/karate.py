"""Zachary's karate club, the small social network that split in two."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from components.data._base import Dataset, GraphSplit, Seed, Share, Split, SplitName, TensorSpec, check_split, masked
from components.data._splits import split_indices
from components.registry import component
from components.spec import Dims

CLASSES = ("Mr. Hi", "Officer")
STRUCTURE = ("degree", "core number", "closeness", "betweenness")


@lru_cache(maxsize=1)
def _read() -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """The edges in both directions (2, E), the club of each member, and how each is placed in the network."""
    import networkx as nx

    graph = nx.karate_club_graph()
    one_way = np.array(graph.edges, dtype=np.int64).T
    edge_index = np.concatenate([one_way, one_way[::-1]], axis=1)
    y = np.array([CLASSES.index(club) for _, club in graph.nodes(data="club")], dtype=np.int64)
    measures = (
        dict(graph.degree),
        nx.core_number(graph),
        nx.closeness_centrality(graph),
        nx.betweenness_centrality(graph),
    )
    structure = np.array([[measure[node] for node in graph] for measure in measures], dtype=np.float32).T.copy()
    return edge_index, y, structure


@component(
    id="data_karate",
    kind="dataset",
    family="Data",
    name="Karate club (graph)",
    name_zh="空手道俱乐部（图）",
    help_zh="34 名成员、78 条关系的社交网络，预测每人归属的俱乐部。",
    source="Zachary, An information flow model for conflict and fission in small groups, 1977",
    outputs={"x": "N C", "edge_index": Dims("2 E", dtype="int"), "y": Dims("N", dtype="int")},
    keywords="graph node classification social network offline 图 节点分类 社交网络 离线",
    examples=({}, {"node_features": "structure"}),
)
class KarateClub(Dataset):
    """34 members of a club and their 78 friendships: which of two clubs does each join? One graph, one sample.

    All splits hold the same nodes and edges; they differ in which nodes have a label.

    Args:
        node_features: what x says of a node: who it is (one-hot), or its degree, core number, closeness and
            betweenness.
        valid_share: share of the nodes for validation.
        test_share: share of the nodes for the test.
        split_seed: the same seed gives the same splits.

    Shape:
        x: (N, 34) or (N, 4) float32.
        edge_index: (2, E) int64, each friendship in both directions.
        y: (N,) int64, the club; -100 (ignored) outside the split.

    Source: Zachary 1977; from networkx (BSD-3-Clause).
    """

    modality = "graph"
    classes = CLASSES

    def __init__(
        self,
        node_features: Literal["one_hot", "structure"] = "one_hot",
        valid_share: Share = 0.2,
        test_share: Share = 0.4,
        split_seed: Seed = 0,
    ) -> None:
        self.node_features: str = node_features
        self.valid_share, self.test_share, self.split_seed = valid_share, test_share, split_seed

    def spec(self) -> dict[str, TensorSpec]:
        return {
            "x": TensorSpec(("N", 34 if self.node_features == "one_hot" else len(STRUCTURE))),
            "edge_index": TensorSpec((2, "E"), "int64"),
            "y": TensorSpec(("N",), "int64", high=2),
        }

    def load(self, split: SplitName) -> Split:
        check_split(split)
        edge_index, y, structure = _read()
        x = torch.eye(len(y)) if self.node_features == "one_hot" else torch.from_numpy(structure.copy())
        shares: dict[SplitName, float] = {"valid": self.valid_share, "test": self.test_share}
        index = split_indices(len(y), shares, self.split_seed, y)[split]
        return GraphSplit({"x": x, "edge_index": torch.from_numpy(edge_index.copy()), "y": masked(y, index)})

    @property
    def info(self) -> dict[str, Any]:
        return {"features": [f"member {i}" for i in range(34)] if self.node_features == "one_hot" else list(STRUCTURE)}

"""Blood cells as a graph: 700 cells of the PBMC 68k study that come with scanpy."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from components.data._base import Dataset, GraphSplit, Seed, Share, Split, SplitName, TensorSpec, check_split, masked
from components.data._packages import CORE, missing_package, package_file
from components.data._splits import split_indices
from components.registry import component
from components.spec import Dims

CLASSES = (
    "CD4+/CD25 T Reg", "CD4+/CD45RA+/CD25- Naive T", "CD4+/CD45RO+ Memory", "CD8+ Cytotoxic T",
    "CD8+/CD45RA+ Naive Cytotoxic", "CD14+ Monocyte", "CD19+ B", "CD34+", "CD56+ NK", "Dendritic",
)  # fmt: skip


@lru_cache(maxsize=1)
def _read() -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64], tuple[str, ...]]:
    """Gene expression (N, F), edges (2, E), cell types (N,) and gene names, read from the plain arrays of the file."""
    path = package_file("scanpy", "scanpy/datasets/10x_pbmc68k_reduced.h5ad")
    try:
        import h5py
    except ImportError:
        raise missing_package("h5py", CORE) from None
    with h5py.File(path) as file:
        expression = np.asarray(file["X"], dtype=np.float32)
        y = np.asarray(file["obs"])["bulk_labels"].astype(np.int64)
        starts = np.asarray(file["uns/neighbors/connectivities/indptr"], dtype=np.int64)
        columns = np.asarray(file["uns/neighbors/connectivities/indices"], dtype=np.int64)
        genes = tuple(name.decode() for name in np.asarray(file["var"])["index"])
    rows = np.repeat(
        np.arange(len(y)), np.diff(starts)
    )  # the matrix is symmetric: every edge stands in both directions
    return expression, np.stack([rows, columns]), y, genes


@component(
    id="data_pbmc68k",
    kind="dataset",
    family="Data",
    name="Blood cells (graph)",
    name_zh="血细胞（图）",
    help_zh="700 个血细胞的基因表达与近邻图，预测 10 种细胞类型。",
    source="Zheng et al., Massively parallel digital transcriptional profiling of single cells, Nat. Commun. 2017",
    outputs={"x": "N C", "edge_index": Dims("2 E", dtype="int"), "y": Dims("N", dtype="int")},
    keywords="graph node classification cell biology offline 图 节点分类 细胞 生物 离线",
    examples=({},),
)
class BloodCells(Dataset):
    """700 blood cells: the expression of 765 genes, a graph of similar cells, 10 cell types. One graph, one sample.

    The edges join nearest neighbours in expression space (72 % of them join cells of one type). All splits hold the
    same nodes and edges; they differ in which nodes have a label. By default 49 cells train: few labels are where the
    edges help. The smallest type has 8 cells.

    Args:
        valid_share: share of the nodes for validation.
        test_share: share of the nodes for the test.
        split_seed: the same seed gives the same splits.

    Shape:
        x: (N, 765) float32, about zero mean and unit variance per gene.
        edge_index: (2, E) int64, each edge in both directions.
        y: (N,) int64, the cell type; -100 (ignored) outside the split.

    Raises:
        DataUnavailableError: scanpy or h5py is not installed.

    Source: Zheng et al. 2017; the subset of scanpy (BSD-3-Clause).
    """

    modality = "graph"
    classes = CLASSES

    def __init__(self, valid_share: Share = 0.45, test_share: Share = 0.48, split_seed: Seed = 0) -> None:
        self.valid_share, self.test_share, self.split_seed = valid_share, test_share, split_seed

    def spec(self) -> dict[str, TensorSpec]:
        return {
            "x": TensorSpec(("N", 765)),
            "edge_index": TensorSpec((2, "E"), "int64"),
            "y": TensorSpec(("N",), "int64", high=10),
        }

    def load(self, split: SplitName) -> Split:
        check_split(split)
        x, edge_index, y, _ = _read()
        shares: dict[SplitName, float] = {"valid": self.valid_share, "test": self.test_share}
        index = split_indices(len(y), shares, self.split_seed, y)[split]
        return GraphSplit(
            {"x": torch.from_numpy(x.copy()), "edge_index": torch.from_numpy(edge_index.copy()), "y": masked(y, index)}
        )

    @property
    def info(self) -> dict[str, Any]:
        return {"features": list(_read()[3])}

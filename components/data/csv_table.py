"""A person's own table: a CSV file of the workspace."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from components.data._base import (
    ArrayDataset,
    DataError,
    Seed,
    Share,
    Split,
    SplitName,
    TensorSpec,
    TensorSplit,
    check_split,
)
from components.data._csv import Column, Delimiter, Encoding, Header, Table, read_csv, table_error
from components.data._workspace import data_file
from components.registry import component
from components.spec import Count, Dims

MAX_CLASSES = 1000
AUTO_CLASSES = 20  # whole numbers with at most so many different values are taken as classes


class _Encoded(NamedTuple):
    x: NDArray[np.float32]  # NaN where a number is missing
    y: NDArray[Any]
    features: tuple[str, ...]
    classes: tuple[str, ...] | None
    left_out: tuple[str, ...]


@component(
    id="data_csv",
    kind="dataset",
    family="Data",
    name="CSV table (upload)",
    name_zh="CSV 表格（上传）",
    help_zh="自己的表格文件：选择目标列与特征列，文本类别自动转为独热编码，可用于分类或回归。",
    source="RFC 4180, Common format and MIME type for comma-separated values files",
    outputs={"x": "B C", "y": Dims("B | B C", dtype="any")},
    keywords="csv table upload excel own data 表格 上传 自有数据",
    tags=("upload",),
)
class CsvTable(ArrayDataset):
    """A table of one's own: rows are samples, one column is the target, others are features.

    A column is numeric when all its cells are numbers; otherwise it holds categories, and each category becomes a
    feature of zeros and ones. Empty cells, ?, NA, N/A, NaN and null are missing.

    Args:
        file: name of a CSV file in the workspace's data folder.
        target: column to predict; empty for the last one.
        features: columns to predict from; empty for all others but texts with more than max_categories values.
        task: classification, regression, or by the target: text and few different whole numbers are classes.
        missing: refuse missing cells, drop their rows, or fill them: numbers with the mean of the training rows,
            categories with one of their own.
        max_categories: different texts that a feature column may have.
        delimiter: what stands between two cells.
        header: whether the first row holds the names; by itself, it does unless all its cells are numbers.
        encoding: how the file stores text.
        valid_share: share of the rows for validation.
        test_share: share of the rows for the test.
        split_seed: the same seed gives the same splits.

    Shape:
        x: (B, features) float32.
        y: (B,) int64 for classification, (B, 1) float32 for regression.

    Raises:
        DataUnavailableError: the file does not exist.
        DataError: the file or a column cannot be used; names the file, the column and the line.

    Source: the file is yours; the format is RFC 4180.
    """

    modality = "table"

    def __init__(
        self,
        file: str = "",
        target: str = "",
        features: tuple[str, ...] = (),
        task: Literal["auto", "classification", "regression"] = "auto",
        missing: Literal["error", "drop", "fill"] = "error",
        max_categories: Count = 20,
        delimiter: Delimiter = "auto",
        header: Header = "auto",
        encoding: Encoding = "utf-8",
        valid_share: Share = 0.15,
        test_share: Share = 0.15,
        split_seed: Seed = 0,
    ) -> None:
        super().__init__(valid_share, test_share, split_seed)
        self.file, self.target, self.features = file, target, features
        self.task, self.missing, self.max_categories = task, missing, max_categories
        self.delimiter: Delimiter = delimiter
        self.header: Header = header
        self.encoding: Encoding = encoding

    def spec(self) -> dict[str, TensorSpec]:
        classes = self.classes
        y = TensorSpec(("B", 1)) if classes is None else TensorSpec(("B",), "int64", high=len(classes))
        return {"x": TensorSpec(("B", len(self._encoded.features))), "y": y}

    @property
    def classes(self) -> tuple[str, ...] | None:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self._encoded.classes

    @property
    def info(self) -> dict[str, Any]:
        return {"features": list(self._encoded.features), "left_out": list(self._encoded.left_out)}

    def columns(self) -> list[dict[str, Any]]:
        """The columns of the file, whatever target and features are: name, numeric, different values, missing cells."""
        return [
            {"name": c.name, "numeric": c.numbers is not None, "distinct": c.distinct, "missing": int(c.missing.sum())}
            for c in self._table.columns.values()
        ]

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        return {"x": self._encoded.x, "y": self._encoded.y}

    def load(self, split: SplitName) -> Split:
        check_split(split)
        tensors = {port: torch.from_numpy(array[self.partition()[split]]) for port, array in self.arrays().items()}
        if self.missing == "fill":
            seen = self._encoded.x[self.partition()["train"]]
            counts = np.maximum((~np.isnan(seen)).sum(axis=0), 1)
            means = torch.from_numpy((np.nansum(seen, axis=0, dtype=np.float64) / counts).astype(np.float32))
            tensors["x"] = torch.where(tensors["x"].isnan(), means, tensors["x"])
        return TensorSplit(tensors)

    @cached_property
    def _table(self) -> Table:
        return read_csv(data_file(self.file), self.delimiter, self.header, self.encoding)

    @cached_property
    def _encoded(self) -> _Encoded:
        target = self._column(self.target) if self.target else list(self._table.columns.values())[-1]
        chosen, left_out = self._choose(target)
        keep = self._complete_rows(target, chosen)
        y, classes = self._encode_target(target, keep)
        parts, names = [], []
        for column in chosen:
            values, labels = _encode_feature(column, keep)
            parts.append(values)
            names.extend(labels)
        return _Encoded(np.concatenate(parts, axis=1), y, tuple(names), classes, left_out)

    def _column(self, name: str) -> Column:
        columns = self._table.columns
        if name not in columns:
            known = ", ".join(columns)
            raise self._error(
                f"has no column {name!r}. Its columns are: {known}.", f"没有列“{name}”。现有的列：{known}。"
            )
        return columns[name]

    def _choose(self, target: Column) -> tuple[list[Column], tuple[str, ...]]:
        """The feature columns, and the names of those that default to being left out."""
        if self.features:
            chosen = [self._column(name) for name in self.features]
            if target in chosen:
                raise self._error(
                    f"column {target.name!r} is the target, so it cannot be a feature.",
                    f"列“{target.name}”是目标列，不能同时作为特征。",
                )
            for column in chosen:
                if column.numbers is None and not 0 < column.distinct <= self.max_categories:
                    raise self._error(
                        f"column {column.name!r}: a column of texts must have 1 to {self.max_categories} different "
                        f"values (max_categories). Got {column.distinct} instead.",
                        f"列“{column.name}”：文本列应有 1 到 {self.max_categories} 种取值（max_categories），"
                        f"收到 {column.distinct} 种。",
                    )
            return chosen, ()
        others = [column for column in self._table.columns.values() if column is not target]
        chosen = [c for c in others if c.numbers is not None or 0 < c.distinct <= self.max_categories]
        left_out = tuple(column.name for column in others if column not in chosen)
        if not chosen:
            names = ", ".join(left_out)
            raise self._error(
                f"has no column to predict from: {names} hold texts with more than {self.max_categories} different "
                "values (max_categories), or nothing.",
                f"没有可用的特征列：{names} 为空，或取值超过 {self.max_categories} 种的文本（max_categories）。",
            )
        return chosen, left_out

    def _complete_rows(self, target: Column, chosen: list[Column]) -> NDArray[np.bool_]:
        """Which rows are used; an error where a cell is missing that must not."""
        if self.missing == "drop":
            keep = ~np.any([column.missing for column in (target, *chosen)], axis=0)
            if not keep.any():
                raise self._error("has a missing cell in every row.", "每一行都有缺失值。")
            return keep
        for column in (target, *chosen) if self.missing == "error" else (target,):
            if column.missing.any():
                line, count = self._table.lines[int(column.missing.argmax())], int(column.missing.sum())
                remedy = ("'drop'", "drop") if self.missing == "fill" else ("'drop' or 'fill'", "drop 或 fill")
                raise self._error(
                    f"column {column.name!r}, line {line}: the cell is missing ({count} in this column). "
                    f"Set 'missing' to {remedy[0]}, or choose other columns.",
                    f"列“{column.name}”，第 {line} 行：单元格缺失（该列共 {count} 处）。"
                    f"请将 missing 设为 {remedy[1]}，或另选列。",
                )
        return np.ones(len(self._table.lines), dtype=bool)

    def _encode_target(self, target: Column, keep: NDArray[np.bool_]) -> tuple[NDArray[Any], tuple[str, ...] | None]:
        numbers = None if target.numbers is None else target.numbers[keep]
        if numbers is None and self.task == "regression":
            line = self._table.lines[int(np.flatnonzero(~target.missing)[0])] if target.distinct else 1
            raise self._error(
                f"column {target.name!r}, line {line}: the target of a regression must be a number.",
                f"列“{target.name}”，第 {line} 行：回归的目标必须是数字。",
            )
        if numbers is not None and self.task != "classification":
            few = len(np.unique(numbers)) <= AUTO_CLASSES and bool((numbers == numbers.round()).all())
            if self.task == "regression" or not few:
                return numbers.astype(np.float32)[:, None], None
        values = np.array(target.cells, dtype=object)[keep] if numbers is None else numbers
        classes, y = np.unique(values, return_inverse=True)
        most = min(MAX_CLASSES, max(2, len(y) // 2))
        if not 2 <= len(classes) <= most:
            raise self._error(
                f"column {target.name!r}: a target of classes must have 2 to {most} different values. "
                f"Got {len(classes)} in {len(y)} rows instead.",
                f"列“{target.name}”：分类目标应有 2 到 {most} 种取值，{len(y)} 行中收到 {len(classes)} 种。",
            )
        names = (str(c) if numbers is None else f"{c:g}" for c in classes)
        return y.astype(np.int64), tuple(names)

    def _error(self, message: str, message_zh: str) -> DataError:
        return table_error(self._table.file, message, message_zh)


def _encode_feature(column: Column, keep: NDArray[np.bool_]) -> tuple[NDArray[np.float32], list[str]]:
    """The features (rows, n) of a column with their names: its numbers, or zeros and ones by category."""
    if column.numbers is not None:
        return column.numbers[keep].astype(np.float32)[:, None], [column.name]
    cells = np.array(["" if gone else cell for cell, gone in zip(column.cells, column.missing, strict=True)])[keep]
    categories, index = np.unique(cells, return_inverse=True)
    names = [f"{column.name} = {category or '(missing)'}" for category in categories.tolist()]
    return np.eye(len(categories), dtype=np.float32)[index], names

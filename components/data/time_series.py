"""Time series with several channels that come with aeon."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from components.data._base import Dataset, Seed, Share, Split, SplitName, TensorSpec, TensorSplit, check_split
from components.data._packages import package_file
from components.data._splits import split_indices
from components.registry import component
from components.spec import Dims


@lru_cache(maxsize=4)
def _read_ts(path: Path) -> tuple[NDArray[np.float32], NDArray[np.int64], tuple[str, ...]]:
    """Series (B, T, C) padded with zeros to the longest, lengths (B,) and class names of a ``.ts`` file.

    Below ``@data`` a line is a sample: its channels split by ``:``, values by ``,``; the class stands last.
    """
    lines = path.read_text(encoding="utf-8").splitlines()
    begin = next(i for i, line in enumerate(lines) if line.strip().lower() == "@data") + 1
    samples, classes = [], []
    for line in filter(None, map(str.strip, lines[begin:])):
        *channels, name = line.split(":")
        samples.append(np.array([channel.split(",") for channel in channels], dtype=np.float32).T)  # (T, C)
        classes.append(name)
    lengths = np.array([len(sample) for sample in samples], dtype=np.int64)
    series = np.zeros((len(samples), lengths.max(), samples[0].shape[1]), dtype=np.float32)
    for row, sample in zip(series, samples, strict=True):
        row[: len(sample)] = sample
    return series, lengths, tuple(classes)


class TimeSeries(Dataset):
    """Labelled series in two published files; the published test set is the test split."""

    modality = "series"
    problem: ClassVar[str]
    steps: ClassVar[int]
    num_channels: ClassVar[int]
    padded: ClassVar[bool]

    def __init__(self, channels_first: bool, valid_share: Share, split_seed: Seed) -> None:
        self.channels_first, self.valid_share, self.split_seed = channels_first, valid_share, split_seed

    def spec(self) -> dict[str, TensorSpec]:
        size = (self.num_channels, self.steps) if self.channels_first else (self.steps, self.num_channels)
        pad = {"pad": TensorSpec(("B", self.steps), "bool")} if self.padded else {}
        return {"x": TensorSpec(("B", *size)), **pad, "y": TensorSpec(("B",), "int64", high=len(self.classes or ()))}

    def load(self, split: SplitName) -> Split:
        check_split(split)
        name = "TEST" if split == "test" else "TRAIN"
        series, lengths, labels = _read_ts(
            package_file("aeon", f"aeon/datasets/data/{self.problem}/{self.problem}_{name}.ts")
        )
        x = np.zeros((len(series), self.steps, self.num_channels), dtype=np.float32)
        x[:, : series.shape[1]] = series
        y = np.array([self.label(name) for name in labels], dtype=np.int64)
        tensors: dict[str, NDArray[Any]] = {
            "x": np.ascontiguousarray(x.swapaxes(1, 2)) if self.channels_first else x,
            "y": y,
        }
        if self.padded:
            tensors["pad"] = np.arange(self.steps) >= lengths[:, None]
        if split != "test":
            index = split_indices(len(y), {"valid": self.valid_share}, self.split_seed, y)[split]
            tensors = {port: array[index] for port, array in tensors.items()}
        return TensorSplit({port: torch.from_numpy(array) for port, array in tensors.items()})

    def label(self, name: str) -> int:
        """The index of a class by its name in the file."""
        return (self.classes or ()).index(name)


@component(
    id="data_motions",
    kind="dataset",
    family="Data",
    name="Wrist motions (time series)",
    name_zh="手腕动作（时间序列）",
    help_zh="智能手表记录的 6 通道、10 秒的动作信号，分为站立、跑步、行走、羽毛球 4 类。",
    source="BasicMotions, UEA multivariate time series classification archive, arXiv 1811.00075",
    outputs={"x": "B T C", "y": Dims("B", dtype="int")},
    keywords="time series motion sensor classification offline 时间序列 动作 传感器 分类 离线",
    examples=({}, {"channels_first": True}),
)
class WristMotions(TimeSeries):
    """80 recordings of a watch's accelerometer and gyroscope: 10 seconds at 10 Hz, 4 activities.

    The published test set (40) is the test split; validation comes out of the other 40.

    Args:
        channels_first: gives (channels, steps) for convolutions, not (steps, channels) for recurrent networks.
        valid_share: share of the published training set for validation.
        split_seed: the same seed gives the same splits.

    Shape:
        x: (B, 100, 6), or (B, 6, 100) with channels_first; float32.
        y: (B,) int64, the activity.

    Raises:
        DataUnavailableError: aeon is not installed.

    Source: Bagnall et al., arXiv 1811.00075; the copy of aeon (BSD-3-Clause).
    """

    problem, steps, num_channels, padded = "BasicMotions", 100, 6, False
    classes = ("Standing", "Running", "Walking", "Badminton")

    def __init__(self, channels_first: bool = False, valid_share: Share = 0.2, split_seed: Seed = 0) -> None:
        super().__init__(channels_first, valid_share, split_seed)


@component(
    id="data_vowels",
    kind="dataset",
    family="Data",
    name="Japanese vowels (9 speakers, time series)",
    name_zh="日语元音（9 位说话人，时间序列）",
    help_zh="9 位男性说 /ae/ 的 12 维语音系数序列（7 至 29 步），识别说话人。",
    source="Kudo, Toyama & Shimbo, Multidimensional curve classification using passing-through regions, 1999",
    outputs={"x": "B T C", "pad": Dims("B T", dtype="bool"), "y": Dims("B", dtype="int")},
    keywords="time series speech speaker classification offline 时间序列 语音 说话人 分类 离线",
    examples=({}, {"channels_first": True}),
)
class JapaneseVowels(TimeSeries):
    """640 utterances of two vowels as 12 speech coefficients over 7 to 29 steps: which of 9 men speaks?

    The published test set (370) is the test split; validation comes out of the other 270, 30 of each speaker.

    Args:
        channels_first: gives (channels, steps) for convolutions, not (steps, channels) for recurrent networks.
        valid_share: share of the published training set for validation.
        split_seed: the same seed gives the same splits.

    Shape:
        x: (B, 29, 12), or (B, 12, 29) with channels_first; float32, zero after the end.
        pad: (B, 29) bool, True where the utterance has ended.
        y: (B,) int64, the speaker.

    Raises:
        DataUnavailableError: aeon is not installed.

    Source: Kudo et al. 1999 (CC BY 4.0); the copy of aeon (BSD-3-Clause).
    """

    problem, steps, num_channels, padded = "JapaneseVowels", 29, 12, True
    classes = tuple(f"speaker {i}" for i in range(1, 10))

    def __init__(self, channels_first: bool = False, valid_share: Share = 0.2, split_seed: Seed = 0) -> None:
        super().__init__(channels_first, valid_share, split_seed)

    def label(self, name: str) -> int:
        return int(name) - 1

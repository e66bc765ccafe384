"""What happens before the first step: data sets are fetched and read, transforms measure the training data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import torch

from builder.compiler import Compiled
from builder.train.devices import Devices
from builder.train.diagnose import failed_forward
from builder.train.errors import TrainError, in_words
from builder.train.loader import BatchSampler, Loader, LoaderSettings, batches
from builder.train.monitor import Stopped
from builder.train.subset import choose_subset
from components import registry

EVALUATION_BYTES = 32_000_000  # of activations in an evaluation batch, where samples are small
EVALUATION_SAMPLES = 1024  # in such a batch at most
SplitName = Literal["train", "valid", "test"]
Tell = Callable[[str, str, bool], None]
"""Takes what is being done, in English and Chinese, and whether that is to be shown at once."""


def fetch(compiled: Compiled, devices: Devices, tell: Tell) -> None:
    """Downloads what data sets need and do not have yet, with progress; TrainError names the node where that fails."""
    for node in compiled.of_kind("dataset"):

        def progress(done: int, total: int, path: str = node.path) -> None:
            of, of_zh = (f" of {total / 1e6:.1f}", f" / {total / 1e6:.1f}") if total else ("", "")
            tell(
                f"Fetching the data of '{path}': {done / 1e6:.1f}{of} MB",
                f"正在获取“{path}”的数据：{done / 1e6:.1f}{of_zh} MB",
                False,
            )

        try:
            with devices.leader_first():
                compiled.dataset(node.path).prepare(progress)
        except Stopped:
            raise
        except Exception as error:
            raise TrainError(*in_words(error), node.path) from error


def loaders_of(compiled: Compiled, split: SplitName, seed: int, training: bool = False) -> dict[str, Loader]:
    """A loader for each data set node; TrainError names the node whose data cannot be read."""
    found = {}
    for node in compiled.of_kind("dataset"):
        settings = LoaderSettings.read(node.settings)
        try:
            samples = compiled.dataset(node.path).load(split)
        except Exception as error:
            raise TrainError(*in_words(error), node.path) from error
        sampler: BatchSampler | None = None
        if training and settings.sampler is not None:
            sampler = registry.create(settings.sampler["component"], **settings.sampler.get("params", {}))
        size = None if training else evaluation_batch(compiled, settings)
        loader = found[node.path] = Loader(node.path, samples, settings, seed, training, size, sampler)
        if training and settings.subset is not None:
            loader.members = choose_subset(loader, settings.subset)
        if training and not len(loader):
            raise TrainError(
                f"'{node.path}' gives no training batch: {loader.samples} samples, batch_size {settings.batch_size}, "
                f"drop_last {settings.drop_last}.",
                f"“{node.path}”没有训练批次：样本 {loader.samples} 个，batch_size {settings.batch_size}，"
                f"drop_last {settings.drop_last}。",
                node.path,
            )
    return found


def evaluation_batch(compiled: Compiled, settings: LoaderSettings) -> int:
    """Samples in a batch without gradients: twice as many take less memory than with them, and small ones go together."""
    small = EVALUATION_BYTES // max(compiled.report.activation_bytes, 1)
    return max(2 * settings.batch_size, min(small, EVALUATION_SAMPLES))


@torch.no_grad()
def fit_transforms(compiled: Compiled, loaders: Mapping[str, Loader], devices: Devices) -> None:
    """Shows the training split to each transform that measures it (it has a ``fit``), in the order of the data."""
    compiled.root.eval()
    for node in compiled.of_kind("transform"):
        fit: Any = getattr(compiled.module(node.path), "fit", None)
        if fit is None:
            continue
        program = compiled.program([end for ends in compiled.sources(node.path).values() for end in ends])
        inputs: list[tuple[str, str]] = list(program.inputs)  # type: ignore[arg-type]
        reading = [
            Loader(d, loaders[d].split, loaders[d].settings, 0, False) for d in dict.fromkeys(d for d, _ in inputs)
        ]
        seen = []
        try:
            for batch in batches(reading):
                values = devices.move(batch).values
                seen.append(program.forward(*[values[end] for end in inputs]))
            fit(*(torch.cat(values) for values in zip(*seen, strict=True)))
        except Exception as error:
            message, message_zh = in_words(error)
            raise TrainError(message, message_zh, failed_forward(error, program).node or node.path) from error
    compiled.root.train()

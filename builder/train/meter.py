"""Means of what steps log, read from the device only when they are asked for."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from builder.train.devices import Devices


class Meter:
    """Collects the logged values of steps, over the current window and over the epoch, weighted by samples."""

    def __init__(self, names: list[str]) -> None:
        self.names = names
        self._values: list[Tensor] = []
        self._samples: list[int] = []
        self._sums = [0.0] * len(names)
        self._total = 0

    def add(self, values: list[Tensor], samples: int) -> None:
        """Takes one step's values (scalars), which may still be on their way on the device; 0 samples do not count."""
        self._values += values
        self._samples.append(samples)

    def window(self) -> dict[str, float]:
        """The means since the last call."""
        if not self._samples:
            return {}
        rows = torch.stack(self._values).view(-1, len(self.names)).tolist()
        sums = [0.0] * len(self.names)
        for row, samples in zip(rows, self._samples, strict=True):
            for i, value in enumerate(row):
                sums[i] += samples * value
                self._sums[i] += samples * value
        count = sum(self._samples)
        self._total += count
        self._values, self._samples = [], []
        return {name: value / max(count, 1) for name, value in zip(self.names, sums, strict=True)}

    def epoch(self, devices: Devices | None = None) -> dict[str, float]:
        """The means of the epoch, where devices are given of all their processes together; the next one begins.

        Empty where nothing was logged in it.
        """
        self.window()
        *sums, total = [*self._sums, float(self._total)]
        if devices is not None:
            *sums, total = devices.sum_numbers([*sums, total])
        self._sums, self._total = [0.0] * len(self.names), 0
        return {name: value / total for name, value in zip(self.names, sums, strict=True)} if total else {}

    def state_dict(self) -> dict[str, Any]:
        """The epoch so far."""
        self.window()
        return {"sums": self._sums, "total": self._total}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._sums, self._total = list(state["sums"]), state["total"]

"""Modules whose strength follows a schedule."""

from __future__ import annotations

from torch import nn


class Scheduled(nn.Module):
    """A module with an input port for a schedule (``schedules=("schedule",)`` in its declaration).

    ``factor`` is the schedule's value at this moment of the training; 1 where none is wired.
    """

    def __init__(self) -> None:
        super().__init__()
        self.factor = 1.0

    def follow(self, factor: float) -> None:
        """Takes the schedule's value; called before each training step."""
        self.factor = factor

"""What schedules share. Imports no torch: a schedule is plain arithmetic on epochs."""

from __future__ import annotations

from collections.abc import Sequence


class Schedule:
    """The learning rate over a run, as a factor of the optimizer's own rate.

    ``length`` says for how many epochs the schedule lasts before the one at its input ``then`` begins; 0 where it has
    no such input.
    """

    length: float = 0.0

    def factor(self, epoch: float, epochs: float, then: float = 1.0) -> float:
        """The factor at a moment of the run.

        Args:
            epoch: epochs since this schedule began; 2.5 is the middle of the third.
            epochs: epochs that this schedule has in all.
            then: the factor of the schedule at the input ``then`` at this moment (at its own start while it waits), 1
            without one.
        """
        raise NotImplementedError


def chained_factor(chain: Sequence[Schedule], epoch: float, epochs: float) -> float:
    """The factor of a schedule, the one at its input ``then``, the one at that one's, and so on; 1 for none.

    Each follows when the one before has lasted its ``length``, and has the epochs that are left.
    """
    if not chain:
        return 1.0
    first, rest = chain[0], chain[1:]
    then = chained_factor(rest, max(epoch - first.length, 0.0), max(epochs - first.length, 0.0))
    return first.factor(epoch, epochs, then)


def share_done(epoch: float, epochs: float) -> float:
    """How much of a run is over, from 0 to 1; a run without epochs has not begun."""
    return min(epoch / epochs, 1.0) if epochs > 0 else 0.0

"""How long a component's forward and backward take, beside an implementation of the same or the plain layer.

    python benchmarks/components.py [--only ID,ID] [--family NAME] [--seconds S] [--json] [--markdown PATH]

Both sides (benchmarks/peers) take turns in one process on one thread, on maps of 8 x 64 x 32 x 32 as a rule, and the
processor's time counts, not the clock's. A ratio is the median over the turns; the spread is its quartiles. Optimizers take a step
on a small network, schedules run over 100 epochs, initializers fill a matrix of 256 x 256.

The exit status is 1 where a component takes more than 1.3 times as long as a peer that computes the same, without a note that says why.
"""

from __future__ import annotations

import argparse
import gc
import json
import platform
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.peers import FULL, table
from benchmarks.peers.pair import Pair
from benchmarks.peers.sides import Side, sides
from components import get

LIMIT = 1.3  # times the peer that computes the same
TURN = 0.01  # seconds that one side runs before the other, at least
TURNS = 7  # at least


@dataclass(frozen=True)
class Figure:
    """What was measured of one component; times in milliseconds for one run of a side, the fastest turn."""

    id: str
    family: str
    peer: str
    same: bool
    ours_ms: float
    peer_ms: float
    ratio: float
    low: float
    high: float
    note: str

    @property
    def too_slow(self) -> bool:
        return self.same and self.ratio > LIMIT and not self.note


def measure(id: str, pair: Pair, seconds: float) -> Figure:
    """Lets both sides take turns for about this long."""
    ours, peer = sides(id, pair)
    counts = [repeats(side) for side in (ours, peer)]
    times: list[tuple[float, float]] = []
    gc.collect()
    gc.disable()
    begun = time.process_time()
    while len(times) < TURNS or time.process_time() - begun < seconds:
        first = len(times) % 2  # who begins changes
        turn = [0.0, 0.0]
        for place in (first, 1 - first):
            turn[place] = timed((ours, peer)[place], counts[place])
        times.append((turn[0], turn[1]))
    gc.enable()
    low, ratio, high = statistics.quantiles([a / b for a, b in times], n=4)
    ours_ms, peer_ms = (1000 * min(side) for side in zip(*times))
    return Figure(id, get(id).family, pair.peer.name, pair.same, ours_ms, peer_ms, ratio, low, high, pair.note)


def timed(side: Side, count: int) -> float:
    """Seconds of processor time for one run, of this many."""
    before = time.process_time()
    for _ in range(count):
        side()
    return (time.process_time() - before) / count


def repeats(side: Side) -> int:
    """How many runs make a turn; the side is warm behind it."""
    timed(side, 2)
    count = 1
    while (taken := timed(side, count) * count) < TURN:
        count = max(2 * count, int(count * TURN / max(taken, 1e-6)) + 1)
    return count


# ------------------------------------------------------------------ what is shown


def as_text(figures: Sequence[Figure]) -> str:
    lines = [f"{'component':32}{'ratio':>7}{'spread':>14}{'ours ms':>10}{'peer ms':>10}  compared with"]
    for f in figures:
        mark = "=" if f.same else " "
        spread = f"{f.low:.2f}-{f.high:.2f}"
        lines.append(
            f"{f.id:32}{f.ratio:7.2f}{spread:>14}{f.ours_ms:10.3f}{f.peer_ms:10.3f} {mark}{f.peer}"
            + (f"  ({f.note})" if f.note else "")
        )
    return "\n".join(lines)


def as_markdown(figures: Sequence[Figure]) -> str:
    """The page on performance in docs/."""
    same = [f for f in figures if f.same]
    ratios = [f.ratio for f in same]
    plain = [f for f in figures if not f.same]
    return "\n".join(
        [
            "# Performance of the components",
            "",
            "Written by `python benchmarks/components.py --markdown docs/performance.md`: forward and backward of each component in training,",
            "beside its peer, in turns in one process. Processor time on one thread of "
            f"a CPU ({platform.machine()}), Python {platform.python_version()}, torch {torch.__version__.split('+')[0]}; maps of",
            f"{' x '.join(map(str, FULL.image))}, tokens of {' x '.join(map(str, FULL.tokens))}. Optimizers take a step on the weights of a small network, schedules run over",
            "100 epochs, initializers fill a matrix of 256 x 256. The ratio is the median over the turns, ours divided by the peer's: below 1 ours",
            "is faster. The spread is its quartiles; the times are those of the fastest turn.",
            "",
            "## Beside an implementation of the same",
            "",
            f"{len(same)} components; half of them are within {statistics.median(ratios):.2f} times their peer, nine tenths within "
            f"{statistics.quantiles(ratios, n=10)[-1]:.2f} times.",
            "",
            *rows(same),
            *notes(same),
            "",
            "## Beside the plain layer",
            "",
            "These compute something else than what they are compared with. The ratio says what they cost where the plain layer stood before.",
            "",
            *rows(plain),
            *notes(plain),
            "",
        ]
    )


def rows(figures: Sequence[Figure]) -> list[str]:
    head = ["| component | compared with | ratio | spread | ours, ms | peer, ms |", "|---|---|---:|---:|---:|---:|"]
    return head + [
        f"| `{f.id}` | {f.peer} | {f.ratio:.2f} | {f.low:.2f} to {f.high:.2f} | {f.ours_ms:.3g} | {f.peer_ms:.3g} |"
        for f in figures
    ]


def notes(figures: Sequence[Figure]) -> list[str]:
    """A list of what makes some of them slower; nothing where no figure has a note."""
    noted = [f"- `{f.id}`: {f.note}" for f in figures if f.note]
    return ["", "What makes these slower:", "", *noted] if noted else []


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="ids of components, divided by commas")
    parser.add_argument("--family", default="", help="one family of components")
    parser.add_argument("--seconds", type=float, default=1.0, help="for each pair")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--markdown", type=Path, help="a file that the tables are written to")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    pairs = table(FULL)
    chosen = [id for id in arguments.only.split(",") if id] or [
        id for id in pairs if not arguments.family or get(id).family == arguments.family
    ]
    unknown = [id for id in chosen if id not in pairs]
    if unknown or not chosen:
        parser.error(f"not in the table: {', '.join(unknown) or arguments.family}")
    figures = sorted((measure(id, pairs[id], arguments.seconds) for id in chosen), key=lambda f: -f.ratio)
    if arguments.markdown:
        arguments.markdown.write_text(as_markdown(figures), encoding="utf-8")
    print(json.dumps([asdict(f) for f in figures], indent=2) if arguments.json else as_text(figures))
    return int(any(f.too_slow for f in figures))


if __name__ == "__main__":
    sys.exit(main())

"""What visualizer nodes have shown while a run trained, as files in its folder. Listing them imports no torch.

``generated/<node path with / as .>/epoch-0005.safetensors`` holds the tensor ``value``; the header's ``state`` is JSON
with ``form``, ``epoch`` and, where the samples have classes, ``labels``.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from builder.train.run import Run

if TYPE_CHECKING:
    from torch import Tensor

FOLDER = "generated"
Form = Literal["images", "maps", "sequences", "vectors"]
FORMS: tuple[Form, ...] = ("images", "maps", "sequences", "vectors")
_NAME = re.compile(r"epoch-(\d+)\.safetensors")
_MAX_HEADER = 10_000_000  # bytes


@dataclass(frozen=True)
class Generated:
    """What a visualizer node has shown after an epoch.

    ``form`` says what the tensor holds: ``images`` (B, 1 or 3, H, W) in [0, 1], ``maps`` (B, H, W) or (B, C, H, W)
    of any sign, ``sequences`` (B, T) integers, ``vectors`` (B, D).
    """

    node: str
    epoch: int
    form: Form
    path: Path
    labels: tuple[int, ...] | None = None
    """The class of each sample, where the data set tells."""

    def read(self) -> Tensor:
        """The tensor; TrainError where the file is damaged."""
        from builder.train import checkpoint

        return checkpoint.load(self.path)[0]["value"]


def file_of(run: Run, node: str, epoch: int) -> Path:
    """Where the folder keeps what a node has shown after an epoch."""
    return run.file(FOLDER) / node.replace("/", ".") / f"epoch-{epoch:04d}.safetensors"


def generated(run: Run) -> list[Generated]:
    """Everything that was shown, by node and epoch; files that cannot be read are left out."""
    found = []
    for path in run.file(FOLDER).glob("*/*.safetensors"):
        named, state = _NAME.fullmatch(path.name), _state(path)
        if named and state.get("form") in FORMS:
            labels = state.get("labels")
            tuple_ = tuple(labels) if isinstance(labels, list) else None
            found.append(Generated(path.parent.name.replace(".", "/"), int(named[1]), state["form"], path, tuple_))
    return sorted(found, key=lambda item: (item.node, item.epoch))


def _state(path: Path) -> dict[str, Any]:
    """The header's JSON; empty where there is none. The format begins with its length in eight bytes."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(length)) if length <= _MAX_HEADER else {}
        state = json.loads(header["__metadata__"]["state"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return state if isinstance(state, dict) else {}

"""What checking a graph finds: problems as data, each at its node and port, and what is known of every node."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from components.tensor_spec import TensorSpec


@dataclass(frozen=True)
class Fix:
    """An edit that removes a problem, tried out before it is offered. ``node`` is the path of the node it acts at.

    ``action`` is one of

    - ``reset_param`` (back to inference or default), ``set_param``, ``drop_setting``;
    - ``insert``: a ``component`` with ``params`` on the wire that is number ``place`` at the input ``port``, where those of
      muted nodes do not count;
    - ``connect``: a wire from ``source`` (``node.port``, in the same graph or block) to the input ``port``;
    - ``append``: a ``component`` behind the output ``port``; ``source``, if there is one, feeds its second input;
    - ``swap``: another ``component`` in the node's place.

    ``more`` are edits that belong to it.
    """

    label: str
    label_zh: str
    action: Literal["reset_param", "set_param", "drop_setting", "insert", "connect", "append", "swap"]
    node: str
    param: str = ""
    value: Any = None
    component: str = ""
    params: tuple[tuple[str, Any], ...] = ()
    port: str = ""
    place: int = 0
    source: str = ""
    more: tuple[Fix, ...] = ()

    def text(self, language: str) -> str:
        return self.label_zh if language == "zh" else self.label


@dataclass(frozen=True)
class Problem:
    """One thing that keeps a graph from running, in words, at the node (a path such as ``res1/conv1``) and port.

    ``fixes`` are the edits that repair it, the likeliest first.
    """

    node: str
    port: str
    message: str
    message_zh: str
    code: str = "invalid"
    param: str = ""
    fixes: tuple[Fix, ...] = ()

    @property
    def fix(self) -> Fix | None:
        return self.fixes[0] if self.fixes else None

    def text(self, language: str) -> str:
        return self.message_zh if language == "zh" else self.message


@dataclass(frozen=True)
class NodeReport:
    """What is known of a node before a byte is allocated; FLOPs (forward) and bytes count one sample."""

    inputs: Mapping[str, tuple[TensorSpec, ...]] = field(default_factory=dict)
    outputs: Mapping[str, TensorSpec] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    parameters: int = 0
    flops: int = 0
    activation_bytes: int = 0


@dataclass
class Report:
    """The result of ``check``: ``ok`` where nothing is wrong. ``nodes`` is keyed by path; shared weights count once."""

    problems: list[Problem] = field(default_factory=list)
    nodes: dict[str, NodeReport] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return not self.problems

    @property
    def parameters(self) -> int:
        return sum(n.parameters for n in self.nodes.values())

    @property
    def flops(self) -> int:
        return sum(n.flops for n in self.nodes.values())

    @property
    def activation_bytes(self) -> int:
        return sum(n.activation_bytes for n in self.nodes.values())

    def to_json(self) -> dict[str, Any]:
        """The report as ``python -m builder check --json`` prints it."""
        return {
            "ok": self.ok,
            "errors": [
                {"node": p.node, "port": p.port, "message": p.message, "message_zh": p.message_zh, "code": p.code}
                | ({"fix": p.fix.label} if p.fix else {})
                for p in self.problems
            ],
            "nodes": {
                path: {
                    "outputs": {port: list(spec.shape) for port, spec in node.outputs.items()},
                    "dtypes": {port: spec.dtype for port, spec in node.outputs.items()},
                    "parameters": node.parameters,
                    "flops": node.flops,
                    "activation_bytes": node.activation_bytes,
                }
                for path, node in self.nodes.items()
            },
            "parameters": self.parameters,
            "flops": self.flops,
            "activation_bytes": self.activation_bytes,
        }


class CompileError(ValueError):
    """A graph that cannot be compiled; ``report`` holds every problem."""

    def __init__(self, report: Report) -> None:
        self.report = report
        lines = [f"{p.node}{'.' + p.port if p.port else ''}: {p.message}" for p in report.problems]
        super().__init__("\n".join(lines))


def at(node: str, port: str, message: tuple[str, str], code: str = "invalid", param: str = "") -> Problem:
    """A problem from an (English, Chinese) message."""
    return Problem(node, port, message[0], message[1], code, param)

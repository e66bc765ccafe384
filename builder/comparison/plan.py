"""What is compared: choices for a place in a graph, each trained with several seeds. Imports no torch."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from builder.graph import Graph, GraphError
from components import registry

NONE = "none"
"""The choice that lets what comes in pass by, or that leaves a setting as it is by default."""
CHOICE = re.compile(r"[A-Za-z]\w*(:\w+=[^:]+)*")
Place = Literal["component", "init", "parametrize", "regularize"]
PLACES: tuple[Place, ...] = get_args(Place)
_SETTINGS: dict[str, Place] = {"init": "init", "parametrization": "parametrize", "regularizer": "regularize"}


def _place_of(kind: str) -> Place:
    return _SETTINGS.get(kind, "component")


@dataclass(frozen=True)
class Choice:
    """A component with some of its parameters, written as ``opt_sgd:lr=0.1:momentum=0.9``; or ``none``."""

    component: str
    params: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, text: str) -> Choice:
        """Reads a choice; GraphError where it is not written like one."""
        text = text.strip()
        if not CHOICE.fullmatch(text):
            raise GraphError(
                f"A choice is written as component or component:param=value. Got {text!r:.100}.",
                f"选项应写作 组件 或 组件:参数=值，收到 {text!r:.100}。",
            )
        component, *params = text.split(":")
        return cls(component, tuple((name, value) for name, _, value in (param.partition("=") for param in params)))

    @property
    def name(self) -> str:
        return ":".join([self.component, *(f"{name}={value}" for name, value in self.params)])

    @property
    def folder(self) -> str:
        """The name of the folder of its runs."""
        return re.sub(r"[^\w.=+-]+", "_", self.name)


def parse_choices(text: str) -> tuple[Choice, ...]:
    """Choices with commas between them; the commas of lists are followed by no name."""
    return tuple(map(Choice.parse, re.split(r",(?=\s*[A-Za-z])", text)))


@dataclass(frozen=True)
class Plan:
    """A comparison: ``nodes`` are paths, all of which get the same choice; ``epochs`` are the graph's where None."""

    nodes: tuple[str, ...]
    choices: tuple[Choice, ...]
    seeds: int = 3
    epochs: int | None = None
    name: str = ""
    title: str = field(default="", compare=False)
    title_zh: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if not self.choices or not self.nodes or self.seeds < 1:
            got = f"{len(self.nodes)}, {len(self.choices)}, {self.seeds}"
            raise GraphError(
                f"A comparison needs at least one node, one choice and one seed. Got {got}.",
                f"比较至少需要一个节点、一个选项和一个随机种子，收到 {got}。",
            )

    @property
    def place(self) -> Place:
        """What the choices take: the place of the node's component, or one of its settings.

        Raises:
            GraphError: there is no such component, or the choices take different places.
        """
        kinds: dict[Place, str] = {}
        for choice in self.choices:
            if choice.component != NONE:
                try:
                    kind = registry.get(choice.component).kind
                except registry.UnknownComponentError as error:
                    raise GraphError(error.message, error.message_zh, self.nodes[0]) from None
                kinds.setdefault(_place_of(kind), choice.name)
        if len(kinds) > 1:
            one, other = list(kinds.values())[:2]
            raise GraphError(
                f"'{one}' and '{other}' do not take the same place, so they cannot be compared.",
                f"“{one}”与“{other}”所处的位置不同，无法比较。",
                self.nodes[0],
            )
        return next(iter(kinds)) if kinds else "component"

    def numbers(self, graph: Graph) -> tuple[int, ...]:
        """The seeds: the graph's own and those after it."""
        first = int(graph.training.get("seed", 0))
        return tuple(range(first, first + self.seeds))

    def runs(self, graph: Graph) -> list[tuple[Choice, int]]:
        """The trainings in their order."""
        return [(choice, seed) for choice in self.choices for seed in self.numbers(graph)]

    def to_json(self) -> dict[str, Any]:
        found = {
            "name": self.name, "title": self.title, "title_zh": self.title_zh, "nodes": list(self.nodes),
            "choices": [choice.name for choice in self.choices], "seeds": self.seeds, "epochs": self.epochs,
        }  # fmt: skip
        return {key: value for key, value in found.items() if value not in ("", None)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Plan:
        """Reads what ``to_json`` or a graph's ``meta.comparisons`` says; GraphError for what is no plan."""
        try:
            choices = tuple(dict.fromkeys(Choice.parse(str(text)) for text in data["choices"]))
            epochs = data.get("epochs")
            return cls(
                tuple(map(str, data["nodes"])), choices, int(data.get("seeds", 3)), None if epochs is None else int(epochs),
                str(data.get("name", "")), str(data.get("title", "")), str(data.get("title_zh", "")),
            )  # fmt: skip
        except (KeyError, TypeError, ValueError) as error:
            if isinstance(error, GraphError):
                raise
            raise GraphError(
                f"This is no plan of a comparison: {error!r:.100}.", f"这不是有效的比较计划：{error!r:.100}。"
            ) from None


def plans(graph: Graph) -> list[Plan]:
    """The comparisons that a graph brings along, in ``meta.comparisons``."""
    return [Plan.from_json(data) for data in graph.meta.get("comparisons", ())]


def planned(
    graph: Graph,
    name: str = "",
    nodes: Sequence[str] = (),
    choices: Sequence[Choice] = (),
    seeds: int | None = None,
    epochs: int | None = None,
) -> Plan:
    """The plan of this name that a graph brings along, its only one without a name; with other values where given.

    Raises:
        GraphError: the graph has no such plan, or several, and what is missing was not given.
    """
    own = plans(graph)
    found = [plan for plan in own if plan.name == name] if name else own if len(own) == 1 else []
    if nodes and choices and not name:
        return Plan(tuple(nodes), tuple(dict.fromkeys(choices)), seeds or 3, epochs)
    if not found:
        known, known_zh = ", ".join(p.name for p in own) or "none", "、".join(p.name for p in own) or "无"
        raise GraphError(
            f"Say what to compare: a node and choices, or the name of one of the graph's own comparisons ({known}).",
            f"请指明比较内容：节点与选项，或图自带比较的名称（{known_zh}）。",
        )
    (plan,) = found[:1]
    return Plan(
        tuple(nodes) or plan.nodes, tuple(dict.fromkeys(choices)) or plan.choices, seeds or plan.seeds,
        plan.epochs if epochs is None else epochs, plan.name, plan.title, plan.title_zh,
    )  # fmt: skip

"""Ops (functions on tensors) and chains as ``nn.Module``s, for those who use components without the builder."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import nn


class OpModule(nn.Module):
    """Calls ``function`` with fixed keyword parameters; has no weights."""

    def __init__(self, function: Callable[..., Any], params: Mapping[str, Any]) -> None:
        super().__init__()
        self.function = function
        self.params = dict(params)

    def forward(self, *inputs: Any, **optional: Any) -> Any:
        return self.function(*inputs, **optional, **self.params)

    def extra_repr(self) -> str:
        values = ", ".join(f"{k}={v!r}" for k, v in self.params.items())
        return f"{self.function.__name__}({values})"


class Chain(nn.Module):
    """Modules one behind the other, each taking what the one before gives; the first takes ``count`` inputs."""

    def __init__(self, parts: Sequence[nn.Module], count: int | None) -> None:
        super().__init__()
        self.parts, self.count = nn.ModuleList(parts), count

    def forward(self, *inputs: Any) -> Any:
        values: Any = inputs[: self.count]
        for part in self.parts:
            values = part(*values) if isinstance(values, tuple) else part(values)
        return values

"""An op (a function on tensors) as an ``nn.Module``, for those who use components without the builder."""

from collections.abc import Callable, Mapping
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

"""Discovery and lookup: modules below ``components`` are imported once; decorated objects register themselves."""

from __future__ import annotations

import difflib
import functools
import importlib
import pkgutil
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from components.spec import MISSING, Component, ParameterError, Sub, read_component

_T = TypeVar("_T", bound=Callable[..., Any])
_COMPONENTS: dict[str, Component] = {}


class UnknownComponentError(ValueError):
    """An id that no component has; the message lists the closest ids."""

    def __init__(self, id: str, close: list[str]) -> None:
        self.id, self.close = id, close
        hint = f" Did you mean {', '.join(close)}?" if close else ""
        self.message = f"There is no component '{id}'.{hint}"
        self.message_zh = f"没有组件“{id}”。" + (f"是否想用 {'、'.join(close)}？" if close else "")
        super().__init__(self.message)


def component(**declaration: Any) -> Callable[[_T], _T]:
    """Registers a class or function as a component and returns it unchanged. Arguments: see ``read_component``."""

    def register(target: _T) -> _T:
        entry = read_component(target, **declaration)
        known = _COMPONENTS.get(entry.id)
        # A reload (Streamlit re-imports changed modules) defines the same object again; anything else is a clash.
        origin = (target.__module__, target.__qualname__)
        if known is not None and (known.factory.__module__, known.factory.__qualname__) != origin:
            raise ValueError(
                f"Two components have the id '{entry.id}': "
                f"{known.factory.__module__}.{known.factory.__qualname__} and {'.'.join(origin)}."
            )
        _COMPONENTS[entry.id] = entry
        return target

    return register


@functools.cache
def _discover() -> None:
    import components

    for module in pkgutil.walk_packages(components.__path__, "components."):
        importlib.import_module(module.name)


def all_components() -> Mapping[str, Component]:
    """Every component by id, in the order of their ids."""
    _discover()
    return dict(sorted(_COMPONENTS.items()))


def get(id: str) -> Component:
    """The component of this id; UnknownComponentError otherwise."""
    _discover()
    try:
        return _COMPONENTS[id]
    except KeyError:
        raise UnknownComponentError(id, difflib.get_close_matches(id, _COMPONENTS, 3)) from None


def create(id: str, /, **params: Any) -> Any:
    """Builds a component: ``create("linear", in_features=4, out_features=2)`` is an ``nn.Module``.

    Raises:
        UnknownComponentError: no component has this id.
        ParameterError: a parameter is unknown, missing or breaks its rule.
    """
    entry = get(id)
    passed = {name: params.pop(name) for name in entry.runtime if name in params}
    values, errors = entry.check(params)
    missing = [p for n, p in entry.parameters.items() if n not in values and p.default is MISSING]
    if not errors and missing:
        errors = [ParameterError(entry.id, missing[0].name, missing[0].rule, MISSING)]
    if errors:
        raise errors[0]
    values = {k: create_block(v) if isinstance(v, Sub) else v for k, v in values.items()}
    if entry.form == "op":
        from components.op_module import OpModule

        return OpModule(entry.factory, values)
    return entry.factory(**passed, **values)


def create_block(block: Sub) -> Any:
    """The module of an example's block."""
    from components.op_module import Chain

    entry, parts, part = get(block.component), [], block
    while part is not None:
        parts.append(create(part.component, **part.params))
        part = part.then
    variadic = any(port.variadic for port in entry.inputs.values())
    return Chain(parts, None if variadic else len(entry.inputs))

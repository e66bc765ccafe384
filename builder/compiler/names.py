"""The names of a graph's nodes as Python attributes."""

from __future__ import annotations

import keyword

from torch import fx, nn

# Words that a module or a GraphModule has itself: a node of this name gets an underscore.
_RESERVED = frozenset({*dir(fx.GraphModule(nn.Module(), fx.Graph())), "inputs", "outputs", "self"})


def attribute(name: str) -> str:
    """The name of a node's module; reserved words get a ``_``, also those that end in one, so that names stay apart."""
    reserved = keyword.iskeyword(name.rstrip("_")) or name.rstrip("_") in _RESERVED
    return f"{name}_" if reserved else name


def identifier(name: str) -> str:
    """A name for a variable."""
    return f"{name}_" if keyword.iskeyword(name) or name == "self" else name


def target_of(path: str) -> str:
    """The name of the module at a path of nodes."""
    return ".".join(attribute(part) for part in path.split("/"))

"""Looks inside a model: what its nodes give, what its answers come from, and where it is wrong.

>>> inspector = Inspector("graphs/vit.json")
>>> sample = inspector.sample("valid", 0)
>>> figure, data = compute(inspector, "attention", "block/n0/attention", sample)
"""

from builder.inspect.choices import Choice, Option
from builder.inspect.command import draw, listing
from builder.inspect.errors import InspectError
from builder.inspect.figures.style import Style
from builder.inspect.inspector import Inspector
from builder.inspect.own_file import sample_of_file
from builder.inspect.samples import Sample
from builder.inspect.saving import FORMATS, Format, content
from builder.inspect.view import ViewSpec, arrays, compute, notice, options, views

__all__ = [
    "FORMATS",
    "Choice",
    "Format",
    "InspectError",
    "Inspector",
    "Option",
    "Sample",
    "Style",
    "ViewSpec",
    "arrays",
    "compute",
    "content",
    "draw",
    "listing",
    "notice",
    "options",
    "sample_of_file",
    "views",
]

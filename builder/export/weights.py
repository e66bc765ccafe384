"""A model's weights as a safetensors file, under the names that the exported class has."""

from __future__ import annotations

from pathlib import Path

from safetensors.torch import save_file
from torch import Tensor, nn

from builder.export.model import ModelSource
from builder.export.source import Source
from builder.export.text import plain


def write_weights(source: Source, written: ModelSource, path: Path) -> None:
    """Writes parameters and buffers; the header says the title and which weights they are."""
    header = {"format": "pt", "title": plain(source.title), "weights": source.weights}
    save_tensors(written.state(source.compiled), path, header)


def save_tensors(tensors: dict[str, Tensor], path: Path, header: dict[str, str]) -> None:
    """Writes a safetensors file that others may read like any other file."""
    save_file(tensors, path, header)
    path.chmod(0o644)


def tensors_of(program: nn.Module) -> dict[str, Tensor]:
    """The state of a module, each tensor with memory of its own, as the file format needs it."""
    return {name: t.detach().cpu().clone().contiguous() for name, t in program.state_dict().items()}

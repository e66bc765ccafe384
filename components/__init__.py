"""The palette: each component is a plain PyTorch class or function whose signature is its specification.

Usable without the builder: ``components.create("norm_rms", normalized_shape=16)`` is an ``nn.Module``.
"""

from components.registry import all_components, component, create, get

__all__ = ["all_components", "component", "create", "get"]

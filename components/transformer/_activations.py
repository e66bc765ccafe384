"""The activations of a Transformer's feed-forward network, by name."""

from typing import Literal

import torch.nn.functional as F

Activation = Literal["relu", "gelu", "silu"]
ACTIVATIONS = {"relu": F.relu, "gelu": F.gelu, "silu": F.silu}

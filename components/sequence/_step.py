"""What the decoders share: the block that they unroll, and a mask for a memory without padding."""

import torch
from torch import Tensor

from components.spec import Block, sub

STEP = Block("token: B, state: B *, memory: B S C, pad: B S", "logits: B V, state: B *")
EXAMPLE = sub("seq2seq_attention_step", state_size=5, memory_dim=7, vocabulary_size=11, embedding_dim=6, hidden_size=3)


def without_padding(memory: Tensor) -> Tensor:
    """The mask (B, S) of a memory (B, S, C) that is real throughout."""
    return torch.zeros(memory.shape[:2], dtype=torch.bool, device=memory.device)

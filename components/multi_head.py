"""The arithmetic of attention, which the attention and the Transformer family share.

Masks follow torch's ``scaled_dot_product_attention``: ``mask`` is boolean, True where a query may look at a key;
``pad`` is boolean, True where a key is padding. A query that may look at nothing gets zeros, never NaN.

The weights cost memory in T x S and the fused kernel does not give them, so a module that has them as an output
carries the attribute ``wants_weights``: where it is False, the output is None and the fused kernel runs.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def attend(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    mask: Tensor | None = None,
    causal: bool = False,
    scale: float | None = None,
    dropout: float = 0.0,
    wants_weights: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """softmax(q k^T scale) v, and the weights where they are wanted.

    q: (B, h, T, d); k and v: (B, h, S, d); mask: broadcasts to the shape of the weights, (B, h, T, S); y: (B, h, T, d).
    """
    if causal and (mask is not None or wants_weights):
        past = torch.ones(q.shape[-2], k.shape[-2], dtype=torch.bool, device=q.device).tril()
        mask = past if mask is None else mask & past
        causal = False
    if not wants_weights:
        y = F.scaled_dot_product_attention(q, k, v, mask, dropout, is_causal=causal, scale=scale)
        if mask is not None and torch.compiler.is_exporting():
            # torch gives zeros to a row without any key; the runtimes of exported models average all values
            y = y.masked_fill(~mask.any(-1, keepdim=True), 0.0)
        return y, None
    scores = q @ k.transpose(-2, -1) * (q.shape[-1] ** -0.5 if scale is None else scale)
    if mask is None:
        weights = scores.softmax(-1)
    else:  # the least finite number, not -inf: a row without any key stays finite, then becomes zero
        weights = scores.masked_fill(~mask, torch.finfo(scores.dtype).min).softmax(-1).masked_fill(~mask, 0.0)
    return F.dropout(weights, dropout) @ v, weights


def joint_mask(mask: Tensor | None, pad: Tensor | None) -> Tensor | None:
    """One mask that broadcasts to (B, h, T, S), from ``mask`` (T, S), (B, T, S) or (B, h, T, S) and ``pad`` (B, S)."""
    if mask is not None and mask.dim() == 3:
        mask = mask[:, None]
    if pad is None:
        return mask
    real = ~pad[:, None, None, :]
    return real if mask is None else mask & real


def multi_head(
    layer: nn.MultiheadAttention,
    q: Tensor,
    k: Tensor,
    v: Tensor,
    mask: Tensor | None = None,
    pad: Tensor | None = None,
    causal: bool = False,
    wants_weights: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """Multi-head attention with the weights of ``layer``: q (B, T, D), k and v (B, S, *) -> (B, T, D), (B, h, T, S)."""
    if q is k and k is v:  # self-attention: one product instead of three
        q, k, v = F.linear(q, layer.in_proj_weight, layer.in_proj_bias).chunk(3, dim=-1)
    else:
        if layer.in_proj_weight is not None:
            w_q, w_k, w_v = layer.in_proj_weight.chunk(3)
        else:  # torch keeps three matrices where keys or values have a width of their own
            w_q, w_k, w_v = layer.q_proj_weight, layer.k_proj_weight, layer.v_proj_weight
        b_q, b_k, b_v = (None, None, None) if layer.in_proj_bias is None else layer.in_proj_bias.chunk(3)
        q, k, v = F.linear(q, w_q, b_q), F.linear(k, w_k, b_k), F.linear(v, w_v, b_v)
    q, k, v = (x.unflatten(-1, (layer.num_heads, -1)).transpose(1, 2) for x in (q, k, v))  # (B, h, T or S, d)
    dropout = layer.dropout if layer.training else 0.0
    y, weights = attend(q, k, v, joint_mask(mask, pad), causal, None, dropout, wants_weights)
    return layer.out_proj(y.transpose(1, 2).flatten(2)), weights

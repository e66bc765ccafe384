"""Attention that begins with the pattern of a trained one."""

import torch
from torch import Tensor, nn

from components.registry import component
from components.spec import NonNegativeFloat


@component(
    id="init_mimetic",
    kind="init",
    family="Initialization",
    name="Mimetic (self-attention)",
    name_zh="模仿初始化（自注意力）",
    help_zh="让自注意力一开始就像训练好的那样：查询与键之积近似单位阵，值与输出投影之积近似负的单位阵。只用于多头注意力层和 Transformer 层。",
    source="Trockman & Kolter, Mimetic Initialization of Self-Attention Layers, arXiv 2305.09828",
    inputs={},
    outputs={},
    tags=("modules",),
    keywords="attention transformer vit query key value projection 注意力 查询 键 值",
)
class Mimetic:
    r"""Gives the products of an attention's weights diagonals, as training would.

    $$W_Q W_K^\top \approx a Z + b I, \quad W_V W_O \approx c Z - d I, \quad Z_{ij} \sim \mathcal{N}(0, 1/D)$$

    The matrices come from a singular value decomposition of the right side: for queries and keys one for each head, of
    which the strongest directions are kept, for values and output one for all heads. Every multi-head attention within
    the layer is filled, that of a decoder to its encoder too; other weights and all offsets stay.

    Args:
        qk_noise: the strength a of the noise in the product of queries and keys.
        qk_identity: the strength b of the identity there.
        vo_noise: the strength c of the noise in the product of values and output.
        vo_identity: the strength d of the negative identity there.

    Raises:
        ValueError: a layer without multi-head attention, or whose keys or values have a width of their own.

    Source: Trockman & Kolter, arXiv 2305.09828, section 3.
    """

    whole = True  # it fills modules, not single weights

    def __init__(
        self,
        qk_noise: NonNegativeFloat = 0.7,
        qk_identity: NonNegativeFloat = 0.7,
        vo_noise: NonNegativeFloat = 0.4,
        vo_identity: NonNegativeFloat = 0.4,
    ) -> None:
        self.qk_noise, self.qk_identity, self.vo_noise, self.vo_identity = qk_noise, qk_identity, vo_noise, vo_identity

    @torch.no_grad()
    def __call__(self, module: nn.Module, generator: torch.Generator | None = None) -> nn.Module:
        """Fills every attention of a module and returns the module."""
        found = [part for part in module.modules() if isinstance(part, nn.MultiheadAttention)]
        if not found:
            raise ValueError("Mimetic initialization needs a layer with multi-head attention.")
        for attention in found:
            if attention.in_proj_weight is None:
                raise ValueError(
                    "Mimetic initialization needs queries, keys and values of one width. Got "
                    f"{attention.embed_dim}, {attention.kdim} and {attention.vdim}."
                )
            self._fill(attention, generator)
        return module

    def _fill(self, attention: nn.MultiheadAttention, generator: torch.Generator | None) -> None:
        """The weights of torch's layer are (out, in): the transposes of the formula's."""
        w_q, w_k, w_v = attention.in_proj_weight.chunk(3)
        size = attention.head_dim
        for head in range(attention.num_heads):
            left, right = _factors(w_q, self.qk_noise, self.qk_identity, generator)
            rows = slice(head * size, (head + 1) * size)
            w_q[rows], w_k[rows] = left[:, :size].T, right[:, :size].T
        left, right = _factors(w_v, self.vo_noise, -self.vo_identity, generator)
        w_v.copy_(left.T)
        attention.out_proj.weight.copy_(right)


def _factors(like: Tensor, noise: float, identity: float, generator: torch.Generator | None) -> tuple[Tensor, Tensor]:
    """L and R with L R^T = noise Z + identity I, the strongest directions first; as ``like``, (D, D)."""
    z = torch.empty_like(like).normal_(generator=generator)
    matrix = noise * len(z) ** -0.5 * z + identity * torch.eye(len(z), dtype=z.dtype, device=z.device)
    u, s, vh = torch.linalg.svd(matrix)
    return u * s.sqrt(), vh.mT * s.sqrt()

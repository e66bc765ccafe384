"""Attention of convolutional networks against timm's and torchvision's, and against plain modules of its kind."""

from __future__ import annotations

import torch
from torch import Tensor

from benchmarks.peers.pair import Inputs, Layers, Pair, Peer, Size, new


def pairs(size: Size) -> dict[str, Pair]:
    c, rows = size.channels, 32 * size.batch
    on = Layers(*size.image)
    gate = new("torchvision.ops.SqueezeExcitation", c, c // 16)
    both = new("timm.layers.cbam:CbamModule", c, rd_channels=c // 16)
    conv = new("torch.nn.Conv2d", c, c, 3, padding=1)
    non_local = new("timm.layers.NonLocalAttn", c, rd_channels=c // 2)
    narrow = new("timm.layers.NonLocalAttn", c, rd_channels=c // 8)
    two = {"x": size.image, "y": size.image}
    logits: Inputs = {"logits": [(rows, 10), (rows, 10), (rows, 10)]}
    return {
        "attn_se": on.same(gate),
        "attn_sk": on.same(new("timm.layers.SelectiveKernel", c, rd_channels=32, split_input=False)),
        "attn_eca": on.same(new("timm.layers.EcaModule", kernel_size=3), kernel_size=3),
        "attn_cbam": on.same(both),
        "attn_coordinate": on.same(new("timm.layers.coord_attn:CoordAttn", c, rd_channels=8, bias=True)),
        "attn_gather_excite": on.same(new("timm.layers.GatherExcite", c, use_mlp=False)),
        "attn_global_context": on.same(
            new("timm.layers.GlobalContext", c, fuse_add=True, fuse_scale=False, rd_channels=c // 16)
        ),
        "attn_cmpt_se": on.plain(gate, inputs={"x": size.image, "identity": size.image}),
        "attn_gsop": on.plain(gate),
        "attn_srm": on.plain(gate),
        "attn_dia": on.plain(gate),
        "attn_spa": on.plain(gate),
        "attn_fca": on.plain(gate),
        "attn_tse": on.plain(gate),
        "attn_dca": on.plain(gate),
        "attn_scse": on.plain(gate),
        "attn_sge": on.plain(gate),
        "attn_ba2m": on.plain(narrow),
        "attn_aff": on.plain(gate, inputs=two),
        "attn_nam": on.plain(new("torch.nn.BatchNorm2d", c)),
        "attn_simam": on.plain(new("torch.nn.InstanceNorm2d", c)),
        "attn_bam": on.plain(both),
        "attn_ulsam": on.plain(both),
        "attn_shuffle": on.plain(both),
        "attn_triplet": on.plain(both),
        "attn_polarized": on.plain(both),
        "attn_atac": on.plain(new("torch.nn.Conv2d", c, c, 1)),
        "attn_csra": on.plain(new("torch.nn.Conv2d", c, 10, 1)),
        "attn_epsa": on.plain(
            conv, note="Filters of up to 9 x 9 in up to 16 groups, which torch convolves slowly on a CPU."
        ),
        "attn_sc_conv": on.plain(conv),
        "attn_residual": on.plain(new("torchvision.models.resnet:BasicBlock", c, c)),
        "attn_interflow": on.plain(Peer("torch.stack and mean", lambda: mean_of), inputs=logits),
        "nonlocal_block": on.plain(non_local),
        "attn_double": on.plain(non_local),
        "attn_ann": on.plain(non_local),
        "attn_isa": on.plain(non_local),
        "attn_ema_unit": on.plain(non_local),
        "attn_hamburger": on.plain(non_local),
        "attn_danet": on.plain(narrow),
        "attn_criss_cross": on.plain(narrow),
        "attn_san": on.plain(new("torch.nn.Conv2d", c, c, 7, padding=3)),
    }


def mean_of(*logits: Tensor) -> Tensor:
    return torch.stack(logits, 1).mean(1)

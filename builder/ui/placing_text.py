"""Texts of the commands that place nodes, in English and Chinese."""

from __future__ import annotations

PLACING_TEXTS: dict[str, tuple[str, str]] = {
    "command_arrange_selection": ("Arrange the selected nodes", "自动排列所选节点"),
    "command_align_left": ("Align left edges", "左对齐"),
    "command_align_center": ("Align centres across", "水平居中对齐"),
    "command_align_right": ("Align right edges", "右对齐"),
    "command_align_top": ("Align tops", "顶端对齐"),
    "command_align_middle": ("Align middles down", "垂直居中对齐"),
    "command_align_bottom": ("Align bottoms", "底端对齐"),
    "command_distribute_horizontal": ("Even spaces across", "水平等距分布"),
    "command_distribute_vertical": ("Even spaces down", "垂直等距分布"),
}

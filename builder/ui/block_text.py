"""Texts of blocks: expanding, the library, instances."""

from __future__ import annotations

BLOCK_TEXTS: dict[str, tuple[str, str]] = {
    "command_expand": ("Expand or collapse the block", "展开或收起模块"),
    "expand_block": ("Expand here (E)", "就地展开（E）"),
    "collapse_block": ("Collapse (E)", "收起（E）"),
    "command_keep_block": ("Save to My blocks", "保存到“我的模块”"),
    "command_my_blocks": ("My blocks: rename, delete, bring back", "我的模块：重命名、删除、恢复"),
    "keep_block_title": ("Save to My blocks", "保存到“我的模块”"),
    "keep_block_help": (
        "The block, with the blocks that it uses, is offered in the palette of every graph.",
        "该模块及其用到的模块会出现在每个图的组件面板中。",
    ),
    "keep_block_exists": ("My blocks has one of this name. Replace it?", "“我的模块”中已有同名模块。要替换吗？"),
    "my_blocks_none": (
        "None yet. Select a block on the canvas and choose “Save to My blocks”.",
        "还没有。选中画布上的模块，再点“保存到‘我的模块’”。",
    ),
    "my_blocks_bin": ("Deleted", "已删除"),
    "undo_delete": ("Put back", "恢复"),
    "short_expand": ("Expand", "展开"),
    "short_collapse": ("Collapse", "收起"),
    "short_keep_block": ("Keep", "保存"),
    "block_uses": ("Used {n} times: a change in it reaches all.", "共有 {n} 处使用，修改会同时生效。"),
    "own_block": ("Make independent", "独立出来"),
    "own_block_help": ("Gives this use a copy of the block that only it uses", "为这一处复制一份单独的模块"),
    "my_blocks": ("My blocks", "我的模块"),
    "my_block_help": (
        "A block of your own; it comes into the graph as a copy.",
        "你自己保存的模块；放入图中时会复制一份。",
    ),
}

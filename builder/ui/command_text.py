"""Labels of the commands, and gestures of the canvas, in English and Chinese."""

from __future__ import annotations

COMMAND_TEXTS: dict[str, tuple[str, str]] = {
    "command_undo": ("Undo", "撤销"),
    "command_redo": ("Redo", "重做"),
    "command_copy": ("Copy", "复制"),
    "command_cut": ("Cut", "剪切"),
    "command_paste": ("Paste", "粘贴"),
    "command_duplicate": ("Duplicate", "复制一份"),
    "command_delete": ("Delete", "删除"),
    "command_group": ("Group into a block", "组合成模块"),
    "command_select_all": ("Select all", "全选"),
    "command_arrange": ("Arrange all nodes", "自动排列所有节点"),
    "command_save": ("Save", "保存"),
    "command_fit": ("Fit to view", "适应视图"),
    "command_search": ("Search components", "搜索组件"),
    "command_open": ("Open the block", "打开模块"),
    "command_escape": ("Leave the block, deselect", "退出模块、取消选择"),
    # gestures, a line each: what one does | what it does
    "gesture_list": (
        "Drag a card | onto the canvas or onto a wire\nDrag from a dot | draw a wire\n"
        "Shift + drag | select several\nCtrl + click | add to the selection\nDouble click | open a block",
        "拖动卡片 | 到画布或连线上\n从圆点拖出 | 画连线\nShift + 拖动 | 框选\nCtrl + 单击 | 追加选择\n双击 | 打开模块",
    ),
}

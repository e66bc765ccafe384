"""Labels of the commands, and gestures of the canvas, in English and Chinese."""

from __future__ import annotations

COMMAND_TEXTS: dict[str, tuple[str, str]] = {
    "commands_file": ("File", "文件"),
    "commands_edit": ("Edit", "编辑"),
    "commands_place": ("Arrange", "排列"),
    "commands_wires": ("Wires", "连线"),
    "commands_view": ("View", "视图"),
    "commands_go": ("Go to", "前往"),
    "command_save": ("Save", "保存"),
    "command_train": ("Train", "训练"),
    "command_undo": ("Undo", "撤销"),
    "command_redo": ("Redo", "重做"),
    "command_cut": ("Cut", "剪切"),
    "command_copy": ("Copy", "复制"),
    "command_paste": ("Paste", "粘贴"),
    "command_duplicate": ("Duplicate", "复制一份"),
    "command_delete": ("Delete", "删除"),
    "command_group": ("Group into a block", "组合成模块"),
    "command_select_all": ("Select all", "全选"),
    "command_arrange": ("Arrange all nodes", "自动排列所有节点"),
    "command_connect": ("Connect a port", "连接端口"),
    "command_wires": ("Select a wire of the node", "选择节点的连线"),
    "command_fit": ("Fit to view", "适应视图"),
    "command_zoom_selection": ("Zoom to the selection", "缩放到所选内容"),
    "command_zoom_reset": ("Zoom to 100%", "缩放到 100%"),
    "command_zoom_in": ("Zoom in", "放大"),
    "command_zoom_out": ("Zoom out", "缩小"),
    "command_minimap": ("Map", "缩略图"),
    "command_shortcuts": ("Shortcuts", "快捷键"),
    "command_palette": ("All commands and components", "全部命令与组件"),
    "command_find": ("Find a node", "查找节点"),
    "command_search": ("Search components", "搜索组件"),
    "command_open": ("Open the block", "打开模块"),
    "command_escape": ("Leave the block, deselect", "退出模块、取消选择"),
    # gestures, a line each: what one does | what it does
    "gestures_mouse": ("Mouse", "鼠标"),
    "gestures_mouse_list": (
        "Drag a card | Place it on the canvas or a wire\nDrag from a dot | Draw a wire\n"
        "Drop a wire in the open | See what fits\nDrag from a taken input | Move its wire\n"
        "Shift + drag | Select several\nCtrl + click | Add to the selection\nAlt while dragging | Without snapping\n"
        "Double click | Open a block\nRight click | Commands\nDrop a graph file | Open it",
        "拖动卡片 | 放到画布或连线上\n从圆点拖出 | 画连线\n连线放到空白处 | 查看可接的组件\n从已连的输入拖出 | 移动其连线\n"
        "Shift + 拖动 | 框选\nCtrl + 单击 | 追加选择\n拖动时按住 Alt | 不吸附对齐\n双击 | 打开模块\n右键 | 命令\n拖入图文件 | 打开",
    ),
    "gestures_keys": ("On the canvas", "在画布上"),
    "gestures_keys_list": (
        "Arrows | Select the nearest node\nPage Up, Page Down | Select the previous, the next node\n"
        "Shift + arrows | Move the selection\nCtrl + arrows | Move it a little\nTab | Go into the inspector\n"
        "Esc | From a field back to the canvas\nF6 | Go to the next part of the page",
        "方向键 | 选中最近的节点\nPage Up、Page Down | 选中上一个、下一个节点\nShift + 方向键 | 移动所选节点\n"
        "Ctrl + 方向键 | 微移\nTab | 进入属性面板\nEsc | 从输入框回到画布\nF6 | 前往页面的下一部分",
    ),
}

"""Texts of edits: copies, nodes that do not act, nodes that are replaced, in English and Chinese."""

from __future__ import annotations

EDIT_TEXTS: dict[str, tuple[str, str]] = {
    "command_duplicate_wired": ("Duplicate with incoming wires", "复制一份并保留输入连线"),
    # nodes that do not act
    "command_mute": ("Mute", "停用"),
    "command_bypass": ("Bypass", "绕过"),
    "mode": ("Mode", "模式"),
    "mode_help": (
        "Muted: the node is left out together with its wires.\n\nBypassed: the node is left out and what comes in goes "
        "on. Neither changes the rest of the graph.",
        "停用：去掉该节点及其连线。\n\n绕过：去掉该节点，输入直接传给后面的节点。图的其余部分不变。",
    ),
    "mode_acts": ("Active", "正常"),
    "mode_mute": ("Muted", "停用"),
    "mode_bypass": ("Bypassed", "绕过"),
    "mark_mute": ("Muted: left out with its wires", "已停用：该节点及其连线不参与运算"),
    "mark_bypass": ("Bypassed: what comes in goes on", "已绕过：输入直接传给后面的节点"),
    # another component in a node's place
    "command_replace": ("Replace by another component", "替换为其他组件"),
    "replace_title": ("Replace {node}", "替换 {node}"),
    "replace_by": ("Component", "组件"),
    "replace_search": ("Type to search", "输入以搜索"),
    "replace_help": (
        "Place, parameters, settings and wires stay as far as they fit.",
        "位置、参数、设置与连线在适用时保留。",
    ),
    "replace_lost": (
        "'{node}' is now {label}. What did not fit: {lost}.",
        "“{node}”已替换为 {label}。未能保留：{lost}。",
    ),
    "replace_lost_params": ("parameters {names}", "参数 {names}"),
    "replace_lost_settings": ("settings {names}", "设置 {names}"),
    "replace_lost_wires": ("wires {names}", "连线 {names}"),
}

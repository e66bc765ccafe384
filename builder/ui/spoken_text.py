"""What a screen reader says of the page and the canvas, in English and Chinese."""

from __future__ import annotations

SPOKEN_TEXTS: dict[str, tuple[str, str]] = {
    "spoken_output": ("output {port} {shape}", "输出 {port} {shape}"),
    "spoken_problem": ("problem: {message}", "问题：{message}"),
    "spoken_input_free": ("input {port} of {node}, not connected", "{node} 的输入 {port}，未连接"),
    "spoken_input": ("input {port} of {node}, from {ends}", "{node} 的输入 {port}，来自 {ends}"),
    "spoken_output_free": ("output {port} of {node}, not connected", "{node} 的输出 {port}，未连接"),
    "spoken_output_to": ("output {port} of {node}, to {ends}", "{node} 的输出 {port}，连到 {ends}"),
    "spoken_wire": ("wire from {source} to {target}", "从 {source} 到 {target} 的连线"),
    "spoken_canvas": ("Canvas with the graph", "图的画布"),
    "spoken_help": (
        "Arrow keys go from node to node, C connects, W selects a wire, Tab leads into the inspector, Control K lists all commands.",
        "方向键在节点间移动，C 连接端口，W 选择连线，Tab 进入属性面板，Ctrl+K 列出全部命令。",
    ),
    "spoken_node": ("node", "节点"),
    "spoken_pages": ("Pages", "页面"),
    "spoken_tools": ("File, history and training", "文件、历史与训练"),
    "spoken_edit": ("Edit", "编辑"),
    "spoken_palette": ("Components", "组件"),
    "spoken_inspector": ("Inspector", "属性面板"),
    "spoken_view": ("View", "视图"),
}

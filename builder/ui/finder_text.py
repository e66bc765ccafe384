"""Texts of the searchable lists: commands, nodes, ports and wires, in English and Chinese."""

from __future__ import annotations

FINDER_TEXTS: dict[str, tuple[str, str]] = {
    "finder_all": ("Search commands, components and nodes", "搜索命令、组件和节点"),
    "finder_nodes": ("Find a node by name or component", "按名称或组件查找节点"),
    "finder_none": ("Nothing matches “{query}”.", "没有与“{query}”匹配的内容。"),
    "finder_no_nodes": ("There are no nodes.", "没有节点。"),
    "finder_add": ("Add", "添加"),
    "finder_go": ("Go to node", "前往节点"),
    "finder_pages": ("Pages", "页面"),
    "finder_connect": ("Connect {node} with", "将 {node} 连接到"),
    "finder_no_ports": ("Nothing to connect it with.", "没有可连接的端口。"),
    "finder_wires": ("Select a wire", "选择连线"),
    "finder_no_wires": ("There are no wires.", "没有连线。"),
    "finder_free": ("free", "空闲"),
    "finder_takes": ("takes any number", "可接多条连线"),
    "finder_wired": ("wired to {ends}", "已连接 {ends}"),
    "finder_replaces": ("replaces the wire from {ends}", "替换来自 {ends} 的连线"),
    "finder_in": ("in {path}", "位于 {path}"),
}

"""Every text of the desk in English and Chinese. Names of components and parameters come with them, not from here."""

from __future__ import annotations

from typing import Any

import streamlit as st

from builder.ui.about_text import ABOUT_TEXTS
from builder.ui.analysis_text import ANALYSIS_TEXTS
from builder.ui.block_text import BLOCK_TEXTS
from builder.ui.command_text import COMMAND_TEXTS
from builder.ui.comparison_text import COMPARISON_TEXTS
from builder.ui.edit_text import EDIT_TEXTS
from builder.ui.files_text import FILES_TEXTS
from builder.ui.finder_text import FINDER_TEXTS
from builder.ui.health_text import HEALTH_TEXTS
from builder.ui.page_text import PAGE_TEXTS
from builder.ui.picture_text import PICTURE_TEXTS
from builder.ui.placing_text import PLACING_TEXTS
from builder.ui.rate_text import RATE_TEXTS
from builder.ui.regularize_text import REGULARIZE_TEXTS
from builder.ui.sample_text import SAMPLE_TEXTS
from builder.ui.significance_text import SIGNIFICANCE_TEXTS
from builder.ui.spoken_text import SPOKEN_TEXTS
from builder.ui.training_text import TRAINING_TEXTS
from builder.ui.view_text import VIEW_TEXTS
from builder.ui.wire_text import WIRE_TEXTS

LANGUAGES = {"en": "English", "zh": "中文"}

TEXTS: dict[str, tuple[str, str]] = {
    # pages
    "page_build": ("Build", "搭建"),
    "page_train": ("Train", "训练"),
    "page_inspect": ("Inspect", "观察"),
    "page_runs": ("Runs", "记录"),
    "page_gallery": ("Gallery", "图库"),
    # bar
    "file": ("File", "文件"),
    "train": ("Train", "训练"),
    "train_help": ("Go to training", "前往训练"),
    "build_export_help": (
        "Python, weights, PyTorch program or ONNX of this graph, untrained. Export a trained one from Runs or Inspect.",
        "将此图（未训练）导出为 Python、权重、PyTorch 程序或 ONNX。训练后的模型请在“记录”或“观察”页导出。",
    ),
    "build_export_not_ready": ("The graph has problems: mend them to export it.", "图中还有问题，解决后才能导出。"),
    "language_help": ("切换到中文", "Switch to English"),
    "theme_help": ("Light or dark", "浅色或深色"),
    "untitled": ("Untitled", "未命名"),
    "unsaved": ("not saved to a file yet (kept automatically)", "尚未保存到文件（已自动保存）"),
    "check_ok": ("Ready", "可以训练"),
    "check_ok_help": ("Every node fits. The graph can be trained.", "所有节点都匹配，可以训练。"),
    "check_fits": ("Fits", "匹配"),
    "check_fits_help": (
        "Every node fits. To train the graph, add a loss and an optimizer.",
        "所有节点都匹配。要训练此图，请添加损失函数和优化器。",
    ),
    "check_problem": ("1 problem", "1 个问题"),
    "check_problems": ("{n} problems", "{n} 个问题"),
    "check_problems_help": ("Show what is wrong", "查看问题"),
    "check_failed": ("Check failed", "检查出错"),
    "check_failed_help": (
        "The check itself broke down; the graph can still be edited and saved. {reason}",
        "检查程序自身出错，图仍可编辑和保存。{reason}",
    ),
    "check_warming": ("Starting", "正在启动"),
    "check_warming_help": (
        "PyTorch and the components are loading; you can look around already.",
        "正在加载 PyTorch 与组件，现在就可以浏览。",
    ),
    "check_empty": ("Empty", "空白"),
    "parameters": ("parameters", "参数"),
    "parameters_help": ("Weights to learn: {exact}", "可学习的权重数：{exact}"),
    "flops_help": (
        "Floating-point operations of one forward pass of one sample: {exact}",
        "单个样本一次前向计算的浮点运算次数：{exact}",
    ),
    # palette
    "search": ("Search components", "搜索组件"),
    "search_none": ("Nothing matches “{query}”.", "没有与“{query}”匹配的组件。"),
    "palette_loading": ("Loading the components", "正在加载组件"),
    "blocks": ("Blocks of this graph", "本图的模块"),
    "ports_inside": ("Ports of this block", "本模块的端口"),
    "port_in": ("Block input", "模块输入"),
    "port_in_help": ("An input of the block that is open.", "当前模块的输入端口。"),
    "port_out": ("Block output", "模块输出"),
    "port_out_help": ("An output of the block that is open.", "当前模块的输出端口。"),
    "block_help": ("A block of this graph; changing it changes every use.", "本图的模块；修改它会影响每一处使用。"),
    "block": ("Block", "模块"),
    "unknown": ("Unknown component", "未知组件"),
    # canvas
    "empty_title": ("An empty desk", "空白画布"),
    "empty_hint": (
        "Drag a component from the left, or open a graph from the gallery.",
        "从左侧拖入组件，或从图库打开一张图。",
    ),
    "top": ("Graph", "整图"),
    "weights_frozen": ("Weights are frozen", "权重已冻结"),
    "weights_shared": ("Weights of {node}", "使用 {node} 的权重"),
    "repeated": ("Repeated {n} times", "重复 {n} 次"),
    "n_parameters": ("{exact} parameters", "{exact} 个参数"),
    "n_flops": (
        "{exact} floating-point operations for one sample, forward",
        "单个样本前向计算 {exact} 次浮点运算",
    ),
    # inspector
    "graph_section": ("Graph", "图"),
    "title": ("Title", "标题"),
    "description": ("Description", "说明"),
    "parameters_row": ("Parameters", "参数量"),
    "add_wire": ("Add a wire from…", "添加来自……的连线"),
    "nodes_count": ("Nodes", "节点"),
    "memory": ("Activations per sample", "每个样本的激活内存"),
    "show_node": ("Show {node}", "定位 {node}"),
    "selected_many": ("{n} nodes selected", "已选中 {n} 个节点"),
    "selected_wire": ("Wire", "连线"),
    "selected_wires": ("{n} wires selected", "已选中 {n} 条连线"),
    "delete_wire": ("Delete wire", "删除连线"),
    "node_name": ("Name", "名称"),
    "section_params": ("Parameters", "参数"),
    "section_ports": ("Ports", "端口"),
    "section_settings": ("Settings", "设置"),
    "section_help": ("About", "说明"),
    "auto": ("auto ({value})", "自动（{value}）"),
    "auto_unknown": ("auto", "自动"),
    "none_value": ("none", "无"),
    "required_value": ("required", "必填"),
    "reset": ("Back to {value}", "恢复为 {value}"),
    "bind_hint": (
        "Type = and a name to make it a parameter of the block.",
        "输入“= 名称”即可设为模块的参数。",
    ),
    "block_params_hint": (
        "None yet: in a node of this block, type = and a name instead of a value.",
        "暂无：在模块内节点的参数中输入“= 名称”即可添加。",
    ),
    "no_params": ("No parameters.", "没有参数。"),
    "rule": ("Must be {rule}.", "必须是{rule}。"),
    "not_connected": ("not connected", "未连接"),
    "optional": ("optional", "可选"),
    "wire_order": ("Move up", "上移"),
    "frozen": ("Frozen", "冻结权重"),
    "frozen_help": ("The weights keep their values in training.", "训练时权重保持不变。"),
    "init": ("Initialization", "参数初始化"),
    "init_default": ("PyTorch's default", "PyTorch 默认"),
    "weights": ("Weights", "权重"),
    "batch_size": ("Batch size", "批大小"),
    "shuffle": ("Shuffle", "打乱顺序"),
    "clip_norm": ("Clip gradients at norm", "梯度裁剪（范数）"),
    "clip_off": ("off", "不裁剪"),
    "repeat": ("Repeat", "重复次数"),
    "repeat_help": (
        "Stacks the block: each copy feeds the next. Copies have their own weights.",
        "堆叠模块：每一份接到下一份；各份有各自的权重。",
    ),
    "open_block": ("Open the block", "打开模块"),
    "detach": ("Detach", "拆开模块"),
    "detach_help": ("Puts the block's nodes in its place", "用模块内的节点替换它"),
    "block_name": ("Block name", "模块名"),
    "block_params": ("Block parameters", "模块参数"),
    "source": ("Source", "出处"),
    "cancel": ("Cancel", "取消"),
    **ABOUT_TEXTS,
    **ANALYSIS_TEXTS,
    **BLOCK_TEXTS,
    **COMMAND_TEXTS,
    **COMPARISON_TEXTS,
    **EDIT_TEXTS,
    **FILES_TEXTS,
    **FINDER_TEXTS,
    **HEALTH_TEXTS,
    **PAGE_TEXTS,
    **PICTURE_TEXTS,
    **PLACING_TEXTS,
    **RATE_TEXTS,
    **REGULARIZE_TEXTS,
    **SAMPLE_TEXTS,
    **SIGNIFICANCE_TEXTS,
    **SPOKEN_TEXTS,
    **TRAINING_TEXTS,
    **VIEW_TEXTS,
    **WIRE_TEXTS,
}


def text(key: str, language: str, **values: Any) -> str:
    """A text in a language, with ``{name}`` filled in."""
    english, chinese = TEXTS[key]
    chosen = chinese if language == "zh" else english
    return chosen.format(**values) if values else chosen


def language() -> str:
    """The language chosen; at first the browser's, English where that is not Chinese."""
    if "ui_language" not in st.session_state:
        locale = st.context.locale or ""
        st.session_state["ui_language"] = "zh" if locale.lower().startswith("zh") else "en"
    return st.session_state["ui_language"]


def t(key: str, **values: Any) -> str:
    """A text in the language chosen."""
    return text(key, language(), **values)

"""Texts of the pictures at a node (curves, what an output sees) in English and Chinese."""

from __future__ import annotations

PICTURE_TEXTS: dict[str, tuple[str, str]] = {
    "section_curve": ("Curve", "曲线"),
    "curve_y": ("output y", "输出 y"),
    "curve_slope": ("slope dy/dx", "导数 dy/dx"),
    "curve_learned": ("It is learned: this is how it starts.", "形状可学习：此为初始曲线。"),
    "curve_alt": (
        "{name}: the output goes from {first} at x = {left} to {last} at x = {right}; its slope lies between {low} and {high}.",
        "{name}：x 从 {left} 到 {right} 时，输出从 {first} 变到 {last}；导数介于 {low} 与 {high} 之间。",
    ),
    "curve_factor": ("factor over {epochs} epochs", "{epochs} 轮训练中的系数"),
    "curve_chain": ("the schedules beside it", "与之相接的调度"),
    "curve_factor_alt": (
        "{name}: the factor begins at {first}, lies between {low} and {high}, and ends at {last}, over {epochs} epochs.",
        "{name}：在 {epochs} 轮训练中，系数从 {first} 开始，介于 {low} 与 {high} 之间，最后为 {last}。",
    ),
    "section_sampling": ("What one output value sees", "一个输出值所见"),
    "sampling_window": ("{n} values in a window of {h} × {w}", "{h} × {w} 窗口内的 {n} 个值"),
    "sampling_value": ("one value", "一个值"),
    "sampling_row": ("{n} values in a window of {w}", "长度 {w} 的窗口内的 {n} 个值"),
    "sampling_whole": ("the whole map", "整张特征图"),
    "sampling_faint": ("a little of all others", "其余位置也略有影响"),
    "sampling_minus": ("some are subtracted", "部分取负"),
    "sampling_step": ("rings: the next output, {step} further", "圆圈：下一个输出，相隔 {step}"),
    "sampling_offsets": ("for offsets drawn at random; rings: the next output", "偏移为随机示例；圆圈：下一个输出"),
    "sampling_channels_all": ("channels: each output takes all inputs", "通道：每个输出取自所有输入"),
    "sampling_channels_own": ("channels: each output takes one input", "通道：每个输出只取自一个输入"),
    "sampling_channels_some": ("channels: an output (row) takes some inputs", "通道：每个输出（行）只取自部分输入"),
}

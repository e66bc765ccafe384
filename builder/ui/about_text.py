"""Texts of the help at a node (its component, repairs) in English and Chinese."""

from __future__ import annotations

ABOUT_TEXTS: dict[str, tuple[str, str]] = {
    "about_in": ("takes", "输入"),
    "about_out": ("gives", "输出"),
    "about_open": ("not known yet", "尚未确定"),
    "about_many": ("several wires", "可接多条连线"),
    "about_scalar": ("a number", "一个数"),
    "about_example": ("Example", "示例"),
    "about_gallery": ("In the gallery", "图库中的应用"),
    "about_follows": ("Follows:", "依据："),
    "repair_all": ("Repair all", "全部修复"),
    "repair_all_help": (
        "Makes the first repair of each problem, one after another; one step to undo.",
        "依次执行每个问题的首个修复；可一步撤销。",
    ),
    "training_missing": ("All fits. To train it, add what is missing:", "图已匹配。要训练它，还需添加："),
    "about_code": ("In code", "代码"),
}

"""Texts of the help on a component in English and Chinese."""

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
    "about_code": ("In code", "代码"),
}

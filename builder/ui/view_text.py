"""Texts of what is done with a view, in English and Chinese."""

from __future__ import annotations

VIEW_TEXTS: dict[str, tuple[str, str]] = {
    "view_save": ("Save view", "保存视图"),
    "view_save_png": ("Picture (PNG)", "图片（PNG）"),
    "view_save_html": ("Page that stands alone (HTML)", "独立网页（HTML）"),
    "view_save_json": ("Numbers (JSON)", "数据（JSON）"),
    "activating_open": ("Strongest first. Click one to look at it.", "由强到弱。点击一个即可查看。"),
    "neighbours_open": ("Nearest first. Click one to look at it.", "由近到远。点击一个即可查看。"),
}

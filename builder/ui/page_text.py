"""Texts of the pages Train, Runs, Inspect and Gallery in English and Chinese."""

from __future__ import annotations

PAGE_TEXTS: dict[str, tuple[str, str]] = {
    "page_failed": (
        "This part of the page failed ({reason}). Your work is kept; the log has the details.",
        "页面的这一部分出错（{reason}）。你的工作已保留，详情见日志。",
    ),
    "close": ("Close", "关闭"),
    "confirm": ("Confirm", "确认"),
    # gallery
    "gallery_about": (
        "Graphs that train at once, from the first classifiers to Transformers. Open one, change it, make it yours.",
        "打开即可训练的图，从最早的分类器到 Transformer。打开、修改，变成你自己的模型。",
    ),
    "gallery_search": ("Search the gallery", "搜索图库"),
    "gallery_all": ("All", "全部"),
    "gallery_task": ("Task", "任务"),
    "gallery_none": ("Nothing matches.", "没有匹配的图。"),
    "gallery_none_hint": ("Try another word, or another task.", "换一个词或另一个任务试试。"),
    "gallery_open": ("Open", "打开"),
    "gallery_broken": ("This file cannot be opened: {reason}", "无法打开此文件：{reason}"),
    "gallery_unknown": ("The gallery has no graph “{name}”.", "图库中没有“{name}”。"),
    "gallery_nodes": ("{n} nodes", "{n} 个节点"),
    "gallery_epochs": ("{n} epochs", "{n} 轮"),
    "gallery_leave_title": ("Open another graph?", "打开另一张图？"),
    "gallery_leave": (
        "“{title}” has changes that no file holds. It is not lost: it stays under File, Open, Recent work.",
        "“{title}”有尚未保存到文件的修改。它不会丢失，可在“文件 › 打开 › 最近的工作”中找到。",
    ),
    "gallery_leave_open": ("Open", "打开"),
    # states of a run
    "state_starting": ("Starting", "启动中"),
    "state_running": ("Training", "训练中"),
    "state_paused": ("Paused", "已暂停"),
    "state_stopped": ("Stopped", "已停止"),
    "state_finished": ("Finished", "已完成"),
    "state_failed": ("Failed", "失败"),
    "state_crashed": ("Ended unexpectedly", "意外终止"),
    "state_unknown": ("Unreadable", "无法读取"),
    # curves
    "loss": ("Loss", "损失"),
    "curve_steps": ("train, steps", "训练（步）"),
    "curve_train": ("train", "训练"),
    "curve_valid": ("validation", "验证"),
    "learning_rate": ("Learning rate", "学习率"),
    "gradient_norm": ("Gradient norm", "梯度范数"),
    "throughput": ("Throughput", "吞吐量"),
    "samples_per_second": ("samples/s", "样本/秒"),
    "best": ("best", "最佳"),
    "axis_epochs": ("epochs", "轮次"),
    "axis_seconds": ("seconds", "秒"),
    "quantity_train": ("train", "训练"),
    "quantity_valid": ("validation", "验证"),
    "quantity_rate": ("learning rate", "学习率"),
    "quantity_gradient_norm": ("gradient norm", "梯度范数"),
    "quantity_speed": ("samples per second", "每秒样本数"),
    "log_scale": ("Logarithmic loss", "损失取对数"),
}

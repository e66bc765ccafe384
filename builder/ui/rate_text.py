"""Texts of the search for a learning rate, in English and Chinese."""

from __future__ import annotations

RATE_TEXTS: dict[str, tuple[str, str]] = {
    "rate_find": ("Find a learning rate", "搜索学习率"),
    "rate_find_help": (
        "Trains a new model for a hundred steps while the learning rate rises, and shows where the loss falls fastest.",
        "用全新的模型训练一百步，期间学习率逐步升高，观察损失在何处下降最快。",
    ),
    "rate_about": (
        "A new model is trained while the learning rate rises exponentially (Smith, arXiv 1506.01186), and is thrown away. "
        "Your weights stay as they are.",
        "用全新的模型训练，学习率按指数升高（Smith，arXiv 1506.01186），之后即丢弃；现有权重不受影响。",
    ),
    "rate_optimizer": ("Optimizer", "优化器"),
    "rate_low": ("From", "起始值"),
    "rate_high": ("To", "终止值"),
    "rate_steps": ("Steps", "步数"),
    "rate_present": ("now", "当前值"),
    "rate_smoothed": ("smoothed loss", "平滑损失"),
    "rate_start": ("Search", "开始搜索"),
    "rate_again": ("Search again", "重新搜索"),
    "rate_cancel": ("Cancel", "取消搜索"),
    "rate_going": ("Step {n} of {of}, learning rate {rate}", "第 {n} / {of} 步，学习率 {rate}"),
    "rate_starting": ("Starting", "正在启动"),
    "rate_diverged": ("The loss diverged at {rate}: no need to go on.", "损失在 {rate} 处发散，无需继续。"),
    "rate_whole": ("The loss did not diverge up to {rate}.", "直到 {rate} 损失都没有发散。"),
    "rate_none": (
        "The loss does not fall anywhere, so there is nothing to suggest. Try other bounds or more steps.",
        "损失始终没有下降，无法给出建议。请尝试其他范围或更多步数。",
    ),
    "rate_cut_short": ("This search was cut short.", "此次搜索中途结束。"),
    "rate_use_steepest": ("Use {rate}: steepest descent", "采用 {rate}：下降最快处"),
    "rate_use_tenth": ("Use {rate}: a tenth of the minimum's rate", "采用 {rate}：最低点的十分之一"),
    "rate_used": ("The learning rate of {node} is {rate} now.", "{node} 的学习率现为 {rate}。"),
    "rate_bounds": (
        "The rates must rise from above 0. Got {low} to {high}.",
        "学习率须从大于 0 的值起递增，收到 {low} 至 {high}。",
    ),
    "rate_unwritten": (
        "The search could not be written to the workspace: {reason}.",
        "无法将搜索写入工作区：{reason}。",
    ),
}

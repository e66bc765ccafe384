"""Texts of the comparison of finished runs, in English and Chinese."""

from __future__ import annotations

SIGNIFICANCE_TEXTS: dict[str, tuple[str, str]] = {
    "significance": ("Significance", "显著性"),
    "significance_about": (
        "Judges the chosen runs on the same held-out samples, by their best weights, and says whether they differ.",
        "用各训练的最佳权重在相同的留出样本上评判，并说明它们是否有差别。",
    ),
    "significance_split": ("Split", "数据划分"),
    "significance_by": ("Compare", "比较方式"),
    "significance_by_runs": ("Run by run", "逐个训练"),
    "significance_by_seeds": ("Graphs over seeds", "各图（多个种子）"),
    "significance_start": ("Test the difference", "检验差别"),
    "significance_again": ("Test again", "重新检验"),
    "significance_going": ("Judging the runs", "正在评判各训练"),
    "significance_wait": ("A run is still being trained: its weights will change.", "有训练仍在进行，其权重还会变化。"),
    "significance_side": ("Run", "训练"),
    "significance_interval": ("95 % interval", "95% 区间"),
    "significance_pair": ("Pair", "对比"),
    "significance_difference": ("Difference", "差值"),
    "significance_test": ("Test", "检验"),
    "significance_corrected": ("{p} corrected (Holm)", "经 Holm 校正 {p}"),
    "significance_seeds": ("{n} seeds", "{n} 个种子"),
    "significance_note": ("{split}, {n} samples; {interval}", "{split}，{n} 个样本；{interval}"),
}

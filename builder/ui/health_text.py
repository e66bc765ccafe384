"""Texts of the health of nodes: colours of the canvas, its legend, the charts of the Runs page, in English and Chinese."""

from __future__ import annotations

HEALTH_TEXTS: dict[str, tuple[str, str]] = {
    # commands
    "command_colour_dead": ("Colour by dead units of the latest run", "按最近训练的失活单元着色"),
    "command_colour_gradient": ("Colour by gradient norm of the latest run", "按最近训练的梯度范数着色"),
    "command_colour_update": ("Colour by update size of the latest run", "按最近训练的更新量着色"),
    "command_colour_rms": ("Colour by output size of the latest run", "按最近训练的输出均方根着色"),
    "command_colour_std": ("Colour by output spread of the latest run", "按最近训练的输出标准差着色"),
    "command_colour_mean": ("Colour by output mean of the latest run", "按最近训练的输出均值着色"),
    # the choice of colours
    "colour_of_run": ("Latest run", "最近一次训练"),
    "colour_dead": ("Dead units", "失活单元"),
    "colour_gradient": ("Gradient norm", "梯度范数"),
    "colour_update": ("Update / weights", "更新量与权重之比"),
    "colour_rms": ("Output: root mean square", "输出：均方根"),
    "colour_std": ("Output: standard deviation", "输出：标准差"),
    "colour_mean": ("Output: mean", "输出：均值"),
    # legend
    "heat_dead": ("Share of units that give nothing", "没有输出的单元所占比例"),
    "heat_gradient": ("Gradient norm of each node's weights", "各节点权重的梯度范数"),
    "heat_update": ("Last update, for the size of the weights", "最近一步更新量与权重大小之比"),
    "heat_rms": ("Root mean square of each output", "各输出的均方根"),
    "heat_std": ("Standard deviation of each output", "各输出的标准差"),
    "heat_mean": ("Mean of each output, without its sign", "各输出均值的绝对值"),
    "health_none": (
        "No run of the graph as it is now: train it to see how its nodes fare. Undoing a change brings back what an "
        "earlier run shows.",
        "此图的当前状态尚无训练：训练后即可查看各节点的状况；撤销改动可恢复显示此前的训练。",
    ),
    "health_soon": ("The run has only just begun.", "训练刚刚开始。"),
    "health_epoch": ("Epoch that the colours show", "颜色所示的轮次"),
    "health_well": ("All nodes are well.", "所有节点状况良好。"),
    "health_ill": ("{n} nodes are ill", "{n} 个节点异常"),
    "health_ill_one": ("1 node is ill", "1 个节点异常"),
    "health_output": ("Look at its output", "查看其输出"),
    "health_output_help": (
        "Opens {node} of this run on the Inspect page, on the sample that was looked at last",
        "在观察页打开此训练的 {node}，使用最近查看的样本",
    ),
    # Runs page
    "health_title": ("Health of nodes", "节点健康"),
    "health_figure": ("Figure", "指标"),
    "health_node": ("Node", "节点"),
    "health_values": ("Histograms of", "直方图对象"),
    "health_weights": ("Weights", "权重"),
    "health_gradients": ("Gradients", "梯度"),
    # Train page
    "train_health": ("Watch the health of nodes", "监测节点健康"),
    "train_health_help": (
        "Looks at each node's outputs, gradients and updates after an epoch, in about a hundredth of the time. The weights are the same "
        "with and without it.",
        "每轮之后查看各节点的输出、梯度与更新量，约占百分之一的时间，不影响训练所得的权重。",
    ),
}

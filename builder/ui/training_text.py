"""Texts of the training graph in English and Chinese: whose weights, who trains what and when, blocks as parameters."""

from __future__ import annotations

TRAINING_TEXTS: dict[str, tuple[str, str]] = {
    # folded settings
    "section_more": ("More settings", "更多设置"),
    # weights
    "source_own": ("its own", "自有"),
    "source_shared": ("shared with a node", "与节点共享"),
    "source_average": ("average of a node", "节点的滑动平均"),
    "source_run": ("from a run", "取自训练记录"),
    "source_help": (
        "Where the weights come from. An average is never trained: after each step it moves towards the node's weights.",
        "权重的来源。滑动平均不参与训练：每一步之后向该节点的权重靠近。",
    ),
    "source_node": ("Node", "节点"),
    "source_run_name": ("Run", "训练记录"),
    "source_run_node": ("Node in the run", "记录中的节点"),
    "source_same_node": ("the same one", "同名节点"),
    "source_gallery": ("{name} · gallery", "{name} · 图库"),
    "average_decay": ("Decay", "衰减率"),
    "average_decay_help": (
        "After each step: decay · average + (1 - decay) · weights.",
        "每一步之后：衰减率 × 平均值 + (1 − 衰减率) × 权重。",
    ),
    "average_rise": ("Rise of the decay", "衰减率的变化"),
    "rise_constant": ("constant", "不变"),
    "rise_cosine": ("to 1 by a cosine", "按余弦升至 1"),
    # parametrisations
    "parametrize": ("Parametrisation", "参数化"),
    "parametrize_add": ("Add a parametrisation…", "添加参数化……"),
    "parametrize_help": (
        "Computes the weights that are used from the weights that are stored: spectral norm, LoRA, a pruning mask.",
        "由存储的权重计算实际使用的权重：谱归一化、LoRA、剪枝掩码等。",
    ),
    "remove": ("Remove", "移除"),
    "move_up": ("Move up", "上移"),
    # phases
    "phase": ("Acts", "生效阶段"),
    "phase_help": (
        "In the other phases the node is passed by: its first input goes on as its output.",
        "在其他阶段跳过该节点：其第一个输入直接作为输出。",
    ),
    "phase_always": ("always", "始终"),
    "phase_train": ("in training", "仅训练时"),
    "phase_evaluate": ("in evaluation", "仅评估时"),
    "phase_generate": ("when generating", "仅生成时"),
    "phase_mark_train": ("train", "训练"),
    "phase_mark_evaluate": ("eval", "评估"),
    "phase_mark_generate": ("gen", "生成"),
    # optimizers
    "trains": ("Trains", "训练对象"),
    "trains_all": ("all that its losses reach", "其损失涉及的全部"),
    "trains_help": (
        "Nodes and blocks whose weights this optimizer changes. Empty: all that its losses depend on.",
        "此优化器更新哪些节点和模块的权重。留空：其损失所依赖的全部。",
    ),
    "order": ("Order in the step", "步内次序"),
    "order_help": (
        "Optimizers act from the least number to the greatest; equal ones in the order of the data.",
        "优化器按数字从小到大依次更新；相同时按数据流次序。",
    ),
    "every": ("Every … steps", "每隔几步"),
    "every_help": ("Acts at the steps that this number divides.", "仅在步数是该数的倍数时更新。"),
    "first_epoch": ("From epoch", "起始轮次"),
    "last_epoch": ("To epoch", "终止轮次"),
    "first_epoch_default": ("the first", "第一轮"),
    "last_epoch_default": ("the last", "最后一轮"),
    "accumulate": ("Batches per update", "每次更新的批数"),
    "accumulate_help": (
        "Gradients of so many batches are averaged before the weights change.",
        "累积这么多批的梯度并取平均后再更新权重。",
    ),
    "clip_value": ("Clip gradients at value", "梯度裁剪（数值）"),
    "decay": ("Weight decay of", "权重衰减范围"),
    "decay_all": ("all parameters", "全部参数"),
    "decay_weights": ("matrices and kernels", "仅矩阵与卷积核"),
    "decay_help": (
        "Biases and the scales of norms have one axis: they can be left out.",
        "偏置与归一化的缩放只有一个维度，可不做衰减。",
    ),
    "updates": ("Updates of a step", "步内更新方式"),
    "updates_alternating": ("one after the other", "依次更新"),
    "updates_simultaneous": ("all at once", "同时更新"),
    "updates_help": (
        "One after the other: each optimizer sees the weights that the one before has changed. All at once: all gradients "
        "are taken at the same weights.",
        "依次更新：后一个优化器看到前一个更新后的权重。同时更新：所有梯度都在同一组权重上计算。",
    ),
    # data sets
    "drop_last": ("Drop a short last batch", "丢弃不足的末批"),
    "subset": ("Samples to train on", "训练样本数"),
    "subset_all": ("all", "全部"),
    "subset_help": (
        "Trains on so many samples drawn at random; validation and test stay whole.",
        "随机抽取这么多样本用于训练；验证集与测试集不变。",
    ),
    "subset_per_class": ("So many of each class", "每类这么多"),
    "subset_seed": ("Seed of the draw", "抽样种子"),
    "batch_sampler": ("Batches", "批的组成"),
    "batch_sampler_none": ("at random", "随机"),
    "batch_sampler_help": (
        "How the samples of a batch are chosen: pairs, triplets, so many of each class, episodes, or each sample several "
        "times (echoing).",
        "如何选取每批样本：样本对、三元组、每类若干、少样本任务，或让每个样本重复使用（数据回放）。",
    ),
    # blocks as parameters
    "called_with": ("called with {inputs}, gives {outputs}", "输入 {inputs}，输出 {outputs}"),
    "block_choice_none": ("choose a block or a node", "选择模块或节点"),
    "block_choice_own": ("{name} · own weights", "{name} · 自有权重"),
    "block_choice_node": ("{name} · shared", "{name} · 共享权重"),
    "block_choice_new": ("New block…", "新建模块……"),
    "block_open": ("Open {name}", "打开 {name}"),
    "call_help": ("Open {name}", "打开 {name}"),
    "block_begun": (
        "A new block '{name}' with the ports that are needed. Put its layers between them.",
        "已新建模块“{name}”并放好所需端口，请在端口之间放入各层。",
    ),
    # what each optimizer trains, on the canvas
    "training_none": ("The graph has no optimizer yet.", "图中还没有优化器。"),
    "training_step": ("A training step", "一个训练步"),
    "training_every_step": ("every step", "每步"),
    "training_every_n": ("every {n} steps", "每 {n} 步"),
    "training_epochs": ("epochs {first} to {last}", "第 {first} 至 {last} 轮"),
    "training_weights": ("{n} weights", "{n} 个权重"),
    "training_nothing": ("trains nothing", "没有可训练的权重"),
    "trained_by": ("Trained by {names}", "由 {names} 训练"),
    "acts_as": ("Number {place} in the step", "步内第 {place} 个"),
    "mark_every": ("Acts at every {n}th step", "每 {n} 步更新一次"),
    "mark_epochs": ("Acts in the epochs {first} to {last}", "在第 {first} 至 {last} 轮更新"),
    "mark_average": ("Moving average of {node}; never trained", "{node} 的滑动平均，不参与训练"),
    "mark_run": ("Weights of the run {run}", "权重取自训练记录 {run}"),
    "mark_parametrized": ("Parametrised: {names}", "参数化：{names}"),
    "mark_phase_train": ("Acts in training only", "仅在训练时起作用"),
    "mark_phase_evaluate": ("Acts in evaluation only", "仅在评估时起作用"),
    "mark_phase_generate": ("Acts when generating only", "仅在生成时起作用"),
    "mark_subset": ("Trains on {n} samples", "用 {n} 个样本训练"),
    "mark_subset_per_class": ("Trains on {n} samples of each class", "每类用 {n} 个样本训练"),
    # generated results
    "generated": ("Generated", "生成结果"),
    "generated_epoch": ("Epoch", "轮次"),
    "generated_note": ("{n} of {of} shown", "显示 {of} 项中的 {n} 项"),
    "generated_broken": ("This result cannot be read: {reason}", "无法读取此结果：{reason}"),
    "loss_of": ("{loss} · {node}", "{node} · {loss}"),
}

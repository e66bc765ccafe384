"""Texts of comparisons of components: the dialog, and the Runs page, in English and Chinese."""

from __future__ import annotations

COMPARISON_TEXTS: dict[str, tuple[str, str]] = {
    "command_compare_here": ("Compare components here…", "在此对比组件…"),
    "comparison_title": ("Compare components at {node}", "对比 {node} 处的组件"),
    "comparison_at": ("{what} at {node}", "{node} 处的{what}"),
    "comparison_own": ("The graph brings along", "图自带的对比"),
    "comparison_own_none": ("My own choices", "自行选择"),
    "comparison_place": ("What is compared", "对比内容"),
    "comparison_place_component": ("Components", "组件"),
    "comparison_place_init": ("Initializations", "参数初始化"),
    "comparison_place_parametrize": ("Parametrisations", "权重参数化"),
    "comparison_choices": ("Choices; the others are compared with the first", "选项（其余各项与第一项比较）"),
    "comparison_choices_add": ("Choose, or write component:param=value", "选择，或输入 组件:参数=值"),
    "comparison_fit": (
        "{n} choices fit here: each was put in this place and compiled. Add one with values of its own by writing it, as in "
        "opt_sgd:lr=0.1.",
        "共有 {n} 个选项适合此处：每一个都已换入此处并编译通过。可直接输入带参数的选项，如 opt_sgd:lr=0.1。",
    ),
    "comparison_unfit": ("Does not fit here ({n})", "不适合此处（{n}）"),
    "comparison_none_pass": ("None: lets pass by", "无（直接通过）"),
    "comparison_none_default": ("PyTorch's default", "PyTorch 默认"),
    "comparison_none_free": ("None: plain weights", "无（普通权重）"),
    "comparison_seeds": ("Seeds", "随机种子数"),
    "comparison_seeds_help": (
        "Each choice is trained once per seed; an interval of confidence takes two or more.",
        "每个选项按每个种子各训练一次；要得到置信区间至少需要两个。",
    ),
    "comparison_epochs": ("Epochs", "训练轮数"),
    "comparison_amount": ("{n} trainings", "共 {n} 次训练"),
    "comparison_estimate": (
        "{n} trainings, about {time} by the last run of this graph",
        "共 {n} 次训练，按此图最近一次训练估计约需 {time}",
    ),
    "comparison_start": ("Start", "开始"),
    "comparison_too_few": ("Choose two or more.", "请至少选择两项。"),
    "comparison_not_ready": (
        "The graph cannot be trained as it is: mend its problems first.",
        "此图目前无法训练：请先解决其问题。",
    ),
    "comparison_proving": ("Trying what fits here", "正在逐一试换组件"),
    # the Runs page
    "runs_views": ("Show", "显示"),
    "runs_view_trainings": ("Trainings", "训练"),
    "runs_view_comparisons": ("Comparisons", "对比"),
    "comparisons_about": (
        "Choices for one place of a graph, each trained with several seeds, on data that none of them has seen.",
        "图中同一位置的不同选项，各用多个随机种子训练，并在未参与训练的数据上评判。",
    ),
    "comparisons_empty": ("Nothing was compared yet.", "还没有对比。"),
    "comparisons_empty_hint": (
        "On the Build page, right-click a node and choose “Compare components here…”. Graphs of the gallery under "
        "“Comparison” bring their own along.",
        "在“搭建”页右键单击一个节点，选择“在此对比组件…”。图库中“对比实验”类的图自带对比。",
    ),
    "comparison_column_name": ("Comparison", "对比"),
    "comparison_column_place": ("Where", "位置"),
    "comparison_column_amount": ("Choices × seeds", "选项 × 种子"),
    "comparison_column_best": ("Best", "最佳"),
    "comparison_open": ("Show {name}", "查看 {name}"),
    "comparison_unreadable": ("This folder cannot be read: {reason}", "无法读取此文件夹：{reason}"),
    "comparison_done": ("{n} of {of} trainings", "已完成 {n} / {of} 次训练"),
    "comparison_now": ("{choice}, seed {seed}", "{choice}，种子 {seed}"),
    "comparison_go_on": ("Go on", "继续"),
    "comparison_open_graph": ("Open the graph", "打开此图"),
    "comparison_csv": ("CSV", "CSV"),
    "comparison_delete": ("Delete", "删除"),
    "comparison_deleted": ("“{name}” is deleted.", "已删除“{name}”。"),
    "comparison_choice": ("Choice", "选项"),
    "comparison_seed_n": ("seed {n}", "种子 {n}"),
    "comparison_mean": ("mean, 95% interval", "均值，95% 区间"),
    "comparison_against": ("against {name}", "相对 {name}"),
    "comparison_weights": ("weights", "参数量"),
    "comparison_seconds": ("training", "训练用时"),
    "comparison_first": ("baseline", "基准"),
    "comparison_verdict_better": ("better", "更好"),
    "comparison_verdict_worse": ("worse", "更差"),
    "comparison_verdict_open": ("no clear difference", "无明显差异"),
    "comparison_note": (
        "{figure} on the {split} data, {sense}. Intervals by Student's t over {n} seeds; differences are taken seed by seed, "
        "and are better or worse where their interval excludes zero.",
        "{split}数据上的 {figure}，{sense}。区间由 {n} 个种子按学生 t 分布得出；差值逐种子计算，区间不含零时判为更好或更差。",
    ),
    "comparison_higher": ("higher is better", "越高越好"),
    "comparison_lower": ("lower is better", "越低越好"),
    "comparison_use": ("Use this", "采用"),
    "comparison_use_help": (
        "Puts it in its place in the graph on the desk; one step that can be undone.",
        "将其换入画布上的图，作为可撤销的一步。",
    ),
    "comparison_used": ("{name} is in its place now. Undo takes it back.", "已换入 {name}。可用“撤销”恢复。"),
    "comparison_used_other": (
        "{name} is in its place now. The graph on the desk is not the one that was compared: look whether it suits. Undo takes it back.",
        "已换入 {name}。画布上的图与对比时的图不同，请确认是否合适。可用“撤销”恢复。",
    ),
    "comparison_failed_cell": ("failed", "失败"),
}

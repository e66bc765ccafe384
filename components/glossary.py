"""English and Chinese labels of what components share: parameter names, families and kinds. Imports no torch.

One line an entry, in alphabetical order. A name that has no entry is shown in a readable form of itself.
"""

from __future__ import annotations

from collections.abc import Mapping

Label = tuple[str, str]  # English, Chinese

KINDS: dict[str, Label] = {
    "dataset": ("Data set", "数据集"),
    "init": ("Initialisation", "初始化"),
    "layer": ("Layer", "层"),
    "loss": ("Loss", "损失函数"),
    "metric": ("Metric", "评价指标"),
    "op": ("Operation", "运算"),
    "optimizer": ("Optimizer", "优化器"),
    "parametrization": ("Parametrisation", "参数化"),
    "regularizer": ("Regularizer", "正则项"),
    "sampler": ("Sampler", "采样与解码"),
    "scheduler": ("Schedule", "学习率调度"),
    "strategy": ("Strategy", "训练策略"),
    "transform": ("Transform", "数据变换"),
    "visualizer": ("Visualizer", "可视化"),
}

FAMILIES: dict[str, Label] = {
    "Activation": ("Activation", "激活函数"),
    "Attention": ("Attention", "注意力"),
    "Convolution": ("Convolution", "卷积"),
    "Data": ("Data", "数据"),
    "Data transform": ("Data transform", "数据变换"),
    "Dropout": ("Dropout", "随机失活"),
    "Embedding": ("Embedding", "嵌入"),
    "Feature normalization": ("Feature normalization", "特征归一化"),
    "Graph network": ("Graph network", "图神经网络"),
    "Initialization": ("Initialization", "参数初始化"),
    "Linear": ("Linear", "线性层"),
    "Loss": ("Loss", "损失函数"),
    "Metric": ("Metric", "评价指标"),
    "Optimizer": ("Optimizer", "优化器"),
    "Pooling": ("Pooling", "池化"),
    "Position encoding": ("Position encoding", "位置编码"),
    "Recurrent": ("Recurrent", "循环网络"),
    "Schedule": ("Schedule", "学习率调度"),
    "Strategy": ("Strategy", "训练策略"),
    "Tensor": ("Tensor", "张量运算"),
    "Transformer": ("Transformer", "Transformer 架构"),
}

PARAMETERS: dict[str, Label] = {
    "activation": ("Activation", "激活函数"),
    "affine": ("Learned scale and shift", "可学习的缩放与平移"),
    "aggregator": ("Aggregator", "邻居汇总方式"),
    "align_corners": ("Align corners", "角点对齐"),
    "alpha": ("Alpha", "系数 α"),
    "approximate": ("Approximation", "近似方式"),
    "area": ("Area", "面积占比"),
    "aspect": ("Aspect ratio", "长宽比"),
    "axes": ("Order of axes", "维度顺序"),
    "base": ("Base", "底数"),
    "beta": ("Beta", "系数 β"),
    "betas": ("Betas", "系数 β₁、β₂"),
    "bias": ("Bias", "偏置"),
    "bidirectional": ("Bidirectional", "双向"),
    "brightness": ("Brightness", "亮度"),
    "causal": ("Causal", "因果（只看过去）"),
    "ceil_mode": ("Round the size up", "尺寸向上取整"),
    "centered": ("Centred", "中心化"),
    "channels": ("Channels", "通道数"),
    "channels_first": ("Channels first", "通道在前"),
    "class_axis": ("Class axis", "类别所在维度"),
    "concat": ("Concatenate the heads", "拼接各头"),
    "context": ("Context length", "上下文长度"),
    "contrast": ("Contrast", "对比度"),
    "corpus": ("Corpus", "语料"),
    "count_include_pad": ("Count the padding", "计入填充值"),
    "cutoff": ("Cut-off", "截断范围"),
    "degrees": ("Degrees", "角度"),
    "delimiter": ("Delimiter", "分隔符"),
    "delta": ("Delta", "阈值 δ"),
    "depth_multiplier": ("Depth multiplier", "深度倍数"),
    "dilation": ("Dilation", "扩张率"),
    "dim": ("Axis", "维度"),
    "dim0": ("First axis", "第一个维度"),
    "dim1": ("Second axis", "第二个维度"),
    "dim_feedforward": ("Feed-forward size", "前馈层宽度"),
    "dims": ("Spatial axes", "空间维数"),
    "direction": ("Direction", "方向"),
    "distribution": ("Distribution", "分布"),
    "dropout": ("Dropout", "失活率"),
    "dtype": ("Type", "数据类型"),
    "elementwise_affine": ("Learned scale and shift", "可学习的缩放与平移"),
    "embed_dim": ("Features", "特征数"),
    "embedding_dim": ("Vector size", "向量维数"),
    "encoding": ("Text encoding", "文本编码"),
    "end": ("End", "终点"),
    "end_dim": ("Last axis", "结束维度"),
    "eps": ("Epsilon", "极小值 ε"),
    "factor": ("Factor", "倍数"),
    "features": ("Feature columns", "特征列"),
    "file": ("File", "文件"),
    "gain": ("Gain", "增益"),
    "gamma": ("Gamma", "系数 γ"),
    "groups": ("Groups", "分组数"),
    "header": ("Row of names", "表头"),
    "hidden_size": ("Hidden size", "隐藏单元数"),
    "ignore_index": ("Ignored target", "忽略的目标值"),
    "image_size": ("Image size", "图像尺寸"),
    "in_channels": ("Input channels", "输入通道数"),
    "in_features": ("Input features", "输入特征数"),
    "index": ("Index", "索引"),
    "init": ("Initial value", "初始值"),
    "initial_accumulator": ("Initial accumulator", "累积量初值"),
    "input_size": ("Input features", "输入特征数"),
    "k": ("Offset k", "偏移 k"),
    "kdim": ("Key features", "键的特征数"),
    "keepdim": ("Keep the axes", "保留维度"),
    "kernel_size": ("Kernel size", "卷积核大小"),
    "label_smoothing": ("Label smoothing", "标签平滑"),
    "length": ("Length in epochs", "持续轮数"),
    "lr": ("Learning rate", "学习率"),
    "lr_decay": ("Learning-rate decay", "学习率衰减"),
    "max_categories": ("Most categories", "最多类别数"),
    "max_len": ("Longest text", "最大长度"),
    "memory_dim": ("Memory features", "memory 的特征数（编码器输出）"),
    "milestones": ("Milestones", "变化轮次"),
    "min_count": ("Least count", "最少出现次数"),
    "min_delta": ("Smallest gain", "最小提升"),
    "min_factor": ("Least factor", "最小倍数"),
    "missing": ("Missing cells", "缺失值"),
    "mode": ("Mode", "方式"),
    "momentum": ("Momentum", "动量"),
    "negative_slope": ("Negative slope", "负半轴斜率"),
    "node_features": ("Node features", "节点特征"),
    "nonlinearity": ("Nonlinearity", "激活函数"),
    "norm_first": ("Normalise first", "先归一化"),
    "normalize": ("Normalise", "归一化"),
    "normalized_shape": ("Normalised size", "归一化维度大小"),
    "num_channels": ("Channels", "通道数"),
    "num_classes": ("Classes", "类别数"),
    "num_embeddings": ("Table size", "词表大小"),
    "num_features": ("Channels", "通道数"),
    "num_groups": ("Groups", "分组数"),
    "num_heads": ("Heads", "注意力头数"),
    "num_layers": ("Layers", "层数"),
    "num_parameters": ("Channels", "通道数"),
    "num_tokens": ("Tokens", "标记数"),
    "out_channels": ("Output channels", "输出通道数"),
    "out_features": ("Output features", "输出特征数"),
    "output_padding": ("Output padding", "输出填充"),
    "output_size": ("Output size", "输出尺寸"),
    "p": ("Probability", "概率"),
    "padding": ("Padding", "填充"),
    "padding_idx": ("Padding index", "填充编号"),
    "padding_mode": ("Padding mode", "填充方式"),
    "patience": ("Patience", "容忍轮数"),
    "peak": ("Peak", "峰值位置"),
    "per": ("Statistics per", "统计单位"),
    "period": ("Period", "周期"),
    "period_growth": ("Growth of the period", "周期增长倍数"),
    "pos_weight": ("Positive weight", "正类权重"),
    "power": ("Power", "幂次"),
    "range": ("Range", "取值范围"),
    "reduce": ("Reduction", "汇总方式"),
    "samples": ("Samples", "样本数"),
    "scale": ("Scale", "缩放"),
    "scale_factor": ("Scale factor", "缩放倍数"),
    "sections": ("Sections", "分段"),
    "seed": ("Seed", "随机种子"),
    "self_loops": ("Self-loops", "自环"),
    "shape": ("Shape", "形状"),
    "shared": ("Shared by all channels", "所有通道共用"),
    "size": ("Size", "尺寸"),
    "split_seed": ("Seed of the split", "划分种子"),
    "start": ("Start", "起点"),
    "start_dim": ("First axis", "起始维度"),
    "std": ("Standard deviation", "标准差"),
    "step": ("Step", "步长"),
    "step_size": ("Step size", "间隔轮数"),
    "stop": ("Stop", "终点"),
    "stride": ("Stride", "步幅"),
    "target": ("Target column", "目标列"),
    "task": ("Task", "任务"),
    "temperature": ("Temperature", "温度"),
    "test_share": ("Test share", "测试集比例"),
    "threshold": ("Threshold", "阈值"),
    "top_k": ("k", "前 k 个"),
    "track_running_stats": ("Running statistics", "滑动统计量"),
    "translate": ("Shift", "平移"),
    "valid_share": ("Validation share", "验证集比例"),
    "value": ("Value", "数值"),
    "vdim": ("Value features", "值的特征数"),
    "vocabulary_size": ("Vocabulary size", "词表大小"),
    "weight": ("Class weights", "类别权重"),
    "weight_decay": ("Weight decay", "权重衰减"),
    "when": ("When", "何时"),
}


def kind_label(name: str, language: str = "en") -> str:
    """The label of a kind in a language (``en`` or ``zh``)."""
    return _label(KINDS, name, language)


def family_label(name: str, language: str = "en") -> str:
    """The label of a family in a language (``en`` or ``zh``)."""
    return _label(FAMILIES, name, language)


def parameter_label(name: str, language: str = "en") -> str:
    """The label of a parameter in a language (``en`` or ``zh``)."""
    return _label(PARAMETERS, name, language)


def _label(table: Mapping[str, Label], name: str, language: str) -> str:
    english, chinese = table.get(name) or (_humanised(name),) * 2
    return chinese if language == "zh" else english


def _humanised(name: str) -> str:
    """``kernel_size`` as ``Kernel size``."""
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]

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
    "regularizer": ("Regularizer", "正则项"),
    "sampler": ("Sampler", "采样与解码"),
    "scheduler": ("Schedule", "学习率调度"),
    "strategy": ("Strategy", "训练策略"),
    "transform": ("Transform", "数据变换"),
    "visualizer": ("Visualizer", "可视化"),
}

FAMILIES: dict[str, Label] = {
    "Activation": ("Activation", "激活函数"),
    "Convolution": ("Convolution", "卷积"),
    "Data": ("Data", "数据"),
    "Data transform": ("Data transform", "数据变换"),
    "Dropout": ("Dropout", "随机失活"),
    "Feature normalization": ("Feature normalization", "特征归一化"),
    "Initialization": ("Initialization", "参数初始化"),
    "Linear": ("Linear", "线性层"),
    "Pooling": ("Pooling", "池化"),
    "Recurrent": ("Recurrent", "循环网络"),
    "Tensor": ("Tensor", "张量运算"),
}

PARAMETERS: dict[str, Label] = {
    "affine": ("Learned scale and shift", "可学习的缩放与平移"),
    "align_corners": ("Align corners", "角点对齐"),
    "alpha": ("Alpha", "系数 α"),
    "approximate": ("Approximation", "近似方式"),
    "area": ("Area", "面积占比"),
    "aspect": ("Aspect ratio", "长宽比"),
    "axes": ("Order of axes", "维度顺序"),
    "beta": ("Beta", "系数 β"),
    "bias": ("Bias", "偏置"),
    "bidirectional": ("Bidirectional", "双向"),
    "brightness": ("Brightness", "亮度"),
    "ceil_mode": ("Round the size up", "尺寸向上取整"),
    "channels": ("Channels", "通道数"),
    "channels_first": ("Channels first", "通道在前"),
    "context": ("Context length", "上下文长度"),
    "contrast": ("Contrast", "对比度"),
    "corpus": ("Corpus", "语料"),
    "count_include_pad": ("Count the padding", "计入填充值"),
    "cutoff": ("Cut-off", "截断范围"),
    "degrees": ("Degrees", "角度"),
    "delimiter": ("Delimiter", "分隔符"),
    "depth_multiplier": ("Depth multiplier", "深度倍数"),
    "dilation": ("Dilation", "扩张率"),
    "dim": ("Axis", "维度"),
    "dim0": ("First axis", "第一个维度"),
    "dim1": ("Second axis", "第二个维度"),
    "dims": ("Spatial axes", "空间维数"),
    "direction": ("Direction", "方向"),
    "distribution": ("Distribution", "分布"),
    "dropout": ("Dropout", "失活率"),
    "dtype": ("Type", "数据类型"),
    "elementwise_affine": ("Learned scale and shift", "可学习的缩放与平移"),
    "encoding": ("Text encoding", "文本编码"),
    "end_dim": ("Last axis", "结束维度"),
    "eps": ("Epsilon", "极小值 ε"),
    "factor": ("Factor", "倍数"),
    "features": ("Feature columns", "特征列"),
    "file": ("File", "文件"),
    "gain": ("Gain", "增益"),
    "groups": ("Groups", "分组数"),
    "header": ("Row of names", "表头"),
    "hidden_size": ("Hidden size", "隐藏单元数"),
    "image_size": ("Image size", "图像尺寸"),
    "in_channels": ("Input channels", "输入通道数"),
    "in_features": ("Input features", "输入特征数"),
    "index": ("Index", "索引"),
    "init": ("Initial value", "初始值"),
    "input_size": ("Input features", "输入特征数"),
    "k": ("Offset k", "偏移 k"),
    "keepdim": ("Keep the axes", "保留维度"),
    "kernel_size": ("Kernel size", "卷积核大小"),
    "max_categories": ("Most categories", "最多类别数"),
    "max_len": ("Longest text", "最大长度"),
    "min_count": ("Least count", "最少出现次数"),
    "missing": ("Missing cells", "缺失值"),
    "mode": ("Mode", "方式"),
    "momentum": ("Momentum", "动量"),
    "negative_slope": ("Negative slope", "负半轴斜率"),
    "nonlinearity": ("Nonlinearity", "激活函数"),
    "normalized_shape": ("Normalised size", "归一化维度大小"),
    "num_channels": ("Channels", "通道数"),
    "num_classes": ("Classes", "类别数"),
    "num_features": ("Channels", "通道数"),
    "num_groups": ("Groups", "分组数"),
    "num_layers": ("Layers", "层数"),
    "num_parameters": ("Channels", "通道数"),
    "out_channels": ("Output channels", "输出通道数"),
    "out_features": ("Output features", "输出特征数"),
    "output_padding": ("Output padding", "输出填充"),
    "output_size": ("Output size", "输出尺寸"),
    "p": ("Probability", "概率"),
    "padding": ("Padding", "填充"),
    "padding_mode": ("Padding mode", "填充方式"),
    "per": ("Statistics per", "统计单位"),
    "range": ("Range", "取值范围"),
    "samples": ("Samples", "样本数"),
    "scale": ("Scale", "缩放"),
    "scale_factor": ("Scale factor", "缩放倍数"),
    "sections": ("Sections", "分段"),
    "seed": ("Seed", "随机种子"),
    "shape": ("Shape", "形状"),
    "shared": ("Shared by all channels", "所有通道共用"),
    "size": ("Size", "尺寸"),
    "split_seed": ("Seed of the split", "划分种子"),
    "start": ("Start", "起点"),
    "start_dim": ("First axis", "起始维度"),
    "std": ("Standard deviation", "标准差"),
    "step": ("Step", "步长"),
    "stop": ("Stop", "终点"),
    "stride": ("Stride", "步幅"),
    "target": ("Target column", "目标列"),
    "task": ("Task", "任务"),
    "temperature": ("Temperature", "温度"),
    "test_share": ("Test share", "测试集比例"),
    "threshold": ("Threshold", "阈值"),
    "track_running_stats": ("Running statistics", "滑动统计量"),
    "translate": ("Shift", "平移"),
    "valid_share": ("Validation share", "验证集比例"),
    "value": ("Value", "数值"),
    "vocabulary_size": ("Vocabulary size", "词表大小"),
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

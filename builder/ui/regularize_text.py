"""Texts of regularizers as a setting of layers and optimizers, in English and Chinese."""

from __future__ import annotations

REGULARIZE_TEXTS: dict[str, tuple[str, str]] = {
    "regularize": ("Regularizers", "正则化"),
    "regularize_add": ("Add a regularizer…", "添加正则化……"),
    "regularize_help": (
        "A penalty on the weights themselves, added to the loss of the optimizer that trains them. Set at an optimizer, it "
        "acts on all that this one trains. Frozen weights pay nothing, shared ones pay once.",
        "对权重本身的惩罚，加到训练它的优化器的损失中；在优化器上设置时作用于它训练的全部权重。冻结的权重不计，共享的权重只计一次。",
    ),
    "regularize_on": ("Acts on", "作用于"),
    "regularize_on_help": (
        "Biases and the scales of norms have one axis: usually they are left out.",
        "偏置与归一化的缩放只有一个维度，通常不做正则化。",
    ),
    "regularize_weights": ("matrices and kernels", "仅矩阵与卷积核"),
    "regularize_all": ("all parameters", "全部参数"),
    "mark_regularized": ("Regularized: {names}", "正则化：{names}"),
}

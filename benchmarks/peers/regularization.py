"""Dropout and regularization against torch's and torchvision's, and against the loss or layer that they stand in for."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.peers.pair import Inputs, Layers, Pair, Peer, Size, function, new
from components.spec import Tensors, sub

CLASSES = 100


def pairs(size: Size) -> dict[str, Pair]:
    c, rows, features = size.channels, 32 * size.batch, size.tokens[-1]
    on, tokens = Layers(*size.image), Layers(*size.tokens)
    dropout, channels = new("torch.nn.Dropout"), new("torch.nn.Dropout2d")
    linear, cross_entropy = new("torch.nn.Linear", features, 64), new("torch.nn.CrossEntropyLoss")
    target = Tensors((rows,), "int", CLASSES)
    judged = {"logits": (rows, CLASSES), "target": target}
    twice = {"logits1": (rows, CLASSES), "logits2": (rows, CLASSES), "target": target}
    coded = {"mu": (rows, c), "logvar": (rows, c), **judged}
    residual = {"x": size.image, "residual": size.image}
    labelled = {"x": (rows, features), "target": target}
    weight: Inputs = {"w": (4 * c, 9 * c)}
    norm = function("torch.linalg.vector_norm")
    model = sub("linear", in_features=features, out_features=CLASSES)
    classifier = Peer("torch.nn.Linear and torch.nn.CrossEntropyLoss", lambda: Classifier(features))
    return {
        "drop_dropout": on.same(dropout),
        "drop_spatial": on.same(channels),
        "drop_block": on.same(new("torchvision.ops.DropBlock2d", 0.1, 7)),
        "drop_gaussian": on.plain(dropout),
        "drop_maxdropout": on.plain(dropout),
        "drop_weighted_channel": on.plain(channels),
        "drop_max_pool": on.plain(new("torch.nn.MaxPool2d", 2)),
        "drop_standout": tokens.plain(linear),
        "drop_connect": tokens.plain(linear),
        "drop_r_drop": on.plain(cross_entropy, inputs=twice, takes=("logits1", "target")),
        "reg_stochastic_depth": on.same(Peer("torchvision.ops.StochasticDepth", Residual), inputs=residual),
        "reg_label_smoothing": on.same(new("torch.nn.CrossEntropyLoss", label_smoothing=0.1), inputs=judged),
        "reg_flooding": on.plain(function("torch.abs"), inputs={"loss": ()}),
        "reg_l0": on.plain(channels),
        "reg_vib": on.plain(cross_entropy, inputs=coded, takes=("logits", "target")),
        "reg_gradient_penalty": on.plain(classifier, inputs=labelled, takes=("x", "target"), model=model),
        "reg_clip_value": on.plain(new("torch.nn.Identity")),
        "reg_clip_norm": on.plain(new("torch.nn.Identity")),
        "reg_l1": on.plain(norm, inputs=weight),
        "reg_l2": on.plain(norm, inputs=weight),
        "reg_elastic_net": on.plain(norm, inputs=weight),
        "reg_weissi": on.plain(norm, inputs=weight),
        "reg_spectral": on.plain(function("torch.linalg.matrix_norm", ord=2), inputs=weight),
        "reg_self_orthogonality": on.plain(Peer("torch.mm", lambda: similarities), inputs=weight),
        "reg_vat": on.plain(new("torch.nn.Linear", features, CLASSES), inputs={"x": (rows, features)}, model=model),
    }


def similarities(w: Tensor) -> Tensor:
    """The products (O, O) of all pairs of rows."""
    return w.mm(w.mT)


class Residual(nn.Module):
    """Adds a branch that torchvision leaves out for some samples."""

    def __init__(self) -> None:
        super().__init__()
        from torchvision.ops import StochasticDepth

        self.depth = StochasticDepth(0.2, "row")

    def forward(self, x: Tensor, residual: Tensor) -> Tensor:
        return x + self.depth(residual)


class Classifier(nn.Module):
    """The loss of a linear classifier."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.linear = nn.Linear(features, CLASSES)

    def forward(self, x: Tensor, target: Tensor) -> Tensor:
        return F.cross_entropy(self.linear(x), target)

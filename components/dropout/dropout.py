"""Dropout: random values are set to zero in training."""

from torch import nn

from components.registry import component
from components.spec import DropRate, example


@component(
    id="drop_dropout",
    kind="layer",
    family="Dropout",
    name="Dropout",
    name_zh="Dropout 随机失活",
    help_zh="训练时随机将部分值置零并放大其余值，防止过拟合；评估时不起作用。",
    source="Srivastava et al., Dropout, JMLR 2014",
    inputs={"x": "*"},
    outputs={"y": "*"},
    keywords="regularization noise 正则化 丢弃",
    tags=("stochastic", "batch_independent"),
    examples=(example(x=(2, 7)), example(x=(2, 3, 5), p=0.2)),
)
def dropout(p: DropRate = 0.5) -> nn.Module:
    r"""In training, sets random values to zero and enlarges the rest, so that the mean stays.

    $$y = \frac{m \odot x}{1 - p}, \quad m_i \sim \mathrm{Bernoulli}(1 - p)$$

    Args:
        p: probability that a value is set to zero.

    Shape:
        x: (*), any shape.
        y: (*), the same; in evaluation x itself.

    Source: Srivastava et al., JMLR 2014, scaled in training instead of evaluation; torch.nn.Dropout.
    """
    return nn.Dropout(p)

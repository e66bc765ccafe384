"""The likelihood of a flow with a standard normal base."""

import math
from typing import Annotated, Literal

from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, example


@component(
    id="flow_nll",
    kind="loss",
    family="Normalizing flow",
    name="Negative log-likelihood of a flow",
    name_zh="流模型的负对数似然",
    help_zh="标准正态基分布下的负对数似然，加上各层的对数行列式；单位可选每样本奈特或每维比特。",
    source="Papamakarios et al., Normalizing Flows for Probabilistic Modeling and Inference, arXiv 1912.02762",
    keywords="normalizing flow nll bits per dimension density change of variables 标准化流 似然 比特",
    examples=(example(z=(5, 3), logdets=[(5,), (5,)]), example(z=(2, 3, 5), logdets=[(2,)], unit="bits_per_dim")),
)
class FlowLikelihood(nn.Module):
    r"""The change of variables: the log-density of the code and the log-determinants of all layers.

    $$\ell = -\mathbb{E}\left[\log \mathcal{N}(z; 0, I) + \sum_k \log\det\nolimits_k\right]$$

    Args:
        unit: nats for each sample, or bits for each of its values.

    Shape:
        z: (B, *), what the flow makes of the data.
        logdets: (B,) each, from every layer of the flow; those with value 0 may be left out.
        loss: a scalar.

    Source: Papamakarios et al., arXiv 1912.02762, equation 6.
    """

    def __init__(self, unit: Literal["nats", "bits_per_dim"] = "nats") -> None:
        super().__init__()
        self.unit = unit

    def forward(self, z: Annotated[Tensor, Dims("B *")], *logdets: Annotated[Tensor, Dims("B")]) -> Tensor:
        values = z.flatten(1)
        nats = (values.square() + math.log(2 * math.pi)).sum(1) / 2
        for logdet in logdets:
            nats = nats - logdet
        return nats.mean() / (1 if self.unit == "nats" else values.shape[1] * math.log(2))

    def extra_repr(self) -> str:
        return f"unit={self.unit!r}"

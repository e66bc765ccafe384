"""The forward process: data with the noise of a given step."""

from typing import Annotated

from torch import Tensor, nn

from components.generative.diffusion._process import NoiseSchedule, Steps, alpha_bars, mixed, per_sample
from components.registry import component
from components.spec import Dims, Ports, example, ints


@component(
    id="diff_forward",
    kind="layer",
    family="Diffusion",
    name="Forward diffusion",
    name_zh="前向扩散过程",
    help_zh="按给定的步数把噪声混入数据：第 0 步几乎是数据，最后一步几乎全是噪声。",
    source="Ho et al., Denoising Diffusion Probabilistic Models, arXiv 2006.11239",
    keywords="ddpm noising add noise 扩散 加噪",
    examples=(example(x0=(5, 3), t=ints(5, high=20), eps=(5, 3), steps=20),),
)
class ForwardDiffusion(nn.Module):
    r"""The state of the diffusion after step t, from data and noise.

    $$x_t = \sqrt{\bar\alpha_t}\, x_0 + \sqrt{1 - \bar\alpha_t}\, \epsilon$$

    Args:
        steps: number of steps of the process.
        schedule: how fast the data fade: linear variances, or a squared cosine, which is gentler for small images.

    Shape:
        x0: (B, *), the data.
        t: (B,), integers from 0 to steps - 1.
        eps: as x0, standard normal noise.
        xt: as x0.

    Source: Ho et al., arXiv 2006.11239, equation 4.
    """

    alpha_bar: Tensor

    def __init__(self, steps: Steps = 1000, schedule: NoiseSchedule = "linear") -> None:
        super().__init__()
        self.register_buffer("alpha_bar", alpha_bars(schedule, steps), persistent=False)

    def forward(
        self,
        x0: Annotated[Tensor, Dims("B *")],
        t: Annotated[Tensor, Dims("B", dtype="int")],
        eps: Annotated[Tensor, Dims("B *")],
    ) -> Annotated[Tensor, Ports(xt="B *")]:
        return mixed(x0, eps, per_sample(self.alpha_bar[t], x0))

    def extra_repr(self) -> str:
        return f"steps={len(self.alpha_bar)}"

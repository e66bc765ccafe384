"""Forward gradient descent: the slope along a random direction, had in one forward pass."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Iterable
from typing import Annotated

import torch
from torch.autograd import forward_ad
from torch.nn.attention import SDPBackend, sdpa_kernel

from components.optimizer._estimator import GradientEstimator, Look, put
from components.registry import component
from components.spec import Count, Dims, NonNegative, PositiveFloat, Runtime, example


@component(
    id="opt_forward_gradient",
    kind="optimizer",
    family="Optimizer",
    name="Forward gradient descent",
    name_zh="前向梯度下降",
    help_zh="不做反向传播：前向模式自动微分一次得到沿随机方向的精确斜率，其期望就是真实梯度。",
    source="Baydin et al., Gradients without Backpropagation, arXiv 2202.08587",
    inputs={"*loss": Dims("()"), "schedule?": Dims("()", kind="schedule")},
    keywords="forward mode jvp gradient without backpropagation directional 前向模式 无反向传播",
    examples=(example(lr=0.05), example(lr=0.02, samples=3, seed=2)),
)
class ForwardGradient(GradientEstimator):
    r"""Steps along random directions, by the exact slope of the loss along each.

    $$g = \frac{1}{K} \sum_{k=1}^{K} (\nabla L(w) \cdot v_k) \, v_k, \quad v_k \sim \mathcal{N}(0, I), \quad w \leftarrow w - \eta g$$

    Forward-mode differentiation carries the slope along with the values, so nothing is stored for a backward pass. The
    mean of $g$ over $v$ is the gradient; the more weights, the more it scatters. Torch's LSTM has no forward mode.

    Args:
        lr: the learning rate, the factor of every step.
        samples: directions in a step: the K of the formula.
        seed: of the directions.

    Source: Baydin et al., arXiv 2202.08587, algorithm 1; K above 1 averages over directions.
    """

    def __init__(
        self,
        params: Annotated[Iterable, Runtime()],
        lr: PositiveFloat = 0.01,
        samples: Count = 1,
        seed: NonNegative = 0,
    ) -> None:
        super().__init__(params, lr, samples, seed)

    def estimate(self, look: Look) -> None:
        _load_rules()
        # Of the kernels of attention only the plain one has a forward mode.
        with self.moved() as kept, sdpa_kernel(SDPBackend.MATH):
            total = [torch.zeros_like(weight) for weight in kept]
            for _ in range(self.samples):
                direction = self.direction(self.generator())
                with forward_ad.dual_level():
                    put(self.weights, [forward_ad.make_dual(w, v) for w, v in zip(kept, direction, strict=True)])
                    slope = forward_ad.unpack_dual(look()).tangent
                    slope = 0.0 if slope is None else slope.item()
                torch._foreach_add_(total, direction, alpha=slope / self.samples)
        for weight, gradient in zip(self.weights, total, strict=True):
            weight.grad = gradient


@functools.cache
def _load_rules() -> None:
    """Lets torch load its rules of forward mode now: it warns meanwhile of its own use of what it gives up."""
    with warnings.catch_warnings(), forward_ad.dual_level():
        warnings.simplefilter("ignore", FutureWarning)
        forward_ad.make_dual(torch.zeros(1), torch.zeros(1))

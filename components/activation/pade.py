"""An activation that is a learned ratio of two polynomials."""

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, NonNegativeFloat, example

Degree = Annotated[int, Field(ge=1, le=12)]
RANGE = 3.0  # where the first function is fitted
POWERS = {2: 5.0, 4: 0.3}  # of the first denominator: even, so that their sum has no root; the fit is good to 0.02

# The next polynomial is (a x + b) times this one less c times the one before: a, b, c at degree k.
RECURRENCES = {
    "monomial": lambda k: (1.0, 0.0, 0.0),
    "chebyshev": lambda k: (2.0 if k else 1.0, 0.0, 1.0),
    "legendre": lambda k: ((2 * k + 1) / (k + 1), 0.0, k / (k + 1)),
    "laguerre": lambda k: (-1 / (k + 1), (2 * k + 1) / (k + 1), k / (k + 1)),
    "hermite": lambda k: (1.0, 0.0, float(k)),
}


def polynomials(x: Tensor, degree: int, basis: str) -> Tensor:
    """The polynomials of a basis from degree 0 to ``degree`` at each x, on a new first axis."""
    values = [torch.zeros_like(x), torch.ones_like(x)]
    for k in range(degree):
        a, b, c = RECURRENCES[basis](k)
        factor = a * x + b if (a, b) != (1, 0) else x
        product = factor * values[-1]
        values.append(product - c * values[-2] if c else product)
    return torch.stack(values[1:])


def pade_denominator(terms: Tensor, weight: Tensor, basis: str) -> Tensor:
    """One plus the magnitude of the terms from degree 1 on: never below one, so that the ratio has no poles."""
    if basis == "monomial":
        return 1 + torch.einsum("k,k...->...", weight, terms).abs()
    return 1 + torch.einsum("k,k...->...", weight.abs(), terms.abs())


@component(
    id="act_pau",
    kind="layer",
    family="Activation",
    name="Padé activation unit (PAU; orthogonal OPAU)",
    name_zh="PAU / OPAU",
    help_zh="两个可学习多项式之比，训练中自行决定激活函数的形状；可换用正交多项式基。",
    source="Molina et al., Padé Activation Units, arXiv 1907.06732; Biswas et al., arXiv 2106.09693",
    keywords="pade rational learnable orthogonal opau chebyshev hermite 有理函数 可学习 正交多项式",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 5)),
        example(x=(2, 3, 4), basis="chebyshev", negative_slope=0.2),
        example(x=(2, 3, 4), basis="hermite", degree=3, denominator_degree=2),
    ),
)
class PadeActivation(nn.Module):
    r"""A ratio of two polynomials with learned coefficients, one function for all channels.

    $$y = \frac{\sum_{j=0}^{m} a_j\, x^j}{1 + \big| \sum_{k=1}^{n} b_k\, x^k \big|}, \quad
    y = \frac{\sum_{j=0}^{m} a_j\, f_j(x)}{1 + \sum_{k=1}^{n} |b_k|\, |f_k(x)|} \text{ for orthogonal } f$$

    Args:
        basis: ``monomial`` for powers of x (PAU), otherwise the orthogonal polynomials of that name (OPAU).
        degree: degree m of the numerator.
        denominator_degree: degree n of the denominator; with n = m - 1 the function grows like x.
        negative_slope: slope of the Leaky ReLU that the function is near at first, for x in [-3, 3].

    Shape:
        x: (*), any shape.
        y: (*), the same.

    Source: Molina et al., arXiv 1907.06732, the safe form; Biswas et al., arXiv 2106.09693. The first numerator is
    a least-squares fit under a fixed first denominator, where the papers list fitted coefficients.
    """

    def __init__(
        self,
        basis: Literal["monomial", "chebyshev", "legendre", "laguerre", "hermite"] = "monomial",
        degree: Degree = 5,
        denominator_degree: Degree = 4,
        negative_slope: NonNegativeFloat = 0.01,
    ) -> None:
        super().__init__()
        self.basis, self.degree, self.denominator_degree = basis, degree, denominator_degree
        first = [
            POWERS.get(k, 0.0) if basis == "monomial" else 4.0 ** (1 - k) for k in range(1, denominator_degree + 1)
        ]
        if not any(first):
            first[-1] = 0.5
        x = torch.linspace(-RANGE, RANGE, 601, dtype=torch.float64, device="cpu")
        weight = torch.as_tensor(first, dtype=torch.float64, device="cpu")
        below = pade_denominator(polynomials(x, denominator_degree, basis)[1:], weight, basis)
        terms = (polynomials(x, degree, basis) / below).mT
        wanted = torch.where(x > 0, x, negative_slope * x).unsqueeze(-1)
        fitted = torch.linalg.lstsq(terms, wanted, driver="gelsd").solution.squeeze(-1)
        self.numerator = nn.Parameter(torch.tensor(fitted.tolist()))
        self.denominator = nn.Parameter(torch.tensor(first))

    def forward(self, x: Annotated[Tensor, Dims("*")]) -> Annotated[Tensor, Dims("*")]:
        terms = polynomials(x, max(self.degree, self.denominator_degree), self.basis)
        above = torch.einsum("k,k...->...", self.numerator, terms[: self.degree + 1])
        return above / pade_denominator(terms[1 : self.denominator_degree + 1], self.denominator, self.basis)

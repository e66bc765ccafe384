"""The pointer network's decoder: its outputs are positions of its input."""

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from components.registry import component
from components.spec import Count, Dims, Inferred, Ports, bools, example, ints
from components.targets import IGNORE_INDEX
from components.unrolling import stack_steps, steps_of


@component(
    id="seq2seq_pointer",
    kind="layer",
    family="Seq2Seq",
    name="Pointer network decoder",
    name_zh="指针网络解码器",
    help_zh="逐步指向输入的某个位置：每一步给出输入各位置上的概率。接入 target 时按真实位置逐步训练，不接则自行解码。",
    source="Vinyals et al., Pointer Networks, arXiv 1506.03134",
    keywords="pointer ptr-net attention sort permutation tsp 指针 排序 排列",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 4, 7), target=ints(2, 3, high=4), hidden_size=5, revisit=True),
        example(x=(2, 4, 7), state=(2, 5), pad=bools(2, 4), hidden_size=5),
    ),
)  # fmt: skip
class PointerDecoder(nn.Module):
    r"""Points at one step of its input after the other; a recurrent state remembers what it has pointed at.

    $$s_u = \mathrm{GRU}(x_{p_{u-1}}, s_{u-1}), \quad
    p(p_u = t) = \mathrm{softmax}_t\; v^\top \tanh(W s_u + U x_t)$$

    With a target each step reads the step of x that the target points at; without one, the step it has just pointed
    at itself, once for each step of x. A second node of this kind that shares the weights decodes what the first one
    learns.

    Args:
        input_size: features of a step of x.
        hidden_size: features of the state, and units of the network that compares it with x.
        revisit: may point at a step again; else every step is pointed at once, and the output is an order.

    Shape:
        x: (B, T, input_size), such as the outputs of an encoder.
        state: (B, hidden_size), before the first step; zero where absent.
        target: (B, U), positions in [0, T); -100 where the target has ended.
        pad: (B, T), True where x is padding, which is never pointed at.
        ptr_logp: (B, U, T), logarithms of probabilities; U is T without a target. Where nothing may be pointed at any
            more, they are equal.
        tokens: (B, U), the likeliest position of each step; -100 behind as many steps as x really has.

    Source: Vinyals et al., arXiv 1506.03134, with a GRU; it reads the encoder's step where the paper reads the input.
    """

    def __init__(
        self,
        input_size: Annotated[int, Field(ge=1), Inferred("x", axis=-1)],
        hidden_size: Count = 64,
        revisit: bool = False,
    ) -> None:
        super().__init__()
        self.hidden_size, self.revisit = hidden_size, revisit
        self.start = nn.Parameter(torch.empty(input_size).normal_(std=0.1))  # read before anything is pointed at
        self.cell = nn.GRUCell(input_size, hidden_size)
        self.query = nn.Linear(hidden_size, hidden_size)
        self.key = nn.Linear(input_size, hidden_size, bias=False)
        self.score = nn.Linear(hidden_size, 1, bias=False)

    def forward(
        self,
        x: Annotated[Tensor, Dims("B T C")],
        state: Annotated[Tensor, Dims("B H")] | None = None,
        target: Annotated[Tensor, Dims("B U", dtype="int")] | None = None,
        pad: Annotated[Tensor, Dims("B T", dtype="bool")] | None = None,
    ) -> Annotated[tuple[Tensor, Tensor], Ports(ptr_logp="B U T", tokens=Dims("B U", dtype="int"))]:
        batch, steps, _ = x.shape
        if state is None:
            state = x.new_zeros(batch, self.hidden_size)
        shut = torch.zeros(batch, steps, dtype=torch.bool, device=x.device) if pad is None else pad
        real = (~shut).sum(1)  # (B,)
        rows = torch.arange(batch, device=x.device)
        places = torch.arange(steps, device=x.device)
        keys = self.key(x)
        read = self.start.expand(batch, -1)
        scores: list[Tensor] = []
        tokens: list[Tensor] = []
        count = steps if target is None else target.shape[1]
        for u in steps_of(count, x):
            e, state = self.point(read, state, keys, shut)
            scores.append(e.log_softmax(-1))
            chosen = e.argmax(-1)
            tokens.append(chosen.masked_fill(real <= u, IGNORE_INDEX))
            if target is not None:
                chosen = target[:, u].masked_fill(target[:, u] == IGNORE_INDEX, 0)
            read = x[rows, chosen]
            if not self.revisit:
                shut = shut | (places == chosen[:, None])
        return stack_steps(scores, count), stack_steps(tokens, count)

    def point(self, read: Tensor, state: Tensor, keys: Tensor, shut: Tensor) -> tuple[Tensor, Tensor]:
        """The scores (B, T) of the places after this one was read, the lowest number where they are shut; the new state."""
        state = self.cell(read, state)
        compared = (self.query(state).unsqueeze(1) + keys).tanh()  # (B, T, hidden_size)
        e = self.score(compared).squeeze(-1)
        return e.masked_fill(shut, torch.finfo(e.dtype).min), state

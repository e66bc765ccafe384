"""What explanations by the feature maps of one layer share: a classifier in two parts, and a map as large as the layer's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from torch import Tensor, nn

from components.attribution._maps import maps_of
from components.attribution._score import check_logits
from components.spec import Block, Count, Dims, Ports, example, ints, sub

EXAMPLES = (
    example(
        x=(3, 2, 6, 5), target=ints(3, high=5),
        backbone=sub("conv_standard", in_channels=2, out_channels=4, kernel_size=3, then=sub("act_relu")),
        head=sub("pool_global_avg", keepdim=False, then=sub("linear", in_features=4, out_features=5)),
    ),
    example(
        x=(2, 3, 4, 7),
        backbone=sub("conv_standard", in_channels=3, out_channels=2, kernel_size=2, stride=2),
        head=sub("op_flatten", then=sub("linear", in_features=12, out_features=4)),
    ),
)  # fmt: skip


class LayerMap(nn.Module):
    """A map from the feature maps between the two parts of a classifier; how is the subclass's."""

    form = "maps"

    def __init__(
        self,
        backbone: Annotated[Callable[..., Tensor], Block("x: B C H W", "maps: B D h w")],
        head: Annotated[Callable[..., Tensor], Block("maps: B D h w", "logits: B K")],
        every: Count = 5,
        count: Count = 16,
    ) -> None:
        super().__init__()
        self.backbone, self.head, self.every, self.count = backbone, head, every, count

    def forward(
        self, x: Annotated[Tensor, Dims("B C H W")], target: Annotated[Tensor, Dims("B", dtype="int")] | None = None
    ) -> Annotated[Tensor, Ports(map="B H W")]:
        if x.is_meta:  # shapes are being worked out, and those of the model have to fit
            maps = self.backbone(x)
            check_logits(self.head(maps))
            return maps.new_empty(len(maps), *maps.shape[2:])
        return self.explain(x, maps_of(self.backbone, x), target)

    def explain(self, x: Tensor, maps: Tensor, target: Tensor | None) -> Tensor:
        """The map (B, h, w) of a class, for images x and their feature maps (B, C, h, w)."""
        raise NotImplementedError

    def extra_repr(self) -> str:
        return f"every={self.every}, count={self.count}"

"""What the pooling layers over regions of interest share."""

from torch import Tensor

from components.errors import InputError


def check_regions(x: Tensor, boxes: Tensor) -> None:
    """InputError unless each box (R, 5) has an image index within the batch of x: torchvision does not look."""
    if boxes.shape[-1] != 5:
        raise InputError(
            f"A box has 5 numbers: its image, x1, y1, x2, y2. Got {boxes.shape[-1]} instead.",
            f"每个框应有 5 个数：图像编号、x1、y1、x2、y2，收到：{boxes.shape[-1]} 个。",
        )
    if x.is_meta or not len(boxes):
        return
    image = boxes[:, 0].detach()
    if not bool(((image >= 0) & (image < len(x))).all()):
        raise InputError(
            f"The first number of a box is its image, from 0 to {len(x) - 1}. Got {image.tolist()[:8]} instead.",
            f"框的第一个数是图像编号，应在 0 到 {len(x) - 1} 之间，收到：{image.tolist()[:8]}。",
        )

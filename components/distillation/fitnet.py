"""FitNets hints: features of a student are led to those of a teacher through a learned map."""

from typing import Annotated

import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from components.errors import InputError
from components.registry import component
from components.spec import Count, Dims, Inferred, example


@component(
    id="kd_fitnet",
    kind="loss",
    family="Knowledge distillation",
    name="FitNets hint loss",
    name_zh="FitNets 提示损失",
    help_zh="用一层可学习的卷积把学生的特征图映射到教师的通道数，再求均方误差；教师不更新。",
    source="Romero et al., FitNets: Hints for Thin Deep Nets, arXiv 1412.6550",
    keywords="distillation hint features regressor teacher student 蒸馏 提示 特征 教师 学生",
    examples=(
        example(fs=(2, 3, 5, 7), ft=(2, 4, 5, 7)),
        example(fs=(2, 3, 8, 9), ft=(2, 4, 6, 7), kernel_size=3),
    ),
    xfail={"gradient": "the teacher gets no gradient"},
)
class FitNetHint(nn.Module):
    r"""The mean squared distance from the teacher's features to the student's, after a convolution of its own.

    $$\ell = \frac{1}{M} \sum_m \big(t_m - (W * s)_m\big)^2$$

    Args:
        student_channels: channels of fs.
        teacher_channels: channels of ft.
        kernel_size: of the convolution, which has no padding: above 1 it brings a larger map of the student's down to
            the teacher's size.

    Shape:
        fs: (B, Cs, H, W), features of the student.
        ft: (B, Ct, H', W'), features of the teacher, H' = H - kernel_size + 1 and W' alike; taken as constants.
        loss: a scalar.

    Raises:
        ValueError: the sizes do not fit together.

    Source: Romero et al., arXiv 1412.6550, equation 3 and section 2.2; the mean where they have half the sum.
    """

    def __init__(
        self,
        student_channels: Annotated[int, Field(ge=1), Inferred("fs", axis=1)],
        teacher_channels: Annotated[int, Field(ge=1), Inferred("ft", axis=1)],
        kernel_size: Count = 1,
    ) -> None:
        super().__init__()
        self.regressor = nn.Conv2d(student_channels, teacher_channels, kernel_size)

    def forward(self, fs: Annotated[Tensor, Dims("B C H W")], ft: Annotated[Tensor, Dims("B C H W")]) -> Tensor:
        hint = self.regressor(fs)
        if hint.shape != ft.shape:
            got, wanted = tuple(hint.shape), tuple(ft.shape)
            raise InputError(
                f"The student's features must have the teacher's size after the convolution. Got {got} and {wanted} "
                "instead. Choose features of the same size, or another kernel_size.",
                f"学生特征经卷积后必须与教师特征同尺寸，收到：{got} 和 {wanted}。请选尺寸相同的特征，或另设 kernel_size。",
            )
        return F.mse_loss(hint, ft.detach())

"""Distillation losses against torch's own losses and the formulas, in value and gradient."""

import pytest
import torch
import torch.nn.functional as F

import components

Y = torch.tensor([0, 2, 1, 1, 0])


def test_without_a_teacher_it_is_cross_entropy(draw):
    student, teacher = draw(5, 3), draw(5, 3)
    loss = components.create("kd_logits", alpha=0.0)(student, teacher, Y)
    torch.testing.assert_close(loss, F.cross_entropy(student, Y))


def test_equal_logits_leave_only_the_labels(draw):
    student = draw(5, 3)
    loss = components.create("kd_logits", alpha=0.3, temperature=2.0)(student, student, Y)
    torch.testing.assert_close(loss, 0.7 * F.cross_entropy(student, Y))


@pytest.mark.parametrize("temperature", [1.0, 2.0, 5.0])
def test_the_soft_term_is_the_divergence_times_the_square_of_the_temperature(draw, temperature):
    student, teacher = draw(5, 3).requires_grad_(), draw(5, 3)
    p = torch.softmax(teacher / temperature, 1)
    q = torch.softmax(student / temperature, 1)
    expected = temperature**2 * (p * (p / q).log()).sum(1).mean()
    loss = components.create("kd_logits", alpha=1.0, temperature=temperature)(student, teacher, Y)
    torch.testing.assert_close(loss, expected)
    # The gradient that the square keeps comparable: T (q - p) for each sample.
    (gradient,) = torch.autograd.grad(loss, student)
    torch.testing.assert_close(gradient, temperature * (q - p).detach() / 5)


def test_the_teacher_of_distillation_is_a_constant(draw):
    student, teacher = draw(5, 3).requires_grad_(), draw(5, 3).requires_grad_()
    components.create("kd_logits")(student, teacher, Y).backward()
    assert student.grad is not None and student.grad.any() and teacher.grad is None


def test_the_teacher_also_teaches_where_the_label_is_unknown(draw):
    student, teacher = draw(4, 3), draw(4, 3)
    y = torch.tensor([1, -100, 2, -100])
    soft = components.create("kd_logits", alpha=1.0, temperature=2.0)(student, teacher, y)
    both = components.create("kd_logits", alpha=0.5, temperature=2.0)(student, teacher, y)
    torch.testing.assert_close(both, 0.5 * soft + 0.5 * F.cross_entropy(student[[0, 2]], y[[0, 2]]))
    unknown = torch.full_like(y, -100)
    all_unknown = components.create("kd_logits", alpha=0.5, temperature=2.0)(student, teacher, unknown)
    torch.testing.assert_close(all_unknown, 0.5 * soft)


def test_distillation_refuses_logits_of_different_classes(draw):
    with pytest.raises(ValueError, match=r"same shape. Got \(5, 3\) and \(5, 4\)"):
        components.create("kd_logits")(draw(5, 3), draw(5, 4), Y)


def test_equal_features_through_the_identity_are_no_distance(draw):
    hint = components.create("kd_fitnet", student_channels=3, teacher_channels=3).double()
    with torch.no_grad():
        hint.regressor.weight.copy_(torch.eye(3)[:, :, None, None])
        hint.regressor.bias.zero_()
    features = draw(2, 3, 4, 5)
    assert hint(features, features).item() == 0


@pytest.mark.parametrize("kernel_size", [1, 3])
def test_the_hint_is_the_mean_squared_error_of_the_regressor(draw, kernel_size):
    hint = components.create("kd_fitnet", student_channels=3, teacher_channels=4, kernel_size=kernel_size).double()
    fs = draw(2, 3, 6, 7).requires_grad_()
    ft = draw(2, 4, 7 - kernel_size, 8 - kernel_size).requires_grad_()
    loss = hint(fs, ft)
    mapped = F.conv2d(fs, hint.regressor.weight, hint.regressor.bias)
    torch.testing.assert_close(loss, torch.nn.MSELoss()(mapped, ft))
    loss.backward()
    assert ft.grad is None and fs.grad.any() and hint.regressor.weight.grad.any()


def test_hints_of_another_size_name_the_fix_in_both_languages(draw):
    hint = components.create("kd_fitnet", student_channels=3, teacher_channels=4).double()
    with pytest.raises(ValueError, match=r"Got \(2, 4, 6, 7\) and \(2, 4, 3, 3\).*another kernel_size") as caught:
        hint(draw(2, 3, 6, 7), draw(2, 4, 3, 3))
    assert "另设 kernel_size" in caught.value.message_zh

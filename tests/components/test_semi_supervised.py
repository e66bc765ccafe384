"""Losses with unlabelled samples against loops over the samples, and where their gradients go."""

import pytest
import torch
import torch.nn.functional as F

import components

Y = torch.tensor([0, 2, 1])


def sure_cross_entropy(logits, judge, threshold):
    """The mean over all samples, of those alone whose judge is sure: sample by sample."""
    total = torch.zeros((), dtype=logits.dtype)
    for row, judged in zip(logits, judge, strict=True):
        probability = judged.exp() / judged.exp().sum()
        label = int(probability.argmax())
        if probability[label] >= threshold:
            total = total - (row[label] - row.exp().sum().log())
    return total / len(logits)


# ------------------------------------------------------------------ pseudo-labels


def test_above_one_no_sample_counts(draw):
    logits = draw(6, 3).requires_grad_()
    loss, mask = components.create("semi_pseudo_label", threshold=1.1)(logits)
    assert loss.item() == 0 and not mask.any()
    assert not torch.autograd.grad(loss, logits)[0].any()


def test_at_zero_it_is_cross_entropy_with_the_likeliest_class(draw):
    logits = draw(6, 3)
    loss, mask = components.create("semi_pseudo_label", threshold=0.0)(logits)
    torch.testing.assert_close(loss, F.cross_entropy(logits, logits.argmax(1)))
    assert mask.all()


@pytest.mark.parametrize("threshold", [0.6, 0.8, 0.95])
def test_only_sure_samples_count(draw, threshold):
    logits = 2 * draw(20, 3)
    loss, mask = components.create("semi_pseudo_label", threshold=threshold)(logits)
    torch.testing.assert_close(loss, sure_cross_entropy(logits, logits, threshold))
    assert mask.tolist() == [max(row) >= threshold for row in logits.softmax(1).tolist()]
    assert 0 < mask.sum() < 20


def test_a_pseudo_label_pulls_its_own_logits(draw):
    logits = draw(6, 3).requires_grad_()
    loss, _ = components.create("semi_pseudo_label", threshold=0.0)(logits)
    (gradient,) = torch.autograd.grad(loss, logits)
    target = F.one_hot(logits.argmax(1), 3)
    torch.testing.assert_close(gradient, (logits.softmax(1) - target).detach() / 6)


# ------------------------------------------------------------------ FixMatch


def test_fixmatch_without_the_unlabelled_is_cross_entropy(draw):
    labelled = draw(3, 3)
    loss, _ = components.create("semi_fixmatch", lambda_u=0.0)(draw(5, 3), draw(5, 3), labelled, Y)
    torch.testing.assert_close(loss, F.cross_entropy(labelled, Y))


@pytest.mark.parametrize("threshold", [0.0, 0.5, 0.8])
def test_fixmatch_follows_the_formula(draw, threshold):
    weak, strong, labelled = 2 * draw(20, 3), draw(20, 3), draw(3, 3)
    loss, mask = components.create("semi_fixmatch", threshold=threshold, lambda_u=1.5)(weak, strong, labelled, Y)
    expected = F.cross_entropy(labelled, Y) + 1.5 * sure_cross_entropy(strong, weak, threshold)
    torch.testing.assert_close(loss, expected)
    share = (weak.softmax(1).max(1).values >= threshold).double().mean()
    torch.testing.assert_close(mask.double().mean(), share)


def test_fixmatch_teaches_the_strong_branch_alone(draw):
    weak, strong, labelled = (draw(5, 3).requires_grad_() for _ in range(3))
    loss, _ = components.create("semi_fixmatch", threshold=0.0)(weak, strong, labelled, torch.tensor([0, 1, 2, 0, 1]))
    loss.backward()
    assert weak.grad is None and strong.grad.any() and labelled.grad.any()


def test_fixmatch_leaves_unknown_labels_out(draw):
    weak, strong, labelled = draw(5, 3), draw(5, 3), draw(3, 3)
    fixmatch = components.create("semi_fixmatch", lambda_u=0.0)
    loss, _ = fixmatch(weak, strong, labelled, torch.tensor([-100, 2, 1]))
    torch.testing.assert_close(loss, F.cross_entropy(labelled[1:], Y[1:]))
    assert fixmatch(weak, strong, labelled, torch.full((3,), -100))[0].item() == 0


# ------------------------------------------------------------------ mean teacher


def test_mean_teacher_follows_the_formula_and_its_schedule(draw):
    student, teacher, labelled = draw(5, 3), draw(5, 3), draw(3, 3)
    loss = components.create("semi_mean_teacher", consistency=3.0)
    plain = F.cross_entropy(labelled, Y)
    distance = ((student.softmax(1) - teacher.softmax(1)) ** 2).sum() / 15
    torch.testing.assert_close(loss(student, teacher, labelled, Y), plain + 3 * distance)
    loss.follow(0.25)
    torch.testing.assert_close(loss(student, teacher, labelled, Y), plain + 0.75 * distance)
    loss.follow(0.0)
    torch.testing.assert_close(loss(student, teacher, labelled, Y), plain)


def test_a_mean_teacher_that_agrees_leaves_the_labels(draw):
    student, labelled = draw(5, 3), draw(3, 3)
    loss = components.create("semi_mean_teacher")(student, student + 7, labelled, Y)
    torch.testing.assert_close(loss, F.cross_entropy(labelled, Y))


def test_no_gradient_reaches_the_mean_teacher(draw):
    student, teacher, labelled = (draw(3, 3).requires_grad_() for _ in range(3))
    components.create("semi_mean_teacher")(student, teacher, labelled, Y).backward()
    assert teacher.grad is None and student.grad.any() and labelled.grad.any()

"""Losses against torch's, in value and gradient, with every layout and with unknown targets."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import components


def tensors(*shapes, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=generator) for shape in shapes]


def classes(*shape, high=3, unknown=()):
    target = torch.randint(high, shape, generator=torch.Generator().manual_seed(1))
    target.view(-1)[list(unknown)] = -100
    return target


def assert_equal_with_gradient(ours, theirs, prediction):
    """Both give the same scalar and the same gradient at ``prediction``."""
    results = []
    for loss in (ours, theirs):
        point = prediction.clone().requires_grad_()
        value = loss(point)
        assert value.shape == ()
        value.backward()
        results.append((value.detach(), point.grad))
    torch.testing.assert_close(results[0], results[1])


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("weight", [None, (1.0, 0.5, 2.0)])
@pytest.mark.parametrize("unknown", [(), (0, 3)])
@pytest.mark.parametrize("rest", [(), (5,), (5, 4)])
def test_cross_entropy_equals_torch(smoothing, weight, unknown, rest):
    ours = components.create("loss_cross_entropy", label_smoothing=smoothing, weight=weight)
    peer = nn.CrossEntropyLoss(None if weight is None else torch.tensor(weight), label_smoothing=smoothing)
    (logits,) = tensors((6, 3, *rest))
    target = classes(6, *rest, unknown=unknown)
    assert_equal_with_gradient(lambda z: ours(z, target), lambda z: peer(z, target), logits)


def test_cross_entropy_reads_classes_at_the_end():
    (logits,) = tensors((2, 5, 3))
    target = classes(2, 5, unknown=(4,))
    ours = components.create("loss_cross_entropy", class_axis=-1)
    peer = nn.CrossEntropyLoss()
    assert_equal_with_gradient(lambda z: ours(z, target), lambda z: peer(z.flatten(0, 1), target.flatten()), logits)


def test_cross_entropy_takes_another_mark_for_unknown():
    (logits,) = tensors((6, 3))
    target = torch.tensor([0, 1, 2, 0, 0, 1])
    ours = components.create("loss_cross_entropy", ignore_index=0)(logits, target)
    torch.testing.assert_close(ours, F.cross_entropy(logits[[1, 2, 5]], target[[1, 2, 5]]))


@pytest.mark.parametrize("component", ["loss_cross_entropy", "loss_nll"])
def test_a_wrong_layout_names_the_fix_in_both_languages(component):
    (logits,) = tensors((2, 5, 3))
    with pytest.raises(
        ValueError, match=r"need a target of shape \(2, 3\). Got \(2, 5\).*Set class_axis to -1"
    ) as caught:
        components.create(component)(logits, classes(2, 5))
    assert "class_axis 设为 -1" in caught.value.message_zh
    with pytest.raises(ValueError, match=r"need a target of shape \(2, 5\). Got \(2, 3\).*Set class_axis to 1"):
        components.create(component, class_axis=-1)(logits, classes(2, 3))
    with pytest.raises(ValueError, match=r"Got \(4,\) instead\.$"):
        components.create(component)(logits, classes(4))


@pytest.mark.parametrize("weight", [None, (1.0, 0.5, 2.0)])
@pytest.mark.parametrize("class_axis", [1, -1])
def test_nll_equals_torch(weight, class_axis):
    ours = components.create("loss_nll", weight=weight, class_axis=class_axis)
    peer = nn.NLLLoss(None if weight is None else torch.tensor(weight))
    log_probs = tensors((2, 3, 5))[0].log_softmax(1)
    target = classes(2, 5, unknown=(4,))
    given = log_probs.movedim(1, class_axis)
    assert_equal_with_gradient(
        lambda p: ours(p, target), lambda p: peer(p.movedim(class_axis, 1), target), given.contiguous()
    )


def test_nll_behind_a_log_softmax_is_the_cross_entropy():
    (logits,) = tensors((6, 3))
    target = classes(6)
    nll = components.create("loss_nll")(logits.log_softmax(1), target)
    torch.testing.assert_close(nll, components.create("loss_cross_entropy")(logits, target))


@pytest.mark.parametrize("pos_weight", [None, 2.5, (1.0, 0.5, 2.0)])
def test_bce_equals_torch(pos_weight):
    ours = components.create("loss_bce", pos_weight=pos_weight)
    peer = nn.BCEWithLogitsLoss(pos_weight=None if pos_weight is None else torch.tensor(pos_weight))
    logits, soft = tensors((6, 3), (6, 3))
    target = soft.sigmoid()
    assert_equal_with_gradient(lambda z: ours(z, target), lambda z: peer(z, target), logits)


def test_bce_takes_whole_targets_of_one_column_and_leaves_out_the_unknown():
    (logits,) = tensors((6, 1))
    target = torch.tensor([1, 0, -100, 1, -100, 0])
    known = target != -100
    ours, peer = components.create("loss_bce"), nn.BCEWithLogitsLoss()
    assert_equal_with_gradient(lambda z: ours(z, target), lambda z: peer(z[known, 0], target[known].float()), logits)


REGRESSION = [
    ("loss_mse", {}, F.mse_loss),
    ("loss_l1", {}, F.l1_loss),
    ("loss_l1_l2", {"power": 1}, F.l1_loss),
    ("loss_l1_l2", {"power": 2}, F.mse_loss),
    ("loss_smooth_l1", {}, F.smooth_l1_loss),
    ("loss_smooth_l1", {"beta": 0.4}, lambda p, t: F.smooth_l1_loss(p, t, beta=0.4)),
    ("loss_smooth_l1", {"beta": 0.0}, F.l1_loss),
    ("loss_huber", {}, F.huber_loss),
    ("loss_huber", {"delta": 0.4}, lambda p, t: F.huber_loss(p, t, delta=0.4)),
]


@pytest.mark.parametrize("component, params, peer", REGRESSION)
@pytest.mark.parametrize("shape", [(6, 4), (6,), (2, 3, 5)])
def test_regression_losses_equal_torch(component, params, peer, shape):
    prediction, target = tensors(shape, shape)
    ours = components.create(component, **params)
    assert_equal_with_gradient(lambda p: ours(p, target), lambda p: peer(p, target), prediction)


@pytest.mark.parametrize("component, params, peer", REGRESSION)
def test_regression_losses_leave_out_unknown_targets(component, params, peer):
    prediction, target = tensors((6, 4), (6, 4))
    target[1] = -100.0
    target[3, 2] = -100.0
    known = target != -100
    ours = components.create(component, **params)
    assert_equal_with_gradient(lambda p: ours(p, target), lambda p: peer(p[known], target[known]), prediction)
    nothing = ours(prediction.requires_grad_(), torch.full((6, 4), -100.0))
    nothing.backward()
    assert nothing == 0 and not prediction.grad.any()


@pytest.mark.parametrize("component", ["loss_mse", "loss_l1", "loss_l1_l2", "loss_smooth_l1", "loss_huber", "loss_bce"])
def test_one_column_meets_its_target_and_other_shapes_are_never_broadcast(component):
    ours = components.create(component)
    prediction, target = tensors((6, 1), (6,))
    expected = ours(prediction[:, 0], target)
    torch.testing.assert_close(ours(prediction, target), expected)
    torch.testing.assert_close(ours(prediction[:, 0], target[:, None]), expected)
    with pytest.raises(ValueError, match=r"same shape. Got \(6, 1\) and \(3,\)") as caught:
        ours(prediction, target[:3])
    assert "(6, 1) 和 (3,)" in caught.value.message_zh
    with pytest.raises(ValueError, match="same shape"):
        ours(prediction.expand(6, 4), target[:, None])


@pytest.mark.parametrize("class_axis", [1, -1])
@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_kl_equals_torch(class_axis, temperature):
    logits, target = (t.movedim(1, class_axis).contiguous() for t in tensors((2, 3, 5), (2, 3, 5)))
    ours = components.create("loss_kl", class_axis=class_axis, temperature=temperature)

    def peer(z):
        q = (z.movedim(class_axis, -1).flatten(0, 1) / temperature).log_softmax(-1)
        p = (target.movedim(class_axis, -1).flatten(0, 1) / temperature).softmax(-1)
        return temperature**2 * F.kl_div(q, p, reduction="batchmean")

    assert_equal_with_gradient(lambda z: ours(z, target), peer, logits)


def test_kl_of_a_hand_computed_pair():
    target, logits = torch.tensor([[0.5, 0.5]]).log(), torch.tensor([[0.25, 0.75]]).log()
    expected = 0.5 * math.log(0.5 / 0.25) + 0.5 * math.log(0.5 / 0.75)
    assert components.create("loss_kl")(logits, target).item() == pytest.approx(expected, rel=1e-5)
    assert components.create("loss_kl")(logits, logits + 3).item() == pytest.approx(0, abs=1e-6)
    with pytest.raises(ValueError, match="same shape"):
        components.create("loss_kl")(logits, target[:, :1])

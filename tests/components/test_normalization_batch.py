"""Norms over the batch beyond batch normalization, against their papers' formulas and each other."""

from __future__ import annotations

import math

import pytest
import torch

from components import create
from tests.components.test_normalization import SHAPES, on_channels, perturbed, standardised


def rows_of(x):
    """The values of each channel, one list after the other."""
    return [x[:, channel].flatten() for channel in range(x.shape[1])]


@pytest.mark.parametrize("dims", [0, 1, 2, 3])
def test_sync_batch_alone_is_batch_norm(draw, dims):
    sync = perturbed(create("norm_sync_batch", num_features=3, eps=0.01, momentum=0.3))
    batch = create("norm_batch", num_features=3, eps=0.01, momentum=0.3, dims=dims).double()
    batch.load_state_dict(sync.state_dict())
    for training in (True, False):
        x = draw(*SHAPES[dims]) * 2 + 1
        torch.testing.assert_close(sync.train(training)(x), batch.train(training)(x))
    torch.testing.assert_close(sync.state_dict(), batch.state_dict())


KINDS = {0: (2, 3), 1: (1, 2, 3), 2: (0, 2, 3)}  # the axes over which instance, layer and batch norm run


@pytest.mark.parametrize("kind", list(KINDS))
def test_switchable_with_one_kind_is_that_norm(draw, kind):
    norm = create("norm_switchable", num_features=3, eps=0.01).double()
    with torch.no_grad():
        for logits in (norm.mean_logits, norm.var_logits):
            logits.fill_(-1e4)[kind] = 0.0
    x = draw(5, 3, 4, 6) * 2 + 1
    torch.testing.assert_close(norm(x), standardised(x, KINDS[kind], 0.01))


def test_switchable_mixes_statistics(draw):
    norm = perturbed(create("norm_switchable", num_features=3, eps=0.01, momentum=0.3))
    x = draw(5, 3, 4, 6) * 2 + 1
    mean_share, var_share = norm.mean_logits.softmax(0), norm.var_logits.softmax(0)
    assert mean_share.sum().item() == pytest.approx(1)
    pairs = list(zip(mean_share, var_share, KINDS.values(), strict=True))
    mean = torch.stack([w * x.mean(axes, keepdim=True).expand_as(x) for w, _, axes in pairs]).sum(0)
    var = torch.stack([w * x.var(axes, correction=0, keepdim=True).expand_as(x) for _, w, axes in pairs]).sum(0)
    expected = (x - mean) / (var + 0.01).sqrt() * on_channels(norm.weight, x) + on_channels(norm.bias, x)
    torch.testing.assert_close(norm(x), expected)
    torch.testing.assert_close(norm.running_mean, 0.3 * x.mean((0, 2, 3)))
    torch.testing.assert_close(norm.running_var, 0.7 + 0.3 * x.var((0, 2, 3), correction=0))


def test_switchable_keeps_its_precision_far_from_zero(draw):
    x = draw(5, 3, 4, 6).float() + 3000  # whose squares no float tells apart
    norm = create("norm_switchable", num_features=3)
    whole = create("norm_switchable", num_features=3).double()(x.double())
    torch.testing.assert_close(norm(x).double(), whole, rtol=0, atol=5e-3)


def test_switchable_evaluates_with_running_statistics(draw):
    norm = create("norm_switchable", num_features=3).double().eval()
    with torch.no_grad():
        for logits in (norm.mean_logits, norm.var_logits):
            logits.fill_(-1e4)[2] = 0.0
    x = draw(5, 3, 4, 6)
    torch.testing.assert_close(norm(x), x / math.sqrt(1 + 1e-5))
    assert torch.equal(norm.running_mean, torch.zeros(3).double())


@pytest.mark.parametrize("dims", [0, 1, 2, 3])
def test_renorm_without_correction_is_batch_norm(draw, dims):
    x = draw(*SHAPES[dims]) * 2 + 1
    norm = perturbed(create("norm_batch_renorm", num_features=3, r_max=1.0, d_max=0.0, eps=0.01))
    expected = standardised(x, (0, *range(2, x.dim())), 0.01) * on_channels(norm.weight, x) + on_channels(norm.bias, x)
    torch.testing.assert_close(norm(x), expected)


def test_renorm_within_its_bounds_trains_as_it_evaluates(draw):
    norm = perturbed(create("norm_batch_renorm", num_features=3, r_max=100.0, d_max=100.0, momentum=0.2))
    norm(draw(5, 3, 4, 6) * 2 + 1)
    x = draw(5, 3, 4, 6) * 3 - 1
    evaluated = norm.eval()(x)
    torch.testing.assert_close(norm.train()(x), evaluated)


def test_renorm_clips_both_corrections_and_follows_a_schedule(draw):
    norm = create("norm_batch_renorm", num_features=3, r_max=2.0, d_max=0.5, eps=1e-9, momentum=0.2).double()
    x = draw(50, 3) * 10 + 40
    y = norm(x)
    torch.testing.assert_close(y.std(0, correction=0), torch.full((3,), 2.0).double())
    torch.testing.assert_close(y.mean(0), torch.full((3,), 0.5).double())
    torch.testing.assert_close(norm.running_std, 0.8 + 0.2 * x.std(0, correction=0))
    closed = create("norm_batch_renorm", num_features=3, r_max=2.0, d_max=0.5, eps=1e-9).double()
    closed.follow(0.0)
    torch.testing.assert_close(closed(x), standardised(x, (0,), 1e-9))


def test_renorm_takes_its_corrections_as_constants(draw):
    # Otherwise the training output, which is that of constant statistics, would have their plain gradient.
    norm = create("norm_batch_renorm", num_features=3, r_max=100.0, d_max=100.0).double()
    x = draw(5, 3).requires_grad_()
    (gradient,) = torch.autograd.grad((norm(x) * draw(5, 3)).sum(), x)
    torch.testing.assert_close(gradient.sum(0), torch.zeros(3).double())  # as in batch norm: a shift has no effect


@pytest.mark.parametrize("dims", [0, 1, 2, 3])
def test_l1_batch_divides_by_the_mean_absolute_deviation(draw, dims):
    norm = perturbed(create("norm_l1_batch", num_features=3, eps=0.01, momentum=0.4))
    x = draw(*SHAPES[dims]) * 2 + 1
    mean = torch.stack([row.mean() for row in rows_of(x)])
    deviation = torch.stack([(row - row.mean()).abs().mean() for row in rows_of(x)])
    expected = (x - on_channels(mean, x)) / on_channels(deviation + 0.01, x)
    torch.testing.assert_close(norm(x), expected * on_channels(norm.weight, x) + on_channels(norm.bias, x))
    torch.testing.assert_close(norm.running_centre, 0.4 * mean)
    torch.testing.assert_close(norm.running_scale, 0.6 + 0.4 * deviation)
    other = draw(*SHAPES[dims])
    scaled = (other - on_channels(0.4 * mean, x)) / on_channels(0.61 + 0.4 * deviation, x)
    expected = scaled * on_channels(norm.weight, x) + on_channels(norm.bias, x)
    torch.testing.assert_close(norm.eval()(other), expected)


def test_l1_batch_of_normal_values_is_batch_norm_but_for_a_factor(draw):
    x = draw(100_000, 2) * 3 + 1
    l1, batch = (create(id, num_features=2).double() for id in ("norm_l1_batch", "norm_batch_renorm"))
    batch.follow(0.0)
    torch.testing.assert_close(l1(x) * math.sqrt(2 / math.pi), batch(x), rtol=0.02, atol=0.01)


def test_generalized_with_mean_and_deviation_is_batch_norm(draw):
    x = draw(5, 3, 4, 6) * 2 + 1
    norm = create("norm_generalized_batch", num_features=3, deviation="standard", eps=1e-12).double()
    torch.testing.assert_close(norm(x), standardised(x, (0, 2, 3), 0.0))


@pytest.mark.parametrize("deviation", ["superquantile", "standard", "range", "worst_case"])
def test_generalized_has_a_gradient_where_a_channel_is_constant(draw, deviation):
    x = torch.cat((draw(5, 1, 4), torch.zeros(5, 1, 4)), 1).requires_grad_()
    norm = create("norm_generalized_batch", num_features=2, deviation=deviation).double()
    (norm(x) * draw(5, 2, 4)).sum().backward()
    assert x.grad.isfinite().all()


def slow_statistics(row, deviation, alpha):
    if deviation == "range":
        return (row.max() + row.min()) / 2, (row.max() - row.min()) / 2
    if deviation == "worst_case":
        return row.max(), row.max() - row.mean()
    # The superquantile is the least value of q + E[x - q]+ / (1 - alpha), taken where q is one of the values.
    values = [q + (row - q).clamp(min=0).mean() / (1 - alpha) for q in row]
    quantile = next(q for q in row.sort().values if (row <= q).double().mean() >= alpha - 1e-12)
    return quantile, torch.stack(values).min() - row.mean()


@pytest.mark.parametrize("deviation", ["superquantile", "range", "worst_case"])
@pytest.mark.parametrize("alpha", [0.5, 0.8])
def test_generalized_statistics(draw, deviation, alpha):
    norm = perturbed(create("norm_generalized_batch", num_features=3, deviation=deviation, alpha=alpha, eps=0.01))
    x = draw(4, 3, 5) * 2 + 1
    pairs = [slow_statistics(row, deviation, alpha) for row in rows_of(x)]
    centre, scale = torch.stack([c for c, _ in pairs]), torch.stack([s for _, s in pairs])
    expected = (x - on_channels(centre, x)) / on_channels(scale + 0.01, x)
    torch.testing.assert_close(norm(x), expected * on_channels(norm.weight, x) + on_channels(norm.bias, x))


def test_superquantile_deviation_at_a_half_is_that_from_the_median(draw):
    x = draw(9, 1)
    norm = create("norm_generalized_batch", num_features=1, momentum=1.0).double()
    norm(x)
    assert norm.running_centre.item() == x.median().item()
    # Of an odd number of values the superquantile takes half of the median itself.
    assert norm.running_scale.item() == pytest.approx((x - x.median()).abs().mean().item())


def test_layerwise_standardises_each_feature(draw):
    norm = create("dnorm_layerwise", in_features=3, eps=0.01, momentum=0.3).double()
    x = draw(4, 5, 3) * 2 + 1
    y = norm(x)
    torch.testing.assert_close(y, standardised(x, (0, 1), 0.01))
    batch = create("norm_batch", num_features=3, eps=0.01, momentum=0.3, affine=False, dims=0).double()
    torch.testing.assert_close(batch(x.flatten(0, 1)), y.flatten(0, 1))
    torch.testing.assert_close(norm.norm.running_mean, batch.running_mean)
    assert not list(norm.parameters())


@pytest.mark.parametrize("dims", [0, 1, 2, 3])
def test_adaptive_batch_norm_is_one_batch_norm_for_each_domain(draw, dims):
    norm = perturbed(create("norm_adabn", num_features=3, num_domains=3, eps=0.01, momentum=0.3))
    peers = [create("norm_batch", num_features=3, eps=0.01, momentum=0.3, dims=dims).double() for _ in range(3)]
    for peer in peers:
        peer.load_state_dict({"weight": norm.weight, "bias": norm.bias}, strict=False)
    domain = torch.tensor([2, 0, 0, 2, 2])  # the domain 1 does not occur
    for _ in range(2):
        x = draw(*SHAPES[dims]) * 2 + 1
        y = norm(x, domain)
        for each in (0, 2):
            torch.testing.assert_close(y[domain == each], peers[each](x[domain == each]))
    for each, peer in enumerate(peers):
        torch.testing.assert_close(norm.running_mean[each], peer.running_mean)
        torch.testing.assert_close(norm.running_var[each], peer.running_var)
    for each in (norm, *peers):
        each.eval()
    x, domain = draw(*SHAPES[dims]), torch.tensor([0, 1, 2, 1, 0])
    expected = torch.cat([peers[d](x[i : i + 1]) for i, d in enumerate(domain.tolist())])
    torch.testing.assert_close(norm(x, domain), expected)


def test_adaptive_batch_norm_keeps_the_target_out_of_what_is_learned(draw):
    norm, domain = create("norm_adabn", num_features=3).double(), torch.tensor([0, 0, 0, 1, 1])

    def learned(x):
        weight = torch.arange(9.0).view(3, 3)
        return torch.autograd.grad((norm(x, domain)[domain == 0] * weight).sum(), list(norm.parameters()))

    x = draw(5, 3)
    other = torch.where(domain[:, None] == 1, 5 * x + 2, x)
    for one, two in zip(learned(x), learned(other), strict=True):
        assert torch.equal(one, two)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("wrong", [-1, 2])
def test_adaptive_batch_norm_refuses_a_domain_that_is_none(draw, training, wrong):
    norm = create("norm_adabn", num_features=3).double().train(training)
    with pytest.raises(IndexError):
        norm(draw(2, 3), torch.tensor([0, wrong]))


BY_DOMAIN = (torch.tensor([1, 0, 0, 1, 1]),)


@pytest.mark.parametrize(
    "id, others",
    [
        ("norm_switchable", ()),
        ("norm_batch_renorm", ()),
        ("norm_l1_batch", ()),
        ("norm_generalized_batch", ()),
        ("norm_adabn", BY_DOMAIN),
    ],
)
def test_statistics_keep_their_precision_where_the_input_has_half(draw, id, others):
    norm, x = create(id, num_features=3), draw(5, 3, 4).to(torch.bfloat16)
    whole = create(id, num_features=3)(x.float(), *others)
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(norm(x, *others), whole)

"""Learning-rate schedules against torch's, stepped once an epoch."""

import math

import pytest
import torch
from torch.optim import lr_scheduler
from torch.optim.swa_utils import SWALR

import components
from components.schedule._base import chained_factor

EPOCHS = 24


def torch_curve(make, steps=EPOCHS):
    """The learning rates at the beginning of each epoch, for a base rate of 1."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = make(optimizer)
    rates = []
    for _ in range(steps):
        rates.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    return rates


def curve(schedule, epochs=EPOCHS):
    return [schedule.factor(epoch, epochs) for epoch in range(epochs)]


@pytest.mark.parametrize(
    "component, params, peer",
    [
        ("sched_constant", {"scale": 0.5}, lambda o: lr_scheduler.ConstantLR(o, 0.5, EPOCHS)),
        ("sched_step", {}, lambda o: lr_scheduler.StepLR(o, 10)),
        ("sched_step", {"step_size": 4, "gamma": 0.5}, lambda o: lr_scheduler.StepLR(o, 4, 0.5)),
        ("sched_step", {"milestones": (3, 7, 20)}, lambda o: lr_scheduler.MultiStepLR(o, [3, 7, 20])),
        ("sched_exponential", {"gamma": 0.9}, lambda o: lr_scheduler.ExponentialLR(o, 0.9)),
        ("sched_cosine", {}, lambda o: lr_scheduler.CosineAnnealingLR(o, EPOCHS)),
        ("sched_cosine", {"min_factor": 0.1}, lambda o: lr_scheduler.CosineAnnealingLR(o, EPOCHS, 0.1)),
        ("sched_cosine", {"period": 5}, lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 5)),
        (
            "sched_cosine",
            {"period": 3, "period_growth": 2, "min_factor": 0.2},
            lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 3, 2, 0.2),
        ),
        ("sched_warmup", {"start": 0.1}, lambda o: lr_scheduler.LinearLR(o, 0.1, 1.0, 5)),
        ("sched_swa_lr", {"start": 0.0, "length": 10.0, "scale": 0.05}, lambda o: SWALR(o, 0.05)),
        (
            "sched_swa_lr",
            {"start": 0.0, "length": 4.0, "scale": 2.0, "curve": "linear"},
            lambda o: SWALR(o, 2.0, 4, "linear"),
        ),
    ],
)
def test_curve_equals_torch(component, params, peer):
    ours = curve(components.create(component, **params))
    assert ours == pytest.approx(torch_curve(peer), abs=1e-9)


def test_one_cycle_equals_torch():
    ours = components.create("sched_one_cycle", peak=0.25, start=0.1, end=0.001)
    # torch places the peak at pct_start * total - 1 of the steps 0 ... total - 1
    total = EPOCHS + 1
    share = (0.25 * EPOCHS + 1) / total
    peer = torch_curve(
        lambda o: lr_scheduler.OneCycleLR(
            o, 1.0, total_steps=total, pct_start=share, div_factor=10, final_div_factor=100, cycle_momentum=False
        )
    )
    assert curve(ours) == pytest.approx(peer, abs=1e-9)
    assert ours.factor(6, EPOCHS) == 1 and ours.factor(EPOCHS, EPOCHS) == pytest.approx(0.001)
    assert components.create("sched_one_cycle", peak=1.0).factor(EPOCHS, EPOCHS) == 1


def test_warm_up_then_cosine_equals_torch_in_sequence():
    chain = [components.create("sched_warmup", length=4.0, start=0.25), components.create("sched_cosine")]
    peer = torch_curve(
        lambda o: lr_scheduler.SequentialLR(
            o,
            [lr_scheduler.LinearLR(o, 0.25, 1.0, 4), lr_scheduler.CosineAnnealingLR(o, EPOCHS - 4)],
            milestones=[4],
        )
    )
    assert [chained_factor(chain, e, EPOCHS) for e in range(EPOCHS)] == pytest.approx(peer, abs=1e-9)


def test_warm_up_reaches_the_scaled_rate_within_fractions_of_an_epoch():
    warmup = components.create("sched_warmup", length=2.5, start=0.25, scale=4.0)
    assert [warmup.factor(e, 10) for e in (0, 1.25, 2.5, 7)] == pytest.approx([0.25, 2.125, 4, 4])
    assert warmup.factor(1.25, 10, then=0.5) == pytest.approx(2.125 / 2)


def test_warm_ups_follow_each_other():
    chain = [components.create("sched_warmup", length=2.0), components.create("sched_warmup", length=4.0, start=0.5)]
    factors = [chained_factor(chain, e, 10) for e in (0, 1, 2, 4, 6, 9)]
    assert factors == pytest.approx([0, 0.25, 0.5, 0.75, 1, 1])


def test_swa_rate_waits_for_its_start_and_is_constant_after_the_change():
    swa = components.create("sched_swa_lr", start=0.5, length=4.0, scale=0.2)
    assert [swa.factor(e, 20) for e in (0, 5, 10, 12, 14, 17, 20)] == pytest.approx([1, 1, 1, 0.6, 0.2, 0.2, 0.2])


def test_no_schedule_keeps_the_rate():
    assert chained_factor([], 3, 10) == 1


def test_a_warm_up_longer_than_the_run_never_hands_over():
    chain = [components.create("sched_warmup", length=20.0), components.create("sched_cosine")]
    assert chained_factor(chain, 10, 10) == pytest.approx(0.5)


def test_cosine_ends_at_its_least_factor_and_stays_there():
    cosine = components.create("sched_cosine", min_factor=0.2)
    assert cosine.factor(10, 10) == pytest.approx(0.2) == cosine.factor(12, 10)
    assert cosine.factor(2.5, 10) == pytest.approx(0.2 + 0.8 * (1 + math.cos(math.pi / 4)) / 2)


def test_ports():
    for component in ("constant", "step", "cosine", "exponential", "one_cycle", "warmup", "swa_lr"):
        entry = components.get(f"sched_{component}")
        assert entry.outputs["schedule"].dims.kind == "schedule"
        assert list(entry.inputs) == (["then"] if component == "warmup" else [])
    assert components.get("sched_warmup").inputs["then"].optional

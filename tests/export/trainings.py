"""Graphs whose trainings differ in form: what an exported training script has to say."""

from __future__ import annotations

from typing import Any

from builder.graph import Edge, Graph
from tests.export.graphs import block, graph

TRAINING = {"epochs": 2, "seed": 5}
DIGITS = ("data_digits", {}, {"batch_size": 200})


def classifier() -> Graph:
    """Transforms that measure the data, dropout, schedules in a chain, clipped gradients, metrics, a frozen layer."""
    return graph(
        {
            "data": ("data_wine", {}, {"batch_size": 32}),
            "standardize": "dnorm_standardize",
            "scale": "dnorm_min_max",
            "fixed": ("linear", {"out_features": 16}, {"frozen": True}),
            "hidden": ("linear", {"out_features": 16}, {"init": {"component": "init_orthogonal"}}),
            "act": "act_relu",
            "drop": ("drop_dropout", {"p": 0.3}),
            "head": ("linear", {"out_features": 3}),
            "loss": ("loss_cross_entropy", {"label_smoothing": 0.1}),
            "accuracy": "metric_accuracy",
            "f1": "metric_f1",
            "cosine": "sched_cosine",
            "warmup": ("sched_warmup", {"length": 0.5}),
            "optimizer": ("opt_adamw", {"lr": 0.01}, {"clip_norm": 0.5}),
        },
        [
            "data.x>standardize.x", "standardize.y>scale.x", "scale.y>fixed.x", "fixed.y>hidden.x", "hidden.y>act.x",
            "act.y>drop.x", "drop.y>head.x", "head.y>loss.logits", "data.y>loss.target", "head.y>accuracy.logits",
            "data.y>accuracy.target", "head.y>f1.logits", "data.y>f1.target", "cosine.schedule>warmup.then",
            "loss.loss>optimizer.loss", "warmup.schedule>optimizer.schedule",
        ],
        meta={"title": 'Wine "classes" | 葡萄酒'}, training=TRAINING,
    )  # fmt: skip


def several_losses() -> Graph:
    """Two losses, one of them scaled; a target that the model makes; batches that are dropped."""
    return graph(
        {
            "data": ("data_digits", {}, {"batch_size": 100, "drop_last": True, "shuffle": False}),
            "noise": ("aug_gaussian_noise", {"std": 0.1}),
            "flat": "op_flatten",
            "encode": ("linear", {"out_features": 12}),
            "decode": ("linear", {"out_features": 64}),
            "head": ("linear", {"out_features": 10}),
            "rebuild": "loss_mse",
            "classify": "loss_cross_entropy",
            "weaker": ("op_scale", {"factor": 0.5}),
            "rmse": "metric_rmse",
            "optimizer": ("opt_sgd", {"lr": 0.1}),
        },
        [
            "data.x>noise.x", "noise.y>flat.x", "flat.y>encode.x", "encode.y>decode.x", "encode.y>head.x",
            "decode.y>rebuild.prediction", "flat.y>rebuild.target", "head.y>classify.logits", "data.y>classify.target",
            "classify.loss>weaker.x", "rebuild.loss>optimizer.loss", "weaker.y>optimizer.loss",
            "decode.y>rmse.prediction", "flat.y>rmse.target",
        ],
        training=TRAINING,
    )  # fmt: skip


def two_optimizers() -> Graph:
    """Two optimizers, each with parameters of its own; a loss inside a block."""
    critic = block(
        {},
        {
            "x": "port_in",
            "target": "port_in",
            "fc": ("linear", {"out_features": 10}),
            "inner": "loss_cross_entropy",
            "loss": "port_out",
        },
        ["x.y>fc.x", "fc.y>inner.logits", "target.y>inner.target", "inner.loss>loss.x"],
    )
    return graph(
        {
            "data": DIGITS,
            "flat": "op_flatten",
            "body": ("linear", {"out_features": 20}),
            "act": "act_tanh",
            "head": ("linear", {"out_features": 10}),
            "loss": "loss_cross_entropy",
            "critic": "block:critic",
            "accuracy": "metric_accuracy",
            "first": ("opt_adam", {"lr": 0.01}),
            "second": ("opt_momentum", {"lr": 0.05}, {"parameters": ["critic"]}),
        },
        [
            "data.x>flat.x", "flat.y>body.x", "body.y>act.x", "act.y>head.x", "head.y>loss.logits",
            "data.y>loss.target", "act.y>critic.x", "data.y>critic.target", "head.y>accuracy.logits",
            "data.y>accuracy.target",
            "loss.loss>first.loss", "critic.loss>second.loss",
        ],
        {"critic": critic},
        training=TRAINING,
    )  # fmt: skip


def stopped_early() -> Graph:
    """Stops when the loss no longer falls: with this rate at once. A sampler that looks at no labels."""
    return graph(
        {
            "data": ("data_diabetes", {}, {"batch_size": 64, "sampler": {"component": "opt_data_echoing"}}),
            "head": ("linear", {"out_features": 1}),
            "loss": "loss_mse",
            "r2": "metric_r2",
            "stop": ("reg_early_stopping", {"patience": 1, "min_delta": 1e9}),
            "step": ("sched_step", {"step_size": 1}),
            "optimizer": ("opt_sgd", {"lr": 1e-9}),
        },
        [
            "data.x>head.x", "head.y>loss.prediction", "data.y>loss.target", "head.y>r2.prediction", "data.y>r2.target",
            "r2.value>stop.metric", "loss.loss>optimizer.loss", "step.schedule>optimizer.schedule",
        ],
        training={"epochs": 5, "seed": 1},
    )  # fmt: skip


def whole_graph() -> Graph:
    """One graph as the only sample."""
    return graph(
        {
            "data": ("data_karate", {}, {"batch_size": 1}),
            "gcn": ("gnn_gcn", {"out_features": 2}),
            "drop": "drop_dropout",
            "loss": "loss_cross_entropy",
            "accuracy": "metric_accuracy",
            "optimizer": ("opt_adam", {"lr": 0.1}),
        },
        [
            "data.x>drop.x", "drop.y>gcn.x", "data.edge_index>gcn.edge_index", "gcn.y>loss.logits",
            "data.y>loss.target", "gcn.y>accuracy.logits", "data.y>accuracy.target", "loss.loss>optimizer.loss",
        ],
        training=TRAINING,
    )  # fmt: skip


def dead_end() -> Graph:
    """A layer that leads nowhere draws random numbers for its weights before the others."""
    return graph(
        {
            "data": ("data_iris", {}, {"batch_size": 50}),
            "nowhere": ("linear", {"out_features": 4}),
            "fc": ("linear", {"out_features": 3}),
            "loss": "loss_cross_entropy",
            "optimizer": ("opt_rmsprop", {"lr": 0.01}),
        },
        [
            "data.x>nowhere.x", "data.x>fc.x", "fc.y>loss.logits", "data.y>loss.target", "loss.loss>optimizer.loss",
        ],
        training=TRAINING,
    )  # fmt: skip


TWINS = block(
    {},
    {"x": "port_in", "fc": ("linear", {"out_features": 8}), "norm": "norm_batch", "act": "act_tanh", "y": "port_out"},
    ["x.y>fc.x", "fc.y>norm.x", "norm.y>act.x", "act.y>y.x"],
)
CRITIC = block(
    {},
    {
        "x": "port_in",
        "fc": ("linear", {"out_features": 12}),
        "act": "act_leaky_relu",
        "drop": ("drop_dropout", {"p": 0.2}),
        "out": ("linear", {"out_features": 1}),
        "y": "port_out",
    },
    ["x.y>fc.x", "fc.y>act.x", "act.y>drop.x", "drop.y>out.x", "out.y>y.x"],
)
GENERATOR = block(
    {},
    {"z": "port_in", "fc": ("linear", {"out_features": 13}), "norm": "norm_batch", "y": "port_out"},
    ["z.y>fc.x", "fc.y>norm.x", "norm.y>y.x"],
)


def adversaries() -> Graph:
    """Two networks against each other: noise, a block used twice with the same weights, one optimizer now and then."""
    return graph(
        {
            "data": ("data_wine", {}, {"batch_size": 16}),
            "scale": "dnorm_standardize",
            "noise": ("noise_normal", {"size": 6}),
            "generator": "block:generator",
            "real": "block:critic",
            "fake": ("block:critic", {}, {"weights": {"from": "shared", "node": "real"}}),
            "objective": "gan_lsgan",
            "critic_step": ("opt_adam", {"lr": 0.01}, {"parameters": ["real"], "clip_norm": 1.0}),
            "generator_step": (
                "opt_sgd", {"lr": 0.05}, {"parameters": ["generator"], "order": 1, "every": 3, "clip_value": 0.1},
            ),
        },
        [
            "data.x>scale.x", "scale.y>noise.x", "noise.z>generator.z", "scale.y>real.x", "generator.y>fake.x",
            "real.y>objective.d_real", "fake.y>objective.d_fake", "objective.loss_d>critic_step.loss",
            "objective.loss_g>generator_step.loss",
        ],
        {"critic": CRITIC, "generator": GENERATOR},
        training={"epochs": 3, "seed": 2},
    )  # fmt: skip


def generator_first() -> Graph:
    """The one that acts seldom stands first: what both need is computed by whoever comes first."""
    made = adversaries()
    made.nodes["generator_step"]["settings"] |= {"order": -1, "epochs": [1, 2]}
    return made


def at_once() -> Graph:
    """Optimizers that act on the same weights at once."""
    made = adversaries()
    made.training["updates"] = "simultaneous"
    return made


def averages() -> Graph:
    """A moving average of a block, whose decay rises, beside what it follows; two views of the data."""
    return graph(
        {
            "data": ("data_wine", {}, {"batch_size": 32}),
            "one": ("aug_gaussian_noise", {"std": 0.1}),
            "two": ("aug_gaussian_noise", {"std": 0.2}),
            "online": "block:twins",
            "target": ("block:twins", {}, {"weights": {"from": "average", "node": "online", "decay": 0.9, "rise": "cosine"}}),
            "head": ("linear", {"out_features": 8}),
            "loss": "loss_mse",
            "probe": ("linear", {"out_features": 3}),
            "classes": "loss_cross_entropy",
            "stop": "op_stop_gradient",
            "accuracy": "metric_accuracy",
            "adam": ("opt_adamw", {"lr": 0.01}, {"decay": "weights", "parameters": ["online", "head"]}),
            "probing": ("opt_sgd", {"lr": 0.1}, {"parameters": ["probe"], "accumulate": 2}),
        },
        [
            "data.x>one.x", "data.x>two.x", "one.y>online.x", "two.y>target.x", "online.y>head.x", "head.y>loss.prediction",
            "target.y>loss.target", "online.y>stop.x", "stop.y>probe.x", "probe.y>classes.logits", "data.y>classes.target",
            "probe.y>accuracy.logits", "data.y>accuracy.target", "loss.loss>adam.loss", "classes.loss>probing.loss",
        ],
        {"twins": TWINS},
        training=TRAINING,
    )  # fmt: skip


def labelled_and_not() -> Graph:
    """Two loaders of one data set: few labelled samples and all samples; a loss that grows with a schedule."""
    return graph(
        {
            "labelled": ("data_digits", {}, {"batch_size": 20, "subset": {"count": 6, "per_class": True, "seed": 3}}),
            "unlabelled": ("data_digits", {}, {"batch_size": 90, "drop_last": True}),
            "noise": ("aug_gaussian_noise", {"std": 0.2}, {"phase": "train"}),
            "flat": "op_flatten",
            "flat2": "op_flatten",
            "net": "block:net",
            "net2": ("block:net", {}, {"weights": {"from": "shared", "node": "net"}}),
            "net3": ("block:net", {}, {"weights": {"from": "shared", "node": "net"}}),
            "noise2": ("aug_gaussian_noise", {"std": 0.2}, {"phase": "train"}),
            "supervised": "loss_cross_entropy",
            "consistent": "loss_mse",
            "weight": ("loss_weight", {"weight": 0.5}),
            "ramp": ("sched_warmup", {"length": 1.0}),
            "accuracy": "metric_accuracy",
            "adam": ("opt_adam", {"lr": 0.01}),
        },
        [
            "labelled.x>noise.x", "noise.y>flat.x", "flat.y>net.x", "net.y>supervised.logits", "labelled.y>supervised.target",
            "unlabelled.x>flat2.x", "flat2.y>net2.x", "flat2.y>noise2.x", "noise2.y>net3.x", "net2.y>consistent.prediction",
            "net3.y>consistent.target", "consistent.loss>weight.x", "ramp.schedule>weight.schedule",
            "supervised.loss>adam.loss", "weight.y>adam.loss", "net.y>accuracy.logits", "labelled.y>accuracy.target",
        ],
        {
            "net": block(
                {},
                {
                    "x": "port_in", "fc": ("linear", {"out_features": 16}), "act": "act_relu",
                    "drop": "drop_dropout", "head": ("linear", {"out_features": 10}), "y": "port_out",
                },
                ["x.y>fc.x", "fc.y>act.x", "act.y>drop.x", "drop.y>head.x", "head.y>y.x"],
            )
        },
        training=TRAINING,
    )  # fmt: skip


def attacked() -> Graph:
    """A function of the model that is trained, in training only; batches of a sampler; a weight under a parametrisation."""
    return graph(
        {
            "data": ("data_iris", {}, {"batch_size": 12, "sampler": {"component": "sampler_m_per_class", "params": {"per_class": 4}}}),
            "attack": ("adv_pgd", {"model": {"node": "net"}, "eps": 0.2, "steps": 2, "range": None}, {"phase": "train"}),
            "net": ("block:twins", {}, {"parametrize": [{"component": "norm_weight"}]}),
            "head": ("linear", {"out_features": 3}),
            "loss": "loss_cross_entropy",
            "accuracy": "metric_accuracy",
            "sgd": ("opt_momentum", {"lr": 0.1}),
        },
        [
            "data.x>attack.x", "data.y>attack.y", "attack.x_adv>net.x", "net.y>head.x", "head.y>loss.logits",
            "data.y>loss.target", "head.y>accuracy.logits", "data.y>accuracy.target", "loss.loss>sgd.loss",
        ],
        {"twins": TWINS},
        training=TRAINING,
    )  # fmt: skip


def chosen_in_rounds() -> Graph:
    """A strategy that adds labelled samples from round to round."""
    made = classifier()
    made.nodes["optimizer"]["settings"].clear()
    made.place("active", "strategy_active_learning", {"initial": 30, "per_round": 20}, {})
    made.wire(Edge("head", "y", "active", "logits"))
    made.training["epochs"] = 4
    return made


def taught_by_itself() -> Graph:
    """A strategy that gives samples the labels which the model is sure of."""
    made = chosen_in_rounds()
    made.nodes["active"].update(
        component="strategy_self_training", params={"initial": 40, "threshold": 0.5, "every": 2}
    )
    return made


def regularized() -> Graph:
    """Regularizers of nodes, of a block's use and of a whole optimizer, over weights that are parametrised or shared."""
    made = two_optimizers()
    l2 = {"component": "reg_l2", "params": {"strength": 0.01}}
    made.nodes["body"]["settings"] = {"regularize": [l2], "parametrize": [{"component": "norm_spectral"}]}
    made.nodes["head"]["settings"] = {"regularize": [l2, {"component": "reg_l1", "on": "all"}]}
    made.nodes["critic"]["settings"] = {"regularize": [{"component": "reg_spectral"}]}
    made.nodes["first"]["settings"] = {"regularize": [{"component": "reg_weissi"}]}
    return made


def averaged() -> Graph:
    """Averaged weights under batch normalization and dropout, and a vector that goes on with each forward."""
    made = graph(
        {
            "data": ("data_wine", {}, {"batch_size": 32}),
            "hidden": ("linear", {"out_features": 16}, {"parametrize": [{"component": "norm_spectral"}]}),
            "norm": "norm_batch",
            "drop": ("drop_dropout", {"p": 0.3}),
            "head": ("linear", {"out_features": 3}),
            "loss": "loss_cross_entropy",
            "accuracy": "metric_accuracy",
            "stop": ("reg_early_stopping", {"patience": 2}),
            "optimizer": ("opt_swa", {"lr": 0.02, "start": 0.4}),
        },
        [
            "data.x>hidden.x", "hidden.y>norm.x", "norm.y>drop.x", "drop.y>head.x", "head.y>loss.logits",
            "data.y>loss.target", "head.y>accuracy.logits", "data.y>accuracy.target", "accuracy.value>stop.metric",
            "loss.loss>optimizer.loss",
        ],
        training={"epochs": 4, "seed": 5},
    )  # fmt: skip
    return made


def averaged_steps() -> Graph:
    """Two optimizers, one of which averages over steps."""
    made = two_optimizers()
    made.nodes["first"]["component"] = "opt_swa"
    made.nodes["first"]["params"] = {"lr": 0.02, "start": 0.3, "each": "step", "decay": 0.7}
    return made


ALL: dict[str, Any] = {
    maker.__name__: maker
    for maker in (
        classifier,
        several_losses,
        two_optimizers,
        stopped_early,
        whole_graph,
        dead_end,
        adversaries,
        generator_first,
        at_once,
        averages,
        labelled_and_not,
        attacked,
        regularized,
        averaged,
        averaged_steps,
    )
}

AS_CONSTRUCTED = ("classifier", "several_losses", "two_optimizers", "stopped_early", "whole_graph")
"""Those whose model's class draws the same first weights as the app: nothing has to be shipped."""

"""Small models that generate, one of every kind."""

from __future__ import annotations

from builder.graph import Graph
from tests.inspect.graphs import Node, build

DIGITS: Node = ("data_digits", {})


def vae() -> Graph:
    """An encoder, a sampled code and a decoder of digits; noise goes through the same decoder."""
    graph = build(
        {
            "data": DIGITS,
            "flatten": ("op_flatten", {}),
            "mu": ("linear", {"out_features": 3}),
            "logvar": ("linear", {"out_features": 3}),
            "code": ("vae_reparam", {}),
            "decoder": ("linear", {"out_features": 64}),
            "image": ("op_reshape", {"shape": [1, 8, 8]}),
            "rec": ("vae_reconstruction", {}),
            "noise": ("noise_normal", {"size": 3}),
            "again": ("linear", {"out_features": 64}),
            "picture": ("op_reshape", {"shape": [1, 8, 8]}),
            "sigmoid": ("act_sigmoid", {}),
            "view": ("view_images", {}),
        },
        [
            "data.x flatten.x", "flatten.y mu.x", "flatten.y logvar.x", "mu.y code.mu", "logvar.y code.logvar",
            "code.z decoder.x", "decoder.y image.x", "image.y rec.x_hat", "data.x rec.x", "data.x noise.x",
            "noise.z again.x", "again.y picture.x", "picture.y sigmoid.x", "sigmoid.y view.x",
        ],
    )  # fmt: skip
    graph.nodes["again"]["settings"] = {"weights": {"from": "shared", "node": "decoder"}}
    return graph


def autoencoder() -> Graph:
    """A bottleneck of four numbers."""
    return build(
        {
            "data": DIGITS,
            "flatten": ("op_flatten", {}),
            "down": ("linear", {"out_features": 4}),
            "up": ("linear", {"out_features": 64}),
            "image": ("op_reshape", {"shape": [1, 8, 8]}),
            "loss": ("loss_mse", {}),
        },
        [
            "data.x flatten.x", "flatten.y down.x", "down.y up.x", "up.y image.x", "image.y loss.prediction",
            "data.x loss.target",
        ],
    )  # fmt: skip


def conditional() -> Graph:
    """A generator of a digit's class and noise, in the range of -1 to 1."""
    return build(
        {
            "data": DIGITS,
            "noise": ("noise_normal", {"size": 5}),
            "embedding": ("embedding", {"num_embeddings": 10, "embedding_dim": 5}),
            "both": ("op_concat", {"dim": -1}),
            "generator": ("linear", {"out_features": 64}),
            "image": ("op_reshape", {"shape": [1, 8, 8]}),
            "view": ("view_images", {"range": [-1.0, 1.0]}),
        },
        [
            "data.x noise.x", "data.y embedding.x", "noise.z both.xs", "embedding.y both.xs", "both.y generator.x",
            "generator.y image.x", "image.y view.x",
        ],
    )  # fmt: skip


def coupling() -> Graph:
    """Log-scales and shifts of a coupling on digits."""
    return build(
        {
            "x": ("port_in", {}),
            "flatten": ("op_flatten", {}),
            "scales": ("linear", {"out_features": 64}),
            "as_scale": ("op_reshape", {"shape": [1, 8, 8]}),
            "shifts": ("linear", {"out_features": 64}),
            "as_shift": ("op_reshape", {"shape": [1, 8, 8]}),
            "scale": ("port_out", {}),
            "shift": ("port_out", {}),
        },
        [
            "x.y flatten.x", "flatten.y scales.x", "scales.y as_scale.x", "as_scale.y scale.x", "flatten.y shifts.x",
            "shifts.y as_shift.x", "as_shift.y shift.x",
        ],
    )  # fmt: skip


def flow() -> Graph:
    """One coupling and its inverse."""
    return build(
        {
            "data": DIGITS,
            "step": ("flow_realnvp", {"network": "coupling"}),
            "nll": ("flow_nll", {"unit": "bits_per_dim"}),
            "noise": ("noise_normal", {}),
            "back": ("flow_realnvp", {"network": {"node": "step/network"}, "reverse": True}),
            "view": ("view_images", {}),
        },
        [
            "data.x step.x", "step.z nll.z", "step.logdet nll.logdets", "data.x noise.x", "noise.z back.x",
            "back.z view.x",
        ],
        {"coupling": coupling()},
    )  # fmt: skip


def denoiser() -> Graph:
    """A convolution that does not look at the step."""
    return build(
        {
            "xt": ("port_in", {}),
            "t": ("port_in", {}),
            "conv": ("conv_standard", {"out_channels": 1, "kernel_size": 3, "padding": 1}),
            "y": ("port_out", {}),
        },
        ["xt.y conv.x", "conv.y y.x"],
    )


def diffusion(sampler: str = "diff_ddim") -> Graph:
    """A denoiser of twelve steps, and a sampler that walks them."""
    walk = {"sampling_steps": 6} if sampler == "diff_ddim" else {}
    return build(
        {
            "data": DIGITS,
            "scale": ("dnorm_min_max", {"per": "all", "range": [-1.0, 1.0]}),
            "objective": ("diff_ddpm", {"denoiser": "denoiser", "steps": 12}),
            "noise": ("noise_normal", {}),
            "sampler": (sampler, {"denoiser": {"node": "objective/denoiser"}, "steps": 12, **walk}),
            "view": ("view_images", {"range": [-1.0, 1.0]}),
        },
        ["data.x scale.x", "scale.y objective.x0", "scale.y noise.x", "noise.z sampler.xT", "sampler.x0 view.x"],
        {"denoiser": denoiser()},
    )


def pointer() -> Graph:
    """Points at numbers in the order of their size; a twin decodes."""
    return build(
        {
            "data": ("data_sorting", {"min_length": 3, "length": 5, "samples": 60}),
            "encoder": ("rnn_lstm", {"hidden_size": 6}),
            "pointer": ("seq2seq_pointer", {"hidden_size": 7}),
        },
        ["data.x encoder.x", "data.pad encoder.pad", "encoder.y pointer.x", "data.pad pointer.pad"],
    )


def step() -> Graph:
    """One step of a decoder of phonemes that looks at the last token alone."""
    return build(
        {
            "token": ("port_in", {}),
            "state": ("port_in", {}),
            "memory": ("port_in", {}),
            "pad": ("port_in", {}),
            "embedding": ("embedding", {"num_embeddings": 42, "embedding_dim": 6}),
            "cell": ("rnn_gru_cell", {}),
            "readout": ("linear", {"out_features": 42}),
            "logits": ("port_out", {}),
            "next": ("port_out", {}),
        },
        ["token.y embedding.x", "embedding.y cell.x", "state.y cell.h", "cell.y readout.x", "readout.y logits.x", "cell.y next.x"],
    )  # fmt: skip


def search(kind: str = "seq2seq_beam") -> Graph:
    """Letters to phonemes, untrained."""
    width = {"width": 3, "length_penalty": 0.5} if kind == "seq2seq_beam" else {}
    return build(
        {
            "data": ("data_cmudict", {"samples": 100, "max_len": 6}),
            "embedding": ("embedding", {"num_embeddings": 27, "embedding_dim": 5}),
            "mean": ("op_mean", {"dim": 1}),
            "search": (kind, {"step": "step", "max_length": 4, **width}),
        },
        [
            "data.x embedding.x", "embedding.y search.memory", "embedding.y mean.x", "mean.y search.state",
            "data.pad search.pad",
        ],
        {"step": step()},
    )  # fmt: skip

"""Attention over few, low-rank or local partners, against dense attention and loops."""

import pytest
import torch
import torch.nn.functional as F

from components import create
from components.errors import InputError
from components.spec import ParameterError
from tests.components.attention_support import influence, make


def sigmoid(x):
    return 1 / (1 + (-x).exp())


def test_double_attention_equals_its_dense_product(draw):
    ours = make("attn_double", in_channels=6, descriptors=2, reduction=2)
    x = draw(2, 6, 4, 5)
    for n in range(2):
        points = x[n].flatten(1)  # (C, N)
        features, gather, distribute = (m.weight @ points for m in (ours.feature, ours.gather, ours.distribute))
        gather = gather.exp() / gather.exp().sum(1, keepdim=True)
        distribute = distribute.exp() / distribute.exp().sum(0, keepdim=True)
        expected = ours.out.weight @ (features @ gather.T @ distribute)
        torch.testing.assert_close(ours(x)[n].flatten(1), expected)
        assert torch.linalg.matrix_rank(expected) == 2


def test_em_attention_equals_its_steps(draw):
    ours = make("attn_ema_unit", in_channels=4, rank=2, steps=2)
    x = draw(2, 4, 3, 5)
    for n in range(2):
        points = ours.lower(x[n].flatten(1).T)
        bases = ours.bases
        for _ in range(2):
            shares = torch.stack([(points[p] * bases).sum(1).softmax(0) for p in range(15)])
            bases = torch.stack([(shares[:, [k]] * points).sum(0) for k in range(2)])
            bases = bases / (bases**2).sum(1, keepdim=True).sqrt()
        torch.testing.assert_close(shares.sum(1), torch.ones(15).double())
        rebuilt = shares @ bases
        assert torch.linalg.matrix_rank(rebuilt) == 2
        upper = rebuilt.clamp(min=0) @ ours.upper.weight.T
        norm = ours.norm
        upper = (upper - norm.running_mean) / (norm.running_var + norm.eps).sqrt() * norm.weight + norm.bias
        torch.testing.assert_close(ours(x)[n], x[n] + upper.T.unflatten(1, (3, 5)))


def test_em_attention_keeps_a_running_mean_of_its_bases(draw):
    ours = make("attn_ema_unit", in_channels=4, rank=2, momentum=0.75)
    x, start = draw(3, 4, 3, 5), ours.bases.clone()
    _, found = ours.decompose(ours.lower(x.flatten(2).mT))
    ours(x)
    assert torch.equal(ours.bases, start)  # evaluation changes nothing
    ours.train()(x)
    torch.testing.assert_close(ours.bases, 0.75 * start + 0.25 * found.mean(0))


def dense(attention, tokens):
    """Softmax attention of torch with the layers of one of our heads."""
    return F.scaled_dot_product_attention(attention.query(tokens), attention.key(tokens), attention.value(tokens))


def test_interlaced_attention_equals_a_loop(draw):
    ours = make("attn_isa", in_channels=4, window=(2, 3))
    x = draw(2, 4, 4, 9)
    mixed, y = torch.empty_like(x), torch.empty_like(x)
    for i in range(2):
        for j in range(3):
            same = x[:, :, i::2, j::3]
            mixed[:, :, i::2, j::3] = dense(ours.far, same.flatten(2).mT).mT.unflatten(2, same.shape[2:])
    for i in range(0, 4, 2):
        for j in range(0, 9, 3):
            near = mixed[:, :, i : i + 2, j : j + 3].flatten(2).mT
            y[:, :, i : i + 2, j : j + 3] = dense(ours.near, near).mT.unflatten(2, (2, 3))
    torch.testing.assert_close(ours(x), y)
    assert influence(ours, x, 1, 4).all()


def test_interlaced_attention_in_one_window_is_full_attention(draw):
    ours = make("attn_isa", in_channels=4, window=(3, 5))
    x = draw(2, 4, 3, 5)
    tokens = ours.far.value(x.flatten(2).mT)  # alone in its group, each position takes its own value
    torch.testing.assert_close(ours(x), dense(ours.near, tokens).mT.unflatten(2, (3, 5)))


def test_windows_that_do_not_fill_the_map_are_refused(draw):
    message = "Windows of 2 x 3 must fill the map. Got a map of 4 x 8 instead."
    with pytest.raises(InputError, match=message):
        make("attn_isa", in_channels=4, window=(2, 3))(draw(2, 4, 4, 8))


def test_asymmetric_equals_attention_over_pooled_samples(draw):
    ours = make("attn_ann", in_channels=6, bins=(1, 2))
    x = draw(2, 6, 4, 8)
    cells = [x.mean((2, 3))]
    cells += [x[:, :, 2 * i : 2 * i + 2, 4 * j : 4 * j + 4].mean((2, 3)) for i in range(2) for j in range(2)]
    samples = torch.stack(cells, 1)
    tokens = x.flatten(2).mT
    mixed = F.scaled_dot_product_attention(ours.query(tokens), ours.key(samples), ours.value(samples), scale=1.0)
    torch.testing.assert_close(ours(x), x + ours.out(mixed).mT.unflatten(2, (4, 8)))


def test_asymmetric_without_pooling_is_the_non_local_block(draw):
    ours, full = make("attn_ann", in_channels=6, bins=(4,)), make("nonlocal_block", in_channels=6, seed=1)
    full.load_state_dict(ours.state_dict())
    x = draw(2, 6, 4, 4)
    torch.testing.assert_close(ours(x), full(x))


def test_asymmetric_needs_samples():
    with pytest.raises(ParameterError, match="'bins' parameter of attn_ann must be a list of at least one number"):
        create("attn_ann", in_channels=4, bins=())


@pytest.mark.parametrize("mode", ["parallel", "sequential"])
def test_polarized_equals_its_formula(draw, mode):
    ours = make("attn_polarized", in_channels=6, mode=mode)

    def channels(x):
        points = x.flatten(1)  # (C, N)
        value = ours.channel_value.weight @ points + ours.channel_value.bias[:, None]
        query = (ours.channel_query.weight @ points)[0].exp()
        context = ours.channel_out(value @ query / query.sum())
        return x * sigmoid(F.layer_norm(context, (6,), ours.norm.weight, ours.norm.bias))[:, None, None]

    def positions(x):
        points = x.flatten(1)
        query = (ours.spatial_query.weight @ points + ours.spatial_query.bias[:, None]).mean(1).exp()
        value = ours.spatial_value.weight @ points + ours.spatial_value.bias[:, None]
        return x * sigmoid(query / query.sum() @ value).unflatten(0, x.shape[1:])

    x = draw(2, 6, 4, 5)
    for n in range(2):
        expected = positions(channels(x[n])) if mode == "sequential" else channels(x[n]) + positions(x[n])
        torch.testing.assert_close(ours(x)[n], expected)


@pytest.mark.parametrize("mode", ["pairwise", "patchwise"])
def test_vector_attention_equals_a_loop_over_windows(draw, mode):
    ours = make("attn_san", in_channels=4, mode=mode, kernel_size=3, reduction=2, share=2)
    x = draw(1, 4, 3, 4)
    query, key, value = (layer(x)[0] for layer in (ours.query, ours.key, ours.value))
    for i in range(3):
        for j in range(4):
            around = [(i + a, j + b) for a in (-1, 0, 1) for b in (-1, 0, 1)]
            inside = [0 <= a < 3 and 0 <= b < 4 for a, b in around]
            keys = [key[:, a, b] if ok else torch.zeros(2).double() for (a, b), ok in zip(around, inside, strict=True)]
            if mode == "pairwise":
                scores = [ours.weigh(query[:, i, j] - k).exp() * ok for k, ok in zip(keys, inside, strict=True)]
                weights = [s / sum(scores) for s in scores]
            else:
                weights = ours.weigh(torch.cat((query[:, i, j], *keys))).unflatten(0, (9, 2))
            expected = sum(
                w.repeat_interleave(2) * value[:, a, b]
                for w, (a, b), ok in zip(weights, around, inside, strict=True)
                if ok
            )
            torch.testing.assert_close(ours(x)[0, :, i, j], expected)


@pytest.mark.parametrize("mode", ["pairwise", "patchwise"])
def test_vector_attention_looks_at_its_window_only(draw, mode):
    ours = make("attn_san", in_channels=4, mode=mode, kernel_size=3, reduction=2, share=2)
    window = torch.zeros(5, 7, dtype=torch.bool)
    window[1:4, 2:5] = True
    assert torch.equal(influence(ours, draw(1, 4, 5, 7), 2, 3), window)


AUGMENTED = {"in_channels": 3, "out_channels": 10, "key_channels": 6, "value_channels": 4, "num_heads": 2}


def test_augmented_convolution_without_positions_is_attention_beside_a_convolution(draw):
    ours = make("attn_aaconv", height=4, width=5, relative=False, **AUGMENTED)
    x = draw(2, 3, 4, 5)
    q, k, v = (part.flatten(2).mT for part in ours.project(x).split((6, 6, 4), 1))
    heads = [
        F.scaled_dot_product_attention(a, b, c)
        for a, b, c in zip(q.chunk(2, -1), k.chunk(2, -1), v.chunk(2, -1), strict=True)
    ]
    attended = ours.out(torch.cat(heads, -1).mT.unflatten(2, (4, 5)))
    convolved = F.conv2d(x, ours.conv.weight, ours.conv.bias, padding=1)
    torch.testing.assert_close(ours(x), torch.cat((convolved, attended), 1))


def test_augmented_convolution_adds_logits_of_relative_rows_and_columns(draw):
    ours = make("attn_aaconv", height=2, width=3, **AUGMENTED)
    x = draw(1, 3, 2, 3)
    q, k, v = ours.project(x)[0].split((6, 6, 4))
    attended = torch.empty(4, 2, 3).double()
    places = [(i, j) for i in range(2) for j in range(3)]
    for head in range(2):
        qs, ks, vs = q[3 * head : 3 * head + 3], k[3 * head : 3 * head + 3], v[2 * head : 2 * head + 2]
        for i, j in places:
            logits = [
                qs[:, i, j] @ (ks[:, a, b] + ours.rows[a - i + 1] + ours.columns[b - j + 2]) / 3**0.5 for a, b in places
            ]
            weights = torch.stack(logits).softmax(0)
            attended[2 * head : 2 * head + 2, i, j] = sum(
                w * vs[:, a, b] for w, (a, b) in zip(weights, places, strict=True)
            )
    torch.testing.assert_close(ours(x)[0, 6:], ours.out(attended))


def test_augmented_convolution_knows_distances_on_a_smaller_map(draw):
    ours = make("attn_aaconv", height=4, width=6, **AUGMENTED)
    fitting = create("attn_aaconv", height=3, width=4, **AUGMENTED).double()
    state = ours.state_dict()
    state["rows"], state["columns"] = state["rows"][1:-1], state["columns"][2:-2]
    fitting.load_state_dict(state)
    x = draw(2, 3, 3, 4)
    torch.testing.assert_close(ours(x), fitting(x))


def test_augmented_convolution_without_values_is_a_convolution(draw):
    ours = make("attn_aaconv", height=4, width=5, in_channels=3, out_channels=6, value_channels=0)
    x = draw(2, 3, 4, 5)
    torch.testing.assert_close(ours(x), F.conv2d(x, ours.conv.weight, ours.conv.bias, padding=1))
    assert {name for name, _ in ours.named_parameters()} == {"conv.weight", "conv.bias"}


@pytest.mark.parametrize(
    "params, parameter", [({"value_channels": 10}, "value_channels"), ({"num_heads": 4}, "num_heads")]
)
def test_augmented_convolution_refuses_what_does_not_fit(params, parameter):
    with pytest.raises(ParameterError, match=f"'{parameter}' parameter of attn_aaconv must be"):
        create("attn_aaconv", height=4, width=5, **{**AUGMENTED, **params})

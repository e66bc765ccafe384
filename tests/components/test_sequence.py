"""Attention, decoders, searches, pointer networks, scan and map against references written by hand."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import components
from components.spec import ParameterError

BOS, EOS = 1, 2


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(0)


def seeded(id, seed=0, **params):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return components.create(id, **params)


# ------------------------------------------------------------------ attention


def test_dot_attention_equals_torch_with_scale_one(generator):
    q, h = torch.randn(3, 5, generator=generator), torch.randn(3, 7, 5, generator=generator)
    mask = torch.rand(3, 7, generator=generator) < 0.6
    c, a = components.create("s2s_attn_dot")(q, h, mask=mask)
    expected = F.scaled_dot_product_attention(q[:, None], h, h, mask[:, None], scale=1.0)[:, 0]
    torch.testing.assert_close(c, expected)
    torch.testing.assert_close(a.sum(1), torch.ones(3))
    assert (a[~mask] == 0).all()


def test_general_attention_with_the_identity_is_dot_attention(generator):
    layer = components.create("s2s_attn_general", query_dim=5, memory_dim=5)
    with torch.no_grad():
        layer.query.weight.copy_(torch.eye(5))
    q, h = torch.randn(3, 5, generator=generator), torch.randn(3, 7, 5, generator=generator)
    torch.testing.assert_close(layer(q, h), components.create("s2s_attn_dot")(q, h))


def test_general_attention_is_a_bilinear_form(generator):
    layer = seeded("s2s_attn_general", query_dim=4, memory_dim=6)
    q, h = torch.randn(2, 4, generator=generator), torch.randn(2, 3, 6, generator=generator)
    scores = torch.einsum("bi,ij,btj->bt", q, layer.query.weight.mT, h)
    torch.testing.assert_close(layer(q, h)[1], scores.softmax(1))


def test_additive_attention_equals_its_formula(generator):
    layer = seeded("s2s_attn_additive", query_dim=4, memory_dim=6, hidden_size=5)
    q, h = torch.randn(2, 4, generator=generator), torch.randn(2, 3, 6, generator=generator)
    w, b, u, v = layer.query.weight, layer.query.bias, layer.key.weight, layer.score.weight[0]
    e = torch.stack([torch.stack([v @ torch.tanh(w @ q[n] + b + u @ h[n, t]) for t in range(3)]) for n in range(2)])
    c, a = layer(q, h)
    torch.testing.assert_close(a, e.softmax(1))
    torch.testing.assert_close(c, torch.stack([e[n].softmax(0) @ h[n] for n in range(2)]))


@pytest.mark.parametrize("id", ["s2s_attn_additive", "s2s_attn_dot", "s2s_attn_general"])
def test_attention_leaves_out_padding_and_what_is_hidden(id, generator):
    params = {} if id == "s2s_attn_dot" else {"query_dim": 5, "memory_dim": 5}
    layer = seeded(id, **params)
    q, h = torch.randn(2, 5, generator=generator), torch.randn(2, 4, 5, generator=generator)
    pad = torch.tensor([[False, False, False, True], [True, True, True, True]])
    mask = torch.tensor([[True, False, True, True], [True, True, True, True]])
    c, a = layer(q, h, mask=mask, pad=pad)
    alone = layer(q[:1], h[:1, [0, 2]])
    torch.testing.assert_close(c[:1], alone[0])
    torch.testing.assert_close(a[0, [0, 2]], alone[1][0])
    assert (a[0, [1, 3]] == 0).all()
    assert (a[1] == 0).all() and (c[1] == 0).all(), "nothing may be seen there"


# ------------------------------------------------------------------ cells, scan and map


@pytest.mark.parametrize("reverse", [False, True])
def test_scan_of_a_gru_cell_is_a_gru(reverse, generator):
    whole = seeded("rnn_gru", input_size=4, hidden_size=3)
    cell = components.create("rnn_gru_cell", input_size=4, hidden_size=3)
    cell.load_state_dict({name.removesuffix("_l0"): value for name, value in whole.state_dict().items()})
    x, state = torch.randn(2, 6, 4, generator=generator), torch.randn(2, 3, generator=generator)
    y, last = components.create("scan", cell=cell, reverse=reverse)(x, state)
    expected, expected_last = whole(x.flip(1) if reverse else x, h0=state[None])
    torch.testing.assert_close(y, expected.flip(1) if reverse else expected)
    torch.testing.assert_close(last, expected_last[0])


def test_scan_of_an_lstm_cell_is_an_lstm(generator):
    whole = seeded("rnn_lstm", input_size=4, hidden_size=3)
    cell = components.create("rnn_lstm_cell", input_size=4, state_size=6)
    cell.load_state_dict({name.removesuffix("_l0"): value for name, value in whole.state_dict().items()})
    x, state = torch.randn(2, 6, 4, generator=generator), torch.randn(2, 6, generator=generator)
    y, last = components.create("scan", cell=cell)(x, state)
    h0, c0 = state.chunk(2, 1)
    expected, h, c = whole(x, h0=h0[None].contiguous(), c0=c0[None].contiguous())
    torch.testing.assert_close(y, expected)
    torch.testing.assert_close(last, torch.cat((h[0], c[0]), 1))


def test_scan_passes_padding_by(generator):
    whole = seeded("rnn_gru", input_size=4, hidden_size=3)
    cell = components.create("rnn_gru_cell", input_size=4, hidden_size=3)
    cell.load_state_dict({name.removesuffix("_l0"): value for name, value in whole.state_dict().items()})
    x, state = torch.randn(2, 6, 4, generator=generator), torch.zeros(2, 3)
    pad = torch.arange(6) >= torch.tensor([[6], [4]])
    y, last = components.create("scan", cell=cell)(x, state, pad=pad)
    expected, h = whole(x, pad=pad)
    torch.testing.assert_close(y, expected)
    torch.testing.assert_close(last, h[0])


def test_scan_takes_any_function():
    total = components.create("scan", cell=lambda x, state: (state * 10, state + x))
    y, last = total(torch.tensor([[1.0, 2.0, 3.0]]), torch.zeros(1))
    assert y.tolist() == [[0.0, 10.0, 30.0]] and last.tolist() == [6.0]


def test_an_lstm_cell_of_odd_state_is_refused():
    with pytest.raises(ParameterError, match="state_size"):
        components.create("rnn_lstm_cell", input_size=4, state_size=5)


def test_map_equals_a_loop_over_the_items(generator):
    conv = seeded("conv_standard", in_channels=2, out_channels=3, kernel_size=3)
    frames = torch.randn(2, 5, 2, 6, 7, generator=generator)
    y = components.create("map", block=conv)(frames)
    torch.testing.assert_close(y, torch.stack([conv(frames[:, t]) for t in range(5)], 1))


# ------------------------------------------------------------------ the decoder


STEP = {"state_size": 5, "memory_dim": 7, "vocabulary_size": 6, "embedding_dim": 4, "hidden_size": 3}


def inputs(generator, batch=3, steps=4):
    memory = torch.randn(batch, steps, 7, generator=generator)
    return memory, torch.randn(batch, 5, generator=generator)


def test_attention_step_equals_its_parts(generator):
    step = seeded("seq2seq_attention_step", **STEP)
    memory, state = inputs(generator)
    token, pad = torch.tensor([1, 4, 0]), torch.arange(4) >= torch.tensor([[4], [2], [3]])
    attention = components.create("s2s_attn_additive", query_dim=5, memory_dim=7, hidden_size=3)
    attention.load_state_dict(
        {k: v for k, v in step.state_dict().items() if k.split(".")[0] in ("query", "key", "score")}
    )
    context, _ = attention(state, memory, pad=pad)
    new = step.cell(torch.cat((step.embedding(token), context), 1), state)
    logits, after = step(token, state, memory, pad)
    torch.testing.assert_close(after, new)
    torch.testing.assert_close(logits, step.readout(torch.cat((new, context), 1)))


def test_decoder_equals_step_by_step_decoding_with_the_true_tokens(generator):
    step = seeded("seq2seq_attention_step", **STEP)
    decoder = components.create("seq2seq_decoder", step=step)
    memory, state = inputs(generator)
    target = torch.tensor([[3, 4, 5, EOS], [5, EOS, -100, -100], [4, 4, EOS, -100]])
    pad = torch.arange(4) >= torch.tensor([[4], [2], [3]])
    logits = decoder(memory, state, target, pad=pad)
    for sample, length in enumerate([4, 2, 3]):
        s, token = state[sample : sample + 1], torch.tensor([BOS])
        for u in range(length):
            alone, s = step(token, s, memory[sample : sample + 1], pad[sample : sample + 1])
            torch.testing.assert_close(logits[sample : sample + 1, u], alone)
            token = target[sample : sample + 1, u]


class Recorder(nn.Module):
    """A step that always scores the token 3 highest and keeps the tokens that it read."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[torch.Tensor] = []

    def forward(self, token, state, memory, pad):
        self.read.append(token)
        return 20.0 * F.one_hot(torch.full_like(token, 3), 6).float(), state


@pytest.mark.parametrize("own", ["sample", "argmax"])
@pytest.mark.parametrize("probability", [1.0, 0.7, 0.25, 0.0])
def test_scheduled_sampling_replaces_as_many_tokens_as_it_should(probability, own):
    step = Recorder()
    decoder = components.create("seq2seq_decoder", step=step, own=own).train()
    decoder.follow(probability)
    target = torch.full((1000, 6), 4)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        decoder(torch.zeros(1000, 2, 3), torch.zeros(1000, 1), target)
    assert (step.read[0] == BOS).all()
    later = torch.stack(step.read[1:])
    assert ((later == 4) | (later == 3)).all()
    share = (later == 3).float().mean().item()  # replaced by the model's token
    assert share == pytest.approx(1 - probability, abs=0 if probability in (0.0, 1.0) else 0.02)  # 3 sigma


def test_all_tokens_are_true_in_evaluation():
    step = Recorder()
    decoder = components.create("seq2seq_decoder", step=step).eval()
    decoder.follow(0.0)
    decoder(torch.zeros(2, 2, 3), torch.zeros(2, 1), torch.tensor([[4, 5, 0], [5, EOS, -100]]))
    assert torch.stack(step.read, 1).tolist() == [[BOS, 4, 5], [BOS, 5, EOS]]


def test_scheduled_sampling_never_rises_and_keeps_to_its_formula():
    made = {
        decay: components.create("seq2seq_scheduled_sampling", decay=decay, **params)
        for decay, params in {
            "linear": {"min_factor": 0.2},
            "exponential": {"speed": 0.8, "min_factor": 0.05},
            "inverse sigmoid": {"speed": 3.0},
        }.items()
    }
    for schedule in made.values():
        values = [schedule.factor(epoch / 4, 20) for epoch in range(81)]
        assert all(a >= b for a, b in itertools.pairwise(values)) and 0 <= values[-1] < values[0] <= 1
    assert made["linear"].factor(5, 20) == pytest.approx(1 - 0.8 / 4)
    assert made["linear"].factor(20, 20) == pytest.approx(0.2)
    assert made["exponential"].factor(4, 20) == pytest.approx(0.8**4)
    assert made["exponential"].factor(19, 20) == 0.05
    assert made["inverse sigmoid"].factor(6, 20) == pytest.approx(3 / (3 + math.exp(2)))


# ------------------------------------------------------------------ searches


class Table(nn.Module):
    """A step whose scores depend on all tokens so far: a hash of them, kept in the state, chooses a row of a table."""

    def __init__(self, vocabulary: int, seed: int = 0) -> None:
        super().__init__()
        self.table = 2 * torch.randn(97, vocabulary, generator=torch.Generator().manual_seed(seed))

    def forward(self, token, state, memory, pad):
        code = (state * 7 + token + memory[:, 0, 0]) % 97
        return self.table[code.long()], code


def every_sequence(step, memory, vocabulary, length, eos):
    """All sequences of one sample that end at ``length`` or before, with the sum of their log-probabilities."""
    open_ = [((BOS,), 0.0, torch.zeros(1))]
    closed = []
    for _ in range(length):
        grown = []
        for tokens, total, state in open_:
            logits, new = step(torch.tensor([tokens[-1]]), state, memory, None)
            logp = logits[0].double().log_softmax(0)
            grown += [((*tokens, v), total + logp[v].item(), new) for v in range(vocabulary)]
        closed += [(t[1:], s) for t, s, _ in grown if t[-1] == eos]
        open_ = [entry for entry in grown if entry[0][-1] != eos]
    return closed + [(t[1:], s) for t, s, _ in open_]


def up_to_end(tokens, eos):
    tokens = tokens.tolist()
    return tuple(tokens[: tokens.index(eos) + 1] if eos in tokens else tokens)


SAMPLES = torch.tensor([3.0, 11.0, 42.0, 60.0, 81.0]).view(5, 1, 1)  # memories that tell the samples apart


@pytest.mark.parametrize("penalty", [0.0, 0.7, 1.0])
@pytest.mark.parametrize("eos", [EOS, None])
def test_a_wide_beam_finds_the_best_of_all_sequences(penalty, eos):
    vocabulary, length, step = 4, 4, Table(4)
    search = components.create(
        "seq2seq_beam", step=step, width=vocabulary ** (length - 1), length_penalty=penalty, eos=eos, max_length=length
    )
    tokens, score = search(SAMPLES, torch.zeros(5))
    for sample in range(5):
        found = every_sequence(step, SAMPLES[sample : sample + 1], vocabulary, length, eos)
        ranked = sorted(((s / len(t) ** penalty, t) for t, s in found), reverse=True)
        assert up_to_end(tokens[sample, 0], eos) == ranked[0][1]
        assert score[sample, 0].item() == pytest.approx(ranked[0][0], abs=1e-5)


def test_score_is_the_sum_of_log_probabilities_and_descends():
    step = Table(4)
    tokens, score = components.create("seq2seq_beam", step=step, width=3, max_length=5)(SAMPLES, torch.zeros(5))
    assert (score.diff(dim=1) <= 0).all()
    for sample, beam in itertools.product(range(5), range(3)):
        state, token, total = torch.zeros(1), torch.tensor([BOS]), 0.0
        for v in up_to_end(tokens[sample, beam], EOS):
            logits, state = step(token, state, SAMPLES[sample : sample + 1], None)
            total += logits[0].log_softmax(0)[v].item()
            token = torch.tensor([v])
        assert score[sample, beam].item() == pytest.approx(total, abs=1e-4)
    assert all(len({tuple(t) for t in beams.tolist()}) == 3 for beams in tokens), "hypotheses differ"


@pytest.mark.parametrize("eos", [EOS, None])
def test_beam_of_width_one_is_greedy_search(eos, generator):
    step = seeded("seq2seq_attention_step", **{**STEP, "vocabulary_size": 9})
    memory, state = inputs(generator, batch=16)
    pad = torch.arange(4) >= torch.randint(1, 5, (16, 1), generator=generator)
    greedy = components.create("seq2seq_greedy", step=step, eos=eos, max_length=8)(memory, state, pad=pad)
    beam, _ = components.create("seq2seq_beam", step=step, width=1, eos=eos, max_length=8)(memory, state, pad=pad)
    assert torch.equal(beam[:, 0], greedy)


def test_a_wider_beam_scores_no_worse_than_greedy_search():
    step = Table(5)
    scores = [
        components.create("seq2seq_beam", step=step, width=width, eos=None, max_length=6)(SAMPLES, torch.zeros(5))[1]
        for width in (1, 625)
    ]
    assert (scores[1][:, 0] >= scores[0][:, 0] - 1e-6).all() and (scores[1][:, 0] > scores[0][:, 0] + 1e-3).any()


def test_greedy_search_takes_the_likeliest_token_and_stops_at_the_end():
    step = Table(4, seed=5)
    tokens = components.create("seq2seq_greedy", step=step, max_length=7)(SAMPLES, torch.zeros(5))
    ended = 0
    for sample in range(5):
        state, token = torch.zeros(1), torch.tensor([BOS])
        for u in range(7):
            logits, state = step(token, state, SAMPLES[sample : sample + 1], None)
            token = logits.argmax(1)
            assert tokens[sample, u] == token
            if token == EOS:
                assert (tokens[sample, u:] == EOS).all()
                ended += 1
                break
    assert ended


def test_hypotheses_beyond_all_sequences_have_no_score():
    step = Table(3)
    _, score = components.create("seq2seq_beam", step=step, width=5, eos=None, max_length=1)(SAMPLES, torch.zeros(5))
    assert score[:, :3].isfinite().all() and (score[:, 3:] == -math.inf).all()


def test_state_of_several_axes_follows_its_hypothesis(generator):
    step = seeded("seq2seq_attention_step", **STEP)
    memory, state = inputs(generator)

    def folded(token, state, memory, pad):
        logits, new = step(token, state.flatten(1), memory, pad)
        return logits, new.unflatten(1, (1, 5))

    plain, nested = (
        components.create("seq2seq_beam", step=s, width=3, max_length=6)(memory, x)
        for s, x in ((step, state), (folded, state.unflatten(1, (1, 5))))
    )
    assert torch.equal(plain[0], nested[0])


# ------------------------------------------------------------------ the pointer network


@pytest.mark.parametrize("revisit", [False, True])
def test_pointer_gives_distributions_over_the_real_steps(revisit, generator):
    layer = seeded("seq2seq_pointer", input_size=4, hidden_size=6, revisit=revisit)
    x = torch.randn(3, 5, 4, generator=generator)
    pad = torch.arange(5) >= torch.tensor([[5], [3], [4]])
    target = torch.tensor([[4, 2, 0, 1, 3], [1, 2, 0, -100, -100], [3, 0, 1, 2, -100]])
    logp, tokens = layer(x, target=target, pad=pad)
    for sample, length in enumerate([5, 3, 4]):
        p = logp[sample, :length].exp()
        torch.testing.assert_close(p.sum(1), torch.ones(length))
        assert (p[:, length:] == 0).all()
        for u in range(length):
            before = target[sample, :u]
            assert revisit or (p[u, before] == 0).all(), "pointed again at a step"
            assert not revisit or (p[u, before] > 0).all()
        assert (tokens[sample, length:] == -100).all() and (tokens[sample, :length] >= 0).all()


def test_pointer_equals_its_formula(generator):
    layer = seeded("seq2seq_pointer", input_size=4, hidden_size=6, revisit=True)
    x, state = torch.randn(1, 5, 4, generator=generator), torch.randn(1, 6, generator=generator)
    target = torch.tensor([[3, 1]])
    logp, _ = layer(x, state=state, target=target)
    s = layer.cell(layer.start[None], state)
    for u in range(2):
        e = [layer.score.weight[0] @ torch.tanh(layer.query(s[0]) + layer.key.weight @ x[0, t]) for t in range(5)]
        torch.testing.assert_close(logp[0, u], torch.stack(e).log_softmax(0))
        s = layer.cell(x[:, target[0, u]], s)


def test_pointer_alone_reads_what_it_points_at(generator):
    layer = seeded("seq2seq_pointer", input_size=4, hidden_size=6)
    x = torch.randn(8, 5, 4, generator=generator)
    free, tokens = layer(x)
    forced, again = layer(x, target=tokens)
    torch.testing.assert_close(free, forced)
    assert torch.equal(tokens, again)
    assert (tokens.sort(1).values == torch.arange(5)).all(), "an order names every step once"


def test_pointer_learns_to_sort_three_numbers(generator):
    layer = seeded("seq2seq_pointer", input_size=1, hidden_size=32)
    x = torch.rand(512, 3, 1, generator=generator)
    order = x.squeeze(2).argsort(1)
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.02)
    for _ in range(150):
        loss = F.nll_loss(layer(x, target=order)[0].flatten(0, 1), order.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    fresh = torch.rand(500, 3, 1, generator=generator)
    right = (layer(fresh)[1] == fresh.squeeze(2).argsort(1)).all(1).float().mean().item()
    assert right > 0.8  # chance: 1 / 6

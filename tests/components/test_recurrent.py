"""Recurrent layers against torch's with the weights copied over, and their padding."""

import pytest
import torch
from torch import nn

import components
from components.spec import ParameterError

PEERS = {"rnn_vanilla": nn.RNN, "rnn_gru": nn.GRU, "rnn_lstm": nn.LSTM}


def tensors(*shapes, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=generator) for shape in shapes]


def states(component, *shape):
    names = ("h0", "c0") if component == "rnn_lstm" else ("h0",)
    return dict(zip(names, tensors(*[shape] * len(names), seed=3), strict=True))


def as_torch(given):
    return tuple(given.values()) if len(given) == 2 else given["h0"] if given else None


@pytest.mark.parametrize("component", PEERS)
@pytest.mark.parametrize("layers, both", [(1, False), (2, False), (1, True), (2, True)])
@pytest.mark.parametrize("with_state", [False, True])
def test_equals_torch(component, layers, both, with_state):
    ours = components.create(component, input_size=7, hidden_size=3, num_layers=layers, bidirectional=both)
    peer = PEERS[component](7, 3, layers, batch_first=True, bidirectional=both)
    peer.load_state_dict(ours.state_dict(), strict=True)
    (x,) = tensors((2, 5, 7))
    given = states(component, layers * (1 + both), 2, 3) if with_state else {}
    y, *last = ours(x, **given)
    expected, expected_last = peer(x, as_torch(given))
    torch.testing.assert_close(y, expected)
    for mine, theirs in zip(last, expected_last if component == "rnn_lstm" else [expected_last], strict=True):
        torch.testing.assert_close(mine, theirs)


def test_relu_rnn_equals_torch():
    ours = components.create("rnn_vanilla", input_size=7, hidden_size=3, nonlinearity="relu")
    peer = nn.RNN(7, 3, nonlinearity="relu", batch_first=True)
    peer.load_state_dict(ours.state_dict(), strict=True)
    (x,) = tensors((2, 5, 7))
    torch.testing.assert_close(ours(x)[0], peer(x)[0])


def test_lstm_takes_either_state_alone():
    ours = components.create("rnn_lstm", input_size=7, hidden_size=3)
    x, state = tensors((2, 5, 7), (1, 2, 3))
    zero = torch.zeros_like(state)
    torch.testing.assert_close(ours(x, h0=state), ours(x, h0=state, c0=zero))
    torch.testing.assert_close(ours(x, c0=state), ours(x, h0=zero, c0=state))


def test_lstm_with_open_forget_gate_and_shut_input_gate_keeps_its_cell():
    ours = components.create("rnn_lstm", input_size=7, hidden_size=3)
    with torch.no_grad():
        ours.bias_ih_l0[:3] = -1e4  # input gate
        ours.bias_ih_l0[3:6] = 1e4  # forget gate
    x, c0 = tensors((2, 5, 7), (1, 2, 3))
    torch.testing.assert_close(ours(x, c0=c0)[2], c0)


def test_gru_with_open_update_gate_copies_its_state():
    ours = components.create("rnn_gru", input_size=7, hidden_size=3)
    with torch.no_grad():
        ours.bias_ih_l0[3:6] = 1e4
    x, h0 = tensors((2, 5, 7), (1, 2, 3))
    torch.testing.assert_close(ours(x, h0=h0)[1], h0)


@pytest.mark.parametrize("component", PEERS)
@pytest.mark.parametrize("both", [False, True])
def test_padding_is_not_read(component, both):
    ours = components.create(component, input_size=7, hidden_size=3, num_layers=2, bidirectional=both)
    (x,) = tensors((3, 5, 7))
    lengths = (3, 5, 2)
    pad = torch.stack([torch.arange(5) >= length for length in lengths])
    given = states(component, 2 * (1 + both), 3, 3)
    y, *last = ours(x, **given, pad=pad)
    assert y.shape == (3, 5, 3 * (1 + both))
    for i, length in enumerate(lengths):
        alone = {name: state[:, i : i + 1] for name, state in given.items()}
        expected, *expected_last = ours(x[i : i + 1, :length], **alone)
        torch.testing.assert_close(y[i, :length], expected[0])
        assert not y[i, length:].any()
        for mine, theirs in zip(last, expected_last, strict=True):
            torch.testing.assert_close(mine[:, i : i + 1], theirs)


@pytest.mark.parametrize("component", PEERS)
@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("with_state", [False, True])
def test_an_exported_layer_does_not_read_padding_either(component, both, layers, with_state):
    ours = components.create(component, input_size=7, hidden_size=3, num_layers=layers, bidirectional=both).eval()
    (x,) = tensors((4, 5, 7))
    pad = torch.stack([torch.arange(5) >= length for length in (3, 5, 2, 0)])
    given = {**(states(component, layers * (1 + both), 4, 3) if with_state else {}), "pad": pad}
    program = torch.export.export(ours, (x,), given).module()
    torch.testing.assert_close(program(x, **given), ours(x, **given))
    shorter = {**given, "pad": pad | (torch.arange(5) == 4)}  # the lengths are not baked in
    torch.testing.assert_close(program(x, **shorter), ours(x, **shorter))


@pytest.mark.parametrize("component", PEERS)
def test_a_sequence_of_padding_alone_is_no_error(component):
    ours = components.create(component, input_size=7, hidden_size=3)
    y, *last = ours(tensors((2, 5, 7))[0], pad=torch.ones(2, 5, dtype=torch.bool))
    assert not y.any() and all(state.isfinite().all() for state in last)


@pytest.mark.parametrize("component", PEERS)
def test_dropout_acts_between_layers_in_training_only(component):
    ours = components.create(component, input_size=7, hidden_size=3, num_layers=2, dropout=0.5)
    (x,) = tensors((2, 5, 7))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        assert not torch.allclose(ours(x)[0], ours(x)[0])
    assert torch.equal(ours.eval()(x)[0], ours(x)[0])


@pytest.mark.parametrize("component", PEERS)
def test_dropout_without_a_second_layer_is_refused(component):
    with pytest.raises(ParameterError, match=rf"'dropout' parameter of {component} must be 0 where num_layers is 1"):
        components.create(component, input_size=7, dropout=0.5)

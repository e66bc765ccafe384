"""Whatever a person does: each step can be taken back and taken again, what is refused changes nothing, all can be saved."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.graph import Document, Edge, Graph, GraphError, History, dumps, flatten, load, loads, to_document
from tests.graph.random_edits import RandomEdits

GALLERY = Path(__file__).parents[2] / "graphs"
GRAPHS = ("lenet5", "resnet_small", "wgan_gp", "real_nvp", "seq2seq_attention")
STEPS, MOST = 200, 60  # edits, and nodes in a graph or block from which on it is let grow no more

State = tuple[Document, dict[str, list[Edge]]]


def state(made: Graph) -> State:
    """All that a person sees of a graph: its document, and the order of the wires in each of its parts."""
    return to_document(made), {name: list(part.wires()) for name, part in {"": made, **made.blocks}.items()}


def play(name: str, seed: int, every: int) -> None:
    """Edits a graph at random, with steps back and forth in between; looks at ``every`` n-th state as it is saved."""
    made, edits = load(GALLERY / f"{name}.json"), RandomEdits(seed)
    history, past, future = History(made), [state(made)], list[State]()
    for step in range(STEPS):
        before = state(made)
        if edits.rng.random() < 0.15:
            back = edits.rng.random() < 0.6
            made = history.undo() if back else history.redo()
            if back and len(past) > 1:
                future.append(past.pop())
            elif not back and future:
                past.append(future.pop())
            assert state(made) == past[-1]
            continue
        try:
            label = edits.edit(made)
        except GraphError as error:
            assert state(made) == before, f"refused, and yet it changed something: {error}"
            assert error.message_zh
            continue
        if any(len(part) > MOST for part in (made, *made.blocks.values())) or len(made.blocks) > 20:
            made = history.current()
        elif history.push(made, label):
            past.append(state(made))
            future.clear()
            if step % every == 0:
                assert state(loads(dumps(made))) == past[-1], f"after '{label}'"
                flatten(made)  # whatever is wrong is reported, not raised
        assert state(history.current()) == past[-1]
    for expected in reversed(past[:-1]):
        assert state(history.undo()) == expected
    assert not history.can_undo
    for expected in [*past[1:], *reversed(future)]:
        assert state(history.redo()) == expected
    assert not history.can_redo


@pytest.mark.parametrize("name", GRAPHS)
@settings(max_examples=2, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_200_edits_are_undone_and_redone_step_by_step(name: str, seed: int) -> None:
    play(name, seed, every=10)


@pytest.mark.slow
@pytest.mark.parametrize("name", GRAPHS)
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_200_edits_are_undone_and_redone_step_by_step_many_times(name: str, seed: int) -> None:
    play(name, seed, every=1)

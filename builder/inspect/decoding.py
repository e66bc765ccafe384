"""The tree of a search for sequences: what was kept, what was dropped, and how probable each step is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from builder.inspect.inspector import Inspector
from builder.inspect.labels import token_names
from builder.inspect.samples import Sample
from components.sequence._step import without_padding
from components.sequence.beam import BeamSearch, Growth
from components.sequence.greedy import GreedySearch
from components.sequence.pointer import PointerDecoder

WIDEST = 8
IMPOSSIBLE = -1e30  # log-probabilities below this stand for what cannot be


@dataclass(frozen=True)
class SearchTree:
    """Beginnings of sequences as a tree of N nodes; number 0 is the empty one.

    Args:
        node: path of the decoder.
        width: how many hypotheses are kept at each step.
        parent: (N,) numbers of nodes; -1 for the root.
        step: (N,) tokens up to here.
        token: (N,), of the root -1.
        names: of the tokens, by node.
        probability: (N,) of the token behind what stands before it.
        total: (N,) log-probability of all tokens up to here.
        score: (N,) what the search ranks by: the total, divided by a power of the length where it has a penalty.
        kept: (N,) whether the search went on with it.
        finals: (F,) the hypotheses at the end, the best first.
        own: (U,) the tokens that the node itself gives.
        given: what was read, as a text; empty where it is none.
    """

    node: str
    width: int
    parent: np.ndarray
    step: np.ndarray
    token: np.ndarray
    names: tuple[str, ...]
    probability: np.ndarray
    total: np.ndarray
    score: np.ndarray
    kept: np.ndarray
    finals: np.ndarray
    own: np.ndarray
    given: str

    def way(self, index: int) -> list[int]:
        """The nodes from the root (left out) to this one."""
        found: list[int] = []
        while index > 0:
            found.append(index)
            index = int(self.parent[index])
        return found[::-1]

    def tokens(self, index: int) -> list[int]:
        """The sequence that ends here."""
        return [int(self.token[i]) for i in self.way(index)]


@dataclass(frozen=True)
class _Search:
    """A search over one sample.

    Args:
        beam: how it goes on.
        memory, state, pad: what it begins with, for one sample.
        names: of the tokens.
        own: the tokens of the node itself.
    """

    beam: BeamSearch
    memory: Tensor
    state: Tensor
    pad: Tensor | None
    names: tuple[str, ...]
    own: np.ndarray
    given: str


def searches(inspector: Inspector) -> list[str]:
    """The nodes that decode step by step on their own."""
    compiled, found = inspector.compiled, []
    for node in compiled.of_kind("sampler", "layer"):
        module = compiled.module(node.path)
        alone = isinstance(module, PointerDecoder) and not node.inputs.get("target")
        if alone or isinstance(module, BeamSearch | GreedySearch):
            found.append(node.path)
    return found


def own_width(inspector: Inspector, node: str) -> int:
    """How many hypotheses the node itself keeps."""
    module = inspector.compiled.module(node)
    return module.width if isinstance(module, BeamSearch) else 1


def search_tree(inspector: Inspector, node: str, sample: Sample, width: int, dropped: int) -> SearchTree:
    """Searches and keeps what was to choose from.

    Args:
        node: one of ``searches``.
        width: hypotheses that are kept.
        dropped: the best branches of each step that are shown though they were not kept.

    Raises:
        InspectError: the sample does not determine what the node reads.
    """
    key = ("search", node, sample.key, width, dropped)
    return inspector.kept(key, lambda: _grow(inspector, node, sample, width, dropped))


def _grow(inspector: Inspector, node: str, sample: Sample, width: int, dropped: int) -> SearchTree:
    search = _search(inspector, node, sample, width)
    beam = search.beam
    rows: list[tuple[int, int, int, float, float, float, bool]] = [(-1, 0, -1, 1.0, 0.0, 0.0, True)]

    def add(parent: int, token: int, total: float, score: float, kept: bool) -> int:
        probability = float(np.exp(min(total - rows[parent][4], 0.0)))
        rows.append((parent, rows[parent][1] + 1, token, probability, total, score, kept))
        return len(rows) - 1

    places: list[int | None] = [0] * width  # the node of each hypothesis; None where there are fewer than the width
    growths: list[Growth] = []
    with torch.no_grad(), inspector.steady():
        beam.search(search.memory, search.state, search.pad, growths.append)
    for growth in growths:
        ranks, totals = growth.ranks[0], growth.totals[0]
        vocabulary = len(ranks) // width
        found: list[int | None] = []
        chosen = (growth.source[0] * vocabulary + growth.token[0]).tolist()
        best = ranks.topk(min(width + dropped, len(ranks))).indices.tolist()
        for index in [*chosen, *(i for i in best if i not in chosen)]:
            parent, token, kept = places[index // vocabulary], index % vocabulary, index in chosen
            total = float(totals[index])
            if parent is None or total < IMPOSSIBLE:
                found += [None] if kept else []
            elif parent and rows[parent][2] == beam.eos:  # it has ended and only keeps its place
                found += [parent] if kept else []
            else:
                place = add(parent, token, total, float(ranks[index]), kept)
                found += [place] if kept else []
        places = found
    parents, steps, tokens, chances, totals_, scores, kept_ = (np.array(column) for column in zip(*rows, strict=True))
    finals = np.array([place for place in places if place is not None], dtype=np.int64)
    words = search.names  # a decoder may have more tokens than the data have words
    names = ("", *(words[token] if token < len(words) else str(token) for token in tokens[1:].tolist()))
    return SearchTree(
        node, width, parents, steps, tokens, names, chances, totals_, scores, kept_, finals, search.own, search.given
    )


# ------------------------------------------------------------------ what searches


def _search(inspector: Inspector, node: str, sample: Sample, width: int) -> _Search:
    module, sources = inspector.compiled.module(node), inspector.compiled.sources(node)
    given = {port: inspector.value(sample, ends[0]) for port, ends in sources.items() if ends}
    own = inspector.value(sample, (node, "tokens"))[0]
    text = _text(inspector, node, sample)
    if isinstance(module, PointerDecoder):
        return _pointing(module, given, width, own.numpy(), text, _places(inspector, node, sample, given["x"].shape[1]))
    if isinstance(module, BeamSearch):
        penalty, own = module.length_penalty, own[0]
    elif isinstance(module, GreedySearch):
        penalty = 0.0
    else:
        raise ValueError(f"'{node}' must be a decoder. Got {type(module).__name__} instead.")
    beam = BeamSearch(module.step, width, penalty, module.bos, module.eos, module.max_length)
    return _Search(beam, given["memory"], given["state"], given.get("pad"), _words(inspector, node), own.numpy(), text)


class _Pointing:
    """A pointer network's step as a search calls it. Its state also says which places are shut.

    Args:
        pointer: the decoder.
        places: how many places there are; this number as a token is the beginning.
    """

    def __init__(self, pointer: PointerDecoder, places: int) -> None:
        self.pointer, self.places = pointer, places

    def __call__(self, token: Tensor, state: Tensor, memory: Tensor, pad: Tensor) -> tuple[Tensor, Tensor]:
        hidden, shut = state[:, : -self.places], state[:, -self.places :] > 0
        begins = (token == self.places)[:, None]
        here = torch.arange(self.places) == token[:, None]  # (B, T), nowhere at the beginning
        read = torch.where(
            begins, self.pointer.start, memory[torch.arange(len(token)), token.clamp(max=self.places - 1)]
        )
        if not self.pointer.revisit:
            shut = shut | here
        scores, hidden = self.pointer.point(read, hidden, self.pointer.key(memory), shut | pad)
        return scores, torch.cat((hidden, shut.to(hidden.dtype)), 1)


def _pointing(
    pointer: PointerDecoder, given: dict[str, Tensor], width: int, own: np.ndarray, text: str, names: tuple[str, ...]
) -> _Search:
    x = given["x"]
    places = x.shape[1]
    pad = given.get("pad", without_padding(x))
    state = given.get("state", x.new_zeros(1, pointer.hidden_size))
    beam = BeamSearch(_Pointing(pointer, places), width, 0.0, places, None, int((~pad).sum()))
    return _Search(beam, x, torch.cat((state, x.new_zeros(1, places)), 1), pad, names, own, text)


# ------------------------------------------------------------------ words


def _words(inspector: Inspector, node: str) -> tuple[str, ...]:
    """What the tokens stand for that a decoder gives: those of the data set that it reads."""
    for path, _ in inspector.sources([(node, "tokens")]):
        words = getattr(inspector.compiled.dataset(path), "target_vocabulary", None)
        if words is not None:
            return token_names(words, np.arange(len(words)))
    return ()


def _text(inspector: Inspector, node: str, sample: Sample) -> str:
    """What is read, where it is a text."""
    for path, port in inspector.sources([(node, "tokens")]):
        data = inspector.compiled.dataset(path)
        if port == "x" and hasattr(data, "decode"):
            return data.decode(sample.inputs[path, port][0].tolist())
    return ""


def _places(inspector: Inspector, node: str, sample: Sample, count: int) -> tuple[str, ...]:
    """The places that a pointer can point at, with the number that stands there where there is one."""
    for end in inspector.sources([(node, "tokens")]):
        x = sample.inputs[end]
        if x.is_floating_point() and x.shape[1:] == (count, 1):
            return tuple(f"{i} ({float(value):.2f})" for i, value in enumerate(x[0, :, 0]))
    return tuple(map(str, range(count)))

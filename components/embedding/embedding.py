"""A table of learned vectors, looked up by integer."""

from typing import Annotated

from pydantic import Field
from torch import nn

from components.registry import component
from components.rules import require
from components.spec import Count, Dims, Inferred, NonNegative, example, ints

VocabularySize = Annotated[int, Field(ge=1), Inferred("x", high=True)]


@component(
    id="embedding",
    kind="layer",
    family="Embedding",
    name="Embedding",
    name_zh="嵌入层",
    help_zh="为每个编号（词、字符、类别）学习一个向量。",
    source="Bengio et al., A Neural Probabilistic Language Model, JMLR 2003",
    inputs={"x": Dims("B *", dtype="int")},
    outputs={"y": "B * C"},
    keywords="lookup table token word vocabulary 词向量 词嵌入",
    tags=("batch_independent", "causal"),
    examples=(
        example(x=ints(2, 5, high=11), num_embeddings=11, embedding_dim=7),
        example(x=ints(2, 5, high=11), num_embeddings=11, embedding_dim=7, padding_idx=0),
    ),
)
def embedding(
    num_embeddings: VocabularySize = 1000, embedding_dim: Count = 64, padding_idx: NonNegative | None = None
) -> nn.Module:
    r"""Looks up a learned vector for each integer.

    $$y_{n,t} = W_{x_{n,t}}$$

    Args:
        num_embeddings: rows of the table: the inputs lie in [0, num_embeddings); as many as the data set's
            vocabulary has, where it says so.
        embedding_dim: features of a vector.
        padding_idx: the integer that means padding: its vector is zero and stays so.

    Shape:
        x: (B, *), integers.
        y: (B, *, embedding_dim).

    Raises:
        ValueError: padding_idx is no row of the table.
        IndexError: an input lies outside [0, num_embeddings).

    Source: Bengio et al. 2003; torch.nn.Embedding.
    """
    rule = (f"less than num_embeddings ({num_embeddings})", f"小于 num_embeddings（{num_embeddings}）的数")
    require(padding_idx is None or padding_idx < num_embeddings, "embedding", "padding_idx", rule, padding_idx)
    return nn.Embedding(num_embeddings, embedding_dim, padding_idx)

"""What values depend on by their numbers, and which views that leaves."""

from __future__ import annotations

import pytest

from builder.gallery import FOLDER
from builder.inspect import Inspector, views
from builder.inspect.attribution import can_explain, find_start
from builder.inspect.dependence import differentiable, origins, tells_of_data
from tests.inspect.generators import conditional, vae


def test_noise_takes_from_a_batch_its_size_alone() -> None:
    inspector = Inspector(vae())
    assert ("data", "x") not in origins(inspector, ("sigmoid", "y"))
    assert ("noise", "z") in origins(inspector, ("sigmoid", "y"))
    assert ("data", "x") in origins(inspector, ("image", "y"))
    assert tells_of_data(inspector, ("code", "z")) and not tells_of_data(inspector, ("sigmoid", "y"))


def test_no_gradient_leads_through_whole_numbers() -> None:
    inspector = Inspector(conditional())
    assert ("data", "y") in origins(inspector, ("generator", "y"))
    assert ("data", "y") not in differentiable(inspector, ("generator", "y"))
    assert ("embedding", "y") in differentiable(inspector, ("generator", "y"))


@pytest.mark.parametrize("name", ["gan", "wgan_gp"])
def test_what_a_critic_says_of_noise_is_not_explained_by_the_data(name: str) -> None:
    inspector = Inspector(FOLDER / f"{name}.json")
    heads = {head.end: head for head in inspector.heads}
    assert can_explain(inspector, heads["real/fc", "y"])
    assert find_start(inspector, heads["fake/fc", "y"]) is None
    found = {view.id: view for view in views(inspector)}
    assert "saliency" in found and "reconstruction" not in found
    assert not {"guided_backprop", "deconvnet"} & set(found)  # the ReLUs are those of the generator
    for id in ("activating", "activation_maximization", "feature_inversion", "neighbours", "grad_cam"):
        assert all(node.startswith(("real/", "data", "scale")) for node in found[id].nodes)


def test_strongest_samples_begin_where_something_is_learned() -> None:
    found = {view.id: view for view in views(Inspector(FOLDER / "seq2seq_attention.json"))}
    assert found["activating"].node == "decoder" and found["activating"].nodes[-1] == "search"

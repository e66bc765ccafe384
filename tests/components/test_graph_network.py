"""Graph layers against torch_geometric with the weights copied over, and against dense matrices."""

import subprocess
import sys
import warnings

import pytest
import torch

import components

with warnings.catch_warnings():  # what torch_geometric itself warns of when it is imported is not ours
    warnings.simplefilter("ignore")
    import torch_geometric.nn as pyg

NODES = 7


def tensors(*shapes, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=generator) for shape in shapes]


# Directed, with two loops (at 1 and 4), a double edge (0 to 3), a node that only sends (5) and a lonely one (6).
EDGES = torch.tensor([[0, 1, 1, 2, 3, 0, 0, 5, 4, 2], [1, 2, 1, 3, 0, 3, 3, 2, 4, 0]])


def same_weights(ours, peer):
    with torch.no_grad():
        for i, parameter in enumerate(ours.parameters()):
            parameter.copy_(tensors(parameter.shape, seed=20 + i)[0])
    peer.load_state_dict(ours.state_dict(), strict=True)
    return peer


@pytest.mark.parametrize("loops", [True, False])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_gcn_equals_torch_geometric(loops, bias, weighted):
    ours = components.create("gnn_gcn", in_features=5, out_features=3, self_loops=loops, bias=bias)
    peer = same_weights(ours, pyg.GCNConv(5, 3, add_self_loops=loops, bias=bias))
    x, weight = tensors((NODES, 5), (10,))
    weight = weight.abs() + 0.1 if weighted else None
    torch.testing.assert_close(ours(x, EDGES, weight), peer(x, EDGES, weight))


def test_gcn_equals_its_formula_on_a_dense_matrix():
    ours = components.create("gnn_gcn", in_features=5, out_features=3)
    (x,) = tensors((4, 5))
    adjacency = torch.tensor([[0, 1, 0, 1], [1, 0, 1, 0], [0, 1, 0, 0], [1, 0, 0, 0]]).float()
    with_loops = adjacency + torch.eye(4)
    scale = with_loops.sum(0).rsqrt().diag()
    expected = scale @ with_loops @ scale @ x @ ours.lin.weight.T + ours.bias
    torch.testing.assert_close(ours(x, adjacency.nonzero().T), expected)


def test_gcn_gives_gradients_to_the_edge_weights():
    ours = components.create("gnn_gcn", in_features=5, out_features=3)
    peer = same_weights(ours, pyg.GCNConv(5, 3))
    x, direction = tensors((NODES, 5), (NODES, 3))
    grads = []
    for layer in (ours, peer):
        weight = (tensors((10,), seed=4)[0].abs() + 0.1).requires_grad_()
        (layer(x, EDGES, weight) * direction).sum().backward()
        grads.append(weight.grad)
    torch.testing.assert_close(*grads)


@pytest.mark.parametrize("aggregator", ["mean", "max", "sum"])
@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("bias", [True, False])
def test_sage_equals_torch_geometric(aggregator, normalize, bias):
    ours = components.create(
        "gnn_sage", in_features=5, out_features=3, aggregator=aggregator, normalize=normalize, bias=bias
    )
    peer = same_weights(ours, pyg.SAGEConv(5, 3, aggr=aggregator, normalize=normalize, bias=bias))
    (x,) = tensors((NODES, 5))
    torch.testing.assert_close(ours(x, EDGES), peer(x, EDGES))


@pytest.mark.parametrize("heads", [1, 2])
@pytest.mark.parametrize("concat", [True, False])
@pytest.mark.parametrize("loops", [True, False])
@pytest.mark.parametrize("bias", [True, False])
def test_gat_equals_torch_geometric(heads, concat, loops, bias):
    ours = components.create(
        "gnn_gat", in_features=5, out_features=3, num_heads=heads, concat=concat, self_loops=loops, bias=bias,
        negative_slope=0.3,
    )  # fmt: skip
    peer = pyg.GATConv(5, 3, heads, concat, negative_slope=0.3, add_self_loops=loops, bias=bias)
    same_weights(ours, peer)
    (x,) = tensors((NODES, 5))
    torch.testing.assert_close(ours(x, EDGES), peer(x, EDGES))


def test_gat_gradients_equal_torch_geometric():
    ours = components.create("gnn_gat", in_features=5, out_features=3, num_heads=2)
    peer = same_weights(ours, pyg.GATConv(5, 3, 2))
    x, direction = tensors((NODES, 5), (NODES, 6))
    for layer in (ours, peer):
        (layer(x, EDGES) * direction).sum().backward()
    theirs = dict(peer.named_parameters())
    for name, mine in ours.named_parameters():
        torch.testing.assert_close(mine.grad, theirs[name].grad, msg=name)


def test_gat_weights_of_a_node_sum_to_one():
    ours = components.create("gnn_gat", in_features=5, out_features=3, num_heads=2)
    row = tensors((1, 5))[0]
    y = ours(row.expand(NODES, 5), EDGES)  # equal nodes: any weights that sum to one give W x
    torch.testing.assert_close(y, ours.lin(row).expand(NODES, 6))


def test_gat_drops_weights_in_training_only():
    ours = components.create("gnn_gat", in_features=5, out_features=3, dropout=0.6)
    (x,) = tensors((NODES, 5))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        assert not torch.allclose(ours(x, EDGES), ours.eval()(x, EDGES))
    assert torch.equal(ours(x, EDGES), ours(x, EDGES))


@pytest.mark.parametrize("component", ["gnn_gcn", "gnn_sage", "gnn_gat"])
def test_layers_follow_a_renumbering_of_the_nodes(component):
    ours = components.create(component, in_features=5, out_features=3)
    (x,) = tensors((NODES, 5))
    order = torch.randperm(NODES, generator=torch.Generator().manual_seed(1))
    place = order.argsort()  # where each node went
    torch.testing.assert_close(ours(x[order], place[EDGES]), ours(x, EDGES)[order])


@pytest.mark.parametrize("component", ["gnn_gcn", "gnn_sage", "gnn_gat"])
def test_a_graph_without_edges_is_no_error(component):
    ours = components.create(component, in_features=5, out_features=3)
    y = ours(tensors((NODES, 5))[0], torch.empty(2, 0, dtype=torch.int64))
    assert y.shape == (NODES, 3) and y.isfinite().all()


@pytest.mark.parametrize("reduce", ["sum", "mean", "max"])
def test_readout_equals_torch_geometric(reduce):
    peer = {"sum": pyg.global_add_pool, "mean": pyg.global_mean_pool, "max": pyg.global_max_pool}[reduce]
    (x,) = tensors((NODES, 5))
    batch = torch.tensor([0, 0, 3, 1, 3, 3, 0])  # graph 2 has no nodes
    ours = components.create("gnn_readout", reduce=reduce)
    torch.testing.assert_close(ours(x, batch), peer(x, batch))
    order = torch.randperm(NODES, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(ours(x[order], batch[order]), ours(x, batch))


def test_importing_the_components_does_not_import_torch_geometric():
    code = "import sys, components; components.all_components(); sys.exit('torch_geometric' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

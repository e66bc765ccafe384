"""Initializers: how a weight is filled before training.

An initializer is a class: its parameters are the constructor's; an instance fills a weight in place and returns it::

    create("init_xavier", gain=2.0)(layer.weight, generator=torch.Generator().manual_seed(0))

Every ``__call__(weight, generator=None)`` takes a weight of at least two axes, ordered (out, in, *kernel) as PyTorch
orders them, and draws from ``generator`` only; without one it draws from the global generator. Biases are not
its concern. It has no ports: a node names its initializer in its settings.
"""

"""The form of a node: parameters, ports, settings and blocks, one module each."""

"""Graphs: nodes with named ports, wires, blocks, files and edit history. Imports no torch of its own."""

from builder.graph.document import Document, clone, from_document, restored, to_document
from builder.graph.file import dumps, load, loads, save, write_atomic
from builder.graph.flatten import Flat, FlatBlock, FlatNode, flatten
from builder.graph.graph import BLOCK_PREFIX, PORT_IN, PORT_OUT, Edge, Graph, GraphError, Signature
from builder.graph.history import History
from builder.graph.schema import schema

__all__ = [
    "BLOCK_PREFIX",
    "PORT_IN",
    "PORT_OUT",
    "Document",
    "Edge",
    "Flat",
    "FlatBlock",
    "FlatNode",
    "Graph",
    "GraphError",
    "History",
    "Signature",
    "clone",
    "dumps",
    "flatten",
    "from_document",
    "load",
    "loads",
    "restored",
    "save",
    "schema",
    "to_document",
    "write_atomic",
]

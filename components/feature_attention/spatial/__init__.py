"""Attention over the positions of a feature map."""

"""Attention over the channels and the positions of a feature map."""

"""Attention over the channels of a feature map."""

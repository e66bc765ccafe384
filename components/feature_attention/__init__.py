"""Attention modules for feature maps, which drop in behind a convolution."""

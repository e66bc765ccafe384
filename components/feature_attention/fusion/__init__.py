"""Attention that fuses features, and other forms of it in convolutional networks."""

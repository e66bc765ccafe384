"""Attention in which each position looks at many others."""

"""Diffusion models: noising, the training objective and samplers."""

"""Losses and penalties of generative adversarial networks."""

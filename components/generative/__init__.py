"""Models that make new data: adversarial, variational, flows and diffusion."""

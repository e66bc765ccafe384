"""Parts of variational autoencoders."""

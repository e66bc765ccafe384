"""What is shown of a model while it trains."""

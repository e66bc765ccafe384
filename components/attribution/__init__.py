"""What an answer of a model comes from, and what its units look for: functions of a score, and nodes made of them."""

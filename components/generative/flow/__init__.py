"""Normalising flows: invertible layers with the log-determinant of their Jacobian."""

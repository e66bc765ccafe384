"""How uncertain a share is."""

from __future__ import annotations

import numpy as np

NORMAL = 1.96  # half of a 95 % interval, in standard errors


def wilson(share: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The ends of the 95 % interval of shares of ``count`` items (Wilson 1927), which hold for few items and near 0 and 1."""
    scale = NORMAL**2 / count
    middle = (share + scale / 2) / (1 + scale)
    half = NORMAL * np.sqrt(share * (1 - share) / count + scale / (4 * count)) / (1 + scale)
    return np.minimum(np.maximum(middle - half, 0), share), np.maximum(np.minimum(middle + half, 1), share)

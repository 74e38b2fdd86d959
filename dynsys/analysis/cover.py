"""Starts that cover a box evenly: centre, corners, then a low-discrepancy sequence."""

import itertools

import numpy as np


def cover(box, count, offset=0, shift=0.5):
    """Points of a box: centre, corners, then Roberts' sequence (powers of the generalised golden ratio).

    Parameters
    ----------
    box : ndarray (R, 2)
        Lower and upper bounds.
    count : int
        Number of points.
    offset : int, default 0
        How many of the sequence were taken before; centre and corners come with the first only.
    shift : float or ndarray (R,), default 0.5
        Where the sequence begins.

    Returns
    -------
    ndarray (count, R)

    Examples
    --------
    >>> cover(np.array([[0.0, 1.0], [0.0, 2.0]]), 5)[:3]
    array([[0.5 , 1.  ],
           [0.02, 0.04],
           [0.02, 1.96]])
    """
    dimension = len(box)
    root = 2.0
    for _ in range(50):
        root = (1.0 + root) ** (1.0 / (dimension + 1))
    steps = root ** -np.arange(1.0, dimension + 1)
    unit = (shift + np.arange(offset + 1, offset + count + 1)[:, None] * steps) % 1.0
    if offset == 0 and dimension <= 6:
        corners = np.array(list(itertools.product((0.02, 0.98), repeat=dimension)))
        special = np.concatenate([np.full((1, dimension), 0.5), corners])[: max(count - 1, 1)]
        unit[: len(special)] = special
    return np.ascontiguousarray(box[:, 0] + unit * (box[:, 1] - box[:, 0]))

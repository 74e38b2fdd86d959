"""Starts where further fixed points are likely: between those that are known, and around each of them.

Newton's method from a cover of a box meets every point whose neighbourhood of quick convergence is not much
smaller than the gaps of the cover. In a relu network these neighbourhoods are cells, in each of which F is
linear, and cells are small where points are close to each other, however large the box. So are those of
points of very different sizes. Between two points at which the determinant of DF has the same sign lies
a third one, on the line through them or near it, in any field on a line, and often in more dimensions.
"""

import numpy as np

# Starts at most of either kind; those around a point lie this far from it, as shares of the box.
MOST = 1024
NEAREST, FARTHEST = 1e-5, 0.3
# A point that no more than this many starts have led to is rare.
RARE = 1
# Distances that are worth computing for it; above that there are more points than anybody counts.
MOST_DISTANCES = 2_000_000


def starts_around(roots, box, rng):
    """Starts between known fixed points and around them.

    Parameters
    ----------
    roots : ndarray (K, R)
        What is known.
    box : ndarray (R, 2)
        Where to start.
    rng : numpy.random.Generator
        Draws pairs, directions and distances.

    Returns
    -------
    ndarray (M, R)
        At most 2048.

    Examples
    --------
    >>> box = np.array([[-1.0, 1.0], [-1.0, 1.0]])
    >>> starts_around(np.array([[0.0, 0.5], [0.5, 0.0]]), box, np.random.default_rng(0)).shape
    (2048, 2)
    """
    count, R = roots.shape
    if count == 0:
        return np.zeros((0, R))
    first, second = roots[rng.integers(count, size=(2, MOST))]
    share = rng.uniform(-0.5, 1.5, (MOST, 1))
    between = first + share * (second - first)
    if R > 1:  # corners of the box that two points span: coordinates of either
        mixed = np.where(rng.random((MOST, R)) < 0.5, first, second)
        between[::2] = mixed[::2] + rng.normal(0.0, 0.1, (MOST, R))[::2] * (second - first)[::2]
    distance = np.exp(rng.uniform(np.log(NEAREST), np.log(FARTHEST), (MOST, 1)))
    direction = rng.standard_normal((MOST, R)) * (box[:, 1] - box[:, 0])
    around = roots[rng.integers(count, size=MOST)] + distance * direction
    return np.clip(np.concatenate([between, around]), box[:, 0], box[:, 1])


def rare_roots(roots, met, box):
    """How many fixed points hardly any start has led to.

    Parameters
    ----------
    roots : ndarray (K, R)
        The points.
    met : ndarray (M, R)
        Where the starts of this search ended.
    box : ndarray (R, 2)
        Where it searched.

    Returns
    -------
    int
        Points that starts have led to, but not more than one of them.

    Examples
    --------
    >>> roots = np.array([[0.0], [0.5], [0.7]])
    >>> rare_roots(roots, np.array([[0.5], [0.0], [0.5]]), np.array([[-1.0, 1.0]]))
    1
    """
    if not 0 < len(roots) * len(met) <= MOST_DISTANCES:
        return 0
    nearest = np.abs((met[:, None] - roots) / (box[:, 1] - box[:, 0])).max(axis=2).argmin(axis=1)
    hits = np.bincount(nearest, minlength=len(roots))
    return int(((hits > 0) & (hits <= RARE)).sum())

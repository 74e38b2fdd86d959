"""Basins of attraction in a plane: which attractor each state goes to.

In a planar field basins are bounded by the stable manifolds of saddles and by unstable cycles: those lines
are drawn onto a grid, and of each region that they leave a few states are integrated. Where these do not
agree a boundary is missing, and many states of that region are integrated one by one; so it is in every slice
through a field of more dimensions.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import distance_transform_edt, label

from dynsys.analysis.attractors import NOWHERE, Attractors, attractor_of, letters
from dynsys.analysis.vector_field import check_field
from tasks.checks import as_array, check_count, check_kind
from tasks.errors import InputError
from tasks.results import keep_arrays

# Places along each side: in a planar field, in a slice through more dimensions.
PLACES, SLICE = 160, 120
# A slice is looked at every so many places first; in between where those around do not agree.
COARSE, FINEST = 4, 40
# A region with fewer places takes the label of its surroundings; of a larger one so many states are
# integrated.
SMALL, SAMPLES = 4, 4
UNKNOWN = -9
# Basins that are named in one line, the largest.
MOST_NAMED = 6
# Of a region in which those do not agree at most about so many states are integrated.
MOST = 2000


@dataclass(frozen=True, eq=False, repr=False)
class Basins:
    """Which attractor each place of a plane belongs to.

    Parameters
    ----------
    x, y : ndarray (G,)
        Places along both axes.
    labels : ndarray of int (G, G)
        Number of the attractor, first index along x; negative ones as in `attractor_of`.
    method : str
        "separatrices" or "capture".

    Examples
    --------
    >>> Basins(np.arange(2.0), np.arange(2.0), np.array([[0, 0], [1, -4]]), "capture")
    Basins(by capture: A 50%, B 25%, escapes 25%)
    """

    x: np.ndarray
    y: np.ndarray
    labels: np.ndarray
    method: str

    def __post_init__(self):
        keep_arrays(self, x=None, y=None, labels=None)

    @property
    def shares(self):
        """dict of str to float : share of the plane of each attractor, by name."""
        numbers, counts = np.unique(self.labels, return_counts=True)
        order = np.argsort(np.where(numbers < 0, 1000 - numbers, numbers))
        return {
            letters(numbers[k]) if numbers[k] >= 0 else NOWHERE[int(numbers[k])]: float(
                counts[k] / self.labels.size
            )
            for k in order
        }

    @property
    def middles(self):
        """dict of str to tuple of float : a place (x, y) deep within each part of the plane, by name."""
        found = {}
        for number in np.unique(self.labels):
            depth = distance_transform_edt(np.pad(self.labels == number, 1))[1:-1, 1:-1]
            i, j = np.unravel_index(np.argmax(depth), depth.shape)
            name = letters(number) if number >= 0 else NOWHERE[int(number)]
            found[name] = float(self.x[i]), float(self.y[j])
        return found

    def at(self, x, y):
        """Number of the attractor at the place of the grid that is nearest to (x, y)."""
        return int(self.labels[np.abs(self.x - x).argmin(), np.abs(self.y - y).argmin()])

    def __repr__(self):
        shares = self.shares
        named = sorted(shares, key=shares.get, reverse=True)[:MOST_NAMED]
        told = [f"{name} {share:.0%}" for name, share in shares.items() if name in named]
        if len(named) < len(shares):
            rest = sum(share for name, share in shares.items() if name not in named)
            told.append(f"{len(shares) - len(named)} others {rest:.0%}")
        return f"Basins(by {self.method}: {', '.join(told)})"


def find_basins(field, attractors, box, manifolds=(), plane=None, places=None):
    """Label the places of a plane by the attractor that they go to.

    Parameters
    ----------
    field : Field
        The field.
    attractors : Attractors
        From `find_attractors`.
    box : ndarray (2, 2)
        Lower and upper bounds in the plane.
    manifolds : sequence of Manifold
        Those of all saddles of a planar field; the stable ones are used.
    plane : Plane, optional
        From `make_plane`; a planar field needs none.
    places : int, optional
        Places along each side. Of 40 or more only every fourth is followed at first, and those between where
        the four around and the one in the middle do not all go to the same attractor.

    Returns
    -------
    Basins

    Raises
    ------
    InputError
        No attractors of `find_attractors`, a box whose bounds are not ascending, a field of more than two
        dimensions without a plane.

    Examples
    --------
    >>> import sympy
    >>> from dynsys.analysis.attractors import find_attractors
    >>> from dynsys.analysis.field import compile_field
    >>> from dynsys.symbolic import System
    >>> x, y = sympy.symbols("x y")
    >>> field, box = compile_field(System([x - x**3, -y], [x, y])), np.array([[-2.0, 2.0], [-1.0, 1.0]])
    >>> find_basins(field, find_attractors(field, box=box), box, places=20)
    Basins(by capture: A 50%, B 50%)
    """
    check_field(field)
    check_kind("attractors", attractors, Attractors, "find them with find_attractors(field)")
    if plane is None and field.dimension != 2:
        raise InputError(
            f"plane: the field has {field.dimension} dimensions; say where to cut with make_plane"
        )
    box = as_array("box", box, (2, 2))
    if not (box[:, 0] < box[:, 1]).all():
        raise InputError(f"box: expected lower and upper bounds in each row, got {box.tolist()}")
    places = None if places is None else check_count("places", places)
    planar = field.dimension == 2 and bool(manifolds)
    unstable = [c.points for c in attractors.cycles if not c.stable] if field.dimension == 2 else []
    bounded = planar or bool(unstable) or (field.dimension == 2 and len(attractors) == 1)
    count = places or (PLACES if bounded else SLICE)
    x, y = (low + (np.arange(count) + 0.5) / count * (high - low) for low, high in box)
    states = np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1)
    if plane is not None:
        states = plane.states(states)
    if bounded:
        walls = [m.points for m in manifolds if m.stable and m.dimension == 1] + unstable
        return Basins(x, y, _by_walls(field, attractors, states, box, walls), "separatrices")
    return Basins(x, y, _by_capture(field, attractors, states), "capture")


def _by_capture(field, attractors, states):
    count, labels = len(states), np.full(states.shape[:2], UNKNOWN)

    def follow(wanted):
        wanted = wanted & (labels == UNKNOWN)
        if wanted.any():
            labels[wanted] = attractor_of(field, states[wanted], attractors)[0]

    if count < FINEST:
        follow(labels == UNKNOWN)
        return labels
    corners = np.unique([*range(0, count, COARSE), count - 1])
    middles = (corners[1:] + corners[:-1]) // 2
    for lines in (corners, middles):
        wanted = np.zeros(labels.shape, dtype=bool)
        wanted[np.ix_(lines, lines)] = True
        follow(wanted)
    around = labels[np.ix_(corners, corners)]
    same = (around[1:, 1:] == around[:-1, 1:]) & (around[1:, 1:] == around[1:, :-1])
    same &= (around[1:, 1:] == around[:-1, :-1]) & (around[1:, 1:] == labels[np.ix_(middles, middles)])
    for a, b in np.argwhere(same):
        labels[corners[a] : corners[a + 1] + 1, corners[b] : corners[b + 1] + 1] = around[a, b]
    follow(labels == UNKNOWN)
    return labels


def _by_walls(field, attractors, states, box, walls):
    count = len(states)
    wall = np.zeros((count, count), dtype=bool)
    for line in walls:
        cells = (line - box[:, 0]) / (box[:, 1] - box[:, 0]) * count
        pieces = np.ceil(3 * np.abs(np.diff(cells, axis=0)).max(axis=1)).clip(1, 3000).astype(int)
        start, move = np.repeat(cells[:-1], pieces, axis=0), np.repeat(np.diff(cells, axis=0), pieces, axis=0)
        share = np.arange(pieces.sum()) - np.repeat(np.cumsum(pieces) - pieces, pieces)
        dense = start + (share / np.repeat(pieces, pieces))[:, None] * move
        places = np.floor(dense[np.isfinite(dense).all(axis=1)]).astype(int)
        places = places[((places >= 0) & (places < count)).all(axis=1)]
        wall[places[:, 0], places[:, 1]] = True
    regions, number = label(~wall)
    labels = np.full((count, count), UNKNOWN)
    depth = distance_transform_edt(~wall)
    samples, owners = [], []
    for region in range(1, number + 1):
        inside = np.argwhere(regions == region)
        if len(inside) < SMALL and number > 1:
            continue
        order = np.argsort(-depth[regions == region], kind="stable")
        chosen = inside[order[[0, *(len(order) * k // (2 * SAMPLES) for k in range(1, SAMPLES))]]]
        samples.append(states[chosen[:, 0], chosen[:, 1]])
        owners.append(region)
    found = attractor_of(field, np.concatenate(samples), attractors)[0].reshape(len(owners), SAMPLES)
    for region, votes in zip(owners, found):
        if (votes == votes[0]).all():
            labels[regions == region] = votes[0]
        else:
            inside = np.argwhere(regions == region)
            inside = inside[:: 1 + len(inside) // MOST]
            chosen = inside[:, 0], inside[:, 1]
            labels[chosen] = attractor_of(field, states[chosen], attractors)[0]
    known = labels != UNKNOWN
    nearest = distance_transform_edt(~known, return_distances=False, return_indices=True)
    return labels[nearest[0], nearest[1]]

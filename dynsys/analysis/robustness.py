"""How safe an attractor is: the distance to its basin's boundary (noise-driven escape: `escapes`).

In the plane the boundary is known: stable manifolds of saddles that join two attractors, and unstable cycles.
In more dimensions the distance is found by bisection along rays, the best refined by rays around it: an upper
bound.
"""

from dataclasses import dataclass

import numpy as np

from dynsys.analysis.attractors import Attractors, attractor_of
from dynsys.analysis.manifolds import invariant_manifolds
from dynsys.numerics.paths import UNDECIDED
from tasks.checks import check_count, check_kind, check_rng

RAYS, BISECTIONS, ROUNDS = 24, 20, 5


@dataclass(frozen=True, eq=False)
class BasinDistance:
    """How far an attractor is from the boundary of its basin.

    Parameters
    ----------
    distance : float
        Euclidean distance; infinite where no boundary was met.
    attractor : str
        Its name.
    place : ndarray (R,)
        The nearest place of the boundary.
    beyond : str
        Where states just beyond it go.

    Examples
    --------
    >>> BasinDistance(0.5, "A", np.zeros(2), "B").distance
    0.5
    """

    distance: float
    attractor: str
    place: np.ndarray
    beyond: str


def basin_distances(field, attractors, rays=None, rng=0):
    """Distance of each attractor from the boundary of its basin.

    Parameters
    ----------
    field : Field
        The field.
    attractors : Attractors
        From `find_attractors`.
    rays : int, optional
        Look along so many rays a dimension, in the plane too; 24 where there are more dimensions.
    rng : numpy.random.Generator or int, default 0
        Directions of the rays.

    Returns
    -------
    tuple of BasinDistance

    Examples
    --------
    >>> from dynsys.analysis.attractors import find_attractors
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(np.ones(4), 2 * np.ones(4), np.zeros(4), np.ones(4)))
    >>> [round(far.distance, 4) for far in basin_distances(field, find_attractors(field))]  # 0 is between
    [1.915, 1.915]
    """
    check_kind("attractors", attractors, Attractors, "see find_attractors")
    if field.dimension == 2 and rays is None:
        return _from_separatrices(field, attractors)
    rays, rng = RAYS if rays is None else check_count("rays", rays), check_rng(rng)
    return tuple(_distance(field, attractors, k, rays, rng) for k in range(len(attractors)))


def _from_separatrices(field, attractors):
    """Distances of the attractors from the lines that bound basins, and who is on the other side."""
    lines = invariant_manifolds(field, attractors)
    ends = {}
    for line in lines:
        if not line.stable:
            ends.setdefault(line.saddle, []).append(line.target if line.end == "attractor" else -2)
    walls = [(line.points, set(ends.get(line.saddle, ()))) for line in lines if line.stable]
    walls = [(points, sides) for points, sides in walls if len(sides) > 1]
    walls += [(cycle.points, set()) for cycle in attractors.cycles if not cycle.stable]
    found = []
    for own, place in enumerate(attractors.places):
        best, at, sides, inwards = np.inf, place[0], set(), np.zeros(2)
        for points, both in walls:
            near = _nearest(place, points)
            gaps = np.linalg.norm(place - near, axis=1)
            k = int(np.argmin(gaps))
            if gaps[k] < best:
                best, at, sides, inwards = float(gaps[k]), near[k], both - {own}, place[k] - near[k]
        beyond = "nothing"
        if np.isfinite(best):
            across = (at - 1e-4 * inwards)[None]
            label = sides.pop() if len(sides) == 1 else attractor_of(field, across, attractors)[0][0]
            beyond = attractors.name(label)
        found.append(BasinDistance(best, attractors.names[own], at, beyond))
    return tuple(found)


def _nearest(states, points):
    """The nearest place of a line of points to each state."""
    start, move = points[:-1], np.diff(points, axis=0)
    share = ((states[:, None] - start) * move).sum(axis=-1) / (move**2).sum(axis=-1).clip(1e-300)
    near = start + share.clip(0, 1)[..., None] * move
    return near[np.arange(len(states)), np.linalg.norm(states[:, None] - near, axis=-1).argmin(axis=1)]


def _distance(field, attractors, own, rays, rng):
    R = field.dimension
    box = attractors.fixed_points.box
    place = attractors.places[own]
    farthest = float(np.linalg.norm(box[:, 1] - box[:, 0]))
    best, at, beyond, direction, base = np.inf, place[0], "nothing", None, place[0]
    spread = None
    for _ in range(1 if R == 1 else ROUNDS):
        if direction is None:
            directions = rng.standard_normal((rays * R, R)) if R > 1 else np.array([[1.0], [-1.0]])
            others = [p.kappa - place[0] for p in attractors.fixed_points if not p.stable]
            directions = np.concatenate([directions, *(other[None] for other in others if other.any())])
            bases = place[rng.integers(len(place), size=len(directions))]
        else:
            directions = direction + spread * rng.standard_normal((rays, R))
            nearest = np.argmin(np.linalg.norm(place - at, axis=1))
            bases = np.repeat((place[nearest] if len(place) > 1 else base)[None], rays, axis=0)
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        reach, found = _along(field, attractors, own, bases, directions, min(best * 1.05, farthest))
        k = int(np.argmin(reach))
        if reach[k] < best:
            best, direction, base = float(reach[k]), directions[k], bases[k]
            at, beyond = base + best * direction, attractors.name(found[k])
        if not np.isfinite(best):
            break
        spread = 0.4 if spread is None else 0.35 * spread
    return BasinDistance(best, attractors.names[own], at, beyond)


def _along(field, attractors, own, bases, directions, farthest):
    """Distance along each ray at which the attractor changes, by bisection; infinite where it does not."""
    shares = np.linspace(0, 1, 9)[1:]
    states = bases[:, None] + farthest * shares[:, None] * directions[:, None]
    labels = attractor_of(field, states.reshape(-1, field.dimension), attractors)[0].reshape(len(bases), -1)
    other = labels != own
    reach, found = np.full(len(bases), np.inf), np.full(len(bases), own)
    hit = other.any(axis=1)
    if not hit.any():
        return reach, found
    first = other[hit].argmax(axis=1)
    high, beyond = farthest * shares[first], labels[hit, first]
    low = high - farthest * shares[0]
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        now = attractor_of(field, bases[hit] + middle[:, None] * directions[hit], attractors)[0]
        out = now != own
        high, low = np.where(out, middle, high), np.where(out, low, middle)
        beyond = np.where(out & (now != UNDECIDED), now, beyond)  # undecided is what lies on the boundary
    reach[hit], found[hit] = high, beyond
    return reach, found

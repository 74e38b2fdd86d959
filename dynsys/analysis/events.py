"""Find every event on a walk along a curve: sign changes of the tests, and zeros that leave none.

Tests that have their smallest absolute value between two steps are searched for a zero there: two folds
within one step, or a test that only touches zero (a cusp).
"""

import itertools
from typing import NamedTuple

import numpy as np

from dynsys.numerics.extended import PAIR

# A minimum below this share of its neighbourhood touches zero.
TOUCHING = 1e-6
# Events farther apart than this along the curve (scaled) get a point between them.
APART = 1e-5


class Event(NamedTuple):
    """A zero of a test: which, whether it only touches, place along the curve, point and tangent (scaled)."""

    test: int
    touch: bool
    arc: float
    point: np.ndarray
    tangent: np.ndarray


def find_events(curve, walk):
    """All events of a walk, in order along it.

    Parameters
    ----------
    curve : Curve
        The curve.
    walk : Walk
        A walk along it.

    Returns
    -------
    list of Event
    """
    arcs, tests = walk.arcs.tolist(), walk.tests
    touches = () if tests[:, : PAIR + 1].all() else _exact_touches(tests[:, : PAIR + 1])
    events = [Event(which, True, arcs[k], walk.points[k], walk.tangents[k]) for which, k in touches]
    rows, crossings = curve.scan(walk)
    if not len(rows):
        return events
    starts, found = rows[:, 5].astype(int), rows[:, :5].copy()
    spots = curve.search(walk.points[starts], walk.tangents[starts], found)
    more, more_starts = [], []
    for i, (row, own, point, tangent) in enumerate(zip(rows.tolist(), found.tolist(), *spots[:2])):
        which, s, value, k = int(row[0]), own[1], own[2], int(row[5])
        if s < 0:
            continue
        if i < crossings:
            events.append(Event(which, False, arcs[k] + s, point, tangent))
        elif value * row[2] <= 0:  # two zeros: bracket each
            more += [[which, 0.0, row[2], s, value], [which, s, value, row[3], row[4]]]
            more_starts += [k, k]
        elif abs(value) <= TOUCHING * abs(tests[k + 1, which]):
            events.append(Event(which, True, arcs[k] + s, point, tangent))
    if more:
        found = np.array(more)
        spots = curve.search(walk.points[more_starts], walk.tangents[more_starts], found)
        for i, k in enumerate(more_starts):
            if found[i, 1] >= 0:
                events.append(Event(int(more[i][0]), False, arcs[k] + found[i, 1], spots[0][i], spots[1][i]))
    return sorted(events, key=lambda event: event.arc)


def points_between(curve, walk, events):
    """A walk with a point more between two events that share a step, so that what lies between is seen.

    Parameters
    ----------
    curve : Curve
        The curve.
    walk : Walk
        A walk along it.
    events : list of Event
        In order along it.

    Returns
    -------
    Walk
        The same one where no two events share a step.
    """
    steps = walk.arcs.searchsorted([event.arc for event in events]).tolist()
    rows = []
    for k, (one, two) in enumerate(itertools.pairwise(events)):
        if steps[k] != steps[k + 1] or two.arc - one.arc <= APART:
            continue
        chord = two.point - one.point
        length = np.linalg.norm(chord)
        found = curve.step(one.point, chord / length, 0.5 * length) if length > 0 else None
        if found is not None and np.abs(found[0] - one.point).max() < length:
            rows.append((0.5 * (one.arc + two.arc), *found[:2]))
    if not rows:
        return walk
    arcs, points, tangents = (np.array(column) for column in zip(*rows))
    at = walk.arcs.searchsorted(arcs)
    return walk._replace(
        arcs=np.insert(walk.arcs, at, arcs),
        points=np.insert(walk.points, at, points, axis=0),
        tangents=np.insert(walk.tangents, at, tangents, axis=0),
    )


def _exact_touches(values):
    """Points of the walk at which a test is zero between two negative values: no change of `> 0`."""
    at = (values[1:-1] == 0) & (values[:-2] < 0) & (values[2:] < 0)
    return [(which, k + 1) for which, k in zip(*np.nonzero(at.T))]

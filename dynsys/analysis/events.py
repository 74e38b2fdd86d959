"""Find every event on a walk along a curve: sign changes of the tests, and zeros that leave none.

Tests that have their smallest absolute value between two steps are searched for a zero there: two folds
within one step, or a test that only touches zero (a cusp).
"""

from typing import NamedTuple

import numpy as np

from dynsys.analysis.curve_parts import Walk
from dynsys.numerics.extended import BRANCH, FOLD, PAIR
from dynsys.numerics.pseudo_arclength import CLOSED_LOOP

# A minimum below this share of its neighbourhood touches zero.
TOUCHING = 1e-6


class Event(NamedTuple):
    """A zero of a test: which, whether it only touches, place along the curve, point and tangent (scaled)."""

    test: int
    touch: bool
    arc: float
    point: np.ndarray
    tangent: np.ndarray


def walk_both_ways(curve, y, tangent, max_points, borders=None):
    """Follow a curve in both directions from a point on it.

    Parameters
    ----------
    curve : Curve
        The curve.
    y, tangent : ndarray (n + 1,)
        Start and direction, scaled.
    max_points : int
        Limit in each direction.
    borders : ndarray (4, size), optional
        Of the equations of a bifurcation's curve.

    Returns
    -------
    walk : Walk or None
        The two walks as one; None if Newton fails at the start.
    ends : tuple of int
        How it ended at its first and at its last point.

    Examples
    --------
    >>> from dynsys.analysis.curve import make_curve
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> net = LowRankRNN(np.ones(4), np.ones(4), np.zeros(4), np.ones(4))
    >>> curve = make_curve(reduced_field(net), "gain", (0.0, 2.0))
    >>> walk, ends = walk_both_ways(curve, np.array([0.0, 0.5]), np.array([0.0, 1.0]), 500)
    >>> walk.points[[0, -1], 1], len(find_events(curve, walk))  # gain / 2; pitchfork at gain 1
    (array([0., 1.]), 1)
    """
    ahead, behind = curve.walk(y, tangent, max_points, borders)
    if len(ahead.points) == 0:
        return None, (ahead.outcome, ahead.outcome)
    if ahead.outcome == CLOSED_LOOP:
        for array in ahead[:3]:
            array[-1] = array[0]
        return ahead._replace(arcs=_arclengths(ahead.points)), (CLOSED_LOOP, CLOSED_LOOP)
    tests = behind.tests[:0:-1].copy()
    for odd in (FOLD, BRANCH):  # in the tangent
        tests[:, odd] *= -1.0
    points = np.concatenate([behind.points[:0:-1], ahead.points])
    whole = Walk(
        points,
        np.concatenate([-behind.tangents[:0:-1], ahead.tangents]),
        np.concatenate([tests, ahead.tests]),
        np.concatenate([behind.vectors[:0:-1], ahead.vectors]),
        ahead.outcome,
        _arclengths(points),
    )
    return whole, (behind.outcome, ahead.outcome)


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
    arcs, values = walk.arcs, walk.tests[:, : PAIR + 1]
    up = values > 0
    changes = up[1:] != up[:-1]
    crossings = [_row(walk, which, k, 1) for which, k in zip(*np.nonzero(changes.T))]
    dips = [_row(walk, which, k, 2) for which, k in _dips(values, changes, np.diff(arcs))]
    rows, starts = [*crossings, *dips], [int(row[5]) for row in (*crossings, *dips)]
    touches = _exact_touches(values) if not values.all() else ()
    events = [Event(which, True, arcs[k], walk.points[k], walk.tangents[k]) for which, k in touches]
    if not rows:
        return events
    found, spots = _search(curve, walk, rows, starts)
    more, more_starts = [], []
    for i, (row, k) in enumerate(zip(rows, starts)):
        which, s, value = int(row[0]), found[i, 1], found[i, 2]
        if s < 0:
            continue
        point, tangent = spots[0][i], spots[1][i]
        if i < len(crossings):
            events.append(Event(which, False, arcs[k] + s, point, tangent))
        elif value * row[2] <= 0:  # two zeros: bracket each
            more += [[which, 0.0, row[2], s, value], [which, s, value, row[3], row[4]]]
            more_starts += [k, k]
        elif abs(value) <= TOUCHING * abs(walk.tests[k + 1, which]):
            events.append(Event(which, True, arcs[k] + s, point, tangent))
    if more:
        found, spots = _search(curve, walk, more, more_starts)
        for i, k in enumerate(more_starts):
            if found[i, 1] >= 0:
                events.append(Event(int(more[i][0]), False, arcs[k] + found[i, 1], spots[0][i], spots[1][i]))
    return sorted(events, key=lambda event: event.arc)


def _arclengths(points):
    steps = points[1:] - points[:-1]
    return np.concatenate([[0.0], np.cumsum(np.sqrt(np.einsum("ij,ij->i", steps, steps)))])


def _row(walk, which, k, steps):
    """(test, 0, its value, length, value after, k) of some steps from point k on."""
    values = walk.tests[:, which]
    length = walk.tangents[k] @ (walk.points[k + steps] - walk.points[k])
    return [which, 0.0, values[k], length, values[k + steps], k]


def _exact_touches(values):
    """Points of the walk at which a test is zero between two negative values: no change of `> 0`."""
    at = (values[1:-1] == 0) & (values[:-2] < 0) & (values[2:] < 0)
    return [(which, k + 1) for which, k in zip(*np.nonzero(at.T))]


def _dips(values, changes, steps):
    """Tests and places of two steps without a change of sign where a parabola through a test nears zero."""
    size = np.abs(values)
    rise = size[1:] - size[:-1]
    lowest = (rise[:-1] < 0) & (rise[1:] > 0) & ~changes[:-1] & ~changes[1:]
    for which, k in zip(*np.nonzero(lowest.T)):
        first, second = steps[k], steps[k + 1]
        up, down, low = rise[k + 1, which], -rise[k, which], size[k + 1, which]
        curvature = (up / second + down / first) / (first + second)
        slope = up / second - curvature * second
        if low > 0 and (slope**2 > 1.2 * curvature * low or low < 0.05 * max(up, down)):
            yield which, k


def _search(curve, walk, rows, starts):
    wanted = np.array([row[:5] for row in rows])
    return wanted, curve.search(walk.points[starts], walk.tangents[starts], wanted)

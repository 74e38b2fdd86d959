"""Find every event on a walk along a curve: sign changes of the tests, and zeros that leave none.

Tests that have their smallest absolute value between two steps are searched for a zero there: two folds
within one step, or a test that only touches zero (a cusp).
"""

from typing import NamedTuple

import numpy as np

from dynsys.analysis.curve import Walk
from dynsys.numerics.pseudo_arclength import BRANCH, CLOSED_LOOP, FOLD, HIGH, LEFT_SPAN, LOW, PAIR

# A minimum below this share of its neighbourhood touches zero.
TOUCHING = 1e-6


class Event(NamedTuple):
    """A zero of a test: which, whether it only touches, place along the curve, point and tangent (scaled)."""

    test: int
    touch: bool
    arc: float
    point: np.ndarray
    tangent: np.ndarray


def walk_both_ways(curve, y, tangent, max_points):
    """Follow a curve in both directions from a point on it.

    Parameters
    ----------
    curve : Curve
        The curve.
    y, tangent : ndarray (n + 1,)
        Start and direction, scaled.
    max_points : int
        Limit in each direction.

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
    ahead = curve.walk(y, tangent, max_points=max_points)
    if len(ahead.points) == 0:
        return None, (ahead.outcome, ahead.outcome)
    ahead = _end_at_span(curve, ahead)
    if ahead.outcome == CLOSED_LOOP:
        for array in ahead[:3]:
            array[-1] = array[0]
        return ahead, (CLOSED_LOOP, CLOSED_LOOP)
    behind = _end_at_span(curve, curve.walk(ahead.points[0], -ahead.tangents[0], max_points=max_points))
    tests = behind.tests[:0:-1].copy()
    tests[:, [FOLD, BRANCH]] *= -1.0  # they are odd in the tangent
    whole = Walk(
        np.concatenate([behind.points[:0:-1], ahead.points]),
        np.concatenate([-behind.tangents[:0:-1], ahead.tangents]),
        np.concatenate([tests, ahead.tests]),
        ahead.outcome,
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
    crossings = _crossings(walk)
    dips = _dips(walk)
    rows, starts = [*crossings, *dips], [int(row[5]) for row in (*crossings, *dips)]
    arcs = arclengths(walk)
    touches = _exact_touches(walk)
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


def arclengths(walk):
    """Distance of each point from the first, along the chords, (M,).

    Examples
    --------
    >>> arclengths(Walk(np.array([[0.0, 0.0], [3.0, 4.0]]), None, None, 0))
    array([0., 5.])
    """
    return np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(walk.points, axis=0), axis=1))])


def _end_at_span(curve, walk):
    """Replace a last point outside the span by the one at its end."""
    if walk.outcome != LEFT_SPAN:
        return walk
    which = LOW if walk.tests[-1, LOW] < 0 else HIGH
    inside = walk.tests[-2, which]
    if inside <= 1e-10:  # the walk started at the end
        return Walk(walk.points[:-1], walk.tangents[:-1], walk.tests[:-1], LEFT_SPAN)
    step = walk.tangents[-2] @ (walk.points[-1] - walk.points[-2])
    wanted = np.array([[which, 0.0, inside, step, walk.tests[-1, which]]])
    point, tangent, tests = curve.search(walk.points[-2:-1], walk.tangents[-2:-1], wanted)
    kept = slice(0, -1)
    if wanted[0, 1] < 0 or np.abs(point[0] - walk.points[-2]).max() > 2 * step:
        return Walk(walk.points[kept], walk.tangents[kept], walk.tests[kept], LEFT_SPAN)
    point[0, -1] = curve.span[which - LOW] / curve.scale[-1]
    tangent[0] *= np.sign(tangent[0] @ walk.tangents[-2]) or 1.0
    tests[0, [FOLD, BRANCH]] *= np.sign(tests[0, FOLD] * tangent[0, -1]) or 1.0
    return Walk(
        np.concatenate([walk.points[kept], point]),
        np.concatenate([walk.tangents[kept], tangent]),
        np.concatenate([walk.tests[kept], tests]),
        LEFT_SPAN,
    )


def _crossings(walk):
    """Rows (test, 0, value, length, value, segment) for every sign change."""
    rows = []
    for which in (FOLD, BRANCH, PAIR):
        values = walk.tests[:, which]
        for k in np.flatnonzero((values[:-1] > 0) != (values[1:] > 0)):
            length = walk.tangents[k] @ (walk.points[k + 1] - walk.points[k])
            rows.append([which, 0.0, values[k], length, values[k + 1], k])
    return rows


def _exact_touches(walk):
    """Points of the walk at which a test is zero between two negative values: no change of `> 0`."""
    for which in (FOLD, BRANCH, PAIR):
        values = walk.tests[:, which]
        for k in np.flatnonzero((values[1:-1] == 0) & (values[:-2] < 0) & (values[2:] < 0)):
            yield which, k + 1


def _dips(walk):
    """Rows like those of crossings, over two segments, where a parabola through a test comes near zero."""
    rows = []
    steps = np.diff(arclengths(walk))
    for which in (FOLD, BRANCH, PAIR):
        values = walk.tests[:, which]
        size = np.abs(values)
        rise, fall = size[2:] - size[1:-1], size[:-2] - size[1:-1]
        same = (values[:-2] * values[1:-1] > 0) & (values[1:-1] * values[2:] > 0)
        first, second = steps[:-1], steps[1:]
        curvature = (rise / second + fall / first) / (first + second)
        slope = rise / second - curvature * second
        near = (slope**2 > 1.2 * curvature * size[1:-1]) | (size[1:-1] < 0.05 * np.maximum(rise, fall))
        for k in np.flatnonzero(same & (rise > 0) & (fall > 0) & near):
            length = walk.tangents[k] @ (walk.points[k + 2] - walk.points[k])
            rows.append([which, 0.0, values[k], length, values[k + 2], k])
    return rows


def _search(curve, walk, rows, starts):
    wanted = np.array([row[:5] for row in rows])
    return wanted, curve.search(walk.points[starts], walk.tangents[starts], wanted)

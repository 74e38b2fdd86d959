"""Follow orbits in two parameters by pseudo-arclength steps, with a mesh that moves along.

What is followed is handed over: an object with ``solve``, ``remesh``, ``settled``, ``longest`` and ``end_of``
such as those of `dynsys.analysis.cycle_conditions` and `dynsys.analysis.homoclinic`.
"""

from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq

from dynsys.analysis.orbit_chain import orbit_weights
from rnn.interrupts import interrupts_held
from tasks.errors import Status

# Steps, of orbits in units of the first one's size and of parameters in units of the spans: first, shortest,
# longest of the parameters alone.
FIRST, SHORTEST, OF_PARAMETERS = 1e-2, 1e-7, 0.05
# Steps between moves of the mesh; least cosine of neighbouring tangents; how far the state may go.
ADAPT, MIN_COSINE, REACH = 3, 0.95, 50.0
# A curve closes where it passes its start as closely as this share of a step.
PASSED = 0.1


class Walk(NamedTuple):
    """Places one way, for each but the first from where and how far it was reached, and how the walk ended.

    ``beyond`` is a place past the end, where one was seen.
    """

    places: list
    steps: list
    status: Status
    beyond: object = None


def walk_both_ways(system, start, max_points, points):
    """Follow a curve of orbits both ways, and look for special points on each; Ctrl-C keeps what was found.

    Parameters
    ----------
    system, start, max_points
        As in `walk_orbits`.
    points : callable
        From the system, a walk and what raises KeyboardInterrupt to a list of special points.

    Returns
    -------
    ways, found : list of two Walk, list of two lists
        Along the start's tangent and against it; the second walk of a closed curve is its start only.
    """
    ways, found = [], []
    try:
        with interrupts_held() as ask:
            for sign in (1.0, -1.0):
                if ways and ways[0].status in (Status.INTERRUPTED, Status.CLOSED_LOOP):
                    break
                ways.append(walk_orbits(system, start, sign, max_points, ask))
            for way in ways:
                if way.status is not Status.INTERRUPTED:
                    found.append(points(system, way, ask))
    except KeyboardInterrupt:
        ways = [way._replace(status=Status.INTERRUPTED) for way in ways]
        if not ways:
            ways.append(Walk([start], [], Status.INTERRUPTED))
    ways += [Walk([start], [], ways[0].status)] * (2 - len(ways))
    return ways, found + [[]] * (2 - len(found))


def walk_orbits(system, start, sign, max_points, ask):
    """Follow a curve of orbits one way.

    Parameters
    ----------
    system : object
        ``solve(place, direction, length, guess)``, ``remesh``, ``settled``, ``longest``, ``end_of(before,
        place)``, ``curve``.
    start : Place
        Where from.
    sign : {1, -1}
        Which way along its tangent.
    max_points : int
        Limit on the places.
    ask : callable
        Raises KeyboardInterrupt if the user wants to end.

    Returns
    -------
    Walk

    Examples
    --------
    >>> walk_orbits(None, "here", 1.0, 1, None).status.name
    'MAX_STEPS'
    """
    places, steps, length = [start], [], FIRST
    base = start if max_points < 2 else start._replace(tangent=sign * start.tangent)
    while len(places) < max_points:
        try:
            ask()
        except KeyboardInterrupt:
            return Walk(places, steps, Status.INTERRUPTED)
        if len(places) % ADAPT == 0 and base is places[-1]:
            base = system.remesh(base)
        place = system.solve(base, base.tangent, length)
        if place is not None:
            cosine = _cosine(base, place)
        if place is None or cosine < MIN_COSINE:
            length *= 0.5
            if length < SHORTEST:
                return Walk(places, steps, Status.MIN_STEP)
            continue
        ended = system.end_of(base, place)
        if ended is not None:
            return Walk(places, steps, ended, place)
        edge = edge_of(system, base, place)
        if edge is not None:
            edge, share = edge
            if edge is not None:
                places.append(edge)
                steps.append((base, share * length))
            return Walk(places, steps, Status.REACHED_SPAN)
        size = place.chain.size
        if np.abs(place.y[:size]).max() > REACH + np.abs(start.y[:size]).max():
            return Walk(places, steps, Status.LEFT_BOX)
        if len(places) > 8 and _closes(places, place):
            return Walk([*places, start], [*steps, (base, length)], Status.CLOSED_LOOP)
        place = system.settled(place)
        places.append(place)
        steps.append((base, length))
        base = place
        if cosine > 0.5 * (1 + MIN_COSINE):
            moves = np.abs(place.tangent[size + 1 : size + 3]).max()
            length = min(1.4 * length, OF_PARAMETERS / max(moves, 1e-300))
        length = min(length, system.longest(place))
    return Walk(places, steps, Status.MAX_STEPS)


def edge_of(system, base, place):
    """The place on the first edge of the spans between two, and the share of the step; None inside.

    Returns
    -------
    tuple of (Place or None, float) or None
    """
    curve, size = system.curve, place.chain.size
    low, high = (curve.span / curve.scale[curve.n :, None]).T
    before, after = base.parameters, place.parameters
    crossed = [(bound[k], k) for k in (0, 1) for bound, over in ((low, after < low), (high, after > high))
               if over[k]]  # fmt: skip
    if not crossed:
        return None
    shares = [(bound - before[k]) / (after[k] - before[k]) for bound, k in crossed]
    (bound, k), share = crossed[int(np.argmin(shares))], max(min(shares), 0.0)
    if share < 1e-9:
        return None, share
    held = np.zeros(place.y.size)
    held[size + 1 + k] = 1.0
    guess = base.y + share * (place.y - base.y)
    found = system.solve(base, held, bound - before[k], guess)
    if found is None:
        return None, share
    if _cosine(base, found) < 0:
        found = found._replace(tangent=-found.tangent)
    return found, share


def located(system, step, value, ends):
    """The place within a step where a test of places vanishes; None where the sign does not change.

    Parameters
    ----------
    system : object
        As in `walk_orbits`.
    step : tuple of (Place, float)
        Where from, and how far.
    value : callable
        From a place to a number.
    ends : tuple of float
        The values at both ends.

    Returns
    -------
    Place or None

    Examples
    --------
    >>> located(None, (None, 0.1), None, (1.0, 1.0)) is None
    True
    """
    base, length = step
    if not ends[0] * ends[1] < 0:
        return None
    seen = {}

    def at(share):
        if share in (0.0, 1.0):
            return ends[int(share)]
        seen["place"] = system.solve(base, base.tangent, share * length)
        return np.nan if seen["place"] is None else value(seen["place"])

    try:
        share = brentq(at, 0.0, 1.0, xtol=1e-13, rtol=1e-12)
    except ValueError:
        return None
    place = system.solve(base, base.tangent, share * length)
    # A jump of the test is no zero.
    small = place is not None and abs(value(place)) <= 1e-3 * max(abs(end) for end in ends)
    return place if small else None


def _cosine(base, place):
    size = place.chain.size
    weights = orbit_weights(base.mesh, place.chain.n, base.y[size], place.y.size - size - 1)
    a, b = base.tangent, place.tangent
    return float((weights * a) @ b / np.sqrt(((weights * a) @ a) * ((weights * b) @ b)))


def _closes(places, place):
    marks = [_mark(each) for each in (places[-1], place, places[0], places[1])]
    step, back, first = marks[1] - marks[0], marks[2] - marks[0], marks[3] - marks[2]
    share = (back @ step) / (step @ step)
    ahead = step @ first > 0
    return ahead and 0 < share <= 1 and np.linalg.norm(back - share * step) < PASSED * np.linalg.norm(step)


def _mark(place):
    nodes, period = place.chain.nodes, place.chain.period
    return np.concatenate([nodes.min(axis=0), nodes.max(axis=0), [np.log(period)], place.parameters])

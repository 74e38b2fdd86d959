"""Curves in two parameters of folds of cycles, period doublings and torus points.

The equations are in `dynsys.analysis.cycle_conditions`, the steps in `dynsys.analysis.orbit_walk`; this file
starts them at a special point of a branch of cycles, says how they end and makes the result.
"""

import numpy as np

from dynsys.analysis.cycle_conditions import CYCLE_KINDS, DOUBTFUL, MAX_INTERVALS, CycleConditions
from dynsys.analysis.cycle_event_points import last_of, special_points
from dynsys.analysis.cycle_point import CyclePoint
from dynsys.analysis.orbit_chain import in_units_of_cycle, remeshed, sampled
from dynsys.analysis.orbit_walk import walk_both_ways
from dynsys.analysis.two_parameter_curve import BifurcationCurve
from dynsys.numerics.collocation_basis import DEGREE
from tasks.errors import InputError, Status

INTERVALS, MAX_POINTS = 40, 400
# How far from the given point, in units of its size and of the spans, the first place may be.
FAR = 2e-2
# Times at which a cycle is compared with itself half a turn later.
TIMES = np.arange(64) / 64
# An angle of a torus point that counts as 0; least speed next to the greatest near a homoclinic orbit.
SMALL_ANGLE, SLOW = 0.03, 1e-6


def follow_cycle_events(curve, point, at, max_points=MAX_POINTS, intervals=INTERVALS):
    """Follow a special point of a branch of cycles in two parameters.

    Parameters
    ----------
    curve : Curve
        With two free parameters, the first that of the point.
    point : CyclePoint
        A fold of cycles, a period doubling or a torus point.
    at : float
        Value of the second parameter at which it was found.
    max_points : int, default 400
        Limit in each direction.
    intervals : int, default 40
        Intervals of the mesh.

    Returns
    -------
    BifurcationCurve

    Raises
    ------
    InputError
        A point of another kind, or none of the field.

    Examples
    --------
    >>> import sympy
    >>> from dynsys.analysis import compile_field, continue_branch, continue_cycles
    >>> from dynsys.analysis.curve import make_curve
    >>> from dynsys.symbolic import System
    >>> x, y, a, b = sympy.symbols("x y a b")
    >>> s = x**2 + y**2  # r' = r (a + b r^2 - r^4): cycles fold at a = -b^2 / 4
    >>> grow = a + b * s - s**2
    >>> flow = System([x * grow - y, y * grow + x], [x, y], parameters={"a": -0.3, "b": 1})
    >>> field = compile_field(flow)
    >>> hopf, = continue_branch(field, [0, 0], "a", (-1, 0.1)).special_points
    >>> fold = continue_cycles(field, hopf, "a", (-1, 0.1)).special_points[0]
    >>> curve = make_curve(field, "a", (-1, 0.1)).with_second(1, (0.5, 1.5))
    >>> found = follow_cycle_events(curve, fold, 1.0)
    >>> bool(abs(found.values[:, 0] + found.values[:, 1] ** 2 / 4).max() < 1e-9), found.status.name
    (True, 'REACHED_SPAN')
    """
    system, start = _start(curve, point, at, intervals)
    ways, found = walk_both_ways(system, start, max_points, special_points)
    return _assembled(system, ways, found)


class EventSystem(CycleConditions):
    """Conditions on cycles, and when a walk along them ends.

    Parameters
    ----------
    curve : Curve
        With two free parameters.
    kind : {"fold of cycles", "period doubling", "torus"}
        Which.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> EventSystem(SimpleNamespace(n=2), "torus").what
    'torus'
    """

    def end_of(self, before, place):
        """How a step ends the walk; None where it goes on."""
        halves = [self.half_turn(each) for each in (before, place)]
        if (halves[0] * halves[1]).sum() < 0:
            nodes = before.chain.nodes
            around = ((nodes - nodes.mean(axis=0)) ** 2).sum(axis=1).mean()
            shrunk = (halves[0] ** 2).sum(axis=1).mean() > 0.5 * around
            return Status.HOPF_POINT if shrunk else Status.PERIOD_HALVED
        if self.what == "torus" and not SMALL_ANGLE < place.y[-1] < np.pi:
            return Status.RESONANCE
        speeds = np.linalg.norm(place.chain.rates.reshape(-1, self.curve.n), axis=1)
        longer = place.tangent[place.chain.size] / place.chain.period
        if longer > 0 and speeds.min() < SLOW * speeds.max():
            return Status.NEAR_HOMOCLINIC
        return None

    def half_turn(self, place):
        """u(t + 1/2) - u(t), (K, n): zero where the cycle shrinks to a point or halves its period."""
        states, half = sampled(place.mesh, place.chain.nodes, TIMES), TIMES.size // 2
        return states[half:] - states[:half]


def _start(curve, point, at, intervals):
    """The system in units of the cycle, and the first place."""
    if not isinstance(point, CyclePoint) or point.kind not in CYCLE_KINDS:
        kind = getattr(point, "kind", point)
        raise InputError(f"point: a fold of cycles, period doubling or torus point is followed, got {kind}")
    n, cycle = curve.n, point.cycle
    curve = in_units_of_cycle(curve, cycle)
    scale = curve.scale
    more = np.zeros(0)
    if point.kind == "torus":  # the angle
        near = np.abs(cycle.multipliers - np.exp(1j * point.coefficients["angle"]))
        more = np.abs(np.angle(cycle.multipliers[[near.argmin()]]))
    system, p = EventSystem(curve, point.kind), np.array([point.value, at]) / scale[n:]
    own, found = len(cycle.points) // DEGREE, None
    for count in sorted({max(intervals, each) for each in (0, min(own, MAX_INTERVALS), MAX_INTERVALS)}):
        mesh, nodes = remeshed(cycle.time[::DEGREE] / cycle.period, cycle.points / scale[:n], count)
        start = system.begin(mesh, np.concatenate([nodes.ravel(), [cycle.period], p, more]))
        if start is not None and np.abs(start.parameters - p).max() <= FAR:
            finer = system.remesh(start)
            found = system.solve(finer, _held(finer)) or start
            if system.doubt(found) < DOUBTFUL:
                break
    if found is not None:
        return system, found
    raise InputError(
        f"point: no {point.kind} is there at {curve.names[1]} = {at:g}; set the field's values and inputs to "
        f"those at which it was found"
    )


def _held(place):
    held = np.zeros(place.y.size)
    held[place.chain.size + 2] = 1.0
    return held


def _assembled(system, ways, found):
    """Both ways as one curve."""
    curve, n = system.curve, system.curve.n
    lasts = [last_of(system, way) for way in ways]
    places = ways[1].places[:0:-1] + ways[0].places
    finest = max(place.mesh.size for place in places) - 1
    meshes, orbits = zip(*(_on_finest(place, finest) for place in places))
    orbits = np.array(orbits) * curve.scale[:n]
    values = np.array([place.parameters for place in places]) * curve.scale[n:]
    specials = [*found[1][::-1], *found[0]]
    if lasts[1].point is not None:
        specials.insert(0, lasts[1].point)
    if lasts[0].point is not None:
        specials.append(lasts[0].point)
    rows = {
        "values": values, "kappa": orbits[:, 0], "eigenvalues": [p.chain.multipliers() for p in places],
        "periods": [place.chain.period for place in places], "meshes": meshes,
        "orbits": orbits,
    }  # fmt: skip
    rows = {name: np.array(rows[name]) for name in rows}
    for last, end in ((lasts[0], len(places)), (lasts[1], 0)):
        _put_end(rows, last, end)
    ends = (ways[1].status, ways[0].status)
    text = " ".join(dict.fromkeys(end.value for end in ends))
    field = curve.field
    held = {
        name: float(v)
        for i, (name, v) in enumerate(zip(field.inputs, curve.inputs))
        if i not in curve.columns
    }
    return BifurcationCurve(
        system.kind, curve.names, rows["values"], rows["kappa"], rows["eigenvalues"],
        np.ones(len(rows["values"]), dtype=bool), specials, ends, f"{text} {len(specials)} special points",
        held, field.state, rows["periods"], rows["meshes"], rows["orbits"],
    )  # fmt: skip


def _on_finest(place, intervals):
    """Mesh and nodes of a place on as many intervals as the finest has."""
    if place.mesh.size - 1 == intervals:
        return place.mesh, place.chain.nodes
    return remeshed(place.mesh, place.chain.nodes, intervals)


def _put_end(rows, last, at):
    """Add the point at which the cycles shrink, or the multipliers meet, to the rows."""
    if last.values is None:
        return
    beside = min(at, len(rows["values"]) - 1)
    orbit = (
        rows["orbits"][beside] if last.state is None else np.tile(last.state, (rows["orbits"].shape[1], 1))
    )
    fresh = {
        "values": last.values, "kappa": orbit[0], "eigenvalues": rows["eigenvalues"][beside],
        "periods": last.period, "meshes": rows["meshes"][beside], "orbits": orbit,
    }  # fmt: skip
    for name, value in fresh.items():
        rows[name] = np.insert(rows[name], at, value, axis=0)

"""Curves of homoclinic orbits in two parameters, from where the period of cycles goes to infinity.

The equations are in `dynsys.analysis.homoclinic`. On the curve the saddle may become neutral (its leading
eigenvalues add up to 0: on the other side the cycles beside it have the other stability). It ends at a
Bogdanov-Takens point, where orbit and eigenvalues shrink together, or where the saddle is a saddle-node.
"""

from dataclasses import replace

import numpy as np
from scipy.optimize import brentq

from dynsys.analysis.codimension_two_point import CodimensionTwoPoint, describe
from dynsys.analysis.homoclinic import Homoclinics
from dynsys.analysis.orbit_chain import in_units_of_cycle, remeshed
from dynsys.analysis.orbit_walk import located, walk_both_ways
from dynsys.analysis.two_parameter_curve import BifurcationCurve
from dynsys.numerics.collocation_basis import DEGREE
from dynsys.numerics.extended import FOLD_CURVE
from tasks.errors import InputError, Status

# How far from the given point, in units of the spans, the first place may be; and a Bogdanov-Takens point
# from where the curve leads to; places that the latter is extrapolated from.
FAR, NEAR, LAST = 2e-2, 5e-2, 2
# Distances from the saddle, as shares of the largest: where an orbit has left it; where it passes it again.
AWAY, PASSES = 0.3, 0.02


def follow_homoclinics(curve, point, at, max_points, intervals):
    """Follow a homoclinic orbit in two parameters.

    Parameters
    ----------
    curve : Curve
        With two free parameters, the first that of the point.
    point : CyclePoint
        Of kind "homoclinic": the last cycle of a branch whose period goes to infinity.
    at : float
        Value of the second parameter at which it was found.
    max_points : int
        Limit in each direction.
    intervals : int
        Intervals of the mesh.

    Returns
    -------
    BifurcationCurve
        ``kappa`` is the saddle, ``eigenvalues`` are its own, ``periods`` the times that ``orbits`` take.

    Raises
    ------
    InputError
        No homoclinic orbit of a saddle is there.

    Examples
    --------
    >>> import sympy
    >>> from dynsys.analysis import compile_field, continue_branch, continue_cycles
    >>> from dynsys.analysis.curve import make_curve
    >>> from dynsys.symbolic import System
    >>> x, y, a, m = sympy.symbols("x y a m")  # x^2 (1 - x) = y^2 at m = 0, whatever a is (Sandstede 1997)
    >>> fx = a * x + y - a * x**2 + m * x * (2 - 3 * x)
    >>> fy = x + a * y - 3 * x**2 / 2 - 3 * a * x * y / 2 - 2 * m * y
    >>> field = compile_field(System([fx, fy], [x, y], parameters={"a": -0.3, "m": 0.05}))
    >>> hopf = continue_branch(field, [0.66, 0.07], "m", (-0.1, 0.1)).special_points[0]
    >>> last = continue_cycles(field, hopf, "m", (-0.1, 0.1)).special_points[-1]
    >>> curve = make_curve(field, "m", (-0.1, 0.1)).with_second(0, (-0.6, 0.6))
    >>> found = follow_homoclinics(curve, last, -0.3, 100, 40)
    >>> bool(abs(found.values[:, 0]).max() < 1e-8), [each.kind for each in found.special_points]
    (True, ['neutral saddle'])
    """
    system, start = _start(curve, point, at, intervals)
    ways, found = walk_both_ways(system, start, max_points, _neutral)
    specials = [[*points, *_last(system, way)] for points, way in zip(found, ways)]
    return _assembled(system, ways, [*specials[1][::-1], *specials[0]])


def _start(curve, point, at, intervals):
    """The system in units of the orbit, and the first place: the cycle, cut where it is slowest."""
    n, cycle = curve.n, point.cycle
    curve = in_units_of_cycle(curve, cycle)
    scale = curve.scale
    p = np.array([point.value, at])
    states, share = cycle.points[:-1], cycle.time[:-1] / cycle.period
    rates = curve.many("rhs", np.column_stack([states, np.tile(p, (len(states), 1))]), n) / scale[:n]
    cut = int(np.linalg.norm(rates, axis=1).argmin()) // DEGREE * DEGREE
    times = np.append(np.concatenate([share[cut:], 1 + share[:cut]]) - share[cut], 1.0)
    nodes = np.concatenate([states[cut:], states[: cut + 1]]) / scale[:n]
    saddle = nodes[0] * scale[:n]
    for _ in range(20):
        saddle = saddle - np.linalg.lstsq(curve.jacobian(saddle, p), curve.rhs(saddle, p), rcond=1e-12)[0]
    end = _loop(nodes, saddle / scale[:n])
    period = cycle.period * times[end]
    mesh, nodes = remeshed(times[: end + 1 : DEGREE] / times[end], nodes[: end + 1], intervals)
    y = np.concatenate([nodes.ravel(), [period], p / scale[n:], saddle / scale[:n]])
    system, start = Homoclinics(curve), None
    if np.isfinite(y).all() and np.abs(saddle / scale[:n] - nodes[0]).max() < 0.5:
        start = system.begin(mesh, y)
    if start is None or np.abs(start.parameters - p / scale[n:]).max() > FAR:
        raise InputError(
            f"point: no homoclinic orbit of a saddle is there at {curve.names[1]} = {at:g}; set the field's "
            f"values and inputs to those at which it was found"
        )
    return system, start


def _loop(nodes, saddle):
    """Where the first loop ends: of a figure of eight one loop is followed."""
    away = np.abs(nodes - saddle).max(axis=1)
    far = np.flatnonzero(away > AWAY * away.max())
    first, last = (far[0], far[-1]) if far.size else (0, 0)
    inner = first + int(away[first : last + 1].argmin())
    return round(inner / DEGREE) * DEGREE if away[inner] < PASSES * away.max() else len(nodes) - 1


def _neutral(system, way, ask):
    """Places of a walk at which the saddle's leading eigenvalues add up to 0."""
    found = []
    for k, step in enumerate(way.steps):
        ask()
        ends = sum(way.places[k].leading), sum(way.places[k + 1].leading)
        place = located(system, step, lambda each: sum(each.leading), ends)
        if place is not None:
            meaning = (
                "the leading eigenvalues of the saddle add up to 0; the cycles beside it change stability"
            )
            found.append(_point(system.curve, "neutral saddle", place, meaning))
    return found


def _point(curve, kind, place, meaning, values=None, state=None):
    n = curve.n
    values = place.parameters * curve.scale[n:] if values is None else values
    state = place.saddle * curve.scale[:n] if state is None else state
    where = ", ".join(f"{name} = {value:.10g}" for name, value in zip(curve.names, values))
    what = {"Bogdanov-Takens": "Bogdanov-Takens point", "neutral saddle": "Neutral saddle"}
    sentence = f"{what.get(kind, 'Saddle-node')} on the curve of homoclinic orbits at {where}: {meaning}."
    return CodimensionTwoPoint(kind, curve.names, values, state, {}, sentence, place.eigenvalues)


def _last(system, way):
    """The point at which a walk ends, in a list."""
    if way.status not in (Status.BOGDANOV_TAKENS, Status.SADDLE_NODE) or way.beyond is None:
        return []
    curve, n = system.curve, system.curve.n
    places = [*way.places[-LAST:], way.beyond]
    takens = way.status is Status.BOGDANOV_TAKENS
    small = np.array([place.extent if takens else place.rate for place in places])
    rows = np.array([np.append(place.saddle, place.parameters) for place in places])
    degree = min(2, len(places) - 1)
    guess, lower = (
        np.array([np.polyfit(small / small.max(), row, d)[-1] for row in rows.T]) * curve.scale
        for d in (degree, degree - 1)
    )
    if takens:
        point = _bogdanov_takens(curve, guess)
        if point is not None:
            return [point]
        return [
            _point(curve, "Bogdanov-Takens", places[-1], "the orbit shrinks to a point", guess[n:], guess[:n])
        ]
    guess = _known_digits(guess, np.abs(guess - lower))
    meaning = "the saddle is a saddle-node; beyond it the orbit goes with the curve of folds (extrapolated)"
    return [_point(curve, "saddle-node homoclinic", places[-1], meaning, guess[n:], guess[:n])]


def _known_digits(values, errors):
    """Values without the digits that an extrapolation does not give."""
    decimals = np.floor(-np.log10(np.maximum(errors, np.finfo(float).tiny))).clip(-300, 15).astype(int)
    return np.array([round(float(value), int(place)) for value, place in zip(values, decimals)])


def _bogdanov_takens(curve, guess):
    """The Bogdanov-Takens point near a guess, on the curve of folds; None if it is not found."""
    n = curve.n
    fold, y = replace(curve, mode=FOLD_CURVE), guess / curve.scale
    borders = np.zeros((4, n))
    borders[0], borders[1] = 1.0 / (1.7 + np.arange(n)), 1.0 / (2.0 + np.arange(n))
    for column in (n + 1, n):  # a fold curve may stand at right angles to a parameter
        held = np.zeros(n + 2)
        held[column] = 1.0
        found = fold.step(y, held, borders=borders)
        if found is not None and np.abs(found[0] - y).max() < NEAR:
            break
    else:
        return None
    base, tangent, _ = found
    borders[:2] = borders[2:] / np.linalg.norm(borders[2:], axis=1, keepdims=True)
    at = {}

    def test(s):
        own = borders.copy()
        moved = fold.step(base, tangent, s, own)
        if moved is None:
            raise ValueError("no fold")
        w, q = own[2:]
        at["y"], at["vectors"] = moved[0] * curve.scale, own[2:].ravel()
        return float((w / np.linalg.norm(w)) @ (q * curve.scale[:n]))

    try:
        test(brentq(test, -NEAR, NEAR, xtol=1e-14))
        return describe(fold, "Bogdanov-Takens", at["y"][:n], at["y"][n:], at["vectors"])
    except (ValueError, InputError):
        return None


def _assembled(system, ways, specials):
    """Both ways as one curve."""
    curve, n = system.curve, system.curve.n
    places = ways[1].places[:0:-1] + ways[0].places
    ends = ways[1].status, ways[0].status
    rows = {
        "values": np.array([place.parameters for place in places]) * curve.scale[n:],
        "kappa": np.array([place.saddle for place in places]) * curve.scale[:n],
        "eigenvalues": np.array([place.eigenvalues for place in places]),
        "periods": np.array([place.chain.period for place in places]),
        "meshes": np.array([place.mesh for place in places]),
        "orbits": np.array([place.chain.nodes for place in places]) * curve.scale[:n],
    }
    for status, k, at in ((ends[1], -1, len(places)), (ends[0], 0, 0)):
        if status is Status.BOGDANOV_TAKENS and specials:
            last = {"values": specials[k].values, "kappa": specials[k].kappa, "orbits": specials[k].kappa}
            for name, row in rows.items():
                rows[name] = np.insert(row, at, last.get(name, row[k]), axis=0)
    text = " ".join(dict.fromkeys(end.value for end in ends))
    field = curve.field
    held = {name: float(v) for i, (name, v) in enumerate(zip(field.inputs, curve.inputs))
            if i not in curve.columns}  # fmt: skip
    return BifurcationCurve(
        "homoclinic", curve.names, rows["values"], rows["kappa"], rows["eigenvalues"],
        np.ones(len(rows["values"]), dtype=bool), specials, ends, f"{text} {len(specials)} special points",
        held, field.state, rows["periods"], rows["meshes"], rows["orbits"],
    )  # fmt: skip

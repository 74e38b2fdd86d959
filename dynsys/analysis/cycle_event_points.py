"""Where a curve of cycle events changes: further conditions on it, and the points at which it ends.

Tests on a curve, with mu the multipliers besides the trivial and the critical ones,

    fold of cycles     cusp of cycles                the derivative of s along the null vector
                       1:1 resonance                 prod (mu - 1)
                       fold-flip                     prod (mu + 1)
    period doubling    generalized period doubling   the cubic coefficient c
                       1:2 resonance                 prod (mu + 1)
                       fold-flip                     prod (mu - 1)
    torus              Chenciner                     Re c1
                       1:3, 1:4 resonance            theta - 2 pi / 3, theta - pi / 2

A curve ends where the cycles shrink to a fixed point (a Bautin point, of folds) with the square of their
size, and where the pair of a torus point meets at -1 or 1 with the square of the angle.
"""

from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq

from dynsys.analysis.codimension_two_point import CodimensionTwoPoint, describe
from dynsys.analysis.cycle_curve import CycleCurve, nontrivial
from dynsys.analysis.cycle_forms import normal_form
from dynsys.analysis.normal_forms import hopf_form
from dynsys.analysis.orbit_walk import located
from dynsys.numerics.extended import HOPF_CURVE
from tasks.errors import InputError, Status

# Points from which the end of a curve is extrapolated; how far a Bautin point may be from there, in spans.
LAST, NEAR = 5, 2e-2
ANGLES = MappingProxyType({"1:3 resonance": 2 * np.pi / 3, "1:4 resonance": np.pi / 2})
MEANINGS = MappingProxyType({
    "cusp of cycles": "two folds of cycles meet; between them there are three cycles",
    "1:1 resonance": "a torus point of cycles meets the fold: the pair of multipliers is at 1",
    "1:2 resonance": "a torus point of cycles meets the period doubling: the pair of multipliers is at -1",
    "fold-flip": "the cycles fold and double their period at once",
    "generalized period doubling": "period doublings change from super- to subcritical; beside it cycles of "
    "twice the period fold",
    "Chenciner": "torus points change from super- to subcritical; beside it tori fold",
    "1:3 resonance": "the pair of multipliers is a cube root of 1",
    "1:4 resonance": "the pair of multipliers is a fourth root of 1",
    "Bautin": "the cycles shrink to a fixed point, where Hopf points change from super- to subcritical",
})  # fmt: skip


class End(NamedTuple):
    """Where a curve ends beyond its last place: values (2,), state (n,), period, and the named point.

    Examples
    --------
    >>> End().point is None
    True
    """

    values: np.ndarray = None
    state: np.ndarray = None
    period: float = np.nan
    point: CodimensionTwoPoint = None


def special_points(system, way, ask):
    """Points of a walk at which another condition holds as well, in its order.

    Parameters
    ----------
    system : EventSystem
        Which conditions.
    way : Walk
        Its places and steps.
    ask : callable
        Raises KeyboardInterrupt if the user wants to end.

    Returns
    -------
    list of CodimensionTwoPoint
    """
    rows, found = [], []
    for place in way.places:
        ask()
        rows.append(tests_of(system, place))
    for k, step in enumerate(way.steps):
        for name in rows[k]:
            ends = rows[k][name], rows[k + 1][name]
            ask()
            place = located(system, step, lambda at, name=name: tests_of(system, at, name)[name], ends)
            if place is not None:
                found.append(_named(system, name, place))
    return found


def tests_of(system, place, only=None):
    """Test functions of a place: name -> value.

    Parameters
    ----------
    system : EventSystem
        The equations.
    place : Place
        Where.
    only : str, optional
        The one that is wanted; the others may be left out.

    Returns
    -------
    dict of str to float
    """
    mu = nontrivial(place.chain.multipliers()[None])[0]
    critical = {"fold": 1.0, "doubling": -1.0}.get(system.what)
    if critical is not None:
        mu = np.delete(mu, np.argmin(np.abs(mu - critical)))
    above, below = (float(np.prod((mu - s) / (1 + np.abs(mu))).real) for s in (1.0, -1.0))
    if system.what == "fold":
        others = {"1:1 resonance": above, "fold-flip": below} if mu.size else {}
        return {"cusp of cycles": place.bend} | others
    if system.what == "doubling":
        out = {"1:2 resonance": below, "fold-flip": above} if mu.size else {}
        name, key = "generalized period doubling", "c"
    else:
        out = {name: place.y[-1] - angle for name, angle in ANGLES.items()}
        name, key = "Chenciner", "c1"
    if only in (None, name):
        form = normal_form(*_as_one_parameter(system, place), place.y[-1] if key == "c1" else np.pi)
        out[name] = float(np.real(form.get(key, np.nan)))
    return out


def _as_one_parameter(system, place):
    """What `normal_form` takes, with the second parameter held."""
    curve, n = system.curve, system.curve.n
    p = place.parameters * curve.scale[n:]
    inputs, values, column = curve.inputs.copy(), np.array(curve.field.values), curve.columns[1]
    (inputs if column < inputs.size else values)[column if column < inputs.size else column - inputs.size] = (
        p[1]
    )
    single = replace(
        curve, field=replace(curve.field, values=values), inputs=inputs, columns=curve.columns[:1],
        span=curve.span[:1], scale=curve.scale[: n + 1],
    )  # fmt: skip
    y = np.append((place.chain.nodes * curve.scale[:n]).ravel(), [place.chain.period, p[0]])
    return CycleCurve(single, single.scale), system.what, place.mesh, y


def _named(system, name, place):
    curve, n = system.curve, system.curve.n
    values = place.parameters * curve.scale[n:]
    state = place.chain.nodes[0] * curve.scale[:n]
    coefficients = {"period": place.chain.period}
    if system.what == "torus":
        coefficients["angle"] = float(place.y[-1])
    return _point(curve, name, values, state, coefficients, place.chain.multipliers())


def _point(curve, name, values, state, coefficients, multipliers):
    where = ", ".join(f"{each} = {value:.10g}" for each, value in zip(curve.names, values))
    sentence = f"{name[0].upper()}{name[1:]} at {where}: {MEANINGS[name]}."
    return CodimensionTwoPoint(name, curve.names, values, state, coefficients, sentence, multipliers)


def last_of(system, way):
    """The point at which a walk ends, extrapolated (a Bautin point: solved for).

    Parameters
    ----------
    system : EventSystem
        The equations.
    way : Walk
        The walk.

    Returns
    -------
    End

    Examples
    --------
    >>> from dynsys.analysis.orbit_walk import Walk
    >>> last_of(None, Walk([], [], Status.REACHED_SPAN)).values is None
    True
    """
    if way.status not in (Status.HOPF_POINT, Status.RESONANCE) or len(way.places) < 2:
        return End()
    curve, n = system.curve, system.curve.n
    places = [*way.places[-LAST:], way.beyond] if way.beyond is not None else way.places[-LAST:]
    rows = np.array(
        [[*place.chain.nodes[:-1].mean(axis=0), place.chain.period, *place.parameters] for place in places]
    )
    if way.status is Status.HOPF_POINT:
        squares = np.array([(system.half_turn(place) ** 2).mean() for place in places])
    else:
        middle = np.pi if places[-1].y[-1] > 1 else 0.0
        squares = np.array([(place.y[-1] - middle) ** 2 for place in places])
    degree = min(2, len(places) - 1)
    found = np.array([np.polyfit(squares / squares.max(), row, degree)[-1] for row in rows.T])
    values, state = found[n + 1 :] * curve.scale[n:], found[:n] * curve.scale[:n]
    if way.status is Status.RESONANCE:
        name = "1:2 resonance" if middle else "1:1 resonance"
        # Extrapolated in the square of the angle.
        on, period = places[-2].chain.nodes[0] * curve.scale[:n], {"period": float(found[n])}
        point = _point(curve, name, values, on, period, places[-2].chain.multipliers())
        return End(values, None, float(found[n]), point)
    point = _bautin(curve, state, values) if system.what == "fold" else None
    return (
        End(values, state, float(found[n]), None)
        if point is None
        else End(point.values, point.kappa, 2 * np.pi / point.coefficients["omega"], point)
    )


def _bautin(curve, state, values):
    """The Bautin point near a guess: the zero of Re c1 on the curve of Hopf points; None if not found."""
    n = curve.n
    hopf = replace(curve, mode=HOPF_CURVE)
    y = np.concatenate([state, values]) / curve.scale
    size = n * (n - 1) // 2
    borders = np.zeros((4, size))
    borders[0], borders[1] = 1.0 / (1.7 + np.arange(size)), 1.0 / (2.0 + np.arange(size))
    held = np.zeros(y.size)
    held[n + 1] = 1.0
    for _ in range(3):
        found = hopf.step(y, held, borders=borders)
        if found is None:
            return None
        borders[:2] = borders[2:] / np.linalg.norm(borders[2:], axis=1, keepdims=True)
    base, tangent, _ = found
    if np.abs(base - y).max() > NEAR:
        return None
    at = {}

    def test(s):
        moved = hopf.step(base, tangent, s, borders.copy())
        if moved is None:
            raise ValueError
        at["y"] = moved[0] * curve.scale
        return hopf_form(hopf.expand(at["y"][None])[0]).c1.real

    try:
        test(brentq(test, -NEAR, NEAR, xtol=1e-14))
        return describe(hopf, "Bautin", at["y"][:n], at["y"][n:], None)
    except (ValueError, InputError):
        return None

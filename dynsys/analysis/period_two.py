"""Switch from a flip of a map to the orbits of period 2 that are born there, and follow them."""

from dataclasses import replace

import numpy as np

from dynsys.analysis.branch_starts import step_off
from dynsys.analysis.continuation import trace_branch
from dynsys.analysis.curve import make_curve
from dynsys.analysis.maps import orbit_of_two
from tasks.errors import Status

# Two points of an orbit closer than this (scaled) are one: the orbit is a fixed point, at a flip.
ONE = 1e-6


def orbits_from_flip(curve, special):
    """Follow the orbits of period 2 that are born in a flip.

    Parameters
    ----------
    curve : Curve
        Of a map, along one parameter.
    special : SpecialPoint
        A flip on it.

    Returns
    -------
    tuple of two Branch, or None
        The two points of the orbit, along the same values; special points stand on the first. None where no
        orbit could be followed within the span.

    Examples
    --------
    >>> from dynsys.analysis import compile_field, continue_branch
    >>> from dynsys.analysis.maps import as_map
    >>> from dynsys.symbolic import System
    >>> logistic = as_map(compile_field(System.from_text("x' = r x (1 - x) - x; r = 2")), 1.0)
    >>> curve = make_curve(logistic, "r", (0.5, 3.5))
    >>> flip = continue_branch(logistic, [0.5], "r", (0.5, 3.5)).special_points[-1]
    >>> print(orbits_from_flip(curve, flip)[0].special_points[0].sentence)  # r = 1 + sqrt(6)
    Supercritical flip of the orbit of period 2 at r = 3.449489743: a multiplier is -1; a stable orbit of ...
    """
    n, field = curve.n, curve.field
    span = tuple(curve.span[0].tolist())
    double = make_curve(orbit_of_two(field), curve.parameter, span, curve.inputs)
    double = replace(double, scale=np.concatenate([curve.scale[:n], curve.scale[:n], curve.scale[n:]]))
    values, vectors = np.linalg.eig(curve.jacobian(special.kappa, special.value))
    q = vectors[:, np.abs(1.0 + field.step * values + 1.0).argmin()].real
    both = replace(special, kappa=np.tile(special.kappa, 2), directions=None)
    start = step_off(double, both, np.concatenate([q, -q, [0.0]]))
    if start is None:
        return None
    whole = trace_branch(double, *start)
    if len(whole) < 2:
        return None
    return _halves(curve, whole, _own_side(whole, curve.scale[:n], np.append(*start[:2])))


def _own_side(branch, scale, start):
    """Indices of the points between flips on which the start lies; beyond a flip the points change places."""
    n = scale.size
    apart = (branch.kappa[:, :n] - branch.kappa[:, n:]) / scale
    order = np.arange(len(branch))
    gaps = np.abs(apart).max(axis=1)
    if branch.ends[0] is Status.CLOSED_LOOP:  # begin at a flip, where there is one
        turn = int(gaps[:-1].argmin())
        order = np.concatenate([np.roll(order[:-1], -turn), [turn]])
    points = np.column_stack([branch.kappa, branch.values])[order]
    here = int(np.abs(points - start).sum(axis=1).argmin())
    side = gaps[order] > ONE
    # Should a flip not have been met exactly: the vector between the points turns slowly elsewhere.
    turned = (apart[order][1:] * apart[order][:-1]).sum(axis=1) < 0
    low = high = here
    while low > 0 and side[low - 1] and not turned[low - 1]:
        low -= 1
    while high < len(order) - 1 and side[high + 1] and not turned[high]:
        high += 1
    low -= low > 0 and gaps[order][low - 1] <= ONE
    high += high < len(order) - 1 and gaps[order][high + 1] <= ONE
    return order[low : high + 1]


def _halves(curve, whole, kept):
    """The two points of each orbit as branches of the map's own states."""
    n, branches = curve.n, []
    kappa, stable = whole.kappa[kept], whole.stable[kept]
    for end, inside in ((0, 1), (-1, -2)):  # the flip itself, where the orbit begins, is drawn like it
        if not _is_orbit(kappa[end], curve.scale[:n]):
            stable[end] = stable[inside]
    for k in range(2):
        own = slice(k * n, (k + 1) * n)
        specials = [
            replace(point, kappa=point.kappa[:n], directions=None)
            for point in whole.special_points
            if k == 0 and (kappa == point.kappa).all(axis=1).any() and _is_orbit(point.kappa, curve.scale[:n])
        ]
        points = np.column_stack([kappa[:, own], whole.values[kept]])
        tangents = np.column_stack([whole.tangents[kept][:, own], whole.tangents[kept][:, -1]])
        tangents /= np.maximum(np.linalg.norm(tangents, axis=1, keepdims=True), 1e-300)
        low, high = points[:, -1].min(), points[:, -1].max()
        message = (
            f"Point {k + 1} of the orbits of period 2 for {curve.parameter} from {low:.6g} to {high:.6g}."
        )
        half = replace(
            whole, values=points[:, -1], kappa=points[:, :-1], eigenvalues=whole.eigenvalues[kept],
            stable=stable, special_points=specials, message=message, tangents=tangents,
            outputs=curve.outputs(points), state=curve.field.state, ends=tuple(map(_open, whole.ends)),
            source={**whole.source, "period": 2, "point": k + 1},
        )  # fmt: skip
        branches.append(half)
    return tuple(branches)


def _is_orbit(kappa, scale):
    n = scale.size
    return np.abs((kappa[:n] - kappa[n:]) / scale).max() > ONE


def _open(end):
    """A closed loop of the doubled states runs through the orbits twice: cut at a flip it is none."""
    return Status.COMPLETED if end is Status.CLOSED_LOOP else end

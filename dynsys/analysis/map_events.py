"""Where fixed points of a map lose their stability in a map's own ways: flips and Neimark-Sacker points.

With multipliers mu of M = f_x, found where the product of (mu_i + 1), or of (mu_i mu_j - 1) over pairs,
changes its sign, and placed on that to rounding. With B and C the second and third derivatives of f, and
adjoint vectors p . q = 1 (conjugated), |q| = 1 (Kuznetsov 2004, sections 5.4.2, 5.4.3 and 8.7):

    flip             x -> -x + b x^3,    b = (1/6) p . (C(q,q,q) + 3 B(q, (1 - M)^-1 B(q,q)))
    Neimark-Sacker   z -> e^(i theta) z (1 + d |z|^2),
                     d = (1/2) e^(-i theta) p . (C(q,q,conj q) + 2 B(q, (1 - M)^-1 B(q,conj q))
                                                 + B(conj q, (e^(2 i theta) - M)^-1 B(q,q)))

For an orbit of period 2 f is the second iterate.
"""

import numpy as np

from dynsys.analysis.eigenvalues import spectrum
from dynsys.analysis.events import Event
from dynsys.analysis.naming import ZERO, critical_point, place_of, unit_along, unstable_others
from dynsys.analysis.user_events import USER, locate_zero

# How close exp(i k theta) comes to 1 at a strong resonance, k = 3 or 4.
RESONANT = 1e-4


def find_map_events(curve, walk):
    """Flips, Neimark-Sacker points and neutral saddles of a walk along fixed points or orbits of a map.

    Parameters
    ----------
    curve : Curve
        Of a map.
    walk : Walk
        A walk along it.

    Yields
    ------
    SpecialPoint, Event

    Examples
    --------
    >>> from dynsys.analysis import compile_field, continue_branch
    >>> from dynsys.analysis.maps import as_map
    >>> from dynsys.symbolic import System
    >>> delayed = System.from_text("x' = r x (1 - y) - x; y' = x - y; r = 1.5")
    >>> branch = continue_branch(as_map(compile_field(delayed), 1.0), [1 / 3, 1 / 3], "r", (1.2, 2.2))
    >>> branch.special_points
    (SpecialPoint(Neimark-Sacker at r = 2, kappa = [0.5 0.5]),)
    """
    natural = walk.points * curve.scale
    for test, describe in ((_flip_test, _flip), (_pair_test, _circle)):
        values = test(curve, natural)
        for k in np.flatnonzero((values[:-1] > 0) != (values[1:] > 0)):
            found = locate_zero(curve, walk, k, lambda y, test=test: float(test(curve, y[None])[0]))
            if found is not None:
                s, point, tangent = found
                special = describe(curve, curve.expand((point * curve.scale)[None])[0])
                yield special, Event(USER, False, walk.arcs[k] + s, point, tangent)


def _flip_test(curve, points):
    return np.prod(spectrum(curve.field, curve.jacobians(points)) + 1.0, axis=1).real


def _pair_test(curve, points):
    values = spectrum(curve.field, curve.jacobians(points))
    i, j = np.triu_indices(values.shape[1], 1)
    return np.prod(values[:, i] * values[:, j] - 1.0, axis=1).real if i.size else np.ones(len(values))


def _flip(curve, at):
    M, B, C, rate = iterate_derivatives(curve, at)
    b, q, p = flip_coefficient(M, B, C)
    speed = p @ rate @ q
    name, period, orbit = curve.parameter, 2 * curve.field.period, _orbit(curve)
    if abs(b) * unit_along(curve, q) ** 2 <= ZERO:
        type_, what = "Degenerate flip", "the cubic coefficient does not tell what orbits are born"
    else:
        type_ = "Supercritical flip" if b > 0 else "Subcritical flip"
        side, new = "above" if speed * b < 0 else "below", "a stable" if b > 0 else "an unstable"
        what = f"{new} orbit of period {period} exists for {name} {side} it"
    others = unstable_others(curve, at.modes, 1)
    what += f" (unstable directions besides: {others})" if others else ""
    sentence = f"{type_}{orbit} at {place_of(curve, at)}: a multiplier is -1; {what}."
    return critical_point(curve, "flip", at, {"b": float(b), "speed": float(speed)}, sentence)


def _circle(curve, at):
    M, B, C, rate = iterate_derivatives(curve, at)
    values, vectors = np.linalg.eig(M)
    orbit, place = _orbit(curve), place_of(curve, at)
    i, j = np.triu_indices(values.size, 1)
    pair = np.abs(values[i] * values[j] - 1.0).argmin()
    k = i[pair] if values[i[pair]].imag > 0 else j[pair]
    if not values[k].imag > 0:
        sentence = (
            f"Neutral saddle{orbit} at {place}: two real multipliers have the product 1; nothing bifurcates."
        )
        return critical_point(curve, "neutral saddle", at, {}, sentence)
    turn, q, p = values[k] / abs(values[k]), vectors[:, k], np.linalg.inv(vectors)[k].conj()
    d = circle_coefficient(M, B, C, turn, q, p)
    theta, speed = float(np.angle(turn)), float((np.vdot(p, rate @ q) / turn).real)
    resonance = next((m for m in (3, 4) if abs(turn**m - 1.0) < RESONANT), None)
    if resonance or abs(d.real) * unit_along(curve, q) ** 2 <= ZERO:
        type_ = "Degenerate Neimark-Sacker point"
        what = f"a strong resonance 1:{resonance}" if resonance else "the cubic coefficient vanishes"
        what += ", what is born is not decided by the coefficient"
    else:
        type_ = "Supercritical Neimark-Sacker point" if d.real < 0 else "Subcritical Neimark-Sacker point"
        side = "above" if speed * d.real < 0 else "below"
        new = "a stable" if d.real < 0 else "an unstable"
        what = f"{new} closed curve exists for {curve.parameter} {side} it"
    others = unstable_others(curve, at.modes, 2)
    what += f" (unstable directions besides: {others})" if others else ""
    steps = 2 * np.pi / theta * curve.field.period
    sentence = f"{type_}{orbit} at {place}: rotation by one turn in {steps:.6g} steps; {what}."
    coefficients = {"theta": theta, "d": complex(d), "speed": speed}
    return critical_point(curve, "Neimark-Sacker", at, coefficients, sentence)


def flip_coefficient(M, B, C):
    """The coefficient b of a flip, with the vectors q and p of the multiplier -1.

    Parameters
    ----------
    M, B, C : ndarray (R, R), (R, R, R), (R, R, R, R)
        First to third derivatives of the map.

    Returns
    -------
    tuple of (float, ndarray (R,), ndarray (R,))

    Examples
    --------
    >>> bare = np.zeros((1, 1, 1))  # x -> -x + 2 x^3
    >>> float(flip_coefficient(np.array([[-1.0]]), bare, 12 * np.ones((1, 1, 1, 1)))[0])
    2.0
    """
    values, vectors = np.linalg.eig(M)
    k = np.abs(values + 1.0).argmin()
    q, p = vectors[:, k].real, np.linalg.inv(vectors)[k].real
    q, p = q / np.linalg.norm(q), p * np.linalg.norm(q)
    bent = np.linalg.solve(np.eye(q.size) - M, B @ q @ q)
    return p @ (C @ q @ q @ q + 3 * B @ bent @ q) / 6, q, p


def circle_coefficient(M, B, C, turn, q, p):
    """The coefficient d of a Neimark-Sacker point.

    Parameters
    ----------
    M, B, C : ndarray
        As in `flip_coefficient`.
    turn : complex
        The multiplier, on the unit circle.
    q, p : ndarray of complex (R,)
        Its vectors.

    Returns
    -------
    complex

    Examples
    --------
    >>> none, q = np.zeros((2, 2, 2)), np.array([1, -1j]) / np.sqrt(2)
    >>> turn = np.array([[0.0, -1.0], [1.0, 0.0]])  # a map without further terms
    >>> complex(circle_coefficient(turn, none, np.zeros((2, 2, 2, 2)), 1j, q, q))
    0j
    """
    bar, one = q.conj(), np.eye(q.size)
    shift = np.linalg.solve(one - M, B @ bar @ q)
    double = np.linalg.solve(turn**2 * one - M, B @ q @ q)
    return 0.5 * np.vdot(p, C @ bar @ q @ q + 2 * B @ shift @ q + B @ double @ bar) / turn


def iterate_derivatives(curve, at):
    """Derivatives of the map, or of its iterate along an orbit: M, B, C, and dM/dp along the curve.

    Parameters
    ----------
    curve : Curve
        Of a map.
    at : Expansion
        Derivatives of F (or of G, see `dynsys.analysis.maps`) at a point.

    Returns
    -------
    tuple of ndarray (R, R), (R, R, R), (R, R, R, R), (R, R)
    """
    period, step = curve.field.period, curve.field.step
    n = at.x.size // period
    drift = -np.linalg.solve(at.jacobian, at.slope)
    total = at.second.shape[1] - 1
    changes = at.second[:, :total, total] + at.second[:, :total, :total] @ drift
    M, B, C, rate = np.eye(n), np.zeros((n,) * 3), np.zeros((n,) * 4), np.zeros((n, n))
    for k in range(period):
        own = slice(k * n, (k + 1) * n)
        m = step * at.jacobian[own, own] + (np.eye(n) if period == 1 else 0.0)
        b, c, m_p = (
            step * at.second[own, own, own],
            step * at.third[own, own, own, own],
            step * changes[own, own],
        )
        mixed = np.einsum("rab,aij,bk->rijk", b, B, M)
        C = (
            np.einsum("rabc,ai,bj,ck->rijk", c, M, M, M)
            + mixed + np.einsum("rijk->rikj", mixed) + np.einsum("rijk->rkji", mixed)
            + np.einsum("ra,aijk->rijk", m, C)
        )  # fmt: skip
        B = np.einsum("rab,ai,bj->rij", b, M, M) + np.einsum("ra,aij->rij", m, B)
        rate = m_p @ M + m @ rate
        M = m @ M
    return M, B, C, rate


def _orbit(curve):
    return "" if curve.field.period == 1 else f" of the orbit of period {curve.field.period}"

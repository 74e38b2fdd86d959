"""Conditions beside its own that hold at points of a map's curve of folds, flips or Neimark-Sacker points.

Each is a test that changes its sign: another multiplier at 1 or -1, another pair with product 1, an angle of
a strong resonance, or a normal-form coefficient that vanishes (cusp; generalized flip; Chenciner).
"""

import numpy as np
from scipy.optimize import brentq

from dynsys.analysis.codimension_two_point import CodimensionTwoPoint
from dynsys.analysis.map_events import circle_coefficient, flip_coefficient

# A test whose largest value is below this vanishes for a reason, not at points.
ALWAYS_ZERO = 1e-9


def minors(M, K):
    """Bilinear form of the 2 x 2 minors: minors(M, M) has the eigenvalues mu_i mu_j, i < j.

    Parameters
    ----------
    M, K : ndarray (R, R)
        Matrices.

    Returns
    -------
    ndarray (P, P)
        P = R (R - 1) / 2; entries (M_ik K_jl - M_il K_jk).

    Examples
    --------
    >>> minors(np.diag([2.0, 3.0, 5.0]), np.diag([2.0, 3.0, 5.0])).diagonal()
    array([ 6., 10., 15.])
    """
    i, j = np.triu_indices(len(M), 1)
    return M[np.ix_(i, i)] * K[np.ix_(j, j)] - M[np.ix_(i, j)] * K[np.ix_(j, i)]


class Conditions:
    """Multipliers at a point (R + 2,) of a curve, and tests of further conditions, by name.

    Parameters
    ----------
    curve : Curve
        Of a map, with two free parameters.
    kind : str
        Of the curve.
    point : ndarray (R + 2,)
        State and parameters.
    left, right : ndarray
        Null vectors of the singular matrix.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> slope = np.array([[-2.0]])
    >>> curve = SimpleNamespace(n=1, field=SimpleNamespace(step=1.0), jacobian=lambda x, p: slope)
    >>> curve.tensor = lambda x, p, order: np.ones((1,) * (order + 1))
    >>> at = Conditions(curve, "flip", np.zeros(3), np.ones(1), np.ones(1))
    >>> at.multipliers, {name: round(float(test), 6) for name, test in at.tests.items()}
    (array([-1.+0.j]), {'fold-flip': 1.0, 'generalized flip': 0.416667})
    """

    def __init__(self, curve, kind, point, left, right):
        n, step = curve.n, curve.field.step
        self.x, self.p = point[:n], point[n:]
        self.M = np.eye(n) + step * curve.jacobian(self.x, self.p)
        values = np.linalg.eigvals(self.M).astype(complex)
        self.multipliers = values[np.lexsort((-values.imag, -np.abs(values).round(12)))]
        self.turns, self.coefficients = True, {}
        self._derivatives = lambda: (step * curve.tensor(self.x, self.p, order) for order in (2, 3))
        if kind == "Neimark-Sacker":
            self.tests = self._turning(values)
        else:
            self.tests = self._real(values, kind, left, right)

    def _real(self, values, kind, left, right):
        critical = 1.0 if kind == "fold" else -1.0
        rest = np.delete(values, np.abs(values - critical).argmin())
        tests = {"fold-flip": np.prod(rest + critical).real}
        if rest.size:
            tests[f"1:{1 if kind == 'fold' else 2} resonance"] = np.prod(rest - critical).real
        if rest.size > 1:
            tests[f"{kind}-Neimark-Sacker"] = _pairs(rest)
        B, C = self._derivatives()
        if kind == "flip":
            try:
                tests["generalized flip"] = self.coefficients["b"] = float(flip_coefficient(self.M, B, C)[0])
            except np.linalg.LinAlgError:  # where it meets a fold, or at a 1:2 resonance
                tests["generalized flip"] = np.nan
        else:
            tests["cusp"] = float(left @ (B @ right @ right))
        return tests

    def _turning(self, values):
        i, j = np.triu_indices(values.size, 1)
        k = np.abs(values[i] * values[j] - 1.0).argmin()
        pair, rest = values[[i[k], j[k]]], np.delete(values, [i[k], j[k]])
        trace = pair.sum().real
        self.turns = bool(abs(trace) < 2.0)
        tests = {f"1:{m} resonance": trace - 2 * np.cos(2 * np.pi / m) for m in (1, 2, 3, 4)}
        if rest.size:
            tests["fold-Neimark-Sacker"] = np.prod(rest - 1.0).real
            tests["flip-Neimark-Sacker"] = np.prod(rest + 1.0).real
        if rest.size > 1:
            tests["double Neimark-Sacker"] = _pairs(rest)
        tests["Chenciner"] = np.nan
        if self.turns and abs(trace - 2) > 1e-9 and abs(trace + 2) > 1e-9:
            values, vectors = np.linalg.eig(self.M)
            k = np.abs(values - (trace / 2 + 1j * np.sqrt(1 - trace**2 / 4))).argmin()
            q, p = vectors[:, k], np.linalg.inv(vectors)[k].conj()
            d = circle_coefficient(self.M, *self._derivatives(), values[k] / abs(values[k]), q, p)
            tests["Chenciner"] = d.real
            self.coefficients = {"theta": float(np.angle(values[k])), "d": complex(d)}
        return tests


def _pairs(values):
    i, j = np.triu_indices(values.size, 1)
    return np.prod(values[i] * values[j] - 1.0).real


def special_points(system, rows, at):
    """Points where a test changes its sign between two rows of a curve, located to rounding.

    Parameters
    ----------
    system : System
        The curve's equations (`dynsys.analysis.map_curve`).
    rows : list of ndarray (R + 2,)
        Its points, scaled.
    at : list of Conditions
        The tests there.

    Returns
    -------
    tuple of CodimensionTwoPoint

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> special_points(None, [None, None], [SimpleNamespace(tests={"cusp": test}) for test in (1.0, 2.0)])
    ()
    """
    found = []
    for name in at[0].tests:
        values = np.array([each.tests[name] for each in at])
        sizes = np.abs(values[np.isfinite(values)])
        if sizes.size == 0 or sizes.max() <= ALWAYS_ZERO:
            continue
        for k in np.flatnonzero((values[:-1] > 0) != (values[1:] > 0)):
            point = _located(system, rows[k], rows[k + 1], name)
            if point is not None and np.isfinite(values[k : k + 2]).all():
                found.append((k, point))
    found.sort(key=lambda pair: pair[0])
    return tuple(point for _, point in found)


def _located(system, first, last, name):
    curve = system.curve
    step = last - first
    length = np.linalg.norm(step)
    direction, at = step / length, {}
    system.renew(first)

    def value(s):
        y = system.solve(first + s * direction, direction, first, s)
        if y is None:
            return np.nan
        system.renew(y)
        at["row"] = Conditions(curve, system.kind, y * curve.scale, *system.borders)
        return at["row"].tests[name]

    ends = value(0.0), value(length)
    if not np.isfinite(ends).all() or (ends[0] > 0) == (ends[1] > 0):
        return None
    try:
        test = value(brentq(value, 0.0, length, xtol=1e-15, rtol=1e-14))
    except ValueError:  # a pole of the test
        return None
    row = at["row"]
    if abs(test) > 1e-6 * max(map(abs, ends)) + 1e-12:  # it jumps there, at a pole
        return None
    where = ", ".join(f"{title} = {v:.10g}" for title, v in zip(curve.names, row.p))
    sentence = f"{name[0].upper()}{name[1:]} point at {where}, on a curve of {system.kind} points of the map."
    residual = float(np.abs(curve.rhs(row.x, row.p)).max())
    return CodimensionTwoPoint(
        name, curve.names, row.p, row.x, row.coefficients, sentence, row.multipliers, residual
    )

"""Curves in two parameters on which a map's fixed points fold, flip or turn (Neimark and Sacker).

With M = 1 + step F_x one equation beside F = 0 says that a matrix is singular,

    fold             M - 1
    flip             M + 1
    Neimark-Sacker   M^(2) - 1,   M^(2) the 2 x 2 minors of M, whose eigenvalues are the products mu_i mu_j,

by the last unknown s of [[matrix, b], [c, 0]] [v; s] = [0; 1], whose derivative is -w . d(matrix) v with w
the solution of the transposed system. The curve is followed by pseudo-arclength; on it a further condition is
located where its test changes the sign (`dynsys.analysis.map_conditions`).
"""

from dataclasses import replace
from types import MappingProxyType

import numpy as np

from dynsys.analysis.map_conditions import Conditions, minors, special_points
from dynsys.analysis.two_parameter_curve import BifurcationCurve
from rnn.interrupts import interrupts_held
from tasks.errors import InputError, Status

# What can be followed, and as what.
MAP_KINDS = MappingProxyType(
    {"fold": "fold", "cusp": "fold", "flip": "flip", "Neimark-Sacker": "Neimark-Sacker"}
)
# Steps in units of the spans and of the scale: first, longest, shortest; Newton's iterations and tolerance.
FIRST, LONGEST, SHORTEST = 5e-3, 5e-2, 1e-8
ITERATIONS, SOLVED = 10, 1e-11
# How far the state may go, in units of its scale.
REACH = 20.0


def follow_map_curve(curve, kind, kappa, p, max_points):
    """Follow a fold, flip or Neimark-Sacker point of a map's fixed points in two parameters.

    Parameters
    ----------
    curve : Curve
        Of a map, with two free parameters.
    kind : {"fold", "flip", "Neimark-Sacker"}
        Which.
    kappa, p : ndarray (R,), (2,)
        Near the point.
    max_points : int
        Limit in each direction.

    Returns
    -------
    BifurcationCurve

    Raises
    ------
    InputError
        No such point is there.

    Examples
    --------
    >>> from dynsys.analysis.curve import make_curve
    >>> from dynsys.analysis.field import compile_field
    >>> from dynsys.analysis.maps import as_map
    >>> from dynsys.symbolic import System
    >>> henon = System.from_text("x' = 1 - a x^2 + y - x; y' = b x - y; a = 0.3; b = 0.3")
    >>> curve = make_curve(as_map(compile_field(henon), 1.0), "a", (0, 2))
    >>> curve = curve.with_second(1, (0.0, 0.9))
    >>> found = follow_map_curve(curve, "flip", np.array([0.9524, 0.2857]), np.array([0.3675, 0.3]), 300)
    >>> bool(np.abs(found.values[:, 0] - 0.75 * (1 - found.values[:, 1]) ** 2).max() < 1e-9)
    True
    """
    system = System(curve, kind)
    start = system.begin(np.concatenate([kappa, p]) / curve.scale)
    if start is None:
        raise InputError(f"point: no {kind} of the map is there; was it found at these values?")
    with interrupts_held() as ask:  # what was followed is kept
        ways = [_walk(system, start, 1.0, max_points, ask)]
        if ways[0][1] in (Status.INTERRUPTED, Status.CLOSED_LOOP):
            ways.append(([start], ways[0][1]))
        else:
            ways.append(_walk(system, start, -1.0, max_points, ask))
    rows, ends = ways[1][0][:0:-1] + ways[0][0], (ways[1][1], ways[0][1])
    n = curve.n
    points, at = np.array(rows) * curve.scale, []
    for row, point in zip(rows, points):
        system.renew(row)
        at.append(Conditions(curve, kind, point, *system.borders))
    specials = special_points(system, rows, at)
    field = curve.field
    held = {
        name: float(v)
        for i, (name, v) in enumerate(zip(field.inputs, curve.inputs))
        if i not in curve.columns
    }
    message = " ".join(dict.fromkeys(end.value for end in ends))
    return BifurcationCurve(
        kind, curve.names, points[:, n:], points[:, :n], np.array([each.multipliers for each in at]),
        np.array([each.turns for each in at]), specials, ends,
        f"{message} {len(specials)} special points", held, field.state,
    )  # fmt: skip


def as_map_curve(curve, step):
    """A curve of branch points of a flow as that of its map: multipliers, and what a map's curve knows.

    Parameters
    ----------
    curve : BifurcationCurve
        Of the flow.
    step : float
        Of the map.

    Returns
    -------
    BifurcationCurve

    Examples
    --------
    >>> both, line = (Status.REACHED_SPAN,) * 2, np.zeros((3, 2))
    >>> curve = BifurcationCurve("branch point", ("a", "b"), line, line, line - 2, np.ones(3, bool), (), both)
    >>> as_map_curve(curve, 0.5).eigenvalues[0].real
    array([0., 0.])
    """
    points = [
        replace(point, eigenvalues=1 + step * point.eigenvalues)
        for point in curve.special_points
        if "pitchfork" in point.kind
    ]
    return replace(curve, eigenvalues=1 + step * curve.eigenvalues, special_points=points)


class System:
    """F = 0 and s = 0 in scaled unknowns (x, p1, p2).

    Parameters
    ----------
    curve : Curve
        Of a map, with two free parameters.
    kind : {"fold", "flip", "Neimark-Sacker"}
        What is singular.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> System(SimpleNamespace(n=1), "Neimark-Sacker")
    Traceback (most recent call last):
    tasks.errors.InputError: point: a map of one state has no Neimark-Sacker points
    """

    def __init__(self, curve, kind):
        self.curve, self.kind, self.n = curve, kind, curve.n
        size = curve.n if kind != "Neimark-Sacker" else curve.n * (curve.n - 1) // 2
        self.borders = 1.0 / (1.7 + np.arange(size)), 1.0 / (2.0 + np.arange(size))
        if size == 0:
            raise InputError("point: a map of one state has no Neimark-Sacker points")

    def begin(self, y):
        """A point near a guess, with the second parameter held; the null vectors become the borders."""
        held = np.zeros(y.size)
        held[-1] = 1.0
        found = y
        for _ in range(3):
            solved = self.solve(found, held, found)
            if solved is None or np.abs(solved - y).max() > 1e-3:
                return None
            found = solved
            self.renew(found)
        return found

    def renew(self, y):
        """Make the null vectors at a point the borders."""
        _, _, right, left = self._singular(y)
        self.borders = left / np.linalg.norm(left), right / np.linalg.norm(right)

    def solve(self, guess, direction, base, length=0.0):
        """The point with (y - base) . direction = length near a guess; None where Newton's method fails."""
        y = np.array(guess)
        for _ in range(ITERATIONS):
            values, slopes = self.equations(y)
            residual = np.append(values, (y - base) @ direction - length)
            try:
                step = np.linalg.solve(np.vstack([slopes, direction]), -residual)
            except np.linalg.LinAlgError:
                return None
            y = y + step
            if not np.isfinite(y).all():
                return None
            if np.abs(step).max() < SOLVED:
                return y
        return None

    def tangent(self, y, along):
        """Unit tangent at a point, on the side of a direction."""
        _, slopes = self.equations(y)
        t = np.linalg.svd(slopes)[2][-1]
        return t if t @ along >= 0 else -t

    def equations(self, y):
        """F and s, (n + 1,), and their derivatives (n + 1, n + 2) in scaled unknowns."""
        curve, n = self.curve, self.n
        x, p = y[:n] * curve.scale[:n], y[n:] * curve.scale[n:]
        slopes = np.column_stack([curve.jacobian(x, p), curve.slopes(x, p)[:, list(curve.columns)]])
        s, changes, right, left = self._singular(y)
        row = -np.array([left @ change @ right for change in changes])
        values = np.append(curve.rhs(x, p), s)
        return values, np.vstack([slopes, row]) * curve.scale

    def _singular(self, y):
        """s, the derivatives of the matrix in all unknowns, and both null vectors."""
        curve, n = self.curve, self.n
        x, p = y[:n] * curve.scale[:n], y[n:] * curve.scale[n:]
        step = curve.field.step
        M = np.eye(n) + step * curve.jacobian(x, p)
        second = step * curve.tensor(x, p, 2, curve.columns)[:, :n, :]
        changes = np.moveaxis(second, -1, 0)
        if self.kind == "Neimark-Sacker":
            matrix = minors(M, M) - np.eye(n * (n - 1) // 2)
            changes = [minors(M, change) + minors(change, M) for change in changes]
        else:
            matrix = M + (np.eye(n) if self.kind == "flip" else -np.eye(n))
        b, c = self.borders
        bordered = np.block([[matrix, b[:, None]], [c[None], np.zeros((1, 1))]])
        one = np.append(np.zeros(b.size), 1.0)
        right, left = np.linalg.solve(bordered, one), np.linalg.solve(bordered.T, one)
        return right[-1], changes, right[:-1], left[:-1]


def _walk(system, start, sign, max_points, ask):
    """Points one way from a start, and how they ended."""
    curve, n = system.curve, system.n
    low, high = (curve.span / curve.scale[n:, None]).T
    rows, length = [start], FIRST
    along = np.zeros(start.size)
    along[n:] = sign
    tangent = system.tangent(start, along)
    if sign * tangent[n + np.abs(tangent[n:]).argmax()] < 0:
        tangent = -tangent
    while len(rows) < max_points:
        try:
            ask()
        except KeyboardInterrupt:
            return rows, Status.INTERRUPTED
        y = system.solve(rows[-1] + length * tangent, tangent, rows[-1], length)
        turned = None if y is None else system.tangent(y, tangent)
        if y is None or turned @ tangent < 0.97:
            length *= 0.5
            if length < SHORTEST:
                return rows, Status.MIN_STEP
            continue
        outside = (y[n:] < low) | (y[n:] > high)
        if outside.any():
            edge = _edge(system, rows[-1], y, low, high)
            return (rows if edge is None else [*rows, edge]), Status.REACHED_SPAN
        if (np.abs(y[:n]) > REACH).any():
            return rows, Status.LEFT_BOX
        if len(rows) > 8 and _closes(rows, y):
            return [*rows, start], Status.CLOSED_LOOP
        rows.append(y)
        tangent, length = turned, min(1.3 * length, LONGEST)
        system.renew(y)
    return rows, Status.MAX_STEPS


def _edge(system, inside, outside, low, high):
    """The point of the curve on the first edge of the spans between two points."""
    n, step = system.n, outside - inside
    shares = [
        (1.0, None),
        *(
            ((bound[k] - inside[n + k]) / step[n + k], k)
            for k in (0, 1)
            for bound, over in ((low, outside[n + k] < low[k]), (high, outside[n + k] > high[k]))
            if over
        ),
    ]
    share, k = min(shares, key=lambda pair: pair[0])
    if k is None:
        return None
    held = np.zeros(inside.size)
    held[n + k] = 1.0
    guess = inside + share * step
    return system.solve(guess, held, guess)


def _closes(rows, y):
    step, back = y - rows[-1], rows[0] - rows[-1]
    share = (back @ step) / (step @ step)
    return 0 < share <= 1 and np.linalg.norm(back - share * step) < 0.1 * np.linalg.norm(step)

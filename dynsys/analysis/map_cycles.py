"""Cycles of a network's own clock: closed invariant curves of the Euler map kappa + alpha F(kappa, v).

An orbit of the map on such a curve need not ever close: its period is the mean time of a turn, 2 pi alpha /
rho with rho the mean angle of a step. Means along the orbit are weighted by exp(-1 / (s (1 - s))), which
converges faster than any power of the number of steps where the rotation is quasi-periodic (Das et al.
2017). Its multipliers are exp(Lyapunov exponent times turn). Euler steps also make cycles of their own,
around points that are stable in the flow but have abs(1 + alpha lambda) > 1.
"""

import numpy as np

from dynsys.analysis.cycles import Cycle, cycle_kind
from dynsys.analysis.flow import system_of, values_at
from dynsys.numerics.euler import iterate_map
from tasks.errors import InputError

# Steps to settle, steps that are kept, and those of them that the Lyapunov exponents are measured on.
SETTLE, KEEP, MEASURED = 6000, 16384, 8192
MAX_STARTS = 12
# Smaller than this share of the box is a fixed point; a curve stays this share of its size off its middle.
SMALLEST, HOLLOW = 1e-6, 0.02
SAME = 1e-6
# Over so many steps the angle must have grown, wherever they start.
AHEAD = 500


def find_map_cycles(field, u, limits, places, fixed_points):
    """Invariant curves of the Euler map that starts settle on.

    Parameters
    ----------
    field : Field
        The field, with its ``alpha``.
    u : ndarray (S,)
        Inputs.
    limits : ndarray (R, 2)
        The box.
    places : ndarray (K, R)
        Starts.
    fixed_points : FixedPoints
        Starts are added beside those that Euler steps leave.

    Returns
    -------
    cycles : list of Cycle
        Stable ones, of clock "map".
    counts : dict
    message : str

    Raises
    ------
    InputError
        A field without Euler steps.

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from dynsys.analysis.fixed_points import find_fixed_points
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(np.ones(4), 2 * np.ones(4), np.zeros(4), np.ones(4)))
    >>> points = find_fixed_points(field)
    >>> find_map_cycles(field, np.zeros(1), points.box, points.kappa + 0.1, points)[0]
    []
    """
    if field.alpha is None:
        raise InputError("clock: this field has no Euler step alpha, so there is no map; ask for the flow")
    widths = limits[:, 1] - limits[:, 0]
    left = [p.kappa + 1e-3 * widths for p in fixed_points if not p.euler_stable]
    starts = np.ascontiguousarray(np.concatenate([*(x[None] for x in left), places])[:MAX_STARTS])
    orbits = np.empty((len(starts), KEEP, field.dimension))
    rhs, _, inputs, params = system_of(field, u)
    iterate_map(rhs, inputs, params, field.alpha, starts, SETTLE, orbits)
    cycles, undecided, returned = [], 0, 0
    for orbit in orbits:
        if not np.isfinite(orbit).all() or (np.ptp(orbit, axis=0) / widths).max() < SMALLEST:
            continue
        turn = _turn(orbit)
        if turn is None:
            undecided += 1
            continue
        returned += 1
        points = orbit[: round(turn) + 1]
        known = (c for c in cycles if abs(field.alpha * turn / c.period - 1) < SAME)
        if not any(_touch(points, other.points) for other in known):
            cycles.append(_cycle(field, u, orbit, turn))
    counts = {"starts": len(starts), "returned": returned, "undecided": undecided}
    message = f"{returned} of {len(starts)} starts turn in Euler steps of {field.alpha:g}."
    if undecided:
        message += f" {undecided} keep moving without turning about a middle."
    return cycles, counts, message


def _turn(orbit):
    """Mean number of steps in which an orbit turns about its middle; None where it does not."""
    middle = orbit.mean(axis=0)
    _, sizes, axes = np.linalg.svd(orbit - middle, full_matrices=False)
    if len(sizes) == 1 or sizes[1] < 1e-6 * sizes[0]:
        return None
    plane = (orbit - middle) @ axes[:2].T
    plane /= np.ptp(plane, axis=0)
    radius = np.hypot(*plane.T)
    if radius.min() < HOLLOW * radius.max():
        return None
    angle = np.unwrap(np.arctan2(plane[:, 1], plane[:, 0]))
    rotation = abs(_weights(len(angle) - 1) @ np.diff(angle))
    ahead = np.sign(angle[-1] - angle[0]) * (angle[AHEAD:] - angle[:-AHEAD])
    return 2 * np.pi / rotation if rotation * AHEAD > np.pi and (ahead > 0).all() else None


def _cycle(field, u, orbit, turn):
    multipliers = np.exp(_exponents(field, u, orbit) * turn)
    multipliers[np.argmin(np.abs(multipliers - 1))] = 1.0
    points = orbit[: round(turn) + 1]
    time = field.alpha * np.arange(len(points))
    return Cycle(points, time, field.alpha * turn, multipliers, cycle_kind(multipliers), 0.0, "map")


def _weights(count):
    share = np.arange(1, count + 1) / (count + 1)
    bump = np.exp(-1 / (share * (1 - share)))
    return bump / bump.sum()


def _exponents(field, u, orbit):
    """Lyapunov exponents of the map along the orbit, per step, in falling order."""
    jacobians = np.eye(field.dimension) + field.alpha * values_at(field, orbit[:MEASURED], u, "jacobian")
    basis, total = np.eye(field.dimension), np.zeros(field.dimension)
    weights = _weights(len(jacobians))
    for _ in range(2):  # the first pass turns the basis into place
        total[:] = 0.0
        for matrix, weight in zip(jacobians, weights):
            basis, upper = np.linalg.qr(matrix @ basis)
            total += weight * np.log(np.abs(np.diag(upper)))
    return np.sort(total)[::-1]


def _touch(points, other):
    return np.linalg.norm(other - points[0], axis=1).min() < 0.2 * np.ptp(other, axis=0).max()

"""Slow points: minima of the speed |F| where no fixed point is, which hold a trajectory up.

From many starts a trust-region method goes downhill on |F|^2 / 2; what ends above zero with a vanishing
gradient DF^T F and a positive second derivative is a slow point: the ghost of a fold, say.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares

from dynsys.analysis.cover import cover
from dynsys.analysis.fixed_points import find_fixed_points
from dynsys.analysis.vector_field import check_field
from tasks.checks import as_array, check_count

STARTS = {1: 24, 2: 64}
STARTS_MORE = 128
# A gradient below this share of the speed times the slope vanishes; a speed below this one is a fixed point.
FLAT, STILL, SAME = 1e-6, 1e-9, 1e-5


@dataclass(frozen=True, eq=False)
class SlowPoint:
    """A minimum of the speed that is no fixed point.

    Parameters
    ----------
    kappa : ndarray (R,)
        Where it is.
    speed : float
        |F| there, in units of 1 / tau.
    eigenvalues : ndarray of complex (R,)
        Of the Jacobian there.

    Examples
    --------
    >>> SlowPoint(np.zeros(1), 0.01, np.zeros(1)).speed
    0.01
    """

    kappa: np.ndarray
    speed: float
    eigenvalues: np.ndarray


def find_slow_points(field, inputs=None, box=None, starts=None, fixed_points=None):
    """Find the minima of the speed inside a box.

    Parameters
    ----------
    field : Field
        The field.
    inputs : mapping of str to float, float or array_like (S,), optional
        Constant inputs; zero if left out.
    box : array_like (R, 2), optional
        Where to search; where the fixed points were searched if left out.
    starts : int, optional
        Number of starts.
    fixed_points : FixedPoints, optional
        Those at the same inputs, if they are already known.

    Returns
    -------
    tuple of SlowPoint
        The slowest first.

    Examples
    --------
    >>> import sympy
    >>> from dynsys.analysis.field import compile_field
    >>> from dynsys.symbolic import System
    >>> x = sympy.Symbol("x")
    >>> ghost = compile_field(System([0.01 + x**2], [x]))  # a fold at -0.01
    >>> [(round(float(p.kappa[0]), 6), round(p.speed, 6)) for p in find_slow_points(ghost, box=[[-1, 1]])]
    [(0.0, 0.01)]
    """
    check_field(field)
    R = field.dimension
    u = field.input_vector(inputs)
    if fixed_points is None:
        fixed_points = find_fixed_points(field, inputs, box)
    limits = fixed_points.box if box is None else as_array("box", box, (R, 2), "(R, 2)")
    count = STARTS.get(R, STARTS_MORE) if starts is None else check_count("starts", starts)
    found = []
    for start in cover(np.array(limits), count, shift=0.3):
        if not np.isfinite(field.rhs(start, u)).all():
            continue
        fit = least_squares(
            field.rhs, start, field.jacobian, args=(u,), xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=200
        )
        speed, jacobian = float(np.linalg.norm(fit.fun)), fit.jac
        size = max(np.abs(jacobian).max(), 1e-300)
        known = any(np.abs(p.kappa - fit.x).max() < 1e-4 * np.ptp(limits) for p in fixed_points)
        inside = ((fit.x > limits[:, 0]) & (fit.x < limits[:, 1])).all()
        if known or not inside or speed <= STILL * size * np.ptp(limits):
            continue
        place = _polished(field, u, fit.x)
        if place is None or any(np.abs(place - p.kappa).max() < SAME * np.ptp(limits) for p in found):
            continue
        speed = float(np.linalg.norm(field.rhs(place, u)))
        found.append(SlowPoint(place, speed, np.linalg.eigvals(field.jacobian(place, u)).astype(complex)))
    return tuple(sorted(found, key=lambda point: point.speed))


def _polished(field, u, place):
    """Newton on the gradient DF^T F, its derivative by central differences; None where it is no minimum."""
    gradient = lambda x: field.jacobian(x, u).T @ field.rhs(x, u)  # noqa: E731
    h = 1e-5 * (1 + np.abs(place).max())
    for _ in range(8):
        columns = [(gradient(place + h * e) - gradient(place - h * e)) / (2 * h) for e in np.eye(place.size)]
        hessian = 0.5 * (np.array(columns) + np.array(columns).T)
        if not np.isfinite(hessian).all() or np.linalg.eigvalsh(hessian).min() <= 0:
            return None
        step = np.linalg.solve(hessian, -gradient(place))
        place = place + step
        if np.abs(step).max() < 1e-12 * (1 + np.abs(place).max()):
            break
    flow, jacobian = field.rhs(place, u), field.jacobian(place, u)
    flat = np.abs(gradient(place)).max() <= FLAT * np.linalg.norm(flow) * max(np.abs(jacobian).max(), 1e-300)
    return place if flat or np.abs(gradient(place)).max() < 1e-10 else None

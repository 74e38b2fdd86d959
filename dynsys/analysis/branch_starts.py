"""Where a branch begins: the point on it near a start, its tangent, a point on one that leaves another."""

import numpy as np

from dynsys.analysis.line_scan import ROUNDING

# Distance (scaled) from a branch point to the start of another branch.
OFFSET = 1e-2
# Newton on the start: iterations; the residual of one that is on the branch, of one that needs no step.
START_ITERATIONS, START_RESIDUAL, START_ROUNDING = 50, 1e-10, 1e-14


def on_curve(curve, x, p):
    """The fixed point near a start at this parameter, by steps of least length; and the start's residual.

    Parameters
    ----------
    curve : Curve
        The equations.
    x : ndarray (n,)
        The start.
    p : float
        Parameter, which is held.

    Returns
    -------
    x : ndarray (n,) or None
        The fixed point; None where Newton's method finds none near it.
    residual : float
        The largest entry of F at the start.

    Examples
    --------
    >>> from dynsys.analysis import compile_field
    >>> from dynsys.analysis.curve import make_curve
    >>> from dynsys.symbolic import System
    >>> curve = make_curve(compile_field(System.from_text("x' = p - x^2; p = 1")), "p", (0, 2))
    >>> on_curve(curve, np.array([1.25]), 1.0)
    (array([1.]), 0.5625)
    """
    first = float(np.abs(curve.rhs(x, p)).max())
    if first <= START_ROUNDING * (1 + np.abs(x).max()):
        return x, first
    state = np.array(x)
    for _ in range(START_ITERATIONS):
        value, jacobian = curve.rhs(state, p), curve.jacobian(state, p)
        if not np.isfinite(value).all():
            return None, first
        if not np.isfinite(jacobian).all():  # a kink: Newton cannot go on
            break
        step = np.linalg.lstsq(jacobian, -value, rcond=1e-12)[0]
        longest = 0.5 * curve.scale[:-1].max()
        state = state + step * (longest / max(np.abs(step).max(), longest))
        if np.abs(step).max() <= 1e-14 * (1 + np.abs(state).max()):
            break
    close = np.abs((state - x) / curve.scale[:-1]).max() < 0.5
    slopes = np.nan_to_num(np.abs(curve.jacobian(state, p)), posinf=0.0)
    noise = ROUNDING * (slopes @ np.abs(state)).max()
    solved = np.abs(curve.rhs(state, p)).max() <= START_RESIDUAL * (1 + np.abs(state).max()) + noise
    return (state if close and solved else None), first


def tangent_at(curve, y):
    """Null vector of the scaled (F_x, F_p), with p to grow; of several the one closest to the p axis.

    Parameters
    ----------
    curve : Curve
        The equations.
    y : ndarray (n + 1,)
        A fixed point and its parameter, in units of the curve's scale.

    Returns
    -------
    ndarray (n + 1,) or None
        Unit vector in units of the curve's scale; None where there is no finite derivative.

    Examples
    --------
    >>> from dynsys.analysis import compile_field
    >>> from dynsys.analysis.curve import make_curve
    >>> from dynsys.symbolic import System
    >>> curve = make_curve(compile_field(System.from_text("x' = 4 p - 3 x; p = 0")), "p", (-1, 0))
    >>> tangent_at(curve, np.zeros(2))
    array([0.8, 0.6])
    """
    matrix, tangent = curve.tangent(y)
    if tangent is not None:
        return tangent
    if not np.isfinite(matrix).all():
        return None
    _, sizes, vectors = np.linalg.svd(matrix)
    vectors = np.where(vectors[:, -1:] < 0, -vectors, vectors)
    if sizes[-1] > 1e-9 * max(1.0, sizes[0]):
        return vectors[-1]
    null = vectors[np.append(sizes <= 1e-9 * max(1.0, sizes[0]), True)]
    tangent = null.T @ null[:, -1]
    return tangent if np.linalg.norm(tangent) > 0 else null[0]


def step_off(curve, special, direction):
    """A point on the branch that leaves a branch point in a direction, and its tangent.

    Parameters
    ----------
    curve : Curve
        The equations.
    special : SpecialPoint
        The branch point.
    direction : ndarray (n + 1,)
        Tangent of the other branch, in natural units.

    Returns
    -------
    tuple of (x, p, tangent) or None
        None where Newton's method finds no such point near it, or outside the span.
    """
    tangent = direction / curve.scale
    tangent /= np.linalg.norm(tangent)
    y = np.append(special.kappa, special.value) / curve.scale + OFFSET * tangent
    found = curve.step(y, tangent)
    if found is None or np.abs(found[0] - y).max() > OFFSET:
        return None
    y = found[0] * curve.scale
    low, high = curve.span[0]
    return (y[:-1], float(y[-1]), found[1] * curve.scale) if low <= y[-1] <= high else None

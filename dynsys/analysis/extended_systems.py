"""Newton's method on the equations that define a special point, to rounding.

The equations of folds, Hopf points and branch points are those of `dynsys.numerics.extended`; a cusp is where

    F = 0,   a = 0    with a = (1/2) psi . B(q, q)

on the singular vectors of the Jacobian: that it is singular where a vanishes is an accident, which cannot be
asked for on a curve with one parameter.
"""

import numpy as np

from dynsys.analysis.normal_forms import bordered_solve, null_vectors

MAX_ITERATIONS = 20
STEP_TOLERANCE = 1e-13
# Largest entry of the equations at a solution, relative to the state, and largest distance from the start.
RESIDUAL, CUSP_RESIDUAL = 1e-9, 1e-8
REACH = 1e-2


def polish(curve, starts, modes):
    """Solve for special points near several places.

    Parameters
    ----------
    curve : Curve
        The equations.
    starts : ndarray (E, n + 1)
        The places, scaled.
    modes : sequence of int
        What each of them is, from `dynsys.numerics.extended`.

    Returns
    -------
    list of (ndarray (n + 1,), float) or None
        Each point in natural units and the largest entry of F there; None where there is none nearby.

    Examples
    --------
    >>> from dynsys.analysis.curve import make_curve
    >>> from dynsys.analysis.field import reduced_field
    >>> from dynsys.numerics.extended import FOLD_CURVE
    >>> from rnn import LowRankRNN
    >>> net = LowRankRNN(np.ones(4), 2 * np.ones(4), np.ones(4), np.ones(4))
    >>> curve = make_curve(reduced_field(net), "v", (-1, 1))
    >>> ((y, residual),) = polish(curve, np.array([[-1.4, 0.53]]) / curve.scale, [FOLD_CURVE])
    >>> round(float(y[1]), 12), bool(abs(np.tanh(y.sum()) ** 2 - 0.5) < 1e-12)  # tanh(x + v)^2 = 1/2
    (0.532839975354, True)
    """
    n = curve.n
    points, _, residuals = curve.polish(starts, modes)
    points = points[:, : n + 1]
    natural = points * curve.scale[: n + 1]
    far, sizes = np.abs(points - starts).max(axis=1), np.abs(natural[:, :n]).max(axis=1)
    found = []
    for y, residual, distance, size in zip(natural, residuals.tolist(), far.tolist(), sizes.tolist()):
        limit = RESIDUAL * (1 + size)
        if distance <= REACH and residual > limit:  # F may be large, and its rounding
            slopes = [*curve.jacobian(y[:n], y[n]).ravel(), *(curve.slope(y[:n], y[n]) * curve.scale[n])]
            limit *= max(1.0, np.abs(slopes).max())
        found.append((y, residual) if distance <= REACH and residual <= limit else None)
    return found


def polish_cusp(curve, y):
    """Solve for the point near y (n + 1,), in natural units, where a vanishes; result as of `polish`."""
    n, scale = curve.n, curve.scale[: curve.n + 1]
    for _ in range(MAX_ITERATIONS):
        at = curve.expand(y[None])[0]
        value, gradient = _fold_coefficient(at)
        rows = [np.column_stack([at.jacobian, at.slope]), np.append(gradient, 0.0)]
        try:
            step = np.linalg.solve(np.vstack(rows) * scale, -np.append(curve.rhs(at.x, at.p), value))
        except np.linalg.LinAlgError:  # points that are not isolated
            return None
        if not np.isfinite(step).all():
            return None
        y = y + step * scale
        if np.abs(step).max() <= STEP_TOLERANCE:
            break
    residual = float(np.abs(curve.rhs(y[:n], y[n])).max())
    value, _ = _fold_coefficient(curve.expand(y[None])[0])
    return (y, residual) if max(residual, abs(value)) <= CUSP_RESIDUAL * (1 + np.abs(y).max()) else None


def _fold_coefficient(at):
    """a = (1/2) psi . B(q, q), and how it changes with x: through C, and through q and psi, which B turns."""
    n = at.x.size
    q, psi = null_vectors(at.jacobian)
    hessian = at.second[:, :n, :n]
    bent = hessian @ q @ q
    turned = bordered_solve(at.jacobian, psi, q, -bent)
    return 0.5 * psi @ bent, 0.5 * psi @ (at.third @ q @ q + 3 * hessian @ turned)

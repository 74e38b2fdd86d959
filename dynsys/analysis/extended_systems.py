"""Newton's method on the equations that define a special point, to rounding.

The equations of folds, Hopf points and branch points are those of `dynsys.numerics.extended`; a cusp is where

    F = 0,   s = 0,   a = 0    with a = (1/2) psi . B(q, q)

in the state and the parameter by least squares, since a cusp on a curve with one parameter is an accident.
"""

import numpy as np

from dynsys.numerics.extended import BRANCH_CURVE, FOLD_CURVE, HOPF_CURVE

MAX_ITERATIONS = 20
STEP_TOLERANCE = 1e-13
# Largest entry of the equations at a solution, relative to the state, and largest distance from the start.
RESIDUAL = 1e-9
REACH = 1e-2


def polish_fold(curve, x, p):
    """Solve for a fold near (x, p).

    Parameters
    ----------
    curve : Curve
        The equations.
    x : ndarray (n,)
        State near it.
    p : float
        Parameter near it.

    Returns
    -------
    tuple of (x, p, residual) or None
        None if Newton's method does not converge near the start.

    Examples
    --------
    >>> from dynsys.analysis.curve import make_curve
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> net = LowRankRNN(np.ones(4), 2 * np.ones(4), np.ones(4), np.ones(4))
    >>> curve = make_curve(reduced_field(net), "v", (-1, 1))
    >>> x, v, residual = polish_fold(curve, np.array([-1.4]), 0.53)  # tanh(x + v)^2 = 1/2
    >>> round(float(v), 12), bool(abs(np.tanh(x[0] + v) ** 2 - 0.5) < 1e-12)
    (0.532839975354, True)
    """
    return _polish(curve, x, p, FOLD_CURVE)


def polish_branch_point(curve, x, p):
    """Solve for a branch point near (x, p); arguments and result as in `polish_fold`."""
    return _polish(curve, x, p, BRANCH_CURVE)


def polish_hopf(curve, x, p):
    """Solve for a point near (x, p) where two eigenvalues sum to zero; as in `polish_fold`."""
    return _polish(curve, x, p, HOPF_CURVE)


def polish_cusp(curve, x, p):
    """Solve for the point near (x, p) where the fold coefficient a vanishes; as in `polish_fold`."""
    n, scale = x.size, curve.scale[: x.size + 1]
    z = np.append(x, p)
    for _ in range(MAX_ITERATIONS):
        x, p = z[:n], z[n]
        q, psi = null_vectors(curve.jacobian(x, p))
        second = curve.tensor(x, p, 2, curve.columns[:1])
        third = curve.tensor(x, p, 3)
        a = 0.5 * psi @ (second[:, :n, :n] @ q @ q)
        # How a changes along x: through C, and through the null vectors that B turns.
        bordered = np.block([[curve.jacobian(x, p), q[:, None]], [psi[None], np.zeros((1, 1))]])
        turned = np.linalg.lstsq(bordered, np.append(-(second[:, :n, :n] @ q @ q), 0.0), rcond=None)[0][:n]
        gradient = np.append(0.5 * psi @ (third @ q @ q + 3 * second[:, :n, :n] @ turned), 0.0)
        rows = [np.column_stack([curve.jacobian(x, p), curve.slope(x, p)]), gradient]
        step = np.linalg.solve(np.vstack(rows) * scale, -np.append(curve.rhs(x, p), a)) * scale
        if not np.isfinite(step).all():
            return None
        moved = z + step
        done = np.abs(step / scale).max() <= STEP_TOLERANCE
        z = moved
        if done:
            break
    residual = float(np.abs(curve.rhs(z[:n], z[n])).max())
    q, psi = null_vectors(curve.jacobian(z[:n], z[n]))
    a = abs(0.5 * psi @ (curve.tensor(z[:n], z[n], 2) @ q @ q))
    return (z[:n], float(z[n]), residual) if max(residual, a) <= 1e-8 * (1 + np.abs(z).max()) else None


def null_vectors(matrix):
    """Unit right and left singular vectors of the smallest singular value, largest entries positive.

    Examples
    --------
    >>> abs(null_vectors(np.array([[0.0, 1.0], [0.0, 0.0]]))[0])
    array([1., 0.])
    """
    left, _, right = np.linalg.svd(matrix)
    q, psi = right[-1], left[:, -1]
    return q * np.sign(q[np.abs(q).argmax()]), psi * np.sign(psi[np.abs(psi).argmax()])


def solved(curve, point, mode, start):
    """Check a polished point, scaled (n + 3,), and put it into natural units; as in `polish_fold`."""
    n = curve.n
    if not np.isfinite(point).all() or np.abs(point[: n + 1] - start).max() > REACH:
        return None
    x, p = point[:n] * curve.scale[:n], float(point[n] * curve.scale[n])
    residual = float(np.abs(curve.rhs(x, p)).max())
    return (x, p, residual) if residual <= RESIDUAL * (1 + np.abs(x).max()) else None


def _polish(curve, x, p, mode):
    start = np.append(x, p) / curve.scale[: curve.n + 1]
    points, _ = curve.polish(start[None], [mode])
    return solved(curve, points[0], mode, start)

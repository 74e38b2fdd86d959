"""Newton's method on the equations that define a special point, to rounding.

    fold           F = 0,  F_x q = 0,  c . q = 1
    branch point   F + beta psi = 0,  F_x^T psi = 0,  F_p . psi = 0,  psi . psi = 1   (beta = 0 at a solution)
    Hopf point     F = 0,  F_x q = i omega q,  c . q = 1
    cusp           F = 0,  a = 0  with a = (1/2) psi . B(q, q)

Derivatives in the state are exact; those in the parameter are extrapolated differences of exact ones, which
slows Newton's method at most, since the residuals are exact.
"""

import numpy as np

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
    n = x.size
    c = null_vectors(curve.jacobian(x, p))[0]

    def equations(z):
        x, p, q = z[:n], z[n], z[n + 1 :]
        jacobian = curve.jacobian(x, p)
        values = np.concatenate([curve.rhs(x, p), jacobian @ q, [c @ q - 1]])
        matrix = np.zeros((2 * n + 1, 2 * n + 1))
        matrix[:n, :n], matrix[:n, n] = jacobian, curve.slope(x, p)
        matrix[n:-1, :n] = curve.hessian(x, p) @ q
        matrix[n:-1, n] = curve.jacobian_slope(x, p) @ q
        matrix[n:-1, n + 1 :] = jacobian
        matrix[-1, n + 1 :] = c
        return values, matrix

    return _solution(curve, equations, np.concatenate([x, [p], c]), n)


def polish_branch_point(curve, x, p):
    """Solve for a branch point near (x, p); arguments and result as in `polish_fold`."""
    n = x.size
    psi = null_vectors(curve.jacobian(x, p))[1]

    def equations(z):
        x, p, beta, psi = z[:n], z[n], z[n + 1], z[n + 2 :]
        jacobian, slope, mixed = curve.jacobian(x, p), curve.slope(x, p), curve.jacobian_slope(x, p)
        values = np.concatenate(
            [curve.rhs(x, p) + beta * psi, jacobian.T @ psi, [slope @ psi, psi @ psi - 1]],
        )
        matrix = np.zeros((2 * n + 2, 2 * n + 2))
        matrix[:n, :n], matrix[:n, n], matrix[:n, n + 1] = jacobian, slope, psi
        matrix[:n, n + 2 :] = beta * np.eye(n)
        matrix[n : 2 * n, :n] = np.einsum("k,kij->ij", psi, curve.hessian(x, p))
        matrix[n : 2 * n, n] = matrix[2 * n, :n] = mixed.T @ psi
        matrix[n : 2 * n, n + 2 :] = jacobian.T
        matrix[2 * n, n] = psi @ curve.slope_slope(x, p)
        matrix[2 * n, n + 2 :] = slope
        matrix[2 * n + 1, n + 2 :] = 2 * psi
        return values, matrix

    solution = _solution(curve, equations, np.concatenate([x, [p, 0.0], psi]), n)
    if solution is None:
        return None
    x, p, residual = solution
    residual = max(residual, float(np.abs(curve.rhs(x, p)).max()))  # without beta
    return (x, p, residual) if residual <= RESIDUAL * (1 + np.abs(x).max()) else None


def polish_hopf(curve, x, p):
    """Solve for a Hopf point near (x, p); arguments and result as in `polish_fold`."""
    n = x.size
    eigenvalues, vectors = np.linalg.eig(curve.jacobian(x, p))
    pairs = np.flatnonzero(eigenvalues.imag > 0)
    if pairs.size == 0:
        return None
    k = pairs[np.abs(eigenvalues[pairs].real).argmin()]
    q, omega = vectors[:, k], eigenvalues[k].imag
    c = q.real if np.linalg.norm(q.real) > np.linalg.norm(q.imag) else q.imag
    q = q / (c @ q)

    def equations(z):
        x, p, a, b, omega = z[:n], z[n], z[n + 1 : 2 * n + 1], z[2 * n + 1 : 3 * n + 1], z[-1]
        jacobian, mixed, hessian = curve.jacobian(x, p), curve.jacobian_slope(x, p), curve.hessian(x, p)
        values = np.concatenate(
            [curve.rhs(x, p), jacobian @ a + omega * b, jacobian @ b - omega * a, [c @ a - 1, c @ b]]
        )
        matrix = np.zeros((3 * n + 2, 3 * n + 2))
        real, imaginary = slice(n, 2 * n), slice(2 * n, 3 * n)  # rows; the columns of a and b are one further
        of_a, of_b = slice(n + 1, 2 * n + 1), slice(2 * n + 1, 3 * n + 1)
        matrix[:n, :n], matrix[:n, n] = jacobian, curve.slope(x, p)
        matrix[real, :n], matrix[imaginary, :n] = hessian @ a, hessian @ b
        matrix[real, n], matrix[imaginary, n] = mixed @ a, mixed @ b
        matrix[real, of_a] = matrix[imaginary, of_b] = jacobian
        matrix[real, of_b], matrix[imaginary, of_a] = omega * np.eye(n), -omega * np.eye(n)
        matrix[real, -1], matrix[imaginary, -1] = b, -a
        matrix[-2, of_a] = matrix[-1, of_b] = c
        return values, matrix

    return _solution(curve, equations, np.concatenate([x, [p], q.real, q.imag, [omega]]), n)


def polish_cusp(curve, x, p):
    """Solve for the point near (x, p) where the fold coefficient a vanishes; as in `polish_fold`."""
    n = x.size

    def coefficient(z):
        q, psi = null_vectors(curve.jacobian(z[:n], z[n]))
        return 0.5 * psi @ curve.along(z[:n], z[n], q)[0] * np.sign(psi @ q)

    def equations(z):
        x, p = z[:n], z[n]
        matrix = np.zeros((n + 1, n + 1))
        matrix[:n, :n], matrix[:n, n] = curve.jacobian(x, p), curve.slope(x, p)
        for j in range(n + 1):
            h = np.zeros(n + 1)
            h[j] = 1e-5 * curve.scale[j]
            matrix[n, j] = (coefficient(z + h) - coefficient(z - h)) / (2 * h[j])
        return np.append(curve.rhs(x, p), coefficient(z)), matrix

    return _solution(curve, equations, np.append(x, p), n)


def null_vectors(matrix):
    """Unit right and left singular vectors of the smallest singular value, largest entries positive.

    Examples
    --------
    >>> abs(null_vectors(np.array([[0.0, 1.0], [0.0, 0.0]]))[0])
    array([1., 0.])
    """
    left, _, right = np.linalg.svd(matrix)
    return tuple(v * np.sign(v[np.abs(v).argmax()]) for v in (right[-1], left[:, -1]))


def _solution(curve, equations, z, n):
    """Newton's method; the solution must be near the start."""
    start = z[: n + 1].copy()
    for _ in range(MAX_ITERATIONS):
        values, matrix = equations(z)
        if not (np.isfinite(values).all() and np.isfinite(matrix).all()):
            return None
        try:
            step = np.linalg.solve(matrix, -values)
        except np.linalg.LinAlgError:
            return None
        z = z + step
        if np.abs(step).max() <= STEP_TOLERANCE * (1 + np.abs(z).max()):
            break
    residual = float(np.abs(equations(z)[0]).max())
    x, p = z[:n], float(z[n])
    moved = np.abs((z[: n + 1] - start) / curve.scale).max()
    if not residual <= RESIDUAL * (1 + np.abs(x).max()) or moved > REACH:
        return None
    return x, p, residual

"""Normal-form coefficients of special points from exact derivatives.

With A = F_x, A q = 0, A^T psi = 0, |q| = 1, psi . q = 1 and B, C the second and third derivatives of F:

    fold          dz/dt = a01 dp + a z^2,                                a = (1/2) psi . B(q, q)
    cusp          c = (1/6) psi . (C(q, q, q) + 3 B(q, h)),              A h = -B(q, q) + (psi . B(q, q)) q
    branch point  a01 dp + b11 z dp + (a02/2) dp^2 + (b20/2) z^2 + (b30/6) z^3 = 0,  along x = z q + ...
    Hopf point    dz/dt = (i omega + ...) z + c1 z |z|^2                 (Kuznetsov's l1 = Re c1 / omega)
"""

from typing import NamedTuple

import numpy as np

from dynsys.numerics import coefficients
from dynsys.numerics.linear import null_pair

# Null vectors of a matrix that is farther from singular than this, next to its size, are singular vectors.
SINGULAR = 1e-9


class BranchForm(NamedTuple):
    """Coefficients of a branch point; q, and h01 with A h01 = -F_p + a01 q: where another branch may go."""

    a01: float
    a02: float
    b11: float
    b20: float
    b30: float
    q: np.ndarray
    h01: np.ndarray


class HopfForm(NamedTuple):
    """Frequency, first coefficient and speed dRe(lambda)/dp of a Hopf point, and its eigenvector."""

    omega: float
    c1: complex
    speed: float
    q: np.ndarray


def fold_form(at, rate=1.0):
    """Coefficients of a fold.

    Parameters
    ----------
    at : Expansion
        Derivatives of F at the point.
    rate : float
        Size of the eigenvalues.

    Returns
    -------
    a, a01 : float
        The coefficients.
    q : ndarray (n,)
        The null vector.
    smallest : float
        How far the Jacobian is from singular, next to its largest entry or to the rate.
    """
    q, psi, found = np.empty(at.x.size), np.empty(at.x.size), np.empty(2)
    smallest = coefficients.fold(at.jacobian, at.slope, at.second, rate, q, psi, found)
    return *found.tolist(), q, smallest


def branch_form(at):
    """Coefficients of a branch point, and of a cusp: c = b30 / 6.

    Parameters
    ----------
    at : Expansion
        Derivatives of F at the point.

    Returns
    -------
    BranchForm
    """
    q, psi = null_vectors(at.jacobian)
    n, slope, psi = q.size, at.slope, psi / (psi @ q)
    hessian, mixed = at.second[:, :n, :n], at.second[:, :n, n]
    second, third = hessian @ q @ q, at.third @ q @ q @ q
    h01, h20 = (bordered_solve(at.jacobian, q, psi, -vector) for vector in (slope, second))
    b11 = psi @ (mixed @ q + hessian @ h01 @ q)
    a02 = psi @ (at.second[:, n, n] + 2 * mixed @ h01 + hessian @ h01 @ h01)
    found = psi @ slope, a02, b11, psi @ second, psi @ (third + 3 * hessian @ h20 @ q)
    return BranchForm(*(float(c) for c in found), q, h01)


def hopf_form(at):
    """Coefficients of a Hopf point of a flow.

    Parameters
    ----------
    at : Expansion
        Derivatives of F at the point.

    Returns
    -------
    HopfForm

    Raises
    ------
    ValueError
        All eigenvalues are real.
    """
    value = min((value for value in at.modes.tolist() if value.imag > 0), key=lambda value: abs(value.real))
    q, psi, out = np.empty(at.x.size, complex), np.empty(at.x.size, complex), np.empty(2, complex)
    coefficients.hopf(at.jacobian, at.slope, at.second, at.third, value, q, psi, out)
    c1, rate = out.tolist()
    return HopfForm(value.imag, c1, rate.real, q)


def imaginary_pair(jacobian):
    """The pair of eigenvalues next to the imaginary axis, and its vectors.

    Parameters
    ----------
    jacobian : ndarray (n, n)
        A.

    Returns
    -------
    omega : float
        The frequency.
    q, psi : ndarray of complex (n,)
        A q = i omega q, A^T psi = -i omega psi, |q| = 1, conj(psi) . q = 1.

    Examples
    --------
    >>> round(imaginary_pair(np.array([[0.0, -2.0], [2.0, 0.0]]))[0], 12)
    2.0
    """
    values, vectors = np.linalg.eig(jacobian)
    _, k = min((abs(value.real), k) for k, value in enumerate(values.tolist()) if value.imag > 0)
    return float(values[k].imag), vectors[:, k], np.linalg.inv(vectors)[k].conj()


def null_vectors(matrix):
    """Unit right and left singular vectors of the smallest singular value, largest entries positive.

    Examples
    --------
    >>> abs(null_vectors(np.array([[0.0, 1.0], [0.0, 0.0]]))[0])
    array([1., 0.])
    """
    q, psi = np.empty(len(matrix)), np.empty(len(matrix))
    if not null_pair(np.ascontiguousarray(matrix), 1.0, q, psi) <= SINGULAR:
        left, _, right = np.linalg.svd(matrix)
        q, psi = (v if max(v.tolist(), key=abs) > 0 else -v for v in (right[-1], left[:, -1]))
    return q, psi


def bordered_solve(matrix, column, row, vector):
    """x with matrix x = vector up to a multiple of ``column``, and row . x = 0.

    Examples
    --------
    >>> bordered_solve(np.zeros((1, 1)), np.ones(1), np.ones(1), np.ones(1)).tolist()
    [0.0]
    """
    n = len(vector)
    whole = np.zeros((n + 1, n + 1), dtype=np.result_type(matrix, column, row, vector))
    whole[:n, :n], whole[:n, n], whole[n, :n] = matrix, column, row
    return np.linalg.solve(whole, np.append(vector, 0.0))[:n]

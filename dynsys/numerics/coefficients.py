"""Coefficients of the normal forms of folds and Hopf points, from exact derivatives of F.

With A = F_x and B, C the second and third derivatives of F in the state, a fold has

    A q = 0,    A^T psi = 0,    |q| = 1,    psi . q = 1,    a = (1/2) psi . B(q, q),    a01 = psi . F_p

and a Hopf point

    A q = i w q,    A^T psi = -i w psi,    |q| = 1,    conj(psi) . q = 1
    c1 = (1/2) conj(psi) . (C(q, q, q') - 2 B(q, A^-1 B(q, q')) + B(q', (2 i w - A)^-1 B(q, q))),   q' = conj q

(Kuznetsov 2004, section 5.4); along a branch the eigenvalue moves at the rate conj(psi) . (F_xp q - B(q, A^-1 F_p)).
"""  # noqa: E501

import numpy as np
from numba import types

from dynsys.numerics.linear import eliminate, null_pair
from dynsys.numerics.signatures import MATRIX, VECTOR
from rnn.jit import jit

# Inverse iterations, and how far off the eigenvalue, relative to it: exactly on it nothing can be solved.
ITERATIONS, OFF = 4, 1e-9

_BLOCK = types.Array(types.float64, 3, "C")
_TENSOR = types.Array(types.float64, 4, "C")
_COMPLEX = types.Array(types.complex128, 1, "C")


@jit()
def _resolvent(value, matrix, vector):
    """Replace the vector by (value - matrix)^-1 vector; in real numbers, which compile faster."""
    n = vector.size
    shifted, both = np.zeros((2 * n, 2 * n)), np.empty(2 * n)
    for i in range(n):
        for j in range(n):
            shifted[i, j] = shifted[n + i, n + j] = -matrix[i, j]
        shifted[i, i] += value.real
        shifted[n + i, n + i] += value.real
        shifted[i, n + i], shifted[n + i, i] = -value.imag, value.imag
        both[i], both[n + i] = vector[i].real, vector[i].imag
    eliminate(shifted, both)
    for i in range(n):
        vector[i] = complex(both[i], both[n + i])


@jit(types.float64(MATRIX, VECTOR, _BLOCK, types.float64, VECTOR, VECTOR, VECTOR))
def fold(jacobian, slope, second, rate, q, psi, out):
    """Vectors and coefficients at a zero eigenvalue.

    Parameters
    ----------
    jacobian, slope, second
        As in `hopf`.
    rate, q, psi
        As in `dynsys.numerics.linear.null_pair`; psi . q becomes 1.
    out : ndarray (2,)
        Becomes a and a01.

    Returns
    -------
    float
        How far the Jacobian is from singular, as of `null_pair`.

    Examples
    --------
    >>> second = np.zeros((1, 2, 2))  # x' = p - x^2
    >>> second[0, 0, 0], q, psi, out = -2.0, np.empty(1), np.empty(1), np.empty(2)
    >>> fold(np.zeros((1, 1)), np.ones(1), second, 1.0, q, psi, out), out
    (0.0, array([-1.,  1.]))
    """
    residual = null_pair(jacobian, rate, q, psi)
    product = out[0] = out[1] = 0.0
    for r in range(q.size):
        product += psi[r] * q[r]
    for r in range(q.size):
        psi[r] /= product
        out[1] += psi[r] * slope[r]
        for i in range(q.size):
            for j in range(q.size):
                out[0] += 0.5 * psi[r] * second[r, i, j] * q[i] * q[j]
    return residual


@jit(types.void(MATRIX, VECTOR, _BLOCK, _TENSOR, types.complex128, _COMPLEX, _COMPLEX, _COMPLEX))
def hopf(jacobian, slope, second, third, value, q, psi, out):
    """Vectors and coefficients at an imaginary pair of eigenvalues.

    Parameters
    ----------
    jacobian, slope : ndarray (n, n), (n,)
        A and F_p.
    second, third : ndarray (n, n + 1, n + 1), (n, n, n, n)
        Second derivatives in state and parameter, third ones in the state.
    value : complex
        The eigenvalue i w, w > 0.
    q, psi : ndarray of complex (n,)
        Become the vectors.
    out : ndarray of complex (2,)
        Becomes c1, and the rate d(eigenvalue)/dp along the branch.

    Examples
    --------
    >>> turn = np.array([[0.0, -1.0], [1.0, 0.0]])  # x' = -y - x^3, y' = x
    >>> third = np.zeros((2, 2, 2, 2))
    >>> third[0, 0, 0, 0] = -6.0
    >>> q, psi, out = np.empty(2, complex), np.empty(2, complex), np.empty(2, complex)
    >>> hopf(turn, np.zeros(2), np.zeros((2, 3, 3)), third, 1j, q, psi, out)
    >>> round(float(out[0].real), 12)
    -0.75
    """
    n = slope.size
    turned = np.empty((n, n))
    for i in range(n):
        for j in range(n):
            turned[i, j] = jacobian[j, i]
    for side in range(2):
        vector, matrix = (psi, turned) if side == 1 else (q, jacobian)
        near = (value.conjugate() if side == 1 else value) * (1.0 + OFF)
        for i in range(n):
            vector[i] = 1.0 / (1.7 + i)  # anything that is not orthogonal to it
        for _ in range(ITERATIONS):
            _resolvent(near, matrix, vector)
            square = 0.0
            for i in range(n):
                square += vector[i].real ** 2 + vector[i].imag ** 2
            for i in range(n):
                vector[i] /= np.sqrt(square)
    product = 0.0j
    for i in range(n):
        product += psi[i] * q[i].conjugate()
    for i in range(n):
        psi[i] /= product
    along = np.zeros((n, n), dtype=np.complex128)  # B(q, .)
    solved = np.zeros((3, n), dtype=np.complex128)  # -A^-1 B(q, q'), (2 i w - A)^-1 B(q, q), -A^-1 F_p
    for r in range(n):
        for i in range(n):
            for j in range(n):
                along[r, i] += second[r, i, j] * q[j]
            solved[0, r] += along[r, i] * q[i].conjugate()
            solved[1, r] += along[r, i] * q[i]
        solved[2, r] = slope[r]
    for k in range(3):
        _resolvent(2.0 * value if k == 1 else 0.0j, jacobian, solved[k])
    out[0] = out[1] = 0.0
    for r in range(n):
        cubic = rate = 0.0j
        for i in range(n):
            cubic += 2.0 * along[r, i] * solved[0, i]
            rate += second[r, i, n] * q[i] + along[r, i] * solved[2, i]
            for j in range(n):
                cubic += second[r, i, j] * q[i].conjugate() * solved[1, j]
                for k in range(n):
                    cubic += third[r, i, j, k] * q[i].conjugate() * q[j] * q[k]
        out[0] += 0.5 * psi[r].conjugate() * cubic
        out[1] += psi[r].conjugate() * rate

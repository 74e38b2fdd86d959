"""Small dense linear algebra inside kernels: cheap to compile, exact enough for a handful of unknowns.

numpy's routines are faster for large matrices, but inside a kernel each of them adds seconds of compilation.
"""

import numpy as np

from rnn.jit import jit


@jit()
def eliminate(a, b):
    """Solve a x = b by Gaussian elimination with partial pivoting, in place.

    Parameters
    ----------
    a : ndarray (n, n)
        The matrix; destroyed.
    b : ndarray (n,)
        Right-hand side; becomes x (zero components where a pivot vanishes).

    Returns
    -------
    float
        Determinant of a.

    Examples
    --------
    >>> b = np.array([3.0, 5.0])
    >>> eliminate(np.array([[0.0, 1.0], [2.0, 0.0]]), b), b
    (-2.0, array([2.5, 3. ]))
    """
    return eliminate_both(a, b, b[:0])


@jit()
def eliminate_both(a, b, c):
    """Solve a x = b and a y = c at once, as `eliminate`; an empty c is left out.

    Examples
    --------
    >>> b, c = np.array([3.0, 5.0]), np.array([1.0, 0.0])
    >>> eliminate_both(np.array([[0.0, 1.0], [2.0, 0.0]]), b, c), b, c
    (-2.0, array([2.5, 3. ]), array([0., 1.]))
    """
    n, both = b.size, c.size > 0
    determinant = 1.0
    for k in range(n):
        pivot, largest = k, abs(a[k, k])
        for i in range(k + 1, n):
            if abs(a[i, k]) > largest:
                pivot, largest = i, abs(a[i, k])
        if pivot != k:
            determinant = -determinant
            for j in range(k, n):
                a[k, j], a[pivot, j] = a[pivot, j], a[k, j]
            b[k], b[pivot] = b[pivot], b[k]
            if both:
                c[k], c[pivot] = c[pivot], c[k]
        determinant *= a[k, k]
        inverse = 1.0 / a[k, k] if a[k, k] != 0.0 else 0.0
        for i in range(k + 1, n):
            factor = a[i, k] * inverse
            for j in range(k + 1, n):
                a[i, j] -= factor * a[k, j]
            b[i] -= factor * b[k]
            if both:
                c[i] -= factor * c[k]
        a[k, k] = inverse
    for k in range(n - 1, -1, -1):
        first, second = b[k], c[k] if both else 0.0
        for j in range(k + 1, n):
            first -= a[k, j] * b[j]
            if both:
                second -= a[k, j] * c[j]
        b[k] = first * a[k, k]
        if both:
            c[k] = second * a[k, k]
    return determinant


@jit()
def pair_sums(jacobian, out):
    """Matrix whose eigenvalues are the sums of two eigenvalues of a Jacobian (bialternate product 2 A (.) I).

    Its determinant vanishes at a Hopf point, and where two real eigenvalues are opposite (neutral saddle).

    Parameters
    ----------
    jacobian : ndarray (n * n,)
        A, row by row.
    out : ndarray (n (n - 1) / 2, n (n - 1) / 2)
        The result.

    Examples
    --------
    >>> out = np.empty((1, 1))
    >>> pair_sums(np.array([1.0, 5.0, -5.0, 2.0]), out)
    >>> out
    array([[3.]])
    """
    n = int(np.sqrt(jacobian.size) + 0.5)
    row = 0
    for p in range(1, n):
        for q in range(p):
            column = 0
            for r in range(1, n):
                for s in range(r):
                    value = 0.0
                    if r == q:
                        value = -jacobian[p * n + s]
                    elif r != p and s == q:
                        value = jacobian[p * n + r]
                    elif r == p and s == q:
                        value = jacobian[p * n + p] + jacobian[q * n + q]
                    elif r == p:
                        value = jacobian[q * n + s]
                    elif s == p:
                        value = -jacobian[q * n + r]
                    out[row, column] = value
                    column += 1
            row += 1

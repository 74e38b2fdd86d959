"""Small dense linear algebra inside kernels: cheap to compile, exact enough for a handful of unknowns.

numpy's routines are faster for large matrices, but inside a kernel each of them adds seconds of compilation.
"""

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
    >>> import numpy as np
    >>> b = np.array([3.0, 5.0])
    >>> eliminate(np.array([[0.0, 1.0], [2.0, 0.0]]), b), b
    (-2.0, array([2.5, 3. ]))
    """
    n = b.size
    determinant = 1.0
    for k in range(n):
        pivot = k
        for i in range(k + 1, n):
            if abs(a[i, k]) > abs(a[pivot, k]):
                pivot = i
        if pivot != k:
            determinant = -determinant
            for j in range(k, n):
                a[k, j], a[pivot, j] = a[pivot, j], a[k, j]
            b[k], b[pivot] = b[pivot], b[k]
        determinant *= a[k, k]
        if a[k, k] != 0.0:
            for i in range(k + 1, n):
                factor = a[i, k] / a[k, k]
                for j in range(k + 1, n):
                    a[i, j] -= factor * a[k, j]
                b[i] -= factor * b[k]
    for k in range(n - 1, -1, -1):
        total = b[k]
        for j in range(k + 1, n):
            total -= a[k, j] * b[j]
        b[k] = total / a[k, k] if a[k, k] != 0.0 else 0.0
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
    >>> import numpy as np
    >>> out = np.empty((1, 1))
    >>> pair_sums(np.array([1.0, 5.0, -5.0, 2.0]), out)
    >>> out
    array([[3.]])
    """
    n = int(jacobian.size**0.5 + 0.5)
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

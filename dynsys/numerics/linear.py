"""Small dense linear algebra inside kernels: cheap to compile, exact enough for a handful of unknowns.

numpy's routines are faster for large matrices, but inside a kernel each of them adds seconds of compilation.
"""

import numpy as np
from numba import types

from dynsys.numerics.signatures import MATRIX, VECTOR
from rnn.jit import jit

# Bordered solves for null vectors: most of them, and the change of a vector that has settled.
NULL_ITERATIONS, NULL_CHANGE = 12, 1e-15
# The same for a null direction, and the least volume that the rows span, next to their size.
NULL_SOLVES, INDEPENDENT = 3, 1e-6


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


@jit(types.void(MATRIX, types.Array(types.complex128, 2, "C")))
def eigenvalues_of_two(matrices, out):
    """Eigenvalues of 2 x 2 matrices; the smaller of two real ones loses no digits to cancellation.

    Parameters
    ----------
    matrices : ndarray (M, 4)
        Each row by row.
    out : ndarray of complex (M, 2)
        Become the eigenvalues, by decreasing real part, then by decreasing imaginary part.

    Examples
    --------
    >>> out = np.empty((2, 2), complex)
    >>> eigenvalues_of_two(np.array([[0.0, -2.0, 2.0, 0.0], [1.0, 0.0, 5.0, 3.0]]), out)
    >>> out
    array([[0.+2.j, 0.-2.j],
           [3.+0.j, 1.+0.j]])
    """
    for k in range(matrices.shape[0]):
        a, b, c, d = matrices[k, 0], matrices[k, 1], matrices[k, 2], matrices[k, 3]
        middle, apart = 0.5 * (a + d), 0.5 * (a - d)
        square = apart * apart + b * c
        root = np.sqrt(abs(square))
        large = middle - root if middle < 0.0 else middle + root
        if square > 0.0 and large != 0.0:
            small = (a * d - b * c) / large
            out[k, 0], out[k, 1] = max(large, small), min(large, small)
        else:
            root = 0.0 if square > 0.0 else root
            out[k, 0], out[k, 1] = complex(middle, root), complex(middle, 0.0 - root)


@jit(types.float64(MATRIX, types.float64, VECTOR, VECTOR))
def null_pair(matrix, rate, q, psi):
    """Unit null vectors of a singular matrix: A q = 0, A^T psi = 0, by bordered solves.

    The largest entry of each, the first of several, is positive.

    Parameters
    ----------
    matrix : ndarray (n, n)
        A.
    rate : float
        What an entry of A is measured by if all are smaller.
    q, psi : ndarray (n,)
        Become the vectors.

    Returns
    -------
    float
        |A q| next to the largest entry of A or the rate: small only if A is singular and these are the
        vectors; NaN where they were not found.

    Examples
    --------
    >>> q, psi = np.empty(2), np.empty(2)
    >>> null_pair(np.array([[0.0, 1.0], [0.0, 0.0]]), 1.0, q, psi), q, psi
    (0.0, array([1., 0.]), array([0., 1.]))
    """
    n, size = q.size, 0.0
    for i in range(n):
        q[i], psi[i] = 1.0 / (1.7 + i), 1.0 / (2.3 + 1.3 * i)  # anything that is not orthogonal to them
        for j in range(n):
            size = max(size, abs(matrix[i, j]))
    limit, size = max(rate, size), size if size > 0.0 else 1.0
    bordered, found = np.empty((n + 1, n + 1)), np.empty((2, n + 1))
    for _ in range(NULL_ITERATIONS):
        for side in range(2):
            for i in range(n):
                for j in range(n):
                    bordered[i, j] = (matrix[i, j] if side == 0 else matrix[j, i]) / size
                bordered[i, n], bordered[n, i] = (psi[i], q[i]) if side == 0 else (q[i], psi[i])
                found[side, i] = 0.0
            bordered[n, n], found[side, n] = 0.0, 1.0
            eliminate(bordered, found[side])
        change = 0.0
        for side in range(2):
            vector, norm = q if side == 0 else psi, 0.0
            for i in range(n):
                norm += found[side, i] ** 2
            if not 0.0 < norm < np.inf:
                return np.nan
            for i in range(n):
                value = found[side, i] / np.sqrt(norm)
                change = max(change, abs(value - vector[i]))
                vector[i] = value
        if change <= NULL_CHANGE:
            break
    residual = 0.0
    for i in range(n):
        row = 0.0
        for j in range(n):
            row += matrix[i, j] * q[j]
        residual += row * row
    for side in range(2):
        vector, largest = q if side == 0 else psi, 0
        for i in range(1, n):
            largest = i if abs(vector[i]) > abs(vector[largest]) else largest
        if vector[largest] < 0.0:
            for i in range(n):
                vector[i] = -vector[i]
    return np.sqrt(residual) / limit


@jit(types.boolean(MATRIX, VECTOR))
def null_direction(matrix, out):
    """Unit null vector of a matrix with one column more than rows, its last component not negative.

    Parameters
    ----------
    matrix : ndarray (n, n + 1)
        The matrix.
    out : ndarray (n + 1,)
        Becomes the vector.

    Returns
    -------
    bool
        Whether the rows are surely independent, so that there is no other null vector.

    Examples
    --------
    >>> out = np.empty(2)
    >>> null_direction(np.array([[4.0, 3.0]]), out), out
    (True, array([-0.6,  0.8]))
    """
    n, size, volume = matrix.shape[0], 0.0, 0.0
    for j in range(n + 1):
        out[j] = 1.0 / (1.7 + j)  # anything that is not in the span of the rows
        for i in range(n):
            size += matrix[i, j] ** 2
    size = np.sqrt(size)
    square, right = np.empty((n + 1, n + 1)), np.empty(n + 1)
    for _ in range(NULL_SOLVES):
        for j in range(n + 1):
            for i in range(n):
                square[i, j] = matrix[i, j]
            square[n, j], right[j] = out[j], 0.0
        right[n] = 1.0
        volume = abs(eliminate(square, right))  # the product of the singular values, once out is the vector
        norm = 0.0
        for j in range(n + 1):
            norm += right[j] ** 2
        if not 0.0 < norm < np.inf:
            return False
        norm = -np.sqrt(norm) if right[n] < 0.0 else np.sqrt(norm)
        for j in range(n + 1):
            out[j] = right[j] / norm
    return volume > INDEPENDENT * max(1.0, size) * size ** (n - 1)

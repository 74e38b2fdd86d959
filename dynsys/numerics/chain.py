"""Linear equations along a chain: x_{j+1} = M_j x_j + .., closed by rows over all of them and a few unknowns.

The x_j are eliminated one after the other with row pivoting, which stays stable where the product
M_N .. M_1 would not; what is left is a small system in x_0, x_N and the unknowns q.
"""

import numpy as np
from numba import types

from dynsys.numerics.signatures import MATRIX
from rnn.jit import jit

BLOCK = types.Array(types.float64, 3, "C")


@jit()
def _eliminate(a, columns, last):
    """Eliminate the first columns with pivots in rows [0, last), from all rows below; False if singular."""
    for k in range(columns):
        pivot = k
        for i in range(k + 1, last):
            if abs(a[i, k]) > abs(a[pivot, k]):
                pivot = i
        if pivot != k:
            for c in range(k, a.shape[1]):
                a[k, c], a[pivot, c] = a[pivot, c], a[k, c]
        if not abs(a[k, k]) > 0.0:
            return False
        for i in range(k + 1, a.shape[0]):
            factor = a[i, k] / a[k, k]
            if factor != 0.0:
                for c in range(k + 1, a.shape[1]):
                    a[i, c] -= factor * a[k, c]
                a[i, k] = 0.0
    return True


@jit(types.boolean(BLOCK, BLOCK, BLOCK, MATRIX, MATRIX))
def solve_chain(flows, columns, rows, others, out):
    """Solve x_{j+1} - M_j x_j - C_j q = d_j with the rows sum_j r_j . x_j + s . q = e, for several d and e.

    Parameters
    ----------
    flows : ndarray (N, n, n)
        The M_j.
    columns : ndarray (N, n, k + m)
        The C_j, then m right-hand sides d_j.
    rows : ndarray (n + k, N + 1, n)
        The r_j, of x_0 to x_N.
    others : ndarray (n + k, k + m)
        The s, then the e.
    out : ndarray ((N + 1) n + k, m)
        Becomes x_0 .. x_N and q.

    Returns
    -------
    bool
        Whether there is one solution.

    Examples
    --------
    >>> flows, columns = np.array([[[2.0]], [[3.0]]]), np.zeros((2, 1, 1))  # x_2 = 6 x_0, x_0 + x_2 = 14
    >>> out = np.empty((3, 1))
    >>> solve_chain(flows, columns, np.array([[[1.0], [0.0], [1.0]]]), np.array([[14.0]]), out)
    True
    >>> out.ravel()
    array([ 2.,  4., 12.])
    """
    N, n = flows.shape[0], flows.shape[1]
    r, m = rows.shape[0], out.shape[1]
    k, width = r - n, 2 * n + columns.shape[2]  # of x_j, x_0, unknowns and right-hand sides
    stack, saved = np.zeros((2 * n + r, width + n)), np.empty((N, n, width + n))
    for j in range(N):  # columns: x_j, x_0, x_{j+1}, q, right-hand sides
        top = n if j > 0 else 0
        if j > 0:
            for a in range(n):
                for c in range(width + n):
                    stack[n + a, c] = 0.0
                for b in range(n):
                    stack[n + a, b] = -flows[j, a, b]
                stack[n + a, 2 * n + a] = 1.0
                _put_columns(stack, n + a, columns, j, a, k)
            for q in range(r):
                for b in range(n):
                    stack[2 * n + q, 2 * n + b] = rows[q, j + 1, b]
            if not _eliminate(stack, n, 2 * n):
                return False
            for a in range(n):
                for c in range(width + n):
                    saved[j, a, c] = stack[a, c]
        else:
            for a in range(n):
                for b in range(n):
                    stack[a, n + b] = -flows[0, a, b]
                stack[a, a] = 1.0
                _put_columns(stack, a, columns, 0, a, k)
            for q in range(r):
                for b in range(n):
                    stack[2 * n + q, b], stack[2 * n + q, n + b] = rows[q, 1, b], rows[q, 0, b]
                for c in range(k + m):
                    stack[2 * n + q, 3 * n + c] = others[q, c]
        if top:  # what is left becomes the next pair's upper half
            for i in range(n + r):
                to = i if i < n else n + i
                for c in range(width + n):
                    stack[to, c] = stack[n + i, c]
                for b in range(n):
                    stack[to, b] = stack[to, 2 * n + b]
                    stack[to, 2 * n + b] = 0.0
    size = 2 * n + k
    last = np.empty((size, size + m))  # x_N, x_0, q
    for i in range(size):
        row = i if i < n else n + i
        for b in range(2 * n):
            last[i, b] = stack[row, b]
        for c in range(k + m):
            last[i, 2 * n + c] = stack[row, 3 * n + c]
    if not _eliminate(last, size, size):
        return False
    end = (N + 1) * n
    for s in range(m):
        for a in range(size - 1, -1, -1):
            total = last[a, size + s]
            for b in range(a + 1, size):
                total -= last[a, b] * last[b, size + s]
            last[a, size + s] = total / last[a, a]
        for a in range(n):
            out[N * n + a, s], out[a, s] = last[a, size + s], last[n + a, size + s]
        for c in range(k):
            out[end + c, s] = last[2 * n + c, size + s]
        for j in range(N - 1, 0, -1):
            for a in range(n - 1, -1, -1):
                total = saved[j, a, 3 * n + k + s]
                for b in range(n):
                    total -= saved[j, a, n + b] * out[b, s] + saved[j, a, 2 * n + b] * out[(j + 1) * n + b, s]
                    if b > a:
                        total -= saved[j, a, b] * out[j * n + b, s]
                for c in range(k):
                    total -= saved[j, a, 3 * n + c] * out[end + c, s]
                out[j * n + a, s] = total / saved[j, a, a]
    return True


@jit()
def _put_columns(stack, row, columns, j, a, k):
    n = columns.shape[1]
    for c in range(columns.shape[2]):
        stack[row, 3 * n + c] = -columns[j, a, c] if c < k else columns[j, a, c]

"""Floquet multipliers of a chain of short flows, without the product of the chain.

Orthogonal iteration: Q_j R_j = M_j Q_{j-1}, turn after turn. Once the Q settle, the multipliers, tiny ones
to relative accuracy, stand on the diagonal of the product of the R_j; those of about equal size stay in one
block.
"""

import numpy as np

from rnn.jit import jit

# Turns; what a settled direction may still turn by; moduli closer than this ratio may stay together.
TURNS, SETTLED, APART = 60, 1e-14, 0.6


@jit()
def _orthonormal(columns, upper):
    """Factor columns (n, n) = Q R by Gram and Schmidt, twice; Q replaces them."""
    n = columns.shape[0]
    for c in range(n):
        for b in range(n):
            upper[b, c] = 0.0
        for _ in range(2):
            for b in range(c):
                dot = 0.0
                for a in range(n):
                    dot += columns[a, b] * columns[a, c]
                upper[b, c] += dot
                for a in range(n):
                    columns[a, c] -= dot * columns[a, b]
        norm = 0.0
        for a in range(n):
            norm += columns[a, c] ** 2
        norm = np.sqrt(norm)
        upper[c, c] = norm
        for a in range(n):
            columns[a, c] = columns[a, c] / norm if norm > 0.0 else 0.0


@jit()
def _coupling(turned, cut):
    largest = 0.0
    for a in range(cut, turned.shape[0]):
        for b in range(cut):
            largest = max(largest, abs(turned[a, b]))
    return largest


@jit("void(f8[:, :, ::1], f8[:, ::1], f8[:, ::1])")
def orthogonal_turn(matrices, basis, product):
    """One turn, Q_j R_j = M_j Q_{j-1}.

    Parameters
    ----------
    matrices : ndarray (N, n, n)
        The factors, the first to act first.
    basis : ndarray (n, n)
        Q_0; becomes Q_N.
    product : ndarray (n, n)
        Becomes R_N ... R_1.

    Examples
    --------
    >>> basis, product = np.eye(2), np.empty((2, 2))
    >>> orthogonal_turn(np.tile(np.diag([2.0, 0.1]), (3, 1, 1)), basis, product)
    >>> [round(float(x), 12) for x in np.diag(product)]
    [8.0, 0.001]
    """
    n = basis.shape[0]
    image, upper = np.empty((n, n)), np.empty((n, n))
    for a in range(n):
        for b in range(n):
            product[a, b] = 1.0 if a == b else 0.0
    for j in range(matrices.shape[0]):
        for a in range(n):
            for b in range(n):
                image[a, b] = 0.0
                for c in range(n):
                    image[a, b] += matrices[j, a, c] * basis[c, b]
        _orthonormal(image, upper)
        for b in range(n):
            for a in range(n):
                basis[a, b] = image[a, b]
                total = 0.0
                for c in range(a, n):
                    total += upper[a, c] * product[c, b]
                product[a, b] = total  # row a needs only itself and those below it


@jit("void(f8[:, :, ::1], f8[:, ::1], f8[:, ::1])")
def monodromy_blocks(matrices, basis, out):
    """Blocks whose eigenvalues are those of M_N ... M_1.

    Parameters
    ----------
    matrices : ndarray (N, n, n)
        The factors, the first to act first.
    basis : ndarray (n, n)
        Orthogonal; where to begin. Becomes where the iteration ended.
    out : ndarray (n, n)
        Becomes block diagonal.

    Examples
    --------
    >>> out = np.empty((2, 2))
    >>> monodromy_blocks(np.tile(np.array([[1.0, 0.2], [0.0, 1e-3]]), (4, 1, 1)), np.eye(2), out)
    >>> np.diag(out)
    array([1.e+00, 1.e-12])
    """
    n = basis.shape[0]
    first, product = np.empty((n, n)), np.empty((n, n))
    turned = np.empty((n, n))
    for _ in range(TURNS):
        for a in range(n):
            for b in range(n):
                first[a, b] = basis[a, b]
        orthogonal_turn(matrices, basis, product)
        for a in range(n):
            for b in range(n):
                turned[a, b] = 0.0
                for c in range(n):
                    turned[a, b] += first[c, a] * basis[c, b]
        waiting = False
        for cut in range(1, n):
            close = abs(product[cut, cut]) > APART * abs(product[cut - 1, cut - 1])
            waiting = waiting or (not close and _coupling(turned, cut) > SETTLED)
        if not waiting:
            break
    low = 0
    for a in range(n):
        for b in range(n):
            out[a, b] = 0.0
    for high in range(1, n + 1):
        if high == n or _coupling(turned, high) <= 10 * SETTLED:
            for a in range(low, high):
                for b in range(low, high):
                    for c in range(low, high):
                        out[a, b] += turned[a, c] * product[c, b]
            low = high

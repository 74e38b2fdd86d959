"""Eigenvalues of many small matrices at once, in one order."""

import numpy as np


def sorted_eigenvalues(jacobians):
    """Eigenvalues of matrices (M, n, n), complex, by decreasing real part, (M, n).

    Examples
    --------
    >>> sorted_eigenvalues(np.array([[[0.0, -2.0], [2.0, 0.0]], [[1.0, 0.0], [5.0, 3.0]]]))
    array([[0.+2.j, 0.-2.j],
           [3.+0.j, 1.+0.j]])
    """
    n = jacobians.shape[1]
    if len(jacobians) == 1:
        values = np.linalg.eigvals(jacobians[0]).tolist()
        return np.array([sorted(values, key=lambda z: (-z.real, -z.imag))], dtype=complex)
    if n == 1:
        return jacobians[:, 0, :].astype(complex)
    if n == 2:
        (a, b), (c, d) = jacobians.transpose(1, 2, 0)
        middle, apart = 0.5 * (a + d), 0.5 * (a - d)
        square = apart * apart + b * c
        root = np.sqrt(square.astype(complex))
        first, second = middle + root, middle - root
        # The smaller of two real ones from the determinant: no digits are lost to cancellation.
        large = np.where(np.abs(first.real) >= np.abs(second.real), first, second)
        with np.errstate(divide="ignore", invalid="ignore"):
            small = (a * d - b * c) / large
        real = (square > 0) & (large != 0)
        values = np.where(real[:, None], np.column_stack([large, small]), np.column_stack([first, second]))
    else:
        values = np.linalg.eigvals(jacobians).astype(complex)
    return np.take_along_axis(values, np.lexsort((-values.imag, -values.real)), axis=1)

"""Eigenvalues of many small matrices at once, in one order; and what they say of stability, flow or map."""

import numpy as np


def sorted_eigenvalues(jacobians):
    """Eigenvalues of matrices (M, n, n), complex, by decreasing real part, (M, n); NaN if not finite.

    Examples
    --------
    >>> sorted_eigenvalues(np.array([[[0.0, -2.0], [2.0, 0.0]], [[1.0, 0.0], [5.0, 3.0]]]))
    array([[0.+2.j, 0.-2.j],
           [3.+0.j, 1.+0.j]])
    """
    n = jacobians.shape[1]
    if n == 1:
        return jacobians[:, 0, :].astype(complex)
    if n == 2:
        return _of_two(jacobians)
    smooth = np.isfinite(jacobians).all(axis=(1, 2))  # F may have a kink
    values = np.full(jacobians.shape[:2], np.nan, dtype=complex)
    values[smooth] = np.linalg.eigvals(jacobians[smooth])
    return np.take_along_axis(values, np.lexsort((-values.imag, -values.real)), axis=1)


def _of_two(jacobians):
    """The same for 2 x 2 matrices; the smaller of two real ones loses no digits to cancellation."""
    a, b, c, d = jacobians.reshape(-1, 4).T
    middle, apart = 0.5 * (a + d), 0.5 * (a - d)
    square = apart * apart + b * c
    root = np.sqrt(np.abs(square))
    large = middle + np.copysign(root, middle)
    real = (square > 0) & (large != 0)
    small = (a * d - b * c) / np.where(real, large, 1.0)
    values = np.empty((len(a), 2), dtype=complex)
    values.real[:, 0] = np.where(real, np.maximum(large, small), middle)
    values.real[:, 1] = np.where(real, np.minimum(large, small), middle)
    values.imag[:, 0] = np.where(real, 0.0, root)
    values.imag[:, 1] = 0.0 - values.imag[:, 0]
    return values


def spectrum(field, jacobians):
    """What decides the stability of fixed points: eigenvalues of F_x, or multipliers of a map.

    Parameters
    ----------
    field : Field
        A flow, or a map kappa -> kappa + step F.
    jacobians : ndarray (M, n, n)
        F_x at the points.

    Returns
    -------
    ndarray (M, n)
        Complex; of a flow by decreasing real part, of a map by decreasing absolute value (n / k of them for
        an orbit of period k).

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from dynsys.analysis.maps import as_map
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(np.ones(4), np.ones(4), np.zeros(4), np.ones(4)))
    >>> spectrum(as_map(field, 1.0), np.array([[[-0.5]]]))
    array([[0.5+0.j]])
    """
    if field.step is None:
        return sorted_eigenvalues(jacobians)
    if field.period == 1:
        values = 1.0 + field.step * sorted_eigenvalues(jacobians)
    else:
        size = jacobians.shape[1] // field.period
        product = np.eye(size)
        for k in range(field.period):
            own = slice(k * size, (k + 1) * size)
            product = field.step * jacobians[:, own, own] @ product
        values = sorted_eigenvalues(product)
    order = np.lexsort((-values.imag, -values.real, -np.round(np.abs(values), 12)))
    return np.take_along_axis(values, order, axis=-1)


def growth(field, values):
    """How fast each mode of `spectrum` grows: negative where it decays.

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(np.ones(4), np.ones(4), np.zeros(4), np.ones(4)))
    >>> growth(field, np.array([-0.5 + 2j]))
    array([-0.5])
    """
    return values.real if field.step is None else np.abs(values) - 1.0

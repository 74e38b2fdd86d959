"""Eigenvalues of many small matrices at once, in one order; and what they say of stability, flow or map."""

import numpy as np

from dynsys.numerics.linear import eigenvalues_of_two


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
        values = np.empty((len(jacobians), 2), dtype=complex)
        eigenvalues_of_two(np.ascontiguousarray(jacobians).reshape(-1, 4), values)
        return values
    smooth = np.isfinite(jacobians).all(axis=(1, 2))  # F may have a kink
    values = np.full(jacobians.shape[:2], np.nan, dtype=complex)
    values[smooth] = np.linalg.eigvals(jacobians[smooth])
    return np.take_along_axis(values, np.lexsort((-values.imag, -values.real)), axis=1)


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

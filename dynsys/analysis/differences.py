"""Second and third derivatives of a field that has no ``taylor`` function.

In the state they are exact, by polarisation of B(q, q) and C(q, q, q); in the parameters they are
extrapolated differences of exact first derivatives.
"""

import numpy as np

from tasks.errors import InputError

# In units of the scale of each variable.
STEP = 1e-3


def tensor_by_differences(field, x, values, order, columns, size):
    """All derivatives of order 2, or of order 3 in the state alone.

    Parameters
    ----------
    field : Field
        The field.
    x : ndarray (R,)
        State.
    values : tuple of ndarray
        Inputs and parameters.
    order : int
        2 or 3.
    columns : sequence of int
        Inputs and parameters, as indices into ``field.continuable``.
    size : ndarray (d,)
        Scale of each variable, state first.

    Returns
    -------
    ndarray (R, d, .., d)

    Raises
    ------
    InputError
        A derivative that cannot be had.

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(np.ones(4), 2 * np.ones(4), np.zeros(4), np.ones(4)))
    >>> values = np.zeros(1), np.array(field.values)
    >>> tensor = tensor_by_differences(field, np.zeros(1), values, 2, [1], np.ones(2))  # kappa, gain
    >>> np.abs(tensor).round(9)
    array([[[0., 2.],
            [2., 0.]]])
    """
    n, total = field.dimension, len(field.continuable)
    unit, state = np.eye(n), np.array(x, dtype=float)

    def along(q):
        out = np.empty(2 * n)
        field.functions.directional(state, *values, np.array(q), out)
        return out.reshape(2, n)

    if order == 3 and not columns:
        tensor = np.zeros((n,) * 4)
        for i, j, k in np.ndindex(n, n, n):
            for b, c in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
                tensor[:, i, j, k] += b * c * along(unit[i] + b * unit[j] + c * unit[k])[1] / 24
        return tensor
    if order != 2:
        what = "third derivatives in a parameter" if order == 3 else f"derivatives of order {order}"
        raise InputError(f"field: {what} need a field with a taylor function; see FieldFunctions")

    def first(function, width):
        out = np.empty(n * width)
        function(state, *values, out)
        return out.reshape(n, width).copy()

    tensor = np.empty((n, n + len(columns), n + len(columns)))
    for i, j in np.ndindex(n, n):
        tensor[:, i, j] = 0.25 * (along(unit[i] + unit[j])[0] - along(unit[i] - unit[j])[0])
    for k, column in enumerate(columns):
        own = column < len(values[0])
        vector, place = (values[0], column) if own else (values[1], column - len(values[0]))
        kept, h = vector[place], STEP * size[n + k]
        change = 0.0
        for times, weight in ((-2, 1 / 12), (-1, -2 / 3), (1, 2 / 3), (2, -1 / 12)):
            vector[place] = kept + times * h
            both = [first(field.functions.jacobian, n), first(field.functions.parameter_jacobian, total)]
            change = change + weight * np.column_stack(both) / h
        vector[place] = kept
        tensor[:, :n, n + k] = tensor[:, n + k, :n] = change[:, :n]
        tensor[:, n + k, n:] = change[:, [n + c for c in columns]]
    return tensor

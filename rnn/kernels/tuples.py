"""Short vectors that live in registers: tuples, and the few operations on them that the kernels need.

A tuple's length is part of its type. Each operation splits off the last entry and calls itself with the rest,
so the compiler sees straight code for each length, without a loop to unroll and without an array in memory.
Row k of a matrix belongs to entry k of a tuple throughout.
"""

from numba.extending import overload


def taken(zeros, matrix, b):
    """Row b of a small matrix as a tuple, as long as ``zeros``.

    Examples
    --------
    >>> import numpy as np
    >>> taken((0.0, 0.0), np.array([[1.0, 2.0], [3.0, 4.0]]), 1)
    (np.float64(3.0), np.float64(4.0))
    """
    return tuple(matrix[b, k] for k in range(len(zeros)))


def given(values, matrix, b):
    """Write a tuple into row b of a small matrix.

    Examples
    --------
    >>> import numpy as np
    >>> matrix = np.zeros((2, 2))
    >>> given((1.0, 2.0), matrix, 1)
    >>> matrix[1]
    array([1., 2.])
    """
    for k, value in enumerate(values):
        matrix[b, k] = value


def dot(values, matrix, j):
    """sum_k values_k matrix_kj.

    Examples
    --------
    >>> import numpy as np
    >>> float(dot((1.0, 2.0), np.array([[1.0, 2.0], [3.0, 4.0]]), 1))
    10.0
    """
    total = values[0] * matrix[0, j]
    for k in range(1, len(values)):
        total = total + values[k] * matrix[k, j]
    return total


def plus(values, matrix, j, factor):
    """values_k + factor matrix_kj, as a new tuple.

    Examples
    --------
    >>> import numpy as np
    >>> plus((1.0, 2.0), np.array([[1.0, 2.0], [3.0, 4.0]]), 0, 10.0)
    (np.float64(11.0), np.float64(32.0))
    """
    return tuple(value + matrix[k, j] * factor for k, value in enumerate(values))


def add_outer(matrix, j, values0, values1, values2, values3, f0, f1, f2, f3):
    """matrix_kj += sum_b values_bk f_b over four trials b.

    Examples
    --------
    >>> import numpy as np
    >>> matrix = np.zeros((2, 2))
    >>> add_outer(matrix, 0, (1.0, 2.0), (1.0, 0.0), (0.0, 0.0), (0.0, 0.0), 1.0, 10.0, 0.0, 0.0)
    >>> matrix[:, 0]
    array([11.,  2.])
    """
    for k in range(len(values0)):
        matrix[k, j] += values0[k] * f0 + values1[k] * f1 + values2[k] * f2 + values3[k] * f3


# The same for the compiler: the last entry, and the same again for those before it.


@overload(taken)
def _taken(zeros, matrix, b):
    last = len(zeros) - 1
    if last == 0:
        return lambda zeros, matrix, b: (matrix[b, 0],)
    return lambda zeros, matrix, b: taken(zeros[:-1], matrix, b) + (matrix[b, last],)


@overload(given)
def _given(values, matrix, b):
    last = len(values) - 1

    def first(values, matrix, b):
        matrix[b, 0] = values[0]

    def more(values, matrix, b):
        given(values[:-1], matrix, b)
        matrix[b, last] = values[last]

    return more if last else first


@overload(dot)
def _dot(values, matrix, j):
    last = len(values) - 1
    if last == 0:
        return lambda values, matrix, j: values[0] * matrix[0, j]
    return lambda values, matrix, j: dot(values[:-1], matrix, j) + values[last] * matrix[last, j]


@overload(plus)
def _plus(values, matrix, j, factor):
    last = len(values) - 1
    if last == 0:
        return lambda values, matrix, j, factor: (values[0] + matrix[0, j] * factor,)
    return lambda values, matrix, j, factor: (
        plus(values[:-1], matrix, j, factor) + (values[last] + matrix[last, j] * factor,)
    )


@overload(add_outer)
def _add_outer(matrix, j, values0, values1, values2, values3, f0, f1, f2, f3):
    last = len(values0) - 1

    def first(matrix, j, values0, values1, values2, values3, f0, f1, f2, f3):
        matrix[0, j] += values0[0] * f0 + values1[0] * f1 + values2[0] * f2 + values3[0] * f3

    def more(matrix, j, values0, values1, values2, values3, f0, f1, f2, f3):
        add_outer(matrix, j, values0[:-1], values1[:-1], values2[:-1], values3[:-1], f0, f1, f2, f3)
        matrix[last, j] += values0[last] * f0 + values1[last] * f1 + values2[last] * f2 + values3[last] * f3

    return more if last else first

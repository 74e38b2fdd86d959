"""Small vectors of fixed length that live in registers.

A tuple's length is part of its type, so a compiled loop over it is unrolled and the compiler keeps its
entries in registers. This is how a kernel is compiled once for each rank without generating source.
"""

from numba.cpython.unsafe.tuple import tuple_setitem
from numba.extending import overload


def put(values, index, value):
    """Return the tuple with one entry replaced.

    Examples
    --------
    >>> put((1.0, 2.0), 1, 5.0)
    (1.0, 5.0)
    """
    return (*values[:index], value, *values[index + 1 :])


@overload(put, inline="never")
def _put_compiled(values, index, value):
    return lambda values, index, value: tuple_setitem(values, index, value)

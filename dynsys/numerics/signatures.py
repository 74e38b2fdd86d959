"""The signatures of a vector field's compiled functions, shared by those who write and those who call them.

A kernel that takes a field's functions with these explicit types compiles once and serves every field.
"""

import functools

import numpy as np
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, typeof_impl

VECTOR = types.Array(types.float64, 1, "C")
MATRIX = types.Array(types.float64, 2, "C")

# rhs, jacobian, parameter_jacobian, outputs: (state, inputs, parameters, out)
FIELD = types.void(VECTOR, VECTOR, VECTOR, VECTOR)
# directional: (state, inputs, parameters, direction, out)
DIRECTIONAL = types.void(VECTOR, VECTOR, VECTOR, VECTOR, VECTOR)
# taylor: (state, inputs, parameters, direction, program, out)
TAYLOR = types.void(VECTOR, VECTOR, VECTOR, VECTOR, MATRIX, VECTOR)

# The same as types of arguments of a kernel.
FIELD_TYPE = types.FunctionType(FIELD)
DIRECTIONAL_TYPE = types.FunctionType(DIRECTIONAL)
TAYLOR_TYPE = types.FunctionType(TAYLOR)

# A field's functions by their addresses (`field_table`): kernels take the table at once, but each function as
# an argument in some 4 us. Inside a kernel ``field_at(functions[RHS])`` is the function.
FUNCTIONS = types.Array(types.int64, 1, "C")
RHS, JACOBIAN, PARAMETER_JACOBIAN, OUTPUTS, TAYLOR_AT, STEPPER = range(6)
FUNCTION_NAMES = ("rhs", "jacobian", "parameter_jacobian", "outputs")


def from_address(kind):
    """Make the kernel's function that turns an address into a function of a type.

    Examples
    --------
    >>> from dynsys.numerics import lowrank_field
    >>> from rnn.jit import jit
    >>> field_at = from_address(FIELD_TYPE)
    >>> @jit(types.void(FUNCTIONS, VECTOR, VECTOR, VECTOR, VECTOR), cache=False)
    ... def call(functions, state, inputs, params, out):
    ...     field_at(functions[0])(state, inputs, params, out)
    >>> params, out = lowrank_field.pack(np.ones((2, 4)), np.ones((2, 4)) / 4, 0), np.empty(1)
    >>> call(field_table(lowrank_field, lowrank_field.taylor), np.ones(1), np.zeros(1), params, out)
    >>> round(float(out[0]), 6), round(float(np.tanh(1)) - 1, 6)
    (-0.238406, -0.238406)
    """

    @intrinsic
    def function_at(typing, number):
        def generate(context, builder, signature, arguments):
            made = cgutils.create_struct_proxy(kind)(context, builder)
            made.c_addr = builder.inttoptr(arguments[0], cgutils.voidptr_t)
            made.py_addr = made.jit_addr = cgutils.get_null_value(cgutils.voidptr_t)
            return made._getvalue()

        return kind(types.int64), generate

    return function_at


field_at, taylor_at = from_address(FIELD_TYPE), from_address(TAYLOR_TYPE)


class Address(types.WrapperAddressProtocol):
    """A compiled function by its address, which numba takes in a tenth of the time of the function itself.

    Parameters
    ----------
    function : callable
        The compiled function, which must live as long.
    type : numba type
        Its type, such as `FIELD_TYPE`.

    Examples
    --------
    >>> from dynsys.numerics import lowrank_field
    >>> Address(lowrank_field.rhs, FIELD_TYPE).signature() == FIELD
    True
    """

    def __init__(self, function, type):
        result = function.get_compile_result(type.signature)
        self.function, self.type = function, type
        self._address = result.library.get_pointer_to_function(result.fndesc.llvm_cfunc_wrapper_name)

    def __wrapper_address__(self):
        return self._address

    def signature(self):
        """The function's type."""
        return self.type.signature


@typeof_impl.register(Address)
def _typeof_address(value, context):
    return value.type  # numba would make the type anew at every call


@functools.lru_cache(maxsize=512)
def address(function, type):
    """What to hand to a kernel that takes a function of this type; compiles it if need be.

    Parameters
    ----------
    function : callable
        A compiled function.
    type : numba type
        Its type, such as `FIELD_TYPE`.

    Returns
    -------
    Address

    Examples
    --------
    >>> from dynsys.numerics import lowrank_field
    >>> address(lowrank_field.rhs, FIELD_TYPE) is address(lowrank_field.rhs, FIELD_TYPE)
    True
    """
    return Address(function, type)


def field_table(functions, taylor, *more):
    """The addresses of a field's functions, as the kernels of branches take them.

    The functions must live as long as the table.

    Parameters
    ----------
    functions : object
        With the compiled functions ``rhs``, ``jacobian``, ``parameter_jacobian`` and ``outputs``.
    taylor : callable
        The field's, or any of this type in its place.
    *more : tuple of (callable, numba type)
        Functions that follow.

    Returns
    -------
    ndarray of int (5 + number of more,)

    Examples
    --------
    >>> from dynsys.numerics import lowrank_field
    >>> len(field_table(lowrank_field, lowrank_field.taylor))
    5
    """
    pairs = [(getattr(functions, name), FIELD_TYPE) for name in FUNCTION_NAMES] + [
        (taylor, TAYLOR_TYPE),
        *more,
    ]
    return np.array([address(*pair).__wrapper_address__() for pair in pairs], dtype=np.int64)

"""The signatures of a vector field's compiled functions, shared by those who write and those who call them.

A kernel that takes a field's functions with these explicit types compiles once and serves every field.
"""

import functools

from numba import types
from numba.extending import typeof_impl

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
        Or the function itself, where this version of numba gives no address.

    Examples
    --------
    >>> from dynsys.numerics import lowrank_field
    >>> address(lowrank_field.rhs, FIELD_TYPE) is address(lowrank_field.rhs, FIELD_TYPE)
    True
    """
    try:
        found = Address(function, type)
    except AttributeError:
        return function
    return found if found.__wrapper_address__() else function

"""The signatures of a vector field's compiled functions, shared by those who write and those who call them.

A kernel that takes a field's functions with these explicit types compiles once and serves every field.
"""

from numba import types

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

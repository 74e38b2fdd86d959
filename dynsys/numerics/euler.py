"""Forward Euler steps of a field under inputs given step by step, for many trials in one compiled call.

    v_{t+1} = v_t + alpha (u_t - v_t),    kappa_{t+1} = kappa_t + alpha F(kappa_t, v_t)

Inputs that are not filtered are u_t themselves.
"""

import numpy as np
from numba import types

from dynsys.numerics.signatures import FIELD_TYPE, VECTOR
from rnn.jit import jit

_BLOCK = types.Array(types.float64, 3, "C")
_STEPS = types.Array(types.int64, 1, "C")


_SIGNATURE = types.void(
    FIELD_TYPE, FIELD_TYPE, VECTOR, types.float64, types.boolean, _BLOCK, _BLOCK, _BLOCK, _BLOCK, _STEPS
)


@jit(_SIGNATURE)
def run_euler(rhs, outputs, params, alpha, filtered, u, kappa, v, z, diverged):
    """Run all trials from kappa = 0, v = 0; every array is after each step.

    Parameters
    ----------
    rhs, outputs : function
        Of a field.
    params : ndarray
        Passed on to them.
    alpha : float
        Step, in the field's unit of time.
    filtered : bool
        Whether v filters u; otherwise v is u.
    u : ndarray (B, T, S)
        Inputs.
    kappa, v, z : ndarray (B, T, R), (B, T, S), (B, T, O)
        Become state, filtered input and output; NaN from the step on at which the state is not finite.
    diverged : ndarray of int (B,)
        Becomes that step, or -1.
    """
    steps, rank, inputs = u.shape[1], kappa.shape[2], u.shape[2]
    state, drive, flow = np.empty(rank), np.empty(inputs), np.empty(rank)
    for b in range(u.shape[0]):
        diverged[b] = -1
        for r in range(rank):
            state[r] = 0.0
        for s in range(inputs):
            drive[s] = 0.0
        for t in range(steps):
            if not filtered:
                for s in range(inputs):
                    drive[s] = u[b, t, s]
            rhs(state, drive, params, flow)
            finite = diverged[b] < 0
            for r in range(rank):
                state[r] += alpha * flow[r]
                finite = finite and abs(state[r]) < np.inf
            if filtered:
                for s in range(inputs):
                    drive[s] += alpha * (u[b, t, s] - drive[s])
            outputs(state, drive, params, z[b, t])
            if not finite and diverged[b] < 0:
                diverged[b] = t
            for r in range(rank):
                kappa[b, t, r] = state[r] if finite else np.nan
            for s in range(inputs):
                v[b, t, s] = drive[s]
            if not finite:
                for o in range(z.shape[2]):
                    z[b, t, o] = np.nan


@jit(types.void(
    FIELD_TYPE, VECTOR, VECTOR, types.float64, types.Array(types.float64, 2, "C"), types.int64, _BLOCK
))  # fmt: skip
def iterate_map(rhs, inputs, params, alpha, states, settle, orbits):
    """Iterate kappa + alpha F(kappa) at constant inputs, from many states.

    Parameters
    ----------
    rhs : function
        Of a field.
    inputs, params : ndarray
        Passed on to it.
    alpha : float
        Step.
    states : ndarray (K, R)
        The starts; become the last states.
    settle : int
        Steps before the first that is kept.
    orbits : ndarray (K, M, R)
        Become the states after each of the next M steps.
    """
    flow = np.empty(states.shape[1])
    for b in range(states.shape[0]):
        state = states[b]
        for t in range(settle + orbits.shape[1]):
            rhs(state, inputs, params, flow)
            for r in range(state.size):
                state[r] += alpha * flow[r]
                if t >= settle:
                    orbits[b, t - settle, r] = state[r]


@jit(types.void(
    FIELD_TYPE, VECTOR, types.float64, types.boolean, VECTOR, types.Array(types.float64, 2, "C"), VECTOR,
    types.int64,
))  # fmt: skip
def hold_input(rhs, params, alpha, filtered, u, states, v, steps):
    """Euler steps of many states under one constant input.

    Parameters
    ----------
    rhs : function
        Of a field.
    params : ndarray
        Passed on to it.
    alpha : float
        Step.
    filtered : bool
        Whether v filters u; otherwise v is u.
    u : ndarray (S,)
        Input.
    states : ndarray (K, R)
        The states; become the last ones.
    v : ndarray (S,)
        Filtered input at first; becomes the last one.
    steps : int
        Number of steps.
    """
    flow = np.empty(states.shape[1])
    for _ in range(steps):
        if not filtered:
            for s in range(v.size):
                v[s] = u[s]
        for b in range(states.shape[0]):
            state = states[b]
            rhs(state, v, params, flow)
            for r in range(state.size):
                state[r] += alpha * flow[r]
        if filtered:
            for s in range(v.size):
                v[s] += alpha * (u[s] - v[s])

"""Many copies of a low-rank network under its private noise, each followed until it escapes.

Step by step the network itself, in its exact reduced state (`rnn.kernels.lowrank`):

    x_t = sum_r m_r kappa_t,r + sum_s I_s v_t,s + xi_t
    kappa_t+1 = (1 - alpha) kappa_t + alpha gain (1/N) n^T phi(x_t) + kick_t
    v_t+1 = (1 - alpha) v_t + alpha u_t,      xi_t+1 = (1 - alpha) xi_t + noise_std normal
"""

import numpy as np
from numba import types

from dynsys.numerics.dormand_prince import BLOCK, INTEGERS, MATRIX
from dynsys.numerics.lowrank_field import apply_phi, drive, project
from dynsys.numerics.paths import LEFT_BOX, UNDECIDED, outside, owner_at
from dynsys.numerics.signatures import VECTOR
from rnn.jit import jit
from rnn.kernels.rng import decay_and_kick


@jit(types.void(
    VECTOR, types.float64, types.float64, types.uint64, types.int64, MATRIX, MATRIX, MATRIX, BLOCK, BLOCK,
    MATRIX, MATRIX, BLOCK, INTEGERS, INTEGERS, VECTOR,
))  # fmt: skip
def noisy_network_steps(
    params, alpha, noise_std, seed, first, states, filtered, private, inputs, kicks, box, centers, shapes,
    owners, labels, spent,
):  # fmt: skip
    """Euler steps of many copies, each until a region captures it or it leaves the box.

    Parameters
    ----------
    params : ndarray
        Of the network's field, `dynsys.numerics.lowrank_field.pack`.
    alpha, noise_std : float
        Euler step, and standard deviation of the private noise per step.
    seed, first : int
        Address of the noise: 64-bit seed, number of the first step.
    states, filtered, private : ndarray (K, R), (K, S), (K, N)
        kappa, v and xi of the copies, K even; become the last.
    inputs, kicks : ndarray (K, T, S), (K, T, R)
        Inputs u, and what noise adds to kappa at each step.
    box, centers, shapes, owners
        As in `dynsys.numerics.paths.capture_many`.
    labels, spent : ndarray (K,)
        Copies with the label UNDECIDED go on and get their label when they end; their time is added up.
    """
    rank, channels, units = states.shape[1], filtered.shape[1], private.shape[1]
    x = np.empty(units)
    for pair in range(0, states.shape[0], 2):
        for t in range(inputs.shape[1]):
            if labels[pair] != UNDECIDED and labels[pair + 1] != UNDECIDED:
                break
            for b in range(pair, pair + 2):
                if labels[b] != UNDECIDED:
                    continue
                drive(states[b], filtered[b], params, x)
                for i in range(units):
                    x[i] += private[b, i]
                apply_phi(params, 0, x)
                for r in range(rank):
                    pull = params[0] * project(params, rank + channels + r, x)
                    states[b, r] += alpha * (pull - states[b, r]) + kicks[b, t, r]
                for s in range(channels):
                    filtered[b, s] += alpha * (inputs[b, t, s] - filtered[b, s])
                spent[b] += alpha
                y = states[b]
                labels[b] = LEFT_BOX if outside(y, box) else owner_at(y, centers, shapes, owners)
            decay_and_kick(seed, pair, first + t, private[pair : pair + 2], 1.0 - alpha, noise_std)

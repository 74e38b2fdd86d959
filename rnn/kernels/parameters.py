"""Between the flat vector theta that an optimiser sees and the factors that the kernels see.

Each row (m_r, I_s, n_r or w_o) is frozen, free (N entries of theta) or scaled by a gain (one entry). Row i of
the factors is ``scale_i * row_i``, where the scale is 1, or 1/N for n and w, and

    free   row = theta[start : start + N],       dL/dtheta = scale * dL/dfactor
    gain   row = theta[start] * base,            dL/dtheta = scale * base . dL/dfactor
"""

import numpy as np

from rnn.jit import jit

FROZEN, FREE, GAIN = range(3)


@jit()
def expand(theta, base, kinds, starts, scales, left, right):
    """Write the factors of theta into ``left`` (R + S, N) and ``right`` (R + O, N)."""
    terms, units = left.shape
    for i in range(base.shape[0]):
        scale, start = scales[i], starts[i]
        out = left[i] if i < terms else right[i - terms]
        if kinds[i] == FREE:
            for j in range(units):
                out[j] = scale * theta[start + j]
        else:
            gain = scale * theta[start] if kinds[i] == GAIN else scale
            for j in range(units):
                out[j] = gain * base[i, j]


@jit()
def collect(dleft, dright, base, kinds, starts, scales, gradient):
    """Sum the gradients of all blocks, in their order, into ``gradient``, the one with respect to theta."""
    terms, units = dleft.shape[1], dleft.shape[2]
    total = np.empty(units, dleft.dtype)
    for i in range(base.shape[0]):
        if kinds[i] == FROZEN:
            continue
        blocks = dleft[:, i] if i < terms else dright[:, i - terms]
        for j in range(units):
            total[j] = blocks[0, j]
        for b in range(1, blocks.shape[0]):
            for j in range(units):
                total[j] += blocks[b, j]
        scale, start = scales[i], starts[i]
        if kinds[i] == FREE:
            for j in range(units):
                gradient[start + j] = scale * total[j]
        else:
            dot = 0.0
            for j in range(units):
                dot += base[i, j] * total[j]
            gradient[start] = scale * dot

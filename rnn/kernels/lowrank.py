"""Forward and backward pass of a low-rank network in kappa space, four trials at a time; J is never formed.

Rows are contiguous over units: `left` holds m_1..m_R, I_1..I_S and `right` holds n_1..n_R, w_1..w_O divided
by N (see `rnn.connectivity.factors`). With the coefficients c = (kappa, v) and the private process xi,

    x_t = sum_k c_t,k left_k + xi_t,     p_t = phi(x_t),     s_t,q = right_q . p_t,     c_0 = 0, xi_0 = h0

    forward (t = 0..T-1)     kappa_t+1,r = (1 - alpha) kappa_t,r + alpha s_t,r                  r = 1..R
                             v_t+1,s     = (1 - alpha) v_t,s + alpha u_t,s                      s = 1..S
                             xi_t+1      = (1 - alpha) xi_t + noise_std * normal
                             z_t,o       = s_t+1,R+o                                            o = 1..O

which is the Euler scheme x_t+1 = x_t + alpha (-x_t + J phi(x_t) + I u_t) + noise, step by step. The loss is

    L = sum_b,t,o weight (z - target)^2

and with lambda_t = dL/dkappa_t, e_t,q = dL/ds_t,q and g_t = dL/dx_t through p_t,

    backward (t = T..1)      e_t,r     = alpha lambda_t+1,r                (lambda_T+1 = 0)     r = 1..R
                             e_t,R+o   = 2 weight (z - target)             at z_t-1,o           o = 1..O
                             g_t       = phi'(x_t) * sum_q e_t,q right_q
                             lambda_t  = (1 - alpha) lambda_t+1 + left_r . g_t
                             dL/dright_q += e_t,q p_t
                             dL/dleft_k  += c_t,k g_t
    and at t = 0, where c = 0:   dL/dright_r += alpha lambda_1,r phi(h0)

In the code row t of `states`, `coefficients` and `z`, and step t of both loops, belong to t + 1 here: z_t is
read from x_t+1.

The noise process does not depend on the weights, so the same backward pass serves with and without noise.

Four trials share each load of `left` and `right`; every block of four has gradient buffers of its own, summed
in the order of the blocks, so that the result does not depend on the number of threads. Numbers R + S, R + O
and R are the lengths of tuples (see `rnn.kernels.tuples`), phi is a tag (see `rnn.activations`).
"""

import numpy as np

from rnn.activations import activate, kept, recalled
from rnn.jit import FASTMATH, jit
from rnn.kernels.rng import decay_and_kick, decay_only
from rnn.kernels.sharing import BATCH, SEED, claim, finish
from rnn.kernels.tuples import add_outer, dot, given, plus, taken

BLOCK = 4

# What is inlined ("always") is one function for the compiler: quick to compile, and no calls in the loops.


@jit(nogil=True, fastmath=FASTMATH, noalias=True)
def gradient_blocks(
    call, seat, left, right, h0, inputs, targets, weights, alpha, noise_std,
    phi_tag, left_zeros, right_zeros, rank_zeros, private, states, coefficients, z, losses, dleft, dright,
):  # fmt: skip
    """Loss and gradients, block by block, each run forward and straight back while it is in the cache.

    Parameters
    ----------
    call, seat : ndarray, int
        Which batch, the seed of its noise and the blocks to share out; this thread's seat among those that
        share them (see `rnn.kernels.sharing`).
    left, right : ndarray (R + S, N), (R + O, N)
        The factors.
    h0 : ndarray (N,)
        Initial state.
    inputs, targets, weights : ndarray (M, B, T, S), (M, B, T, O), (M, B, T, O)
        The trials of M batches, B a multiple of four; trials that only fill up have weight 0.
    alpha, noise_std : float
        Euler step and noise, in the type of the arrays.
    phi_tag, left_zeros, right_zeros, rank_zeros : tuple
        Tag of phi; R + S, R + O and R zeros.
    private, states, coefficients : ndarray (4, N), (T, 4, N), (4, T, R + S)
        Scratch memory of this call.
    z, losses, dleft, dright : ndarray (B, T, O), (B,), (B / 4, R + S, N), (B / 4, R + O, N)
        Results.
    """
    block = claim(call, dleft.shape[0], seat)
    while block >= 0:
        batch, seed = call[BATCH], np.uint64(call[SEED])
        start, stop = BLOCK * block, BLOCK * (block + 1)
        forward_block(
            left, right, h0, inputs[batch, start:stop], alpha, noise_std, seed, start,
            phi_tag, left_zeros, right_zeros, rank_zeros, False, private, states, coefficients, z[start:stop],
        )  # fmt: skip
        backward_block(
            left, right, h0, targets[batch, start:stop], weights[batch, start:stop], alpha,
            phi_tag, left_zeros, right_zeros, rank_zeros, states, coefficients, z[start:stop],
            losses[start:stop], dleft[block], dright[block],
        )  # fmt: skip
        finish(call)
        block = claim(call, dleft.shape[0], seat)


@jit(nogil=True, fastmath=FASTMATH, noalias=True)
def simulate_blocks(
    blocks, left, right, h0, inputs, alpha, noise_std, seed,
    phi_tag, left_zeros, right_zeros, rank_zeros, private, states, x, coefficients, z,
):  # fmt: skip
    """Forward pass of a range of blocks, with every state x (B, T, N) unless that array is empty.

    The other arguments are those of `gradient_blocks`, with ``coefficients`` (B, T, R + S).
    """
    for block in range(blocks[0], blocks[1]):
        start, stop = BLOCK * block, BLOCK * (block + 1)
        forward_block(
            left, right, h0, inputs[start:stop], alpha, noise_std, seed, start,
            phi_tag, left_zeros, right_zeros, rank_zeros, True, private, states,
            coefficients[start:stop], z[start:stop],
        )  # fmt: skip
        for trial in range(start, min(stop, x.shape[0])):
            for t in range(x.shape[1]):
                for j in range(x.shape[2]):
                    x[trial, t, j] = states[t, trial - start, j]


@jit(inline="always")
def forward_block(
    left, right, h0, inputs, alpha, noise_std, seed, trial,
    phi_tag, left_zeros, right_zeros, rank_zeros, keep_x, private, states, coefficients, z,
):  # fmt: skip
    """Run four trials forward: fill states (x, or what the way back needs), coefficients c and outputs z."""
    rank, terms, sums = len(rank_zeros), len(left_zeros), len(right_zeros)
    decay = left.dtype.type(1) - alpha
    c = np.zeros((BLOCK, terms), left.dtype)
    s = np.zeros((BLOCK, sums), left.dtype)
    any_private = False
    for j in range(h0.size):
        any_private = any_private or h0[j] != 0
    for b in range(BLOCK):
        for j in range(h0.size):
            private[b, j] = h0[j]
            p = activate(phi_tag, h0[j])
            for r in range(rank):
                s[b, r] += right[r, j] * p

    for t in range(inputs.shape[1]):
        for b in range(BLOCK):
            for r in range(rank):
                c[b, r] = decay * c[b, r] + alpha * s[b, r]
            for i in range(rank, terms):
                c[b, i] = decay * c[b, i] + alpha * inputs[b, t, i - rank]
            for k in range(terms):
                coefficients[b, t, k] = c[b, k]
        if noise_std > 0:
            decay_and_kick(seed, trial, t, private, decay, noise_std)
        elif any_private:
            decay_only(private, decay)
        _forward_step(left, right, private, c, phi_tag, left_zeros, right_zeros, keep_x, states[t], s)
        for b in range(BLOCK):
            for o in range(rank, sums):
                z[b, t, o - rank] = s[b, o]


@jit(inline="always")
def backward_block(
    left, right, h0, targets, weights, alpha,
    phi_tag, left_zeros, right_zeros, rank_zeros, states, coefficients, z, losses, dleft, dright,
):  # fmt: skip
    """Run four trials back: losses, and the gradients dleft, dright of their sum."""
    rank, terms, sums = len(rank_zeros), len(left_zeros), len(right_zeros)
    decay, two = left.dtype.type(1) - alpha, left.dtype.type(2)
    c = np.zeros((BLOCK, terms), left.dtype)
    e = np.zeros((BLOCK, sums), left.dtype)
    lam = np.zeros((BLOCK, rank), left.dtype)
    g_left = np.zeros((BLOCK, rank), left.dtype)  # left_r . g_t
    losses[:] = 0.0
    dleft[:] = 0
    dright[:] = 0

    for t in range(z.shape[1] - 1, -1, -1):
        for b in range(BLOCK):
            for r in range(rank):
                e[b, r] = alpha * lam[b, r]
            for o in range(rank, sums):
                error = z[b, t, o - rank] - targets[b, t, o - rank]
                e[b, o] = two * weights[b, t, o - rank] * error
                losses[b] += weights[b, t, o - rank] * error * error
            for k in range(terms):
                c[b, k] = coefficients[b, t, k]
        _backward_step(
            left, right, states[t], c, e, phi_tag, left_zeros, right_zeros, rank_zeros, g_left, dleft, dright
        )
        for b in range(BLOCK):
            for r in range(rank):
                lam[b, r] = decay * lam[b, r] + g_left[b, r]

    for b in range(BLOCK):
        for r in range(rank):
            for j in range(h0.size):
                dright[r, j] += alpha * lam[b, r] * activate(phi_tag, h0[j])


# The two loops over units, where all the time goes. Four trials are written out: eight do not fit into the
# processor's registers. Arrays that might overlap (no ``noalias`` above), an index that might be negative, or
# a loop over a tuple in here keep the compiler from using vectors: ten times slower, and silently so.


@jit(inline="always")
def _forward_step(left, right, private, c, phi_tag, left_zeros, right_zeros, keep_x, rows, s):
    """x = sum_k c_k left_k + xi and p = phi(x) of four trials; fills s_q = right_q . p."""
    c0, c1 = taken(left_zeros, c, 0), taken(left_zeros, c, 1)
    c2, c3 = taken(left_zeros, c, 2), taken(left_zeros, c, 3)
    s0, s1, s2, s3 = right_zeros, right_zeros, right_zeros, right_zeros
    for j in range(left.shape[1]):
        x0, x1 = private[0, j] + dot(c0, left, j), private[1, j] + dot(c1, left, j)
        x2, x3 = private[2, j] + dot(c2, left, j), private[3, j] + dot(c3, left, j)
        p0, p1 = activate(phi_tag, x0), activate(phi_tag, x1)
        p2, p3 = activate(phi_tag, x2), activate(phi_tag, x3)
        rows[0, j] = x0 if keep_x else kept(phi_tag, x0, p0)
        rows[1, j] = x1 if keep_x else kept(phi_tag, x1, p1)
        rows[2, j] = x2 if keep_x else kept(phi_tag, x2, p2)
        rows[3, j] = x3 if keep_x else kept(phi_tag, x3, p3)
        s0, s1 = plus(s0, right, j, p0), plus(s1, right, j, p1)
        s2, s3 = plus(s2, right, j, p2), plus(s3, right, j, p3)
    given(s0, s, 0)
    given(s1, s, 1)
    given(s2, s, 2)
    given(s3, s, 3)


@jit(inline="always")
def _backward_step(
    left, right, rows, c, e, phi_tag, left_zeros, right_zeros, rank_zeros, g_left, dleft, dright
):
    """g = phi'(x) sum_q e_q right_q of four trials; adds to dleft and dright, fills g_left = left_r . g."""
    c0, c1 = taken(left_zeros, c, 0), taken(left_zeros, c, 1)
    c2, c3 = taken(left_zeros, c, 2), taken(left_zeros, c, 3)
    e0, e1 = taken(right_zeros, e, 0), taken(right_zeros, e, 1)
    e2, e3 = taken(right_zeros, e, 2), taken(right_zeros, e, 3)
    l0, l1, l2, l3 = rank_zeros, rank_zeros, rank_zeros, rank_zeros
    for j in range(left.shape[1]):
        p0, slope0 = recalled(phi_tag, rows[0, j])
        p1, slope1 = recalled(phi_tag, rows[1, j])
        p2, slope2 = recalled(phi_tag, rows[2, j])
        p3, slope3 = recalled(phi_tag, rows[3, j])
        g0, g1 = slope0 * dot(e0, right, j), slope1 * dot(e1, right, j)
        g2, g3 = slope2 * dot(e2, right, j), slope3 * dot(e3, right, j)
        add_outer(dright, j, e0, e1, e2, e3, p0, p1, p2, p3)
        add_outer(dleft, j, c0, c1, c2, c3, g0, g1, g2, g3)
        l0, l1 = plus(l0, left, j, g0), plus(l1, left, j, g1)
        l2, l3 = plus(l2, left, j, g2), plus(l3, left, j, g3)
    given(l0, g_left, 0)
    given(l1, g_left, 1)
    given(l2, g_left, 2)
    given(l3, g_left, 3)

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

The noise process does not depend on the weights, so the same backward pass serves with and without noise.

Four trials share each load of `left` and `right`; every block of four has gradient buffers of its own, summed
in the order of the blocks, so that the result does not depend on the number of threads. Numbers R + S, R + O
and R are the lengths of tuples (see `rnn.kernels.tuples`), phi is a tag (see `rnn.activations`).
"""

from rnn.activations import activate, kept, recalled
from rnn.jit import FASTMATH, jit
from rnn.kernels.rng import decay_and_kick, trial_key
from rnn.kernels.tuples import put

BLOCK = 4


@jit(nogil=True, fastmath=FASTMATH)
def gradient_blocks(
    blocks, left, right, h0, inputs, targets, weights, alpha, noise_std, seed, first_trial,
    phi_tag, left_zeros, right_zeros, rank_zeros, private, states, coefficients, z, losses, dleft, dright,
):  # fmt: skip
    """Loss and gradients of a range of blocks, each run forward and straight back while it is in the cache.

    Parameters
    ----------
    blocks : (int, int)
        First block and the one after the last.
    left, right : ndarray (R + S, N), (R + O, N)
        The factors.
    h0 : ndarray (N,)
        Initial state.
    inputs, targets, weights : ndarray (B, T, S), (B, T, O), (B, T, O)
        The trials, B a multiple of four; trials that only fill up have weight 0.
    alpha, noise_std : float
        Euler step and noise, in the type of the arrays.
    seed, first_trial : int
        Address of the noise: 64-bit seed, number of the first trial.
    phi_tag, left_zeros, right_zeros, rank_zeros : tuple
        Tag of phi; R + S, R + O and R zeros.
    private, states, coefficients : ndarray (4, N), (T, 4, N), (4, T, R + S)
        Scratch memory of this call.
    z, losses, dleft, dright : ndarray (B, T, O), (B,), (B / 4, R + S, N), (B / 4, R + O, N)
        Results.
    """
    for block in range(blocks[0], blocks[1]):
        start, stop = BLOCK * block, BLOCK * (block + 1)
        forward_block(
            left, right, h0, inputs[start:stop], alpha, noise_std, seed, first_trial + start,
            phi_tag, left_zeros, right_zeros, rank_zeros, False, private, states, coefficients, z[start:stop],
        )  # fmt: skip
        backward_block(
            left, right, h0, targets[start:stop], weights[start:stop], alpha,
            phi_tag, left_zeros, right_zeros, rank_zeros, states, coefficients, z[start:stop],
            losses[start:stop], dleft[block], dright[block],
        )  # fmt: skip


@jit(nogil=True, fastmath=FASTMATH)
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


@jit(nogil=True, fastmath=FASTMATH)
def forward_block(
    left, right, h0, inputs, alpha, noise_std, seed, trial,
    phi_tag, left_zeros, right_zeros, rank_zeros, keep_x, private, states, coefficients, z,
):  # fmt: skip
    """Run four trials forward: fill states (x, or what the way back needs), coefficients c and outputs z."""
    units, steps = left.shape[1], inputs.shape[1]
    rank, sums = len(rank_zeros), len(right_zeros)
    decay = left.dtype.type(1) - alpha
    c0, c1, c2, c3 = left_zeros, left_zeros, left_zeros, left_zeros
    s0 = right_zeros
    for j in range(units):
        p = activate(phi_tag, h0[j])
        for b in range(BLOCK):
            private[b, j] = h0[j]
        for q in range(rank):
            s0 = put(s0, q, s0[q] + right[q, j] * p)
    s1, s2, s3 = s0, s0, s0

    for t in range(steps):
        for r in range(rank):
            c0 = put(c0, r, decay * c0[r] + alpha * s0[r])
            c1 = put(c1, r, decay * c1[r] + alpha * s1[r])
            c2 = put(c2, r, decay * c2[r] + alpha * s2[r])
            c3 = put(c3, r, decay * c3[r] + alpha * s3[r])
        for k in range(rank, len(left_zeros)):
            c0 = put(c0, k, decay * c0[k] + alpha * inputs[0, t, k - rank])
            c1 = put(c1, k, decay * c1[k] + alpha * inputs[1, t, k - rank])
            c2 = put(c2, k, decay * c2[k] + alpha * inputs[2, t, k - rank])
            c3 = put(c3, k, decay * c3[k] + alpha * inputs[3, t, k - rank])
        for b in range(BLOCK):
            if noise_std > 0:
                decay_and_kick(trial_key(seed, trial + b), t, private[b], decay, noise_std)
            else:
                _decay(private[b], decay)

        s0, s1, s2, s3 = _forward_step(
            left, right, private, c0, c1, c2, c3, phi_tag, right_zeros, keep_x, states[t]
        )
        for k in range(len(left_zeros)):
            coefficients[0, t, k], coefficients[1, t, k] = c0[k], c1[k]
            coefficients[2, t, k], coefficients[3, t, k] = c2[k], c3[k]
        for q in range(rank, sums):
            z[0, t, q - rank], z[1, t, q - rank] = s0[q], s1[q]
            z[2, t, q - rank], z[3, t, q - rank] = s2[q], s3[q]


@jit(nogil=True, fastmath=FASTMATH)
def backward_block(
    left, right, h0, targets, weights, alpha,
    phi_tag, left_zeros, right_zeros, rank_zeros, states, coefficients, z, losses, dleft, dright,
):  # fmt: skip
    """Run four trials back: losses, and the gradients dleft, dright of their sum."""
    units, steps = left.shape[1], z.shape[1]
    rank, terms, sums = len(rank_zeros), len(left_zeros), len(right_zeros)
    zero, two = left.dtype.type(0), left.dtype.type(2)
    decay = left.dtype.type(1) - alpha
    losses[:] = 0.0
    dleft[:] = zero
    dright[:] = zero
    c0, c1, c2, c3 = left_zeros, left_zeros, left_zeros, left_zeros
    e0, e1, e2, e3 = right_zeros, right_zeros, right_zeros, right_zeros
    l0, l1, l2, l3 = rank_zeros, rank_zeros, rank_zeros, rank_zeros  # lambda of the four trials

    for t in range(steps - 1, -1, -1):
        for r in range(rank):
            e0, e1 = put(e0, r, alpha * l0[r]), put(e1, r, alpha * l1[r])
            e2, e3 = put(e2, r, alpha * l2[r]), put(e3, r, alpha * l3[r])
        for q in range(rank, sums):
            for b in range(BLOCK):
                error = z[b, t, q - rank] - targets[b, t, q - rank]
                losses[b] += weights[b, t, q - rank] * error * error
            e0 = put(e0, q, two * weights[0, t, q - rank] * (z[0, t, q - rank] - targets[0, t, q - rank]))
            e1 = put(e1, q, two * weights[1, t, q - rank] * (z[1, t, q - rank] - targets[1, t, q - rank]))
            e2 = put(e2, q, two * weights[2, t, q - rank] * (z[2, t, q - rank] - targets[2, t, q - rank]))
            e3 = put(e3, q, two * weights[3, t, q - rank] * (z[3, t, q - rank] - targets[3, t, q - rank]))
        for k in range(terms):
            c0, c1 = put(c0, k, coefficients[0, t, k]), put(c1, k, coefficients[1, t, k])
            c2, c3 = put(c2, k, coefficients[2, t, k]), put(c3, k, coefficients[3, t, k])

        d0, d1, d2, d3 = _backward_step(
            left, right, states[t], c0, c1, c2, c3, e0, e1, e2, e3, phi_tag, rank_zeros, dleft, dright
        )
        for r in range(rank):
            l0, l1 = put(l0, r, decay * l0[r] + d0[r]), put(l1, r, decay * l1[r] + d1[r])
            l2, l3 = put(l2, r, decay * l2[r] + d2[r]), put(l3, r, decay * l3[r] + d3[r])

    for r in range(rank):
        start = alpha * (l0[r] + l1[r] + l2[r] + l3[r])
        for j in range(units):
            dright[r, j] += start * activate(phi_tag, h0[j])


# The two loops over units, where all the time goes. They stand alone because the compiler vectorises them
# reliably only so: inside the loop over time the way back ran ten times slower.


@jit(nogil=True, fastmath=FASTMATH)
def _forward_step(left, right, private, c0, c1, c2, c3, phi_tag, right_zeros, keep_x, rows):
    """x = sum_k c_k left_k + xi and p = phi(x) of four trials; returns s_q = right_q . p of each."""
    s0, s1, s2, s3 = right_zeros, right_zeros, right_zeros, right_zeros
    for j in range(left.shape[1]):
        x0, x1, x2, x3 = private[0, j], private[1, j], private[2, j], private[3, j]
        for k in range(len(c0)):
            x0 += c0[k] * left[k, j]
            x1 += c1[k] * left[k, j]
            x2 += c2[k] * left[k, j]
            x3 += c3[k] * left[k, j]
        p0, p1 = activate(phi_tag, x0), activate(phi_tag, x1)
        p2, p3 = activate(phi_tag, x2), activate(phi_tag, x3)
        rows[0, j] = x0 if keep_x else kept(phi_tag, x0, p0)
        rows[1, j] = x1 if keep_x else kept(phi_tag, x1, p1)
        rows[2, j] = x2 if keep_x else kept(phi_tag, x2, p2)
        rows[3, j] = x3 if keep_x else kept(phi_tag, x3, p3)
        for q in range(len(s0)):
            s0 = put(s0, q, s0[q] + right[q, j] * p0)
            s1 = put(s1, q, s1[q] + right[q, j] * p1)
            s2 = put(s2, q, s2[q] + right[q, j] * p2)
            s3 = put(s3, q, s3[q] + right[q, j] * p3)
    return s0, s1, s2, s3


@jit(nogil=True, fastmath=FASTMATH)
def _backward_step(left, right, rows, c0, c1, c2, c3, e0, e1, e2, e3, phi_tag, rank_zeros, dleft, dright):
    """g = phi'(x) sum_q e_q right_q of four trials, gradients added up; returns left_r . g of each."""
    d0, d1, d2, d3 = rank_zeros, rank_zeros, rank_zeros, rank_zeros
    zero = left.dtype.type(0)
    for j in range(left.shape[1]):
        p0, slope0 = recalled(phi_tag, rows[0, j])
        p1, slope1 = recalled(phi_tag, rows[1, j])
        p2, slope2 = recalled(phi_tag, rows[2, j])
        p3, slope3 = recalled(phi_tag, rows[3, j])
        g0, g1, g2, g3 = zero, zero, zero, zero
        for q in range(len(e0)):
            g0 += e0[q] * right[q, j]
            g1 += e1[q] * right[q, j]
            g2 += e2[q] * right[q, j]
            g3 += e3[q] * right[q, j]
            dright[q, j] += e0[q] * p0 + e1[q] * p1 + e2[q] * p2 + e3[q] * p3
        g0, g1, g2, g3 = slope0 * g0, slope1 * g1, slope2 * g2, slope3 * g3
        for r in range(len(d0)):
            d0 = put(d0, r, d0[r] + left[r, j] * g0)
            d1 = put(d1, r, d1[r] + left[r, j] * g1)
            d2 = put(d2, r, d2[r] + left[r, j] * g2)
            d3 = put(d3, r, d3[r] + left[r, j] * g3)
        for k in range(len(c0)):
            dleft[k, j] += c0[k] * g0 + c1[k] * g1 + c2[k] * g2 + c3[k] * g3
    return d0, d1, d2, d3


@jit()
def _decay(row, decay):
    for j in range(row.size):
        row[j] *= decay

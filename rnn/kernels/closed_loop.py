"""Forward and backward pass of a low-rank network in closed loop with a linear plant.

As `rnn.kernels.lowrank`, with the plant's state y (D,), y_0 = 0:

    forward (t = 0..T-1)     u_t    = inputs_t + C y_t,    v_t+1 = (1 - alpha) v_t + alpha u_t
                             kappa_t+1, x_t+1, p_t+1 and z_t as there
                             y_t+1  = A y_t + B z_t,       q_t = E y_t+1

    L = sum_b,t,k weight (q - target)^2 + (cost / 2) sum_b,t |p|^2         (the cost of rates is mostly 0)

Now v depends on the weights. With mu_t = dL/dy_t and lambda_t = dL/d(kappa_t, v_t), R + S entries,

    backward (t = T..1)      mu_t       = E^T 2 weight (q_t-1 - target) + A^T mu_t+1 + alpha C^T lambda_t+1,v
                             e_t,r      = alpha lambda_t+1,r                                  r = 1..R
                             e_t,R+o    = (B^T mu_t)_o                                        o = 1..O
                             g_t        = phi'(x_t) * (sum_q e_t,q right_q + cost p_t)
                             lambda_t,k = (1 - alpha) lambda_t+1,k + left_k . g_t             k = 1..R + S
                             dL/dright_q += e_t,q p_t,    dL/dleft_k += c_t,k g_t
    and at t = 0:            dL/dright_r += alpha lambda_1,r phi(h0)

with mu_T+1 = 0 and lambda_T+1 = 0.

A plant's sensors make many input channels. Here the loops over them are loops, not registers as in the open
loop: one compilation serves any number of them, in seconds instead of half a minute, and a step takes about
twice as long.
"""

import numpy as np

from rnn.activations import activate, kept, recalled
from rnn.jit import FASTMATH, jit
from rnn.kernels.lowrank import BLOCK
from rnn.kernels.rng import decay_and_kick, decay_only
from rnn.kernels.sharing import BATCH, SEED, claim, finish


@jit(nogil=True, fastmath=FASTMATH, noalias=True)
def closed_loop_blocks(
    call, seat, left, right, h0, inputs, targets, weights, alpha, noise_std,
    phi_tag, rank, private, states, coefficients, z, losses, dleft, dright,
    A, B, C, E, rate_costs, plant, scored,
):  # fmt: skip
    """Loss and gradients, block by block.

    The arguments are those of `rnn.kernels.lowrank.gradient_blocks`, with the rank R in the place of the
    tuples and targets and weights (M, B, T, K), then the plant's matrices, a cost (B,) of each trial's rates,
    whose penalty (cost / 2) sum_t |p_t|^2 is in the gradients but not in the losses, and two more results:
    the plant's states, plant (B, T, D), and scored (B, T, K).
    """
    block = claim(call, dleft.shape[0], seat)
    while block >= 0:
        batch, seed = call[BATCH], np.uint64(call[SEED])
        start, stop = BLOCK * block, BLOCK * (block + 1)
        _forward(
            left, right, h0, inputs[batch, start:stop], alpha, noise_std, seed, start,
            phi_tag, rank, False, private, states, coefficients,
            z[start:stop], A, B, C, E, plant[start:stop], scored[start:stop],
        )  # fmt: skip
        _backward(
            left, right, h0, targets[batch, start:stop], weights[batch, start:stop], alpha,
            phi_tag, rank, states, coefficients, scored[start:stop],
            losses[start:stop], dleft[block], dright[block], A, B, C, E, rate_costs[start:stop],
        )  # fmt: skip
        finish(call)
        block = claim(call, dleft.shape[0], seat)


@jit(nogil=True, fastmath=FASTMATH, noalias=True)
def simulate_closed_loop(
    blocks, left, right, h0, inputs, alpha, noise_std, seed, phi_tag, rank,
    private, states, x, coefficients, z, A, B, C, E, plant, scored,
):  # fmt: skip
    """Forward pass of a range of blocks; arguments as in `rnn.kernels.lowrank.simulate_blocks` and above."""
    for block in range(blocks[0], blocks[1]):
        start, stop = BLOCK * block, BLOCK * (block + 1)
        _forward(
            left, right, h0, inputs[start:stop], alpha, noise_std, seed, start,
            phi_tag, rank, True, private, states, coefficients[start:stop],
            z[start:stop], A, B, C, E, plant[start:stop], scored[start:stop],
        )  # fmt: skip
        for trial in range(start, min(stop, x.shape[0])):
            for t in range(x.shape[1]):
                for j in range(x.shape[2]):
                    x[trial, t, j] = states[t, trial - start, j]


@jit(inline="always")
def _forward(
    left, right, h0, inputs, alpha, noise_std, seed, trial, phi_tag, rank,
    keep_x, private, states, coefficients, z, A, B, C, E, plant, scored,
):  # fmt: skip
    """Run four trials and their plants forward."""
    terms, sums = left.shape[0], right.shape[0]
    decay = left.dtype.type(1) - alpha
    c = np.zeros((BLOCK, terms), left.dtype)
    s = np.zeros((BLOCK, sums), left.dtype)
    y = np.zeros((BLOCK, A.shape[0]), left.dtype)
    p = np.zeros(h0.size, left.dtype)
    any_private = False
    for j in range(h0.size):
        any_private = any_private or h0[j] != 0
    for b in range(BLOCK):
        for j in range(h0.size):
            private[b, j] = h0[j]
            for r in range(rank):
                s[b, r] += right[r, j] * activate(phi_tag, h0[j])

    for t in range(inputs.shape[1]):
        for b in range(BLOCK):
            for r in range(rank):
                c[b, r] = decay * c[b, r] + alpha * s[b, r]
            for i in range(inputs.shape[2]):
                u = inputs[b, t, i]
                for d in range(y.shape[1]):
                    u += C[i, d] * y[b, d]
                c[b, rank + i] = decay * c[b, rank + i] + alpha * u
            for k in range(terms):
                coefficients[b, t, k] = c[b, k]
        if noise_std > 0:
            decay_and_kick(seed, trial, t, private, decay, noise_std)
        elif any_private:
            decay_only(private, decay)
        for b in range(BLOCK):
            _forward_step(left, right, private[b], c[b], phi_tag, keep_x, states[t, b], p, s[b])
            for o in range(rank, sums):
                z[b, t, o - rank] = s[b, o]
            for d in range(y.shape[1]):
                moved = left.dtype.type(0)
                for f in range(y.shape[1]):
                    moved += A[d, f] * y[b, f]
                for o in range(z.shape[2]):
                    moved += B[d, o] * z[b, t, o]
                plant[b, t, d] = moved
            for d in range(y.shape[1]):
                y[b, d] = plant[b, t, d]
            for k in range(scored.shape[2]):
                seen = left.dtype.type(0)
                for d in range(y.shape[1]):
                    seen += E[k, d] * y[b, d]
                scored[b, t, k] = seen


@jit(inline="always")
def _backward(
    left, right, h0, targets, weights, alpha, phi_tag, rank,
    states, coefficients, scored, losses, dleft, dright, A, B, C, E, rate_costs,
):  # fmt: skip
    """Run four trials and their plants back: losses, and the gradients dleft, dright of their sum."""
    terms, sums = left.shape[0], right.shape[0]
    decay, two = left.dtype.type(1) - alpha, left.dtype.type(2)
    size = A.shape[0]
    e = np.zeros(sums, left.dtype)
    p, g = np.zeros(h0.size, left.dtype), np.zeros(h0.size, left.dtype)
    lam = np.zeros((BLOCK, terms), left.dtype)  # of kappa and of v
    mu = np.zeros((BLOCK, size), left.dtype)
    before = np.zeros(size, left.dtype)  # mu of the step before
    losses[:] = 0.0
    dleft[:] = 0
    dright[:] = 0

    for t in range(scored.shape[1] - 1, -1, -1):
        for b in range(BLOCK):
            for d in range(size):
                total = left.dtype.type(0)
                for f in range(size):
                    total += A[f, d] * mu[b, f]
                for i in range(terms - rank):
                    total += alpha * C[i, d] * lam[b, rank + i]
                before[d] = total
            for d in range(size):
                mu[b, d] = before[d]
            for k in range(scored.shape[2]):
                error = scored[b, t, k] - targets[b, t, k]
                losses[b] += weights[b, t, k] * error * error
                pull = two * weights[b, t, k] * error
                for d in range(size):
                    mu[b, d] += E[k, d] * pull
            for r in range(rank):
                e[r] = alpha * lam[b, r]
            for o in range(rank, sums):
                total = left.dtype.type(0)
                for d in range(size):
                    total += B[d, o - rank] * mu[b, d]
                e[o] = total
            _backward_step(
                left, right, states[t, b], coefficients[b, t], e, phi_tag, rate_costs[b], p, g, decay, lam[b],
                dleft, dright,
            )  # fmt: skip

    for b in range(BLOCK):
        for r in range(rank):
            for j in range(h0.size):
                dright[r, j] += alpha * lam[b, r] * activate(phi_tag, h0[j])


# The loops over units stand alone, so that the compiler sees that their arrays do not overlap.


@jit(nogil=True, fastmath=FASTMATH, noalias=True)
def _forward_step(left, right, private, c, phi_tag, keep_x, row, p, s):
    """x = sum_k c_k left_k + xi and p = phi(x) of one trial; fills s_q = right_q . p."""
    for j in range(row.size):
        row[j] = private[j] + c[0] * left[0, j]
    for k in range(1, left.shape[0]):
        for j in range(row.size):
            row[j] += c[k] * left[k, j]
    for j in range(row.size):
        x = row[j]
        p[j] = activate(phi_tag, x)
        row[j] = x if keep_x else kept(phi_tag, x, p[j])
    for q in range(right.shape[0]):
        total = left.dtype.type(0)
        for j in range(row.size):
            total += right[q, j] * p[j]
        s[q] = total


@jit(nogil=True, fastmath=FASTMATH, noalias=True)
def _backward_step(left, right, row, c, e, phi_tag, rate_cost, p, g, decay, lam, dleft, dright):
    """g = phi'(x) (sum_q e_q right_q + cost p) of one trial; adds to dleft, dright; steps lambda back."""
    for j in range(row.size):
        g[j] = e[0] * right[0, j]
    for q in range(1, right.shape[0]):
        for j in range(row.size):
            g[j] += e[q] * right[q, j]
    for j in range(row.size):
        p[j], slope = recalled(phi_tag, row[j])
        g[j] = slope * (g[j] + rate_cost * p[j])
    for q in range(right.shape[0]):
        for j in range(row.size):
            dright[q, j] += e[q] * p[j]
    for k in range(left.shape[0]):
        total = left.dtype.type(0)
        for j in range(row.size):
            total += left[k, j] * g[j]
        for j in range(row.size):
            dleft[k, j] += c[k] * g[j]
        lam[k] = decay * lam[k] + total

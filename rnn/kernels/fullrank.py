"""Forward and backward pass of a full-rank network, some trials at a time, by products with one matrix.

Everything linear in the network is one matrix W (N + O, N + S), made of J, I and the readout w / N:

    W = [ alpha J   alpha I ]        a_t = (phi(x_t), u_t)        the activity that W acts on
        [  w^T / N      0   ]

    forward (t = 0..T-1, and z alone at t = T)
        (d_t, z_t-1) = W a_t                                                    z_t-1 = (1/N) w^T phi(x_t)
        x_t+1        = (1 - alpha) x_t + noise_std * normal + d_t               x_0 = h0

which is the Euler scheme x_t+1 = x_t + alpha (-x_t + J phi(x_t) + I u_t) + noise, step by step. The loss is

    L = sum_b,t,o weight (z - target)^2

and with g_t = dL/dx_t and e_t = dL/dz_t-1 = 2 weight (z - target), together the adjoint b_t = (g_t+1, e_t),

    backward (t = T..1)                                                         g_T+1 = 0,  e_0 = 0
        q_t   = first N entries of W^T b_t                                      alpha J^T g_t+1 + w e_t / N
        g_t   = (1 - alpha) g_t+1 + phi'(x_t) * q_t

    dL/dW = sum over trials and t = 0..T of b_t a_t^T, and its blocks are
        dL/dJ = alpha dL/dW[:N, :N],    dL/dI = alpha dL/dW[:N, N:],    dL/d(w^T / N) = dL/dW[N:, :N]

So a batch costs three products of the same size: W with all a_t, W^T with all b_t, and all b_t with all a_t.
The first two are cut into steps of time, and trials are shared out among threads; the last one is done at
once, and its rows are shared out. No sum depends on how (see `rnn.kernels.products`), and no result.

In closed loop with a plant (`rnn.kernels.plants`), u_t needs z_t-1 first: the rows of W that make it are
taken twice. A cost of the rates, (cost / 2) sum_t |phi(x_t)|^2, adds cost phi(x_t) to q_t.

Rows (a_t, b_t, and those of W) are filled up to `padded` entries; nobody reads the entries added. phi is a
tag (see `rnn.activations`); where phi' does not follow from phi (erf), x_t waits in the place of g_t.
"""

import numpy as np

from rnn.activations import ERF, activate, recalled
from rnn.jit import jit
from rnn.kernels.plants import move_plants, pull_plants
from rnn.kernels.products import multiply, multiply_transposed
from rnn.kernels.rng import decay_and_kick, decay_only


@jit(nogil=True)
def pack_weights(J, I, w, alpha, forward, backward):
    """Write W, row by row into the panels of ``forward`` and column by column into those of ``backward``.

    Parameters
    ----------
    J, I, w : ndarray (N, N), (S, N), (O, N)
        The weights; rows of ``w`` already hold w / N.
    alpha : float
        Euler step, in the type of the arrays.
    forward, backward : ndarray (C, N + S, width), (C', N + O, width)
        Results: W^T and W[:, :N] in panels. Entries that stand for no weight must be zero before.
    """
    units, width = J.shape[0], forward.shape[2]
    for i in range(units):
        c, l = i // width, i % width
        for j in range(units):
            forward[c, j, l] = alpha * J[i, j]
            backward[j // width, i, j % width] = alpha * J[i, j]
        for s in range(I.shape[0]):
            forward[c, units + s, l] = alpha * I[s, i]
    for o in range(w.shape[0]):
        c, l = (units + o) // width, (units + o) % width
        for j in range(units):
            forward[c, j, l] = w[o, j]
            backward[j // width, units + o, j % width] = w[o, j]


@jit(nogil=True)
def unpack_gradient(dW, alpha, dleft, dright):
    """Read the blocks of dL/dW.

    Parameters
    ----------
    dW : ndarray (padded, padded)
        From `gradient_rows`.
    alpha : float
        Euler step, in the type of the arrays.
    dleft, dright : ndarray (N + S, N), (O, N)
        Results: dL/dJ row by row, then dL/dI_s; dL/d(w_o / N).
    """
    units = dright.shape[1]
    for i in range(units):
        for j in range(units):
            dleft[i, j] = alpha * dW[i, j]
        for s in range(dleft.shape[0] - units):
            dleft[units + s, i] = alpha * dW[i, units + s]
    for o in range(dright.shape[0]):
        for j in range(units):
            dright[o, j] = dW[units + o, j]


@jit(nogil=True)
def forward_trials(
    start, stop, forward, h0, inputs, alpha, noise_std, seed, first_trial,
    phi_tag, x, d, activity, adjoint, states, z, matrices, plant, scored,
):  # fmt: skip
    """Run trials ``start`` to ``stop`` forward.

    Parameters
    ----------
    start, stop : int
        Multiples of four.
    forward : ndarray (C, N + S, width)
        The weights, from `pack_weights`.
    h0 : ndarray (N,)
        Initial state.
    inputs : ndarray (B, T, S)
        The trials, B a multiple of four.
    alpha, noise_std : float
        Euler step and noise, in the type of the arrays.
    seed, first_trial : int
        Address of the noise: 64-bit seed, number of trial 0.
    phi_tag : tuple
        Tag of phi.
    x, d : ndarray (B, N), (B, padded)
        Scratch memory.
    activity, adjoint : ndarray (T + 1, B, padded)
        Results for the way back: a_t, and x_t where it is needed. Without a way back (2, B, padded), for two
        steps that take turns, and (0, B, padded).
    states : ndarray (B, T, N) or (0, T, N)
        Result: every x, unless the array is empty.
    z : ndarray (B, T, O)
        Result: outputs.
    matrices : tuple of ndarray
        A (D, D), B (D, O), C (S, D), E (K, D) of the plant; D = 0 without one.
    plant, scored : ndarray (B, T, D), (B, T, K)
        Results: the plant's states and outputs; without one ``scored`` is not written.
    """
    units, steps, outputs = h0.size, inputs.shape[1], z.shape[2]
    last_panel, C, closed = h0.size // forward.shape[2], matrices[2], matrices[0].size > 0
    ring = activity.shape[0]
    decay = x.dtype.type(1) - alpha
    for b in range(start, stop):
        for j in range(units):
            x[b, j] = h0[j]
            activity[0, b, j] = activate(phi_tag, h0[j])
    _clear(d[start:stop])

    for t in range(steps + 1):
        now, later = activity[t % ring], activity[(t + 1) % ring]
        for b in range(start, stop):
            for s in range(inputs.shape[2]):
                now[b, units + s] = inputs[b, t, s] if t < steps else 0
        if closed and 0 < t < steps:
            multiply(now[start:stop], forward, last_panel, d[start:stop])
            for b in range(start, stop):
                for o in range(outputs):
                    z[b, t - 1, o] = d[b, units + o]
            _clear(d[start:stop])
            move_plants(start, stop, t, z, matrices, plant, scored)
            for b in range(start, stop):
                for s in range(inputs.shape[2]):
                    for k in range(plant.shape[2]):
                        now[b, units + s] += C[s, k] * plant[b, t - 1, k]
        multiply(now[start:stop], forward, 0 if t < steps else last_panel, d[start:stop])
        for b in range(start, stop):
            for o in range(outputs):
                if t > 0:
                    z[b, t - 1, o] = d[b, units + o]
                d[b, units + o] = 0
        if t == steps:
            if closed:
                move_plants(start, stop, t, z, matrices, plant, scored)
            break
        if noise_std > 0:
            decay_and_kick(seed, first_trial + start, t, x[start:stop], decay, noise_std)
        else:
            decay_only(x[start:stop], decay)
        for b in range(start, stop):
            _step_row(phi_tag, x[b], d[b], later[b])
            if len(phi_tag) - 1 == ERF and adjoint.shape[0] > 0:
                _copy_row(x[b], adjoint[t, b])
            if states.size > 0:
                _copy_row(x[b], states[b, t])


@jit(nogil=True)
def backward_trials(
    start, stop, backward, I, targets, weights, alpha, phi_tag, q, activity, adjoint, scored, losses,
    rate_costs, matrices,
):  # fmt: skip
    """Run trials ``start`` to ``stop`` back.

    Parameters
    ----------
    start, stop, alpha, phi_tag, activity, matrices
        As in `forward_trials`.
    backward : ndarray (C', N + O, width)
        The weights, from `pack_weights`.
    I : ndarray (S, N)
        The input weights.
    targets, weights, scored : ndarray (B, T, O) or (B, T, K)
        The trials, those that only fill up with weight 0; the outputs, of the plant if there is one.
    q : ndarray (B, padded)
        Scratch memory.
    adjoint : ndarray (T + 1, B, padded)
        Result: b_t.
    losses : ndarray (B,)
        Result: the loss of each trial.
    rate_costs : ndarray (B,)
        Cost of each trial's rates, whose penalty is in the gradient but not in the losses.
    """
    steps, units, closed = scored.shape[1], I.shape[1], matrices[0].size > 0
    outputs, states = matrices[1].shape[1], matrices[0].shape[0]
    pulls = np.empty(scored.shape if closed else (0, 0, 0), q.dtype)
    mu, before = np.zeros((scored.shape[0], states), q.dtype), np.empty((scored.shape[0], states), q.dtype)
    _clear(q[start:stop])
    decay, two = q.dtype.type(1) - alpha, q.dtype.type(2)
    for b in range(start, stop):
        losses[b] = 0.0
        for j in range(units):
            adjoint[steps, b, j] = 0.0
        for o in range(outputs):
            adjoint[0, b, units + o] = 0.0
        for k in range(scored.shape[2]):
            for t in range(steps):
                error = scored[b, t, k] - targets[b, t, k]
                losses[b] += weights[b, t, k] * error * error
                if closed:
                    pulls[b, t, k] = two * weights[b, t, k] * error
                else:
                    adjoint[t + 1, b, units + k] = two * weights[b, t, k] * error

    for t in range(steps, 0, -1):
        if closed:
            pull_plants(start, stop, t, I, alpha, pulls, matrices, mu, before, adjoint[t])
        multiply(adjoint[t][start:stop], backward, 0, q[start:stop])
        for b in range(start, stop):
            _adjoint_row(
                phi_tag, decay, rate_costs[b], q[b], units, activity[t, b], adjoint[t, b], adjoint[t - 1, b]
            )


@jit(nogil=True)
def gradient_rows(first, last, activity, adjoint, dW):
    """Rows ``first`` to ``last`` of dL/dW = sum_b,t b_t a_t^T.

    Parameters
    ----------
    first, last : int
        Multiples of the length of `rnn.kernels.products.TALL`.
    activity, adjoint : ndarray ((T + 1) B, padded)
        a_t and b_t of all trials.
    dW : ndarray (padded, padded)
        Result, of which the first N + O rows and N + S columns count.
    """
    for i in range(first, last):
        for j in range(dW.shape[1]):
            dW[i, j] = 0.0
    multiply_transposed(first, last, adjoint, activity, dW)


# The loops over units stand alone because the compiler vectorises them reliably only so.


@jit(nogil=True, fastmath={"contract"})
def _step_row(phi_tag, x, d, activity):
    """x_t+1 = d_t + what is left of x_t, and phi(x_t+1); d is cleared."""
    for j in range(x.size):
        x[j] += d[j]
        activity[j] = activate(phi_tag, x[j])
        d[j] = 0


@jit(nogil=True, fastmath={"contract"})
def _adjoint_row(phi_tag, decay, cost, q, units, activity, later, out):
    """g_t = (1 - alpha) g_t+1 + phi'(x_t) * (q_t + cost phi(x_t)), and q is cleared.

    For erf ``out`` holds x_t until then.
    """
    for j in range(units):
        p, slope = recalled(phi_tag, out[j] if len(phi_tag) - 1 == ERF else activity[j])
        out[j] = decay * later[j] + slope * (q[j] + cost * p)
        q[j] = 0


@jit(nogil=True)
def _copy_row(row, out):
    for j in range(row.size):
        out[j] = row[j]


@jit(nogil=True)
def _clear(rows):
    for b in range(rows.shape[0]):
        for j in range(rows.shape[1]):
            rows[b, j] = 0

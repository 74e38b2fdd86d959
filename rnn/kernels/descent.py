"""Several batches in one compiled call: factors, gradient, clipping and a step of the optimiser for each.

    for each batch        left, right = factors of theta                          `rnn.kernels.parameters`
                          g = dL/dtheta + l2 theta                                `rnn.kernels.lowrank`
                          g <- g min(1, clip / |g|)
                          theta <- theta - step of the optimiser                  `rnn.optimizers`

What a training does between two batches takes little time, but it takes Python's lock, for which threads that
train small networks side by side would wait at every batch. Here they meet once in many batches.
"""

import math

import numpy as np

from rnn.jit import jit
from rnn.kernels.lowrank import gradient_blocks
from rnn.kernels.parameters import collect, expand
from rnn.optimizers import adam_step, momentum_step, norm_of


@jit(nogil=True)
def descend(
    first, last, seeds, inputs, targets, weights, h0, alpha, noise_std, phi_tag, left_zeros, right_zeros,
    rank_zeros, private, states, coefficients, layout, left, right, dleft, dright, gradient,
    settings, clip, l2, theta, moments, z, losses, norms,
):  # fmt: skip
    """Train on batches ``first`` to ``last``, as far as loss and gradient are finite.

    Parameters
    ----------
    first, last : int
        First batch and the one after the last.
    seeds : ndarray (M,)
        Seed of the noise of each batch.
    inputs, targets, weights : ndarray (M, B, T, S), (M, B, T, O), (M, B, T, O)
        The batches.
    h0, alpha, noise_std, phi_tag, left_zeros, right_zeros, rank_zeros, private, states, coefficients
        As in `rnn.kernels.lowrank.gradient_blocks`.
    layout : tuple of ndarray
        Base, kinds, starts and scales of `rnn.parameters.Parameters`.
    left, right, dleft, dright, gradient : ndarray
        Scratch memory: factors, gradients block by block, and with respect to theta.
    settings : ndarray (M, 5) or (M, 2)
        Of each step of Adam: both decays, epsilon, rate and correction; of SGD: momentum and rate.
    clip, l2 : float
        Largest norm of a gradient, infinite for none; coefficient of the weights, in the type of theta.
    theta, moments : ndarray (P,), (ndarray (P,), ndarray (P,))
        Where to start; they are not changed. SGD has only the first of the moments.
    z, losses, norms : ndarray (M, B, T, O), (M, B), (M,)
        Results.

    Returns
    -------
    done : int
        The batch after the last one that counted.
    theta, good : ndarray (P,)
        Theta, and the last theta whose loss and gradient were finite.
    moments : (ndarray (P,), ndarray (P,))
    """
    blocks, mean, square, good = dleft.shape[0], moments[0], moments[1], theta
    for i in range(first, last):
        expand(theta, layout[0], layout[1], layout[2], layout[3], left, right)
        gradient_blocks(
            (0, blocks), left, right, h0, inputs[i], targets[i], weights[i], alpha, noise_std, seeds[i], 0,
            phi_tag, left_zeros, right_zeros, rank_zeros, private, states, coefficients, z[i], losses[i],
            dleft, dright,
        )  # fmt: skip
        collect(dleft, dright, layout[0], layout[1], layout[2], layout[3], gradient)
        if l2 > 0:
            for j in range(gradient.size):
                gradient[j] += l2 * theta[j]
        norm = norm_of(gradient)
        norms[i] = norm
        if clip < norm < math.inf:
            factor = theta.dtype.type(clip / norm)
            for j in range(gradient.size):
                gradient[j] *= factor
        loss = 0.0
        for b in range(losses.shape[1]):
            loss += losses[i, b]
        if not (np.isfinite(loss) and np.isfinite(norm)):
            return i, theta, good, (mean, square)
        good = theta
        s = settings[i]
        if s.size == 5:
            theta, mean, square = adam_step(theta, gradient, mean, square, s[0], s[1], s[2], s[3], s[4])
        else:
            theta, mean = momentum_step(theta, gradient, mean, s[0], s[1])
    return last, theta, good, (mean, square)

"""Full-rank networks on batches of trials: the checked way into the kernels of `rnn.kernels.fullrank`.

Trials are shared out among threads in pieces that run through all of time, forward and straight back; the
last product, the gradient of the weights, is shared out by its rows. The result does not depend on the number
of threads.
"""

import contextlib
from itertools import pairwise

import numpy as np

from rnn.activations import phi_tag
from rnn.connectivity import factors
from rnn.kernels.fullrank import backward_trials, forward_trials, gradient_rows, pack_weights, unpack_gradient
from rnn.kernels.products import SHORT, TALL, padded, panel_width
from rnn.workers import Worker
from tasks.checks import check_count, narrowed

BLOCK = len(SHORT)
# Trials in a piece: their states stay in the cache while the weights are read once for all of them.
PIECE = 8 * BLOCK


class FullRankRunner:
    """Scratch memory, result buffers and threads for batches of one shape; use it in a ``with`` statement.

    It has the interface of `rnn.gradient.GradientRunner`, with the N rows of J in the place of the rows m_r.

    Parameters
    ----------
    net : FullRankRNN
        Gives sizes, phi, alpha and h0; its weights are not used.
    noise_std : float
        Private noise.
    batch_size, steps : int
        Number B of trials and T of steps of every batch.
    dtype : numpy dtype
        Precision.
    threads : int
        Number of threads.
    plant, l2_rates
        As in `rnn.gradient.GradientRunner`.

    Attributes
    ----------
    z, dleft, dright : ndarray (B', T, O), (1, N + S, N), (1, O, N)
        Results of the last `run`: outputs, and gradients with respect to the rows of J and I, and to w / N.
    outputs : ndarray (B', T, O) or (B', T, K)
        What the targets are compared with: z, or the plant's scored outputs.

    Examples
    --------
    >>> from rnn.networks import FullRankRNN
    >>> with FullRankRunner(FullRankRNN(np.eye(16), *np.ones((2, 16))), 0.0, 8, 51, np.float32, 1) as runner:
    ...     runner.dleft.shape
    (1, 17, 16)
    """

    def __init__(self, net, noise_std, batch_size, steps, dtype, threads, plant=None, l2_rates=0.0):
        kind, units, inputs, outputs = np.dtype(dtype).type, net.units, net.input_count, net.output_count
        trials = -(-batch_size // BLOCK) * BLOCK
        length = padded(units + max(inputs, outputs), dtype)
        self._weights = Weights(units, inputs, outputs, dtype)
        self._h0 = narrowed("h0", net.h0, dtype)
        self._alpha, self._phi = kind(net.alpha), phi_tag(net.phi)
        self._noise_std = kind(narrowed("noise_std", noise_std, dtype))
        self._x, self._d = np.empty((trials, units), dtype), np.empty((trials, length), dtype)
        self._activity, self._adjoint = np.zeros((2, steps + 1, trials, length), dtype)
        self._no_states = np.empty((0, steps, units), dtype)
        self._losses = np.zeros(trials)
        self._dW = np.empty((length, length), dtype)
        self._shapes = (units + inputs, units), (outputs, units), (trials, steps)
        self.z = self.outputs = np.zeros((trials, steps, outputs), dtype)
        self._matrices = plant_matrices(plant, inputs, outputs, dtype)
        self._plant = np.zeros((trials, steps, len(self._matrices[0])), dtype)
        if plant is not None:
            self.outputs = np.zeros((trials, steps, len(plant.E)), dtype)
        self._costs = np.zeros(trials, dtype)
        self._costs[:batch_size] = l2_rates / (batch_size * steps * units)
        self.dleft = np.empty((1, units + inputs, units), dtype)
        self.dright = np.empty((1, outputs, units), dtype)
        self._team = Team(min(check_count("threads", threads), max(trials // BLOCK, length // len(TALL))))

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._team.close()

    def run(self, left, right, batches, index, seed):
        """Forward and backward pass of one batch; returns the loss, leaves the rest in the attributes.

        Parameters
        ----------
        left, right : ndarray (N + S, N), (O, N)
            The factors of `rnn.connectivity.factors`, in this runner's precision.
        batches : Batches
            The packed trials.
        index : int
            Which of the batches.
        seed : int
            64-bit key of the noise of this batch.

        Returns
        -------
        float
        """
        arrays = batches.check(left, right, self._shapes, self.outputs)
        inputs, targets, weights = (array[index] for array in arrays)
        self._weights.pack(left, right, self._alpha)

        def there_and_back(start, stop):
            for piece in _pieces(start, stop):
                forward_trials(
                    *piece, self._weights.forward, self._h0, inputs, self._alpha, self._noise_std,
                    np.uint64(seed), 0, self._phi, self._x, self._d, self._activity, self._adjoint,
                    self._no_states, self.z, self._matrices, self._plant, self.outputs,
                )  # fmt: skip
                backward_trials(
                    *piece, self._weights.backward, left[right.shape[1] :], targets, weights, self._alpha,
                    self._phi, self._d, self._activity, self._adjoint, self.outputs, self._losses,
                    self._costs, self._matrices,
                )  # fmt: skip

        def weigh(first, last):
            activity, adjoint = self._activity, self._adjoint
            flat = activity.shape[0] * activity.shape[1], activity.shape[2]
            gradient_rows(first, last, activity.reshape(flat), adjoint.reshape(flat), self._dW)

        rows = left.shape[1] + right.shape[0]
        self._team.share(there_and_back, len(self.z), BLOCK)
        self._team.share(weigh, rows, len(TALL))
        unpack_gradient(self._dW, self._alpha, self.dleft[0], self.dright[0])
        return float(self._losses.sum())


def plant_matrices(plant, inputs, outputs, dtype=float):
    """A, B, C, E of a plant in a precision, of one without states where there is none.

    Examples
    --------
    >>> [matrix.shape for matrix in plant_matrices(None, 3, 2)]
    [(0, 0), (0, 2), (3, 0), (0, 0)]
    """
    if plant is None:
        return tuple(np.zeros(shape, dtype) for shape in ((0, 0), (0, outputs), (inputs, 0), (0, 0)))
    named = zip("ABCE", plant.matrices)
    return tuple(np.ascontiguousarray(narrowed(f"plant.{name}", matrix, dtype)) for name, matrix in named)


def run_full_rank(net, inputs, noise_std, seed, states=True, threads=1, plant=None):
    """Run a full-rank network forward in float64.

    Parameters
    ----------
    net : FullRankRNN
        The network.
    inputs : ndarray (B, T, S)
        Inputs of each trial.
    noise_std : float
        Private noise per step.
    seed : int
        64-bit key of the noise, which has the same addresses as a low-rank network's.
    states : bool, default True
        Whether to keep x.
    threads : int, default 1
        Number of threads; the result does not depend on it.
    plant : LinearPlant, optional
        In closed loop with the network.

    Returns
    -------
    x : ndarray (B, T, N) or None
        Every state, after each step.
    z : ndarray (B, T, O)
        Outputs, after each step.
    plant, scored : ndarray (B, T, D), (B, T, K)
        The plant's states and scored outputs, after each step, if there is one.

    Examples
    --------
    >>> from rnn.networks import FullRankRNN
    >>> x, z = run_full_rank(FullRankRNN(np.zeros((4, 4)), *np.ones((2, 4))), np.ones((1, 3, 1)), 0.0, 0)
    >>> x[0, :, 0].round(3)
    array([0.2  , 0.36 , 0.488])
    """
    count, steps, channels = inputs.shape
    trials = -(-count // BLOCK) * BLOCK
    length = padded(net.units + max(channels, net.output_count), float)
    weights = Weights(net.units, channels, net.output_count, float)
    weights.pack(*factors(net), net.alpha)
    filled = np.zeros((trials, steps, channels))
    filled[:count] = inputs
    states = np.empty((trials if states else 0, steps, net.units))
    z = np.empty((trials, steps, net.output_count))
    matrices = plant_matrices(plant, channels, net.output_count)
    results = [np.empty((trials, steps, len(matrix))) for matrix in (matrices[0], matrices[3])]
    x, d, activity = np.empty((trials, net.units)), np.empty((trials, length)), np.zeros((2, trials, length))
    team = Team(threads)

    def there(start, stop):
        for piece in _pieces(start, stop):
            forward_trials(
                *piece, weights.forward, net.h0, filled, net.alpha, noise_std, np.uint64(seed), 0,
                phi_tag(net.phi), x, d, activity, activity[:0], states, z, matrices, *results,
            )  # fmt: skip

    team.share(there, trials, BLOCK)
    team.close()
    of_plant = () if plant is None else (result[:count] for result in results)
    return (states[:count] if len(states) else None), z[:count], *of_plant


class Weights:
    """The packed weights of `rnn.kernels.fullrank`, for networks of one size.

    Parameters
    ----------
    units, inputs, outputs : int
        N, S and O.
    dtype : numpy dtype
        Precision.

    Examples
    --------
    >>> Weights(100, 1, 1, np.float32).forward.shape[1]
    101
    """

    def __init__(self, units, inputs, outputs, dtype):
        width = panel_width(dtype)
        self.forward = np.zeros((padded(units + outputs, dtype) // width, units + inputs, width), dtype)
        self.backward = np.zeros((padded(units, dtype) // width, units + outputs, width), dtype)

    def pack(self, left, right, alpha):
        """Write the factors, (N + S, N) and (O, N), into the panels."""
        units = left.shape[1]
        pack_weights(left[:units], left[units:], right, alpha, self.forward, self.backward)


class Team:
    """The calling thread and some waiting ones, which share out a range.

    Parameters
    ----------
    threads : int
        How many there are in all.

    Examples
    --------
    >>> seen, team = [], Team(2)
    >>> team.share(lambda start, stop: seen.append((start, stop)), 20, 4)
    >>> sorted(seen)
    [(0, 8), (8, 20)]
    >>> team.close()
    """

    def __init__(self, threads):
        self._others = [Worker(_call) for _ in range(1, check_count("threads", threads))]
        self._settled = True

    def share(self, function, size, block):
        """Call ``function(start, stop)`` once in each thread that gets a block.

        After a call that was interrupted, or raised, the next one waits until no thread is at work for it.
        """
        if not self._settled:
            for worker in self._others:
                with contextlib.suppress(Exception):  # errors of a call that has ended by another one
                    worker.drain()
        self._settled = False
        blocks = -(-size // block)
        threads = min(1 + len(self._others), blocks)
        first, *others = pairwise(block * round(i * blocks / threads) for i in range(threads + 1))
        busy = self._others[: len(others)]
        for worker, share in zip(busy, others):
            worker.start(function, *share)
        _call(function, *first)
        for worker in busy:
            worker.wait()
        self._settled = True

    def close(self):
        """End the threads."""
        for worker in self._others:
            worker.close()


def _call(function, *share):
    with np.errstate(all="ignore"):  # without the compiler, integers that wrap around would warn
        function(*share)


def _pieces(start, stop):
    return [(first, min(first + PIECE, stop)) for first in range(start, stop, PIECE)]

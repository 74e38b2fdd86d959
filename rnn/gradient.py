"""Loss and gradient of a network on a batch of trials: the checked way into the kernels.

    L = sum_{b,t,o} weight (z - target)^2,    weight = mask^2 / (B O T_b),    T_b = masked steps of trial b

which is `tasks.metrics.loss`; with a plant, its scored outputs stand in the place of z. Batches are packed
once (`rnn.batches`), scratch memory is allocated once, and a batch is cut into blocks of four trials that run
on one thread or several with the same result.
"""

import os
from dataclasses import dataclass

import numpy as np

from rnn.activations import phi_tag
from rnn.batches import pack
from rnn.connectivity import factors, readout_scale
from rnn.fullrank import FullRankRunner, plant_matrices
from rnn.kernels.closed_loop import closed_loop_blocks
from rnn.kernels.lowrank import BLOCK, gradient_blocks
from rnn.networks import FullRankRNN, LowRankRNN
from rnn.simulation import check_match
from rnn.workers import SharedKernel
from tasks.checks import check_count, check_number, check_rng, narrowed
from tasks.errors import InputError
from tasks.plant import LinearPlant

# Below this many unit-steps (trials x steps x units) a second thread saves too little to keep it busy.
UNIT_STEPS_FOR_THREADS = 100_000


@dataclass(frozen=True, eq=False)
class LossAndGradient:
    """Loss of a network on trials, its gradient with respect to every loading, and the outputs.

    Parameters
    ----------
    loss : float
        As `tasks.metrics.loss`.
    m, n : ndarray (N, R) or None
        dL/dm and dL/dn; None for full rank.
    I : ndarray (N, S)
        dL/dI.
    w : ndarray (N, O)
        dL/dw.
    z : ndarray (B, T, O)
        Outputs.
    J : ndarray (N, N) or None
        dL/dJ of a full-rank network.
    outputs : ndarray (B, T, O) or (B, T, K)
        What the targets are compared with: z, or the scored outputs of the trials' plant.

    Examples
    --------
    >>> LossAndGradient(0.0, *np.zeros((4, 8, 1)), np.zeros((2, 5, 1))).loss
    0.0
    """

    loss: float
    m: np.ndarray
    n: np.ndarray
    I: np.ndarray
    w: np.ndarray
    z: np.ndarray
    J: np.ndarray = None
    outputs: np.ndarray = None


def loss_and_gradient(net, trials, rng=None, dtype=np.float64, threads=1, l2_rates=0.0):
    """Loss of a network on trials and its gradient by back-propagation through time.

    Parameters
    ----------
    net : LowRankRNN or FullRankRNN
        The network.
    trials : Trials
        The trials.
    rng : numpy.random.Generator or int, optional
        Source of the private noise of standard deviation ``net.noise_std``; without it there is none.
    dtype : {float64, float32}
        Precision.
    threads : int, default 1
        Number of threads; the result does not depend on it.
    l2_rates : float, default 0
        See `GradientRunner`.

    Returns
    -------
    LossAndGradient

    Raises
    ------
    InputError
        Trials that do not fit the network; another precision; numbers too large for it.

    Examples
    --------
    >>> from tasks import get_task
    >>> task = get_task("rdm")
    >>> loss_and_gradient(LowRankRNN.random(32, 1, task, rng=0), task.trials(8, rng=1)).m.shape
    (32, 1)
    """
    check_match(net, trials)
    if np.dtype(dtype) not in (np.float32, np.float64):
        raise InputError(f"dtype: expected float32 or float64, got {np.dtype(dtype)}")
    check_number("l2_rates", l2_rates, minimum=0.0)
    noise_std = 0.0 if rng is None else net.noise_std
    seed = 0 if rng is None else int(check_rng(rng).integers(2**63))
    batches = pack(trials, trials.size, dtype)
    shape = trials.size, trials.steps
    with gradient_runner(net, noise_std, *shape, dtype, threads, trials.plant, l2_rates) as runner:
        loss = runner.run(*factors(net, dtype), batches, 0, seed)
        dleft, dright = runner.dleft.sum(axis=0), runner.dright.sum(axis=0) * readout_scale(net.units)
        z, outputs = runner.z[: trials.size].copy(), runner.outputs[: trials.size].copy()
    if isinstance(net, FullRankRNN):
        dJ, dI = np.split(dleft, [net.units])
        return LossAndGradient(loss, None, None, dI.T, dright.T, z, dJ, outputs)
    R = net.rank
    return LossAndGradient(loss, dleft[:R].T, dright[:R].T, dleft[R:].T, dright[R:].T, z, None, outputs)


def gradient_runner(net, noise_std, batch_size, steps, dtype, threads=None, plant=None, l2_rates=0.0):
    """What runs batches of one shape through a network: `GradientRunner` or `rnn.fullrank.FullRankRunner`.

    Parameters
    ----------
    net, noise_std, batch_size, steps, dtype, threads, plant, l2_rates
        As in `GradientRunner`.

    Examples
    --------
    >>> with gradient_runner(FullRankRNN(np.eye(8), *np.ones((2, 8))), 0.0, 4, 5, np.float32) as runner:
    ...     runner.dleft.shape
    (1, 9, 8)
    """
    if isinstance(net, LowRankRNN):
        return GradientRunner(net, noise_std, batch_size, steps, dtype, threads, plant, l2_rates)
    if threads is None:  # here a unit's step costs more, the more units there are, and so does a thread
        threads = default_threads(batch_size * steps * net.units * (1 + net.units // 32) // 3)
    return FullRankRunner(net, noise_std, batch_size, steps, dtype, threads, plant, l2_rates)


def default_threads(unit_steps):
    """Number of threads for a batch of that many unit-steps: one for small batches.

    Examples
    --------
    >>> default_threads(1000)
    1
    """
    return 1 if unit_steps < UNIT_STEPS_FOR_THREADS else available_cores()


def available_cores():
    """Number of cores that this process may use.

    Examples
    --------
    >>> available_cores() >= 1
    True
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class GradientRunner:
    """Scratch memory, result buffers and threads for batches of one shape; use it in a ``with`` statement.

    Parameters
    ----------
    net : LowRankRNN
        Gives sizes, phi, alpha and h0; its loadings are not used.
    noise_std : float
        Private noise.
    batch_size, steps : int
        Number B of trials and T of steps of every batch.
    dtype : numpy dtype
        Precision.
    threads : int, optional
        Number of threads; `default_threads` if left out.
    plant : LinearPlant, optional
        In closed loop with the network.
    l2_rates : float, default 0
        Coefficient c of a penalty (c / 2) mean(phi^2) over trials, steps and units; in the gradient only.

    Attributes
    ----------
    z, dleft, dright : ndarray (B', T, O), (B' / 4, R + S, N), (B' / 4, R + O, N)
        Results of the last `run`: outputs, and gradients with respect to the factors, block by block.
    outputs : ndarray (B', T, O) or (B', T, K)
        What the targets are compared with: z, or the plant's scored outputs.

    Examples
    --------
    >>> from tasks import get_task
    >>> net = LowRankRNN.random(16, 1, get_task("rdm"), rng=0)
    >>> with GradientRunner(net, 0.0, 8, 51, np.float32) as runner:
    ...     runner.dleft.shape
    (2, 2, 16)
    """

    def __init__(self, net, noise_std, batch_size, steps, dtype, threads=None, plant=None, l2_rates=0.0):
        kind = np.dtype(dtype).type
        terms, sums = net.rank + net.input_count, net.rank + net.output_count
        blocks = -(-batch_size // BLOCK)
        wanted = default_threads(batch_size * steps * net.units) if threads is None else threads
        threads = min(check_count("threads", wanted), blocks)
        self._h0 = narrowed("h0", net.h0, dtype)
        self._numbers = kind(net.alpha), kind(narrowed("noise_std", noise_std, dtype))
        self._tags = (
            phi_tag(net.phi), (kind(0),) * terms, (kind(0),) * sums, (kind(0),) * net.rank,
        )  # fmt: skip
        self._shapes = (terms, net.units), (sums, net.units), (BLOCK * blocks, steps)
        self._scratch = [
            (
                np.empty((BLOCK, net.units), dtype),
                np.empty((steps, BLOCK, net.units), dtype),
                np.empty((BLOCK, steps, terms), dtype),
            )
            for _ in range(threads)
        ]
        self.z = np.zeros((BLOCK * blocks, steps, net.output_count), dtype)
        self._losses = np.zeros(BLOCK * blocks)
        self.dleft = np.zeros((blocks, terms, net.units), dtype)
        self.dright = np.zeros((blocks, sums, net.units), dtype)
        self.outputs, self._plant, kernel = self.z, (), gradient_blocks
        if plant is None and l2_rates > 0.0:  # the general kernel serves, with a plant that hands on z
            plant = _no_plant(net.input_count, net.output_count)
        if plant is not None:
            matrices, costs = (
                plant_matrices(plant, net.input_count, net.output_count, dtype),
                np.zeros(BLOCK * blocks, dtype),
            )
            costs[:batch_size] = l2_rates / (batch_size * steps * net.units)
            self.outputs = np.zeros((BLOCK * blocks, steps, len(plant.E)), dtype)
            self._plant = *matrices, costs, np.zeros((BLOCK * blocks, steps, plant.size), dtype), self.outputs
            kernel, self._tags = closed_loop_blocks, (self._tags[0], net.rank)
        self._given, self._shared = (None, None, None), SharedKernel(kernel, blocks, threads)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._shared.close()

    def run(self, left, right, batches, index, seed):
        """Forward and backward pass of one batch; returns the loss, leaves the rest in the attributes.

        Parameters
        ----------
        left, right : ndarray (R + S, N), (R + O, N)
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
        if not (left is self._given[0] and right is self._given[1] and batches is self._given[2]):
            self._prepare(left, right, batches)
        if not 0 <= index < len(batches.inputs):
            raise InputError(f"index: expected one of {len(batches.inputs)} batches, got {index}")
        self._shared.run(index, seed)
        return float(self._losses.sum())

    def _prepare(self, left, right, batches):
        """Check what the kernel is given, and put together its arguments, for one thread after the other."""
        arrays = batches.check(left, right, self._shapes, self.outputs)
        given = left, right, self._h0, *arrays, *self._numbers, *self._tags
        results = self.z, self._losses, self.dleft, self.dright, *self._plant
        self._shared.prepare([(*given, *scratch, *results) for scratch in self._scratch])
        self._given = left, right, batches


def _no_plant(inputs, outputs):
    return LinearPlant(
        np.zeros((outputs, outputs)), np.eye(outputs), np.zeros((inputs, outputs)), np.eye(outputs)
    )

"""The batches of an epoch: a step of the optimiser for each, one by one or many in one compiled call."""

import math
from typing import NamedTuple

import numpy as np

from rnn.gradient import GradientRunner, gradient_runner
from rnn.kernels.descent import descend
from rnn.networks import LowRankRNN
from rnn.optimizers import clip_norm
from rnn.parameters import read_gradient, write_factors

# In one compiled call, at most so many unit-steps, a fraction of a second: Ctrl-C waits for its end.
UNIT_STEPS_AT_ONCE = 100_000_000


class Descent(NamedTuple):
    """What the batches of an epoch did.

    Parameters
    ----------
    theta, moments : ndarray (P,), object
        Afterwards: what is trained, and the optimiser's state.
    good : ndarray (P,)
        The last theta whose loss and gradient were finite.
    outputs : ndarray (M' B, T, O)
        Outputs on all trials, or the plant's scored ones; M' batches were done.
    losses, norms : ndarray (M',) or (M' + 1,)
        Of each batch; a batch that was not finite comes last and did not count.
    done : int
        Number M' of batches that counted.

    Examples
    --------
    >>> Descent(np.zeros(3), None, np.zeros(3), np.zeros((2, 5, 1)), np.ones(1), np.ones(1), 1).done
    1
    """

    theta: np.ndarray
    moments: object
    good: np.ndarray
    outputs: np.ndarray
    losses: np.ndarray
    norms: np.ndarray
    done: int


def run_batches(layout, config, batches, seeds, theta, moments, rate, plant=None, between=None):
    """Take one step of the optimiser for each batch, as long as loss and gradient are finite.

    Parameters
    ----------
    layout : Parameters
        The initial network and what of it is trained.
    config : TrainConfig
        How to train; with ``threads=1`` many steps are one compiled call, with the same result.
    batches : Batches
        The packed trials.
    seeds : ndarray (M,) of int
        Seed of the noise of each batch.
    theta, moments : ndarray (P,), object
        Where to start; they are not changed.
    rate : float
        Learning rate.
    plant : LinearPlant, optional
        In closed loop with the network.
    between : callable, optional
        Called between compiled calls; what it raises ends the descent.

    Returns
    -------
    Descent

    Examples
    --------
    >>> from rnn.batches import pack
    >>> from rnn.parameters import initial_theta, parameters
    >>> from rnn.training_records import TrainConfig
    >>> from tasks import get_task
    >>> task, config = get_task("rdm"), TrainConfig(threads=1)
    >>> layout = parameters(LowRankRNN.random(8, 1, task, rng=0), config.train)
    >>> theta, batches = initial_theta(layout), pack(task.trials(64, rng=1), 32, np.float32)
    >>> run_batches(layout, config, batches, np.arange(2), theta, config.optimizer.start(theta), 0.01).done
    2
    """
    net, shape = layout.net, (batches.size, batches.inputs.shape[2])
    if config.threads == 1 and plant is None and not config.l2_rates and isinstance(net, LowRankRNN):
        with _Descender(net, net.noise_std, *shape, layout.base.dtype, 1) as runner:
            return runner.descend(layout, config, batches, seeds, theta, moments, rate, between)
    settings = layout.base.dtype, config.threads, plant, config.l2_rates
    with gradient_runner(net, net.noise_std, *shape, *settings) as runner:
        return _step_by_step(runner, layout, config, batches, seeds, theta, moments, rate, between)


def _step_by_step(runner, layout, config, batches, seeds, theta, moments, rate, between):
    dtype, good = layout.base.dtype, theta
    left, right = (np.empty((count, layout.net.units), dtype) for count in layout.counts)
    outputs, losses, norms = [runner.outputs[:0]], [], []
    for index, seed in enumerate(seeds):
        write_factors(layout, theta, left, right)
        losses.append(runner.run(left, right, batches, index, seed))
        gradient = read_gradient(layout, runner.dleft, runner.dright)
        if config.l2_weights > 0.0:
            gradient = gradient + dtype.type(config.l2_weights) * theta
        gradient, norm = clip_norm(gradient, config.clip)
        norms.append(norm)
        if not (math.isfinite(losses[-1]) and math.isfinite(norm)):
            break
        good = theta
        theta, moments = config.optimizer.step(theta, gradient, moments, rate)
        outputs.append(runner.outputs[: batches.size].copy())
        if between is not None:
            between()
    done = len(outputs) - 1
    return Descent(theta, moments, good, np.concatenate(outputs), np.array(losses), np.array(norms), done)


class _Descender(GradientRunner):
    """A `GradientRunner` of one thread that runs many batches in one compiled call."""

    def descend(self, layout, config, batches, seeds, theta, moments, rate, between):
        optimizer, (count, trials, steps, _) = config.optimizer, batches.inputs.shape
        left, right = (np.empty((rows, layout.net.units), theta.dtype) for rows in layout.counts)
        batches.take(0, left, right, self._shapes, self.outputs)  # checks them all: they are one array
        z = np.empty((count, *self.z.shape), theta.dtype)
        losses, norms = np.zeros((count, trials)), np.zeros(count)
        scratch = left, right, self.dleft, self.dright, np.empty_like(theta)
        settings, arrays = optimizer.settings(moments, rate, count), optimizer.arrays(moments)
        clip, l2 = math.inf if config.clip is None else config.clip, theta.dtype.type(config.l2_weights)
        several = max(1, UNIT_STEPS_AT_ONCE // (trials * steps * layout.net.units))
        good, done, last = theta, 0, 0
        while last < count and done == last:
            first, last = last, min(last + several, count)
            with np.errstate(all="ignore"):  # without the compiler, integers that wrap around would warn
                done, theta, finite, arrays = descend(
                    first, last, seeds.astype(np.uint64), *batches[:3], self._h0, *self._numbers, *self._tags,
                    *self._scratch[0], (layout.base, layout.kinds, layout.starts, layout.scales), *scratch,
                    settings, float(clip), l2, theta, arrays, z, losses, norms,
                )  # fmt: skip
            good = finite if done > first else good
            if between is not None:
                between()
        ran = min(done + 1, count)
        outputs = z[:done, : batches.size].reshape(-1, *z.shape[2:])
        sums = np.array([row.sum() for row in losses[:ran]])
        return Descent(theta, optimizer.state(moments, arrays, done), good, outputs, sums, norms[:ran], done)

"""The batches of an epoch: a step of the optimiser for each."""

import math
from typing import NamedTuple

import numpy as np

from rnn.gradient import gradient_runner
from rnn.optimizers import clip_norm
from rnn.parameters import read_gradient, write_factors


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
        How to train.
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
        Called after each step; what it raises ends the descent.

    Returns
    -------
    Descent

    Examples
    --------
    >>> from rnn.batches import pack
    >>> from rnn.networks import LowRankRNN
    >>> from rnn.parameters import initial_theta, parameters
    >>> from rnn.training_records import TrainConfig
    >>> from tasks import get_task
    >>> task, config = get_task("rdm"), TrainConfig()
    >>> layout = parameters(LowRankRNN.random(8, 1, task, rng=0), config.train)
    >>> theta, batches = initial_theta(layout), pack(task.trials(64, rng=1), 32, np.float32)
    >>> run_batches(layout, config, batches, np.arange(2), theta, config.optimizer.start(theta), 0.01).done
    2
    """
    dtype, good = layout.base.dtype, theta
    left, right = (np.empty((count, layout.net.units), dtype) for count in layout.counts)
    shape, settings = (batches.size, batches.inputs.shape[2]), (dtype, config.threads, plant, config.l2_rates)
    with gradient_runner(layout.net, layout.net.noise_std, *shape, *settings) as runner:
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

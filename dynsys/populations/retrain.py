"""Retraining: optimise the moments of a mixture themselves, with new neurons at every step.

Every neuron of population p is a draw x_i = a^p + L^p xi_i, xi_i ~ N(0, 1), Sigma^p = L^p L^p^T. A network of
such neurons is run on a batch of trials, and its gradient g_i = dL/d(m, n, I, w)_i goes on by the chain rule,

    dL/da^p = sum_(i in p) g_i,      dL/dL^p = sum_(i in p) g_i xi_i^T.

Since no neuron lives longer than one step, nothing but the moments can be learnt; and since their number is
finite, moments that work only without sampling error are avoided. Weights stay as they are.

Few neurons at first can teach silence: where many drawn networks answer wrongly, the loss of no answer (1) is
lower. Begin with exact moments or many neurons and come down.
"""

import math
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np

from dynsys.populations.fit import Populations
from dynsys.populations.redraw import share_out, square_root, whiten
from rnn.batches import pack
from rnn.connectivity import factors, readout_scale
from rnn.gradient import gradient_runner
from rnn.networks import LowRankRNN
from rnn.optimizers import clip_norm
from rnn.simulation import check_match
from rnn.training_records import TrainConfig
from tasks.base import Task
from tasks.checks import check_count, check_kind, check_rng
from tasks.errors import InputError, Status

DEFAULT_UNITS = 512


class _Moments(NamedTuple):
    """What is optimised: means (P, D) and factors (P, D, D)."""

    means: np.ndarray
    factors: np.ndarray


def retrain(populations, task, config=None, rng=None, units=None, exact_moments=False, progress=None):
    """Optimise the covariances (and free means) of a mixture for a task.

    Parameters
    ----------
    populations : Populations
        Where to start. Its means are optimised if ``means_kind`` is "free", its weights stay.
    task : Task
        Draws the trials.
    config : TrainConfig, optional
        Epochs, batches, learning rate and schedule, clip, optimiser, goals and ``keep_best`` as in
        `rnn.train`; ``train`` names the loadings whose moments change ("I_gain" counts as "I"). Left out:
        the defaults, all loadings.
    rng : numpy.random.Generator or int
        Source of trials, neurons and noise.
    units : int, optional
        Number of neurons drawn at every step; that of ``populations``, or 512. Come down from more when the
        sampling error of so few spoils most networks.
    exact_moments : bool, default False
        Draw neurons whose sample moments are exact, as in `redraw`: cleaner gradients, for a start that the
        sampling error would drown; but then nothing makes the moments robust against it.
    progress : callable, optional
        Called with (epoch, epochs, loss, accuracy) after each epoch.

    Returns
    -------
    Populations
        Its ``source`` has "losses" and "accuracies" of the epochs, and "status", the name of a `Status`.

    Raises
    ------
    InputError
        A task and a mixture that do not fit, or settings that have no meaning here.

    Examples
    --------
    >>> from tasks import get_task
    >>> start = Populations([1.0], np.zeros((1, 4)), np.diag([1, 1, 1, 16])[None], 1, 1, 1, means_kind="zero")
    >>> config = TrainConfig(epochs=3, learning_rate=0.05)
    >>> losses = retrain(start, get_task("rdm"), config, rng=0, units=64).source["losses"]
    >>> losses[-1] < losses[0]
    True
    """
    check_kind("populations", populations, Populations, "see fit_populations")
    check_kind("task", task, Task, "such as get_task('dms')")
    config = _checked(TrainConfig(train=("m", "n", "I", "w")) if config is None else config)
    rng = check_rng(rng)
    units = check_count("units", populations.units or DEFAULT_UNITS if units is None else units)
    counts = share_out(populations.weights, units)
    columns = _trained_columns(populations, config.train)
    draw = partial(_draw, populations, counts, exact_moments, rng)
    theta = _flat(_start(populations))
    moments, best, best_loss = config.optimizer.start(theta), theta, math.inf
    losses, accuracies, status = [], [], Status.COMPLETED
    for epoch in range(config.epochs):
        rate = config.schedule.rate(config.learning_rate, epoch, config.epochs)
        steps = _epoch(populations, task, config, rng, draw, columns, (theta, moments), rate)
        if steps is None:
            status = Status.DIVERGED
            break
        (theta, moments), loss, accuracy = steps
        losses.append(loss)
        accuracies.append(accuracy)
        if loss < best_loss:
            best, best_loss = theta, loss
        if progress is not None:
            progress(epoch + 1, config.epochs, loss, accuracy)
        if _reached(config, loss, accuracy):
            status = Status.STOPPED_EARLY
            break
    kept = best if config.keep_best or status is Status.DIVERGED else theta
    history = {"losses": tuple(losses), "accuracies": tuple(accuracies), "status": status.name}
    return _populations(populations, _unflat(populations, kept), units, {"task": task.name, **history})


def _checked(config):
    check_kind("config", config, TrainConfig, "such as TrainConfig(epochs=20)")
    for name, plain in (("l2_weights", 0.0), ("fixed_trials", None), ("validation", None)):
        if getattr(config, name) != plain:
            raise InputError(f"config: {name} has no meaning for a mixture; leave it at {plain}")
    return config


def _start(populations):
    """Means and square factors; columns of zeros where a covariance is singular."""
    width = len(populations.names)
    square = np.zeros((populations.count, width, width))
    for p, covariance in enumerate(populations.covariances):
        root = square_root(covariance)
        square[p, :, : root.shape[1]] = root
    return _Moments(populations.means, square)


def _trained_columns(populations, names):
    """Mask (D,) of the loadings whose moments change."""
    letters = {name.removesuffix("_gain") for name in names}
    return np.array([name[0] in letters for name in populations.names], dtype=float)


def _epoch(populations, task, config, rng, draw, columns, state, rate):
    """One epoch of (theta, optimiser state); None when loss or gradient stop being finite."""
    theta, moments = state
    trials = task.trials(config.batches_per_epoch * config.batch_size, rng)
    seeds = rng.integers(2**63, size=config.batches_per_epoch)
    net, xi = draw(theta)
    check_match(net, trials)
    batches = pack(trials, config.batch_size, np.float32)
    losses, outputs = [], []
    shape = config.batch_size, trials.steps
    with gradient_runner(net, net.noise_std, *shape, np.float32, config.threads) as runner:
        for index, seed in enumerate(seeds):
            if index:
                net, xi = draw(theta)
            loss = runner.run(*factors(net, np.float32), batches, index, seed)
            gradient = _chain(populations, runner, xi, columns)
            gradient, norm = clip_norm(gradient, config.clip)
            if not (math.isfinite(loss) and math.isfinite(norm)):
                return None
            theta, moments = config.optimizer.step(theta, gradient, moments, rate)
            losses.append(loss)
            outputs.append(runner.z[: config.batch_size].copy())
    return (theta, moments), float(np.mean(losses)), _accuracy(task, np.concatenate(outputs), trials)


def _draw(populations, counts, exact_moments, rng, theta):
    """A network of new neurons, and the xi of each population behind them."""
    means, square = _unflat(populations, theta)
    xi = rng.standard_normal((counts.sum(), len(populations.names)))
    xi = np.split(xi, np.cumsum(counts)[:-1])
    if exact_moments:
        xi = [whiten(part, p) for p, part in enumerate(xi)]
    rows = [a + part @ L.T for a, L, part in zip(means, square, xi)]
    R, S = populations.rank, populations.inputs
    m, n, I, w = np.split(np.vstack(rows), [R, 2 * R, 2 * R + S], axis=1)
    net = LowRankRNN(
        m, n, I, w, phi=populations.phi, alpha=populations.alpha, noise_std=populations.noise_std
    )
    return net, xi


def _chain(populations, runner, xi, columns):
    """dL/d(means, factors), flat, from the gradient with respect to every neuron's loadings."""
    R = populations.rank
    dleft = runner.dleft.sum(axis=0, dtype=np.float64)
    dright = runner.dright.sum(axis=0, dtype=np.float64) * readout_scale(sum(map(len, xi)))
    g = np.vstack([dleft[:R], dright[:R], dleft[R:], dright[R:]]).T * columns
    edges = np.cumsum([len(part) for part in xi])[:-1]
    parts = list(zip(np.split(g, edges), xi))
    means = np.array([part.sum(axis=0) for part, _ in parts])
    return _flat(_Moments(means * (populations.means_kind == "free"), np.array([a.T @ b for a, b in parts])))


def _reached(config, loss, accuracy):
    loss_reached = config.stop_loss is not None and loss <= config.stop_loss
    return loss_reached or (config.stop_accuracy is not None and accuracy >= config.stop_accuracy)


def _accuracy(task, outputs, trials):
    try:
        return float(task.accuracy(outputs, trials))
    except InputError:  # targets without a sign: nothing to judge
        return math.nan


def _flat(moments):
    return np.concatenate([moments.means.ravel(), moments.factors.ravel()])


def _unflat(populations, theta):
    count, width = populations.means.shape
    means, square = np.split(theta, [count * width])
    return _Moments(means.reshape(count, width), square.reshape(count, width, width))


def _populations(populations, moments, units, history):
    covariances = moments.factors @ moments.factors.transpose(0, 2, 1)
    return replace(
        populations, means=moments.means, covariances=(covariances + covariances.transpose(0, 2, 1)) / 2,
        mean_errors=None, covariance_errors=None, responsibilities=None, units=units,
        source={**populations.source, "retrained": True, **history},
    )  # fmt: skip
